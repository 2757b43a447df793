//! The durable queue: one row for each component, however often it was asked for.
//!
//! ```text
//! waiting ── claim ──▶ held, until the lease ends ── finish ──▶ done
//!    ▲                    │ fail, or the lease ends      ▲ asked for again ──▶ waiting
//!    └────────────────────┘ too often: dead, for a person
//! ```
//!
//! Each claim counts the fencing token up. Whatever a holder writes is written only if the token
//! is still its own.

mod claim;
mod dead;

use std::time::Duration;

pub use claim::Claim;
pub use dead::Dead;

use super::database::{Database, Error, Row, Work, sql};
use crate::artefact::Coordinates;

/// How long a delivery is remembered, so that a repeated one is known.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A component to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The repository's id for it.
    pub component: String,
    pub coordinates: Coordinates,
    /// Who caused it; empty if unknown.
    pub initiator: String,
}

/// The queue.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(super) database: Database,
}

/// How many rows there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: i64,
    pub done: i64,
    pub dead: i64,
    /// How long the oldest has been due, in milliseconds.
    pub overdue_milliseconds: i64,
}

impl Queue {
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Asks for components to be looked at after `settle`. What waits already stays in its place;
    /// what is dead has another chance.
    pub(super) async fn want(
        work: &mut Work,
        wanted: &Wanted,
        settle: Duration,
    ) -> Result<(), Error> {
        let Wanted { component, coordinates: it, initiator } = wanted;
        // A lease is not cut short, and a hook does not delay what is due.
        sql("INSERT INTO push (repository, component, format, path, name, version, initiator, \
             first_seen, last_seen, wanted, claimed, state, run_at, attempts, fence, holder, \
             lease_until, problem, digest, judged_under) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, :now, :now, 1, 0, 'waiting', :now + $8, 0, 0, '', \
             0, '', '', '') \
             ON CONFLICT (repository, component) DO UPDATE SET \
             wanted = push.wanted + 1, last_seen = excluded.last_seen, state = 'waiting', \
             initiator = CASE WHEN excluded.initiator = '' THEN push.initiator \
             ELSE excluded.initiator END, \
             attempts = CASE WHEN push.state = 'waiting' THEN push.attempts ELSE 0 END, \
             run_at = CASE WHEN push.lease_until > :now THEN push.run_at \
             WHEN push.state = 'waiting' AND push.run_at < excluded.run_at THEN push.run_at \
             ELSE excluded.run_at END")
        .text(&it.repository)
        .text(component)
        .text(&it.format)
        .text(&it.path)
        .text(&it.name)
        .text(&it.version)
        .text(initiator)
        .int(milliseconds(settle))
        .run(work)
        .await?;
        Ok(())
    }

    /// Remembers a delivery; false if it is known already.
    pub(super) async fn remember(work: &mut Work, id: &str) -> Result<bool, Error> {
        let told = sql("INSERT INTO delivery (id, received) VALUES ($1, :now) \
                        ON CONFLICT (id) DO NOTHING")
        .text(id)
        .run(work)
        .await?;
        Ok(told > 0)
    }

    /// Forgets deliveries that Nexus would not repeat any more.
    pub async fn forget(&self) -> Result<u64, Error> {
        let mut work = self.database.write().await?;
        let forgotten = sql("DELETE FROM delivery WHERE received < :now - $1")
            .int(milliseconds(REMEMBERED))
            .run(&mut work)
            .await?;
        work.commit().await?;
        Ok(forgotten)
    }

    /// How much there is of what.
    pub async fn counts(&self) -> Result<Counts, Error> {
        let mut work = self.database.read().await?;
        let rows = sql("SELECT state, CAST(count(*) AS BIGINT) AS number, \
                        CAST(:now - min(run_at) AS BIGINT) AS overdue FROM push GROUP BY state")
        .rows(&mut work)
        .await?;
        let mut counts = Counts::default();
        for row in rows {
            let number = row.int("number")?;
            match row.text("state")?.as_str() {
                "waiting" => {
                    counts.waiting = number;
                    counts.overdue_milliseconds = row.int("overdue")?.max(0);
                }
                "done" => counts.done = number,
                _ => counts.dead = number,
            }
        }
        Ok(counts)
    }

    /// How many wait.
    pub async fn waiting(&self) -> Result<i64, Error> {
        let mut work = self.database.read().await?;
        let row =
            sql("SELECT CAST(count(*) AS BIGINT) AS number FROM push WHERE state = 'waiting'")
                .row(&mut work)
                .await?;
        row.map_or(Ok(0), |row| row.int("number"))
    }
}

/// What a row is about.
pub(super) fn coordinates(row: &Row) -> Result<Coordinates, Error> {
    Ok(Coordinates {
        repository: row.text("repository")?,
        format: row.text("format")?,
        path: row.text("path")?,
        name: row.text("name")?,
        version: row.text("version")?,
    })
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
