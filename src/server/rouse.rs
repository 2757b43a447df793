//! Wakes that a connection gives itself.
//!
//! A connection often wakes itself while it is polled: a body that it reads has a reader in it.
//! Left to the runtime, it would go to the end of a queue, and another thread would be woken to
//! help with that queue. Where all cores are busy that takes longer than to judge a review, so it
//! is polled again at once, by the thread that has it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often in a row it is polled, before others have their turn.
const IN_A_ROW: usize = 4;

/// Nobody polls: a wake goes to the runtime.
const ASLEEP: u8 = 0;
/// Being polled.
const POLLED: u8 = 1;
/// Being polled, and woken since.
const WOKEN: u8 = 2;

/// Polls one future, and takes its wakes.
pub(super) struct Rouse {
    bell: Arc<Bell>,
    waker: Waker,
}

struct Bell {
    state: AtomicU8,
    /// Whom to wake in the runtime.
    task: Mutex<Waker>,
}

impl Rouse {
    pub(super) fn new() -> Self {
        let task = Mutex::new(Waker::noop().clone());
        let bell = Arc::new(Bell { state: AtomicU8::new(ASLEEP), task });
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// Polls `future` in the name of the task of `cx`.
    pub(super) fn poll<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.bell.belongs_to(cx.waker());
        for _ in 0..IN_A_ROW {
            self.bell.state.store(POLLED, Ordering::Release);
            let polled = future.as_mut().poll(&mut Context::from_waker(&self.waker));
            if polled.is_ready() || self.bell.fell_asleep() {
                return polled;
            }
        }
        self.bell.state.store(ASLEEP, Ordering::Release);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Bell {
    fn belongs_to(&self, task: &Waker) {
        let mut held = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.will_wake(task) {
            held.clone_from(task);
        }
    }

    /// Whether nobody woke it since the poll began.
    fn fell_asleep(&self) -> bool {
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        self.state.compare_exchange(POLLED, ASLEEP, success, failure).is_ok()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let awake = |state| (state != ASLEEP).then_some(WOKEN);
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, awake).is_err() {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once a future that wakes itself `times` times; says how often it was polled, and how
    /// often its task was woken.
    fn poll(times: usize) -> (usize, usize) {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut polls = 0;
        let mut future = pin!(poll_fn(|cx| {
            polls += 1;
            if polls <= times {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        }));
        let polled = Rouse::new().poll(future.as_mut(), &mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        (polls, count.0.load(Ordering::Relaxed))
    }

    #[test]
    fn what_wakes_itself_is_polled_again_and_others_get_their_turn() {
        assert_eq!(poll(0), (1, 0));
        assert_eq!(poll(1), (2, 0));
        assert_eq!(poll(usize::MAX), (IN_A_ROW, 1));
    }

    #[test]
    fn what_is_woken_later_wakes_its_task() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut held = None;
        let mut future = pin!(poll_fn(|cx| {
            held = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        let rouse = Rouse::new();
        assert!(rouse.poll(future.as_mut(), &mut Context::from_waker(&waker)).is_pending());
        if let Some(held) = held {
            held.wake();
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
