//! How a server ends: first it says so and serves on, then it closes.
//!
//! An API server learns late that an endpoint has gone, and a POST on a connection that closes
//! under it is not repeated. So there are phases: whoever has a connection is told with each
//! answer to take another, while new ones are still served; only then nothing more is accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// How far the end has come. Phases only go forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Not ready any more, and every answer closes its connection; all is served.
    Draining,
    /// Nothing is accepted; what is under way is finished.
    Closing,
    /// What is still under way is cut off.
    Ended,
}

/// The one place where a server's phase is kept.
#[derive(Clone, Debug)]
pub(super) struct Drain(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    draining: Notify,
    closing: Notify,
    ended: Notify,
}

impl Drain {
    pub(super) fn new() -> Self {
        let [draining, closing, ended] = [const { Notify::const_new() }; 3];
        let phase = AtomicU8::new(Phase::Serving as u8);
        Self(Arc::new(Shared { phase, draining, closing, ended }))
    }

    /// Goes on to `phase`, and never back.
    pub(super) fn advance(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::SeqCst);
        let Shared { draining, closing, ended, .. } = &*self.0;
        for (passed, waiters) in
            [(Phase::Draining, draining), (Phase::Closing, closing), (Phase::Ended, ended)]
        {
            if passed <= phase {
                waiters.notify_waiters();
            }
        }
    }

    /// Whether `phase` or a later one has come.
    pub(super) fn has_reached(&self, phase: Phase) -> bool {
        self.0.phase.load(Ordering::SeqCst) >= phase as u8
    }

    /// Waits until `phase` or a later one. Once polled, it wakes its task at that time even if it
    /// is not polled again.
    pub(super) async fn reached(&self, phase: Phase) {
        let notified = match phase {
            Phase::Serving => return,
            Phase::Draining => self.0.draining.notified(),
            Phase::Closing => self.0.closing.notified(),
            Phase::Ended => self.0.ended.notified(),
        };
        // Whoever advances after this look wakes `notified`, which is there already.
        if !self.has_reached(phase) {
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_phase_never_goes_back() {
        let drain = Drain::new();
        drain.advance(Phase::Closing);
        drain.advance(Phase::Draining);
        assert!(drain.has_reached(Phase::Closing) && !drain.has_reached(Phase::Ended));
        drain.reached(Phase::Draining).await;
        drain.reached(Phase::Closing).await;
    }

    #[tokio::test]
    async fn every_waiter_hears_of_its_phase() {
        let drain = Drain::new();
        let waiters = [Phase::Draining, Phase::Ended].map(|phase| {
            let drain = drain.clone();
            tokio::spawn(async move { drain.reached(phase).await })
        });
        tokio::task::yield_now().await;
        drain.advance(Phase::Draining);
        tokio::task::yield_now().await;
        assert_eq!(waiters.each_ref().map(|waiter| waiter.is_finished()), [true, false]);
        drain.advance(Phase::Ended);
        for waiter in waiters {
            waiter.await.unwrap();
        }
    }
}
