//! Where a review is judged, and what is answered when the judgement does not come.
//!
//! A small body is judged on the thread that read it, as a task of its own, so that its
//! connection can be answered even if it never returns. One thread of the runtime is always left
//! without such a task, and [`vigil`] sees to it that this one is awake. Large bodies, and small
//! ones whose turn does not come, go to threads for long work.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use super::gate::Place;
use super::limits::Limits;
use super::review::Review;
use super::vigil;
use crate::admission::{Malformed, Reviewed, Stage};
use crate::document::json;

/// Hands reviews to the judge.
#[derive(Clone)]
pub(super) struct Desk {
    review: Arc<dyn Review>,
    limits: Arc<Limits>,
    /// Threads of the runtime that may be inside the judge: all but one, if there are two.
    here: Option<Arc<Semaphore>>,
    /// Values in large bodies that may be judged at once.
    values: Arc<Semaphore>,
}

/// What became of a review.
pub(super) enum Judged {
    /// The judge answered.
    Answer(Reviewed),
    /// It did not, and `onError` decided.
    Overdue(Reviewed),
    /// It is no review.
    Malformed(Malformed),
    /// Not even `onError` could be asked.
    Nothing,
}

type Judgement = Result<Reviewed, Malformed>;

const PANICKED: &str = "the review panicked";

impl Desk {
    /// A desk in the current runtime.
    pub(super) fn new(review: Arc<dyn Review>, limits: Arc<Limits>) -> Self {
        let threads = Handle::current().metrics().num_workers();
        let here = (threads > 1).then(|| Arc::new(Semaphore::new(threads - 1)));
        if let Some(here) = &here {
            vigil::keep(here, limits.vigil);
        }
        let values = Arc::new(Semaphore::new(limits.values_at_once));
        Self { review, limits, here, values }
    }

    /// Judges a review. `place` is given back when the judge has returned, not before.
    pub(super) async fn judge(
        &self,
        stage: Stage,
        body: Bytes,
        place: Place,
        deadline: Instant,
    ) -> Judged {
        let place = Arc::new(place);
        let judged = self.judge_once(stage, &body, &place, deadline).await;
        match judged {
            Judged::Answer(reviewed) if reviewed.early => {
                Box::pin(self.judge_again(stage, &body, &place, deadline, reviewed)).await
            }
            judged => judged,
        }
    }

    async fn judge_once(
        &self,
        stage: Stage,
        body: &Bytes,
        place: &Arc<Place>,
        deadline: Instant,
    ) -> Judged {
        let started = self.start(stage, body.clone(), Arc::clone(place));
        let reason = match timeout_at(deadline, started).await {
            Ok(Ok(Ok(reviewed))) => return Judged::Answer(reviewed),
            Ok(Ok(Err(malformed))) => return Judged::Malformed(malformed),
            Ok(Err(reason)) => reason,
            Err(_) => "the review took too long",
        };
        Box::pin(self.overdue(stage, body.clone(), reason)).await
    }

    /// Judges whenever more is known, until the answer is not early any more or it is time to
    /// answer as it is.
    async fn judge_again(
        &self,
        stage: Stage,
        body: &Bytes,
        place: &Arc<Place>,
        deadline: Instant,
        mut early: Reviewed,
    ) -> Judged {
        let Some(mut news) = self.review.news() else { return Judged::Answer(early) };
        let until = deadline.min(Instant::now() + self.limits.namespace);
        loop {
            match self.judge_once(stage, body, place, deadline).await {
                Judged::Answer(reviewed) if reviewed.early => early = reviewed,
                judged => return judged,
            }
            if !matches!(timeout_at(until, news.changed()).await, Ok(Ok(()))) {
                return Judged::Answer(early);
            }
        }
    }

    /// The judgement, or why there is none.
    async fn start(
        &self,
        stage: Stage,
        body: Bytes,
        place: Arc<Place>,
    ) -> Result<Judgement, &'static str> {
        // To put a whole policy set together takes longer than to judge an object by one.
        let small = body.len() <= self.limits.small_bytes && stage != Stage::Policies;
        let (here, large) = match (&self.here, small) {
            (Some(here), true) => (turn(here, self.limits.turn).await, None),
            (None, true) => (None, None),
            (_, false) => (None, Some(self.room_for(&body).await?)),
        };
        let stays = here.is_some();
        let review = Arc::clone(&self.review);
        let work = move || {
            let judgement = review.review(stage, &body);
            drop((here, large, place));
            judgement
        };
        let task = match stays {
            true => tokio::spawn(async move { work() }),
            false => spawn_blocking(work),
        };
        task.await.map_err(|_| PANICKED)
    }

    /// Waits until there is memory for the tree of a large body.
    async fn room_for(&self, body: &Bytes) -> Result<OwnedSemaphorePermit, &'static str> {
        const TOO_MANY: &str = "the object holds too many values";
        let body = body.clone();
        let count = spawn_blocking(move || json::count_values(&body)).await;
        let count = count.map_err(|_| PANICKED)?;
        if count > self.limits.values_at_once {
            return Err(TOO_MANY);
        }
        let count = u32::try_from(count).map_err(|_| TOO_MANY)?;
        Arc::clone(&self.values).acquire_many_owned(count).await.map_err(|_| PANICKED)
    }

    async fn overdue(&self, stage: Stage, body: Bytes, reason: &'static str) -> Judged {
        let review = Arc::clone(&self.review);
        let task = spawn_blocking(move || review.overdue(stage, &body, reason));
        match timeout(self.limits.overdue, task).await {
            Ok(Ok(Ok(reviewed))) => Judged::Overdue(reviewed),
            Ok(Ok(Err(malformed))) => Judged::Malformed(malformed),
            Ok(Err(_)) | Err(_) => Judged::Nothing,
        }
    }
}

/// A permit, unless all are held for longer than `wait`.
async fn turn(here: &Arc<Semaphore>, wait: Duration) -> Option<OwnedSemaphorePermit> {
    match Arc::clone(here).try_acquire_owned() {
        Ok(permit) => Some(permit),
        Err(_) => Box::pin(timeout(wait, Arc::clone(here).acquire_owned())).await.ok()?.ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, channel};

    use tokio::runtime::Builder;
    use tokio::sync::watch;
    use tokio::time::sleep;

    use super::*;
    use crate::admission::{Answer, Summary};
    use crate::engine::Operation;
    use crate::server::gate::Gate;

    /// Has heard of the namespace from the third time on that it is asked.
    #[derive(Default)]
    struct Late {
        asked: AtomicUsize,
        news: watch::Sender<()>,
    }

    impl Review for Late {
        fn review(&self, _: Stage, _: &[u8]) -> Result<Reviewed, Malformed> {
            let summary = Summary {
                uid: String::new(),
                kind: String::new(),
                namespace: String::new(),
                name: String::new(),
                operation: Operation::Create,
                answer: Answer::Allow,
                policy_set: "".into(),
                failed: Vec::new(),
            };
            let early = self.asked.fetch_add(1, Ordering::SeqCst) < 2;
            Ok(Reviewed { body: Vec::new(), allowed: !early, early, summary })
        }

        fn overdue(&self, _: Stage, _: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
            Err(Malformed(reason.to_owned()))
        }

        fn news(&self) -> Option<watch::Receiver<()>> {
            Some(self.news.subscribe())
        }
    }

    /// Comes back once nobody can release it any more.
    struct Stuck(Mutex<Receiver<()>>);

    impl Review for Stuck {
        fn review(&self, _: Stage, _: &[u8]) -> Result<Reviewed, Malformed> {
            let released = self.0.lock().unwrap().recv();
            Err(Malformed(format!("{released:?}")))
        }

        fn overdue(&self, _: Stage, _: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
            Err(Malformed(reason.to_owned()))
        }

        fn news(&self) -> Option<watch::Receiver<()>> {
            None
        }
    }

    async fn ask(review: &Arc<Late>, namespace: Duration) -> Option<bool> {
        let limits = Arc::new(Limits { namespace, ..Limits::default() });
        let desk = Desk::new(Arc::clone(review) as Arc<dyn Review>, limits);
        let place = Gate::new(1, 1).enter().ok()?;
        let deadline = Instant::now() + Duration::from_secs(60);
        match desk.judge(Stage::Validate, Bytes::new(), place, deadline).await {
            Judged::Answer(reviewed) => Some(reviewed.allowed),
            _ => None,
        }
    }

    #[tokio::test]
    async fn an_answer_waits_for_a_namespace_that_is_new() {
        let review = Arc::new(Late::default());
        let asked = tokio::spawn({
            let review = Arc::clone(&review);
            async move { ask(&review, Duration::from_secs(60)).await }
        });
        while review.asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        review.news.send_replace(());
        assert_eq!(asked.await.unwrap(), Some(true));
    }

    #[tokio::test]
    async fn an_answer_does_not_wait_for_ever() {
        let review = Arc::new(Late::default());
        assert_eq!(ask(&review, Duration::ZERO).await, Some(false));
    }

    #[test]
    fn who_waits_for_the_clock_may_be_stuck() {
        let (release, released) = channel();
        let (tell, told) = channel();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.spawn(async move {
            let limits = Arc::new(Limits::default());
            let desk = Desk::new(Arc::new(Stuck(Mutex::new(released))), limits);
            let place = Gate::new(1, 1).enter().unwrap();
            // It goes on where the clock was waited for, and the other thread sleeps.
            sleep(Duration::from_millis(100)).await;
            let deadline = Instant::now() + Duration::from_millis(100);
            let judged = desk.judge(Stage::Validate, Bytes::new(), place, deadline).await;
            tell.send(judged).unwrap();
        });
        let judged = told.recv_timeout(Duration::from_secs(20));
        drop(release);
        let Ok(Judged::Malformed(Malformed(reason))) = judged else { panic!("nobody answers") };
        assert_eq!(reason, "the review took too long");
    }
}
