//! Where a review is judged, and what is answered when the judgement does not come.
//!
//! A small body is judged on the thread that read it, as a task of its own, so that its
//! connection can be answered even if it never returns. One thread of the runtime is always left
//! without such a task, so the clock goes on ticking. Large bodies, and small ones whose turn does
//! not come, go to threads for long work.

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
        let judgement = timeout_at(deadline, self.start(stage, body.clone(), place)).await;
        let reason = match judgement {
            Ok(Ok(Ok(reviewed))) => return Judged::Answer(reviewed),
            Ok(Ok(Err(malformed))) => return Judged::Malformed(malformed),
            Ok(Err(reason)) => reason,
            Err(_) => "the review took too long",
        };
        Box::pin(self.overdue(stage, body, reason)).await
    }

    /// The judgement, or why there is none.
    async fn start(
        &self,
        stage: Stage,
        body: Bytes,
        place: Place,
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
