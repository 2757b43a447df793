//! How a server ends: first it says so and serves on, then it closes.
//!
//! An API server learns late that an endpoint has gone, and a POST on a connection that closes
//! under it is not repeated. So there are phases: whoever has a connection is told with each
//! answer to take another, while new ones are still served; only then nothing more is accepted.

use tokio::sync::watch;

/// How far the end has come. Phases only go forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
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
pub(super) struct Drain(watch::Sender<Phase>);

impl Drain {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }

    /// Goes on to `phase`, and never back.
    pub(super) fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }

    pub(super) fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits until `phase` or a later one.
    pub(super) async fn reached(&self, phase: Phase) {
        // The sender is in `self`: the wait can't end early.
        let _ = self.0.subscribe().wait_for(|current| *current >= phase).await;
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
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
        assert_eq!(drain.phase(), Phase::Closing);
        drain.reached(Phase::Draining).await;
        drain.reached(Phase::Closing).await;
    }
}
