//! Who does what only one replica may do: a lease in the database.

use std::time::Duration;

use super::database::{Database, Error, sql};
use super::queue::milliseconds;

/// A lease by name.
#[derive(Clone, Debug)]
pub struct Leader {
    database: Database,
    name: &'static str,
    holder: String,
    lease: Duration,
}

impl Leader {
    pub fn new(database: Database, name: &'static str, holder: &str, lease: Duration) -> Self {
        Self { database, name, holder: holder.to_owned(), lease }
    }

    /// Takes the lease, or makes it last in full again; false if another replica has it.
    ///
    /// # Errors
    ///
    /// The database fails: then nobody leads here.
    pub async fn lead(&self) -> Result<bool, Error> {
        let mut work = self.database.write().await?;
        let lead = sql("INSERT INTO leader (name, holder, fence, lease_until) \
                        VALUES ($1, $2, 1, :now + $3) ON CONFLICT (name) DO UPDATE SET \
                        holder = excluded.holder, lease_until = excluded.lease_until, \
                        fence = leader.fence + \
                        CASE WHEN leader.holder = excluded.holder THEN 0 ELSE 1 END \
                        WHERE leader.holder = excluded.holder OR leader.lease_until <= :now")
        .text(self.name)
        .text(&self.holder)
        .int(milliseconds(self.lease))
        .run(&mut work)
        .await?;
        work.commit().await?;
        Ok(lead > 0)
    }

    /// Leaves the lease to whoever asks next.
    pub async fn leave(&self) -> Result<(), Error> {
        let mut work = self.database.write().await?;
        sql("UPDATE leader SET lease_until = 0 WHERE name = $1 AND holder = $2")
            .text(self.name)
            .text(&self.holder)
            .run(&mut work)
            .await?;
        work.commit().await
    }
}
