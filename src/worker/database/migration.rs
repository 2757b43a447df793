//! Brings the schema up to date when the door opens the database.

use super::sql::{Work, sql};
use super::{Database, Error};

/// What makes each version of the schema out of the one before it. One that was ever shipped
/// never changes.
const STEPS: &[&str] = &[include_str!("schema.sql"), include_str!("schema-2.sql")];

/// Any number, as long as nobody else in the database locks the same.
const LOCK: i64 = 0x706f_7274_6375_6c6c;

pub(super) async fn run(database: &Database) -> Result<(), Error> {
    let mut work = database.write().await?;
    // Replicas start together.
    if work.is_postgres() {
        sql("SELECT pg_advisory_xact_lock($1)").int(LOCK).rows(&mut work).await?;
    }
    let found = version(&mut work).await?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Error::Newer { found, known });
    }
    for (step, number) in STEPS.iter().zip(1..).filter(|(_, number)| *number > found) {
        work.script(step).await?;
        sql("INSERT INTO schema_version (number) VALUES ($1)").int(number).run(&mut work).await?;
    }
    work.commit().await
}

/// The version that the database has; 0 for a new one.
async fn version(work: &mut Work) -> Result<i64, Error> {
    work.script("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)").await?;
    let row = sql("SELECT CAST(coalesce(max(number), 0) AS BIGINT) AS number FROM schema_version")
        .row(work)
        .await?;
    row.map_or(Ok(0), |row| row.int("number"))
}
