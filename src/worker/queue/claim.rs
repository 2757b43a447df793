//! A component that one worker holds, for as long as its lease lasts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{Queue, coordinates, milliseconds};
use crate::artefact::Coordinates;
use crate::worker::database::{Database, Error, Row, Work, sql};

/// What is kept back of a lease: time for a clock that runs a little fast, and for an answer that
/// is on its way.
const MARGIN: u32 = 10;
/// How long to wait after a renewal that failed.
const REST: Duration = Duration::from_millis(200);

/// A component that is ours to work on.
#[derive(Debug)]
pub struct Claim {
    database: Database,
    /// The row.
    pub id: i64,
    pub component: String,
    pub coordinates: Coordinates,
    pub initiator: String,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// What was judged last, and under what.
    pub digest: String,
    pub judged_under: String,
    fence: i64,
    lease: Duration,
    /// When it is surely not ours any more, by our own clock.
    ends: Mutex<Instant>,
}

impl Queue {
    /// Takes the component that has been due for longest, if there is one.
    ///
    /// # Errors
    ///
    /// The database fails; then nothing is held.
    pub async fn claim(&self, holder: &str, lease: Duration) -> Result<Option<Claim>, Error> {
        // Before the database counts, so that we give up first.
        let start = Instant::now();
        let mut work = self.database.write().await?;
        let row = sql("UPDATE push SET fence = fence + 1, attempts = attempts + 1, \
                       claimed = wanted, holder = $1, lease_until = :now + $2, run_at = :now + $2 \
                       WHERE id = (SELECT id FROM push WHERE state = 'waiting' AND run_at <= :now \
                       ORDER BY run_at LIMIT 1 :skip) \
                       RETURNING id, repository, component, format, path, name, version, \
                       initiator, attempts, fence, digest, judged_under")
        .text(holder)
        .int(milliseconds(lease))
        .row(&mut work)
        .await?;
        let claim = row.map(|row| self.held(&row, start, lease)).transpose()?;
        work.commit().await?;
        Ok(claim)
    }

    fn held(&self, row: &Row, start: Instant, lease: Duration) -> Result<Claim, Error> {
        Ok(Claim {
            database: self.database.clone(),
            id: row.int("id")?,
            component: row.text("component")?,
            coordinates: coordinates(row)?,
            initiator: row.text("initiator")?,
            attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
            digest: row.text("digest")?,
            judged_under: row.text("judged_under")?,
            fence: row.int("fence")?,
            lease,
            ends: Mutex::new(start + lease - lease / MARGIN),
        })
    }
}

impl Claim {
    /// Renews the lease again and again, and returns when it is lost: somebody else has it, or
    /// the database has not answered for so long that somebody else may.
    pub(in crate::worker) async fn keep(&self) {
        loop {
            let ends = self.ends();
            sleep_until((Instant::now() + self.lease / 3).min(ends)).await;
            match timeout_at(ends, self.renew()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(_)) if Instant::now() >= ends => return,
                Ok(Err(_)) => sleep(REST).await,
            }
        }
    }

    fn ends(&self) -> Instant {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the lease last in full again; false if somebody else has it.
    ///
    /// After a true answer nobody else acts on the component before it ends.
    ///
    /// # Errors
    ///
    /// The database fails, and what is left of the lease is left.
    pub async fn renew(&self) -> Result<bool, Error> {
        let start = Instant::now();
        let mut work = self.database.write().await?;
        let renewed = sql("UPDATE push SET lease_until = :now + $1, run_at = :now + $1 \
                           WHERE id = $2 AND fence = $3 AND lease_until > :now")
        .int(milliseconds(self.lease))
        .int(self.id)
        .int(self.fence)
        .run(&mut work)
        .await?;
        work.commit().await?;
        if renewed > 0 {
            let ends = start + self.lease - self.lease / MARGIN;
            *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = ends;
        }
        Ok(renewed > 0)
    }

    /// Whether the row is still ours, to begin a transaction with: nobody can take it before that
    /// ends.
    pub(in crate::worker) async fn guard(&self, work: &mut Work) -> Result<bool, Error> {
        let ours = sql("UPDATE push SET fence = fence \
                        WHERE id = $1 AND fence = $2 AND lease_until > :now")
        .int(self.id)
        .int(self.fence)
        .run(work)
        .await?;
        Ok(ours > 0)
    }

    /// Gives it back as worked off. If it was asked for again meanwhile, it waits again. False if
    /// it was not ours any more.
    ///
    /// # Errors
    ///
    /// The database fails, and somebody takes the component again when the lease is over.
    pub async fn finish(self, settle: Duration) -> Result<bool, Error> {
        let mut work = self.database.write().await?;
        let done = sql("UPDATE push SET \
                        state = CASE WHEN wanted > claimed THEN 'waiting' ELSE 'done' END, \
                        run_at = :now + $1, attempts = 0, lease_until = 0, problem = '' \
                        WHERE id = $2 AND fence = $3")
        .int(milliseconds(settle))
        .int(self.id)
        .int(self.fence)
        .run(&mut work)
        .await?;
        work.commit().await?;
        Ok(done > 0)
    }

    /// Gives it back as failed for now, to be tried after `pause`; without one, a person has to
    /// look at it. A failure that is nobody's fault does not count as an attempt.
    ///
    /// # Errors
    ///
    /// The database fails, and somebody takes the component again when the lease is over.
    pub async fn fail(
        self,
        problem: &str,
        pause: Option<Duration>,
        counts: bool,
    ) -> Result<bool, Error> {
        let mut work = self.database.write().await?;
        let state = if pause.is_some() { "waiting" } else { "dead" };
        let failed = sql("UPDATE push SET state = $1, run_at = :now + $2, lease_until = 0, \
                          attempts = attempts - $3, problem = $4 WHERE id = $5 AND fence = $6")
        .text(state)
        .int(milliseconds(pause.unwrap_or_default()))
        .int(i64::from(!counts))
        .text(problem)
        .int(self.id)
        .int(self.fence)
        .run(&mut work)
        .await?;
        work.commit().await?;
        Ok(failed > 0)
    }
}
