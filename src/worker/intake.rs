//! Hooks onto the disk: what is taken here survives the process.
//!
//! One task writes. What arrives while it waits for the disk goes together into its next
//! transaction, so a burst costs a few syncs and not one each.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::error;

use super::database::Error;
use super::queue::{Queue, Wanted};
use super::sweep;

/// The most deliveries of one transaction.
const BATCH: usize = 128;
/// How many deliveries wait for the transaction under way; behind them Nexus is told to stop.
const ROOM: usize = 1024;
/// How often the queue's length is looked up.
const COUNT: Duration = Duration::from_secs(2);
/// How long after a file changed its repository is swept: its component's own hook mostly comes
/// first.
const SWEEP_SOON: Duration = Duration::from_secs(30);

/// What one delivery asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The delivery's own id; empty if it has none.
    pub id: String,
    pub wanted: Vec<Wanted>,
    /// A repository in which something changed that is not said.
    pub unsettled: Option<String>,
}

/// What became of a delivery that is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    New,
    /// It was there already.
    Repeated,
}

/// Why a delivery was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    #[error("too much is waiting already")]
    Full,
    #[error("the database does not take it")]
    Failed,
}

/// Where deliveries go in.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
    length: Arc<AtomicI64>,
    most: i64,
}

/// A delivery, and who waits for it.
#[derive(Debug)]
struct Waiting {
    delivered: Delivered,
    kept: oneshot::Sender<Result<Kept, NotKept>>,
}

impl Intake {
    /// Starts the task that writes; it ends when the last copy of the intake is dropped. A
    /// component is looked at `settle` after its hook; beyond `most` that wait nothing is taken.
    pub fn start(queue: Queue, settle: Duration, most: u32) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(ROOM);
        let length = Arc::new(AtomicI64::new(0));
        let writer = Writer { queue, settle, length: Arc::clone(&length) };
        let task = tokio::spawn(writer.write(receiver));
        (Self { sender, length, most: i64::from(most) }, task)
    }

    /// Returns when the delivery is on the disk.
    ///
    /// # Errors
    ///
    /// It is not, and nobody will hear of it.
    pub async fn keep(&self, delivered: Delivered) -> Result<Kept, NotKept> {
        if self.length.load(Ordering::Relaxed) >= self.most {
            return Err(NotKept::Full);
        }
        let (kept, answer) = oneshot::channel();
        let waiting = Waiting { delivered, kept };
        self.sender.try_send(waiting).map_err(|_| NotKept::Full)?;
        answer.await.unwrap_or(Err(NotKept::Failed))
    }
}

struct Writer {
    queue: Queue,
    settle: Duration,
    length: Arc<AtomicI64>,
}

impl Writer {
    async fn write(self, mut receiver: mpsc::Receiver<Waiting>) {
        let mut clock = interval(COUNT);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut troubled: Option<Instant> = None;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                read = receiver.recv_many(&mut batch, BATCH) => if read == 0 { return },
                _ = clock.tick() => {
                    if let Ok(length) = self.queue.waiting().await {
                        self.length.store(length, Ordering::Relaxed);
                    }
                    continue;
                }
            }
            let kept = self.keep(&batch).await;
            match &kept {
                Ok(_) => troubled = None,
                // Once for each trouble.
                Err(problem) if troubled.is_none() => {
                    troubled = Some(Instant::now());
                    error!("hooks are not taken: {}", super::words(problem));
                }
                Err(_) => {}
            }
            let mut kept = kept.unwrap_or_default().into_iter();
            for waiting in batch.drain(..) {
                // Whoever has gone away is not told.
                let _ = waiting.kept.send(kept.next().ok_or(NotKept::Failed));
            }
        }
    }

    /// Keeps all of them or none.
    async fn keep(&self, batch: &[Waiting]) -> Result<Vec<Kept>, Error> {
        let mut all = Vec::with_capacity(batch.len());
        let mut work = self.queue.database.write().await?;
        for Waiting { delivered, .. } in batch {
            let is_new =
                delivered.id.is_empty() || Queue::remember(&mut work, &delivered.id).await?;
            all.push(if is_new { Kept::New } else { Kept::Repeated });
            if !is_new {
                continue;
            }
            for wanted in &delivered.wanted {
                Queue::want(&mut work, wanted, self.settle).await?;
            }
            if let Some(repository) = &delivered.unsettled {
                sweep::soon(&mut work, repository, SWEEP_SOON).await?;
            }
        }
        work.commit().await?;
        let new = batch.iter().zip(&all).filter(|(_, kept)| **kept == Kept::New);
        let wanted: usize = new.map(|(it, _)| it.delivered.wanted.len()).sum();
        self.length.fetch_add(i64::try_from(wanted).unwrap_or(i64::MAX), Ordering::Relaxed);
        Ok(all)
    }
}
