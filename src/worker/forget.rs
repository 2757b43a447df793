//! Lets old verdicts go: of what is not in its repository any more, or has other files there.

use std::time::Duration;

use super::database::{Database, Error, sql};
use super::queue::milliseconds;

/// How often the sweep notes that a component is there still.
pub(super) const NOTED: Duration = Duration::from_secs(24 * 3600);
/// What a sweep may be late with that.
const LATE: Duration = Duration::from_secs(2 * 24 * 3600);
/// How many verdicts go in one transaction.
const BATCH: i64 = 500;

/// Forgets verdicts that are older than `keep`, with all that belongs to them, and returns how many.
///
/// Nothing goes of a repository that was not swept to its end since: then nobody knows what is in
/// it. Nor does what is still to be acted on.
pub(super) async fn verdicts(database: &Database, keep: Duration) -> Result<u64, Error> {
    let mut all = 0;
    loop {
        let gone = batch(database, keep).await?;
        all += gone;
        if gone < BATCH.unsigned_abs() {
            return Ok(all);
        }
    }
}

async fn batch(database: &Database, keep: Duration) -> Result<u64, Error> {
    let mut work = database.write().await?;
    let rows = sql("SELECT id FROM verdict WHERE judged_at < :now - $1 \
                    AND EXISTS (SELECT 1 FROM sweep WHERE sweep.repository = verdict.repository \
                    AND sweep.problem = '' AND sweep.ended >= :now - $1) \
                    AND NOT EXISTS (SELECT 1 FROM push WHERE push.repository = verdict.repository \
                    AND push.path = verdict.path AND push.version = verdict.version \
                    AND push.digest = verdict.digest AND push.seen >= :now - $2) \
                    AND NOT EXISTS (SELECT 1 FROM action WHERE action.verdict = verdict.id \
                    AND action.state = 'open') ORDER BY id LIMIT $3")
    .int(milliseconds(keep))
    .int(milliseconds(keep.saturating_add(LATE)))
    .int(BATCH)
    .rows(&mut work)
    .await?;
    for row in &rows {
        let id = row.int("id")?;
        for text in [
            "DELETE FROM fault WHERE verdict = $1",
            "DELETE FROM action WHERE verdict = $1",
            "DELETE FROM verdict WHERE id = $1",
        ] {
            sql(text).int(id).run(&mut work).await?;
        }
    }
    // What is pushed again is judged again.
    sql("DELETE FROM push WHERE state = 'done' AND seen < :now - $1 AND last_seen < :now - $1 \
         AND NOT EXISTS (SELECT 1 FROM action WHERE action.push = push.id) \
         AND NOT EXISTS (SELECT 1 FROM verdict WHERE verdict.repository = push.repository \
         AND verdict.path = push.path AND verdict.version = push.version \
         AND verdict.digest = push.digest)")
    .int(milliseconds(keep.saturating_add(LATE)))
    .run(&mut work)
    .await?;
    work.commit().await?;
    Ok(rows.len() as u64)
}
