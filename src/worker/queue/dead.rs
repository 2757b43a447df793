//! What was tried too often: a person looks at it, and may have it tried again.

use super::{Queue, coordinates};
use crate::artefact::Coordinates;
use crate::worker::database::{Error, sql};

/// A component that could not be worked off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    pub id: i64,
    pub component: String,
    pub coordinates: Coordinates,
    /// When it was last asked for, in milliseconds since 1970.
    pub last_seen: i64,
    /// What went wrong the last time.
    pub problem: String,
}

impl Queue {
    /// What is dead, the latest first.
    pub async fn dead(&self, most: u32) -> Result<Vec<Dead>, Error> {
        let mut work = self.database.read().await?;
        let rows =
            sql("SELECT id, component, repository, format, path, name, version, last_seen, \
                        problem FROM push WHERE state = 'dead' \
                        ORDER BY last_seen DESC, id DESC LIMIT $1")
            .int(i64::from(most))
            .rows(&mut work)
            .await?;
        let dead = rows.iter().map(|row| {
            Ok(Dead {
                id: row.int("id")?,
                component: row.text("component")?,
                coordinates: coordinates(row)?,
                last_seen: row.int("last_seen")?,
                problem: row.text("problem")?,
            })
        });
        dead.collect()
    }

    /// Has one tried again, or all of them; says how many.
    pub async fn retry(&self, id: Option<i64>) -> Result<u64, Error> {
        let mut work = self.database.write().await?;
        let retried = sql("UPDATE push SET state = 'waiting', run_at = :now, attempts = 0 \
                           WHERE state = 'dead' AND ($1 = 0 OR id = $1)")
        .int(id.unwrap_or_default())
        .run(&mut work)
        .await?;
        work.commit().await?;
        Ok(retried)
    }

    /// Has a repository's artefacts, or all, judged again under the policy set in force. The
    /// stored verdicts stay.
    pub async fn judge_again(&self, repository: Option<&str>) -> Result<u64, Error> {
        let mut work = self.database.write().await?;
        let again = sql("UPDATE push SET state = 'waiting', wanted = wanted + 1, attempts = 0, \
                         digest = '', judged_under = '', \
                         run_at = CASE WHEN lease_until > :now THEN run_at ELSE :now END \
                         WHERE $1 = '' OR repository = $1")
        .text(repository.unwrap_or_default())
        .run(&mut work)
        .await?;
        work.commit().await?;
        Ok(again)
    }
}
