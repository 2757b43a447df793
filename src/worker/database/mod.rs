//! The one database of the door: SQLite in a file, or PostgreSQL for several replicas.
//!
//! Both run the same statements. Time is the database's own, so that replicas agree on it.

mod address;
mod migration;
mod sql;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use address::{Address, Unknown};
pub(super) use sql::{Row, Work, sql};

/// How long a statement, or the wait for a connection, may take. A partitioned database would
/// otherwise hold its caller for as long as the kernel repeats packets.
const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong between us and the database. No message holds a value or a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database does not do what it is asked")]
    Sql(#[from] sqlx::Error),
    #[error("the database did not answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error(
        "the database was made by a later version: its schema is {found}, and {known} is known"
    )]
    Newer { found: i64, known: i64 },
    #[error("the database holds something that can't be read: {0}")]
    Broken(String),
}

/// Connections to the database.
#[derive(Clone, Debug)]
pub struct Database(Pools);

#[derive(Clone, Debug)]
enum Pools {
    /// One connection writes, so that writers wait for each other here and not in SQLite.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

impl Database {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    ///
    /// It can't be reached or opened, or a later version made it.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        let pools = match address {
            Address::Sqlite(path) => {
                // FULL: a transaction that has ended is on the disk.
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(Duration::from_secs(5));
                let pool =
                    |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE);
                let write = pool(1).connect_with(options.clone()).await?;
                let read = pool(4).connect_with(options.pragma("query_only", "on")).await?;
                Pools::Sqlite { write, read }
            }
            Address::Postgres(url) => {
                let options: PgConnectOptions = url.parse()?;
                // A replica that is cut off in the middle of a transaction holds its rows no longer
                // than its leases.
                let options = options.application_name("portcullis").options([
                    ("idle_in_transaction_session_timeout", "15s"),
                    ("statement_timeout", "15s"),
                ]);
                let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(PATIENCE);
                Pools::Postgres(pool.connect_with(options).await?)
            }
        };
        let database = Self(pools);
        migration::run(&database).await?;
        Ok(database)
    }

    /// A transaction that writes.
    pub(super) async fn write(&self) -> Result<Work, Error> {
        sql::in_time(async {
            Ok(match &self.0 {
                // At once, since a transaction that begins by reading can't always go on to write.
                Pools::Sqlite { write, .. } => {
                    Work::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
                }
                Pools::Postgres(pool) => Work::Postgres(pool.begin().await?),
            })
        })
        .await
    }

    /// A transaction that only reads.
    pub(super) async fn read(&self) -> Result<Work, Error> {
        sql::in_time(async {
            Ok(match &self.0 {
                Pools::Sqlite { read, .. } => Work::Sqlite(read.begin().await?),
                Pools::Postgres(pool) => Work::Postgres(pool.begin().await?),
            })
        })
        .await
    }

    /// Ends all connections. What is not committed is undone.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
