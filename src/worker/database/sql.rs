//! One statement for both databases.
//!
//! The differences are few, and stand here as words that are replaced: `:now` is the database's
//! time in milliseconds since 1970, `:serial` the type of a key that counts itself, and `:skip`
//! leaves rows to others that hold them.

use std::future::Future;

use sqlx::postgres::PgRow;
use sqlx::query::Query;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Database, Encode, Postgres, Row as _, Sqlite, Transaction, Type};

use super::{Error, PATIENCE};

/// A statement that is there in full, but for its values.
pub(in crate::worker) struct Sql {
    text: &'static str,
    values: Vec<Bound>,
}

enum Bound {
    Int(i64),
    Text(String),
}

/// What runs statements: a transaction, undone unless it is committed.
pub(in crate::worker) enum Work {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row of an answer.
pub(in crate::worker) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A statement without values yet: `$1` is the first.
pub(in crate::worker) const fn sql(text: &'static str) -> Sql {
    Sql { text, values: Vec::new() }
}

/// A statement with its values, for one kind of database.
fn bound<'q, D: Database>(
    text: AssertSqlSafe<String>,
    values: Vec<Bound>,
) -> Query<'q, D, D::Arguments>
where
    i64: Encode<'q, D> + Type<D>,
    String: Encode<'q, D> + Type<D>,
{
    values.into_iter().fold(sqlx::query(text), |query, value| match value {
        Bound::Int(number) => query.bind(number),
        Bound::Text(text) => query.bind(text),
    })
}

/// Gives up what the database does not answer.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(Error::Late))
}

impl Sql {
    pub(in crate::worker) fn int(mut self, value: i64) -> Self {
        self.values.push(Bound::Int(value));
        self
    }

    /// NUL, which PostgreSQL can't hold, is left out.
    pub(in crate::worker) fn text(mut self, value: &str) -> Self {
        self.values.push(Bound::Text(value.replace('\0', "")));
        self
    }

    /// Runs it, and says how many rows it changed.
    pub(in crate::worker) async fn run(self, work: &mut Work) -> Result<u64, Error> {
        let text = AssertSqlSafe(work.spell(self.text));
        in_time(async {
            Ok(match work {
                Work::Sqlite(on) => {
                    bound(text, self.values).execute(&mut **on).await?.rows_affected()
                }
                Work::Postgres(on) => {
                    bound(text, self.values).execute(&mut **on).await?.rows_affected()
                }
            })
        })
        .await
    }

    /// The rows that it answers with.
    pub(in crate::worker) async fn rows(self, work: &mut Work) -> Result<Vec<Row>, Error> {
        let text = AssertSqlSafe(work.spell(self.text));
        in_time(async {
            Ok(match work {
                Work::Sqlite(on) => bound(text, self.values)
                    .fetch_all(&mut **on)
                    .await?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect(),
                Work::Postgres(on) => bound(text, self.values)
                    .fetch_all(&mut **on)
                    .await?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect(),
            })
        })
        .await
    }

    /// Its first row.
    pub(in crate::worker) async fn row(self, work: &mut Work) -> Result<Option<Row>, Error> {
        Ok(self.rows(work).await?.into_iter().next())
    }
}

impl Work {
    pub(in crate::worker) async fn commit(self) -> Result<(), Error> {
        in_time(async {
            match self {
                Self::Sqlite(work) => work.commit().await?,
                Self::Postgres(work) => work.commit().await?,
            }
            Ok(())
        })
        .await
    }

    /// Runs several statements that have no values.
    pub(super) async fn script(&mut self, text: &'static str) -> Result<(), Error> {
        let text = AssertSqlSafe(self.spell(text));
        in_time(async {
            match self {
                Self::Sqlite(on) => sqlx::raw_sql(text).execute(&mut **on).await.map(drop)?,
                Self::Postgres(on) => sqlx::raw_sql(text).execute(&mut **on).await.map(drop)?,
            }
            Ok(())
        })
        .await
    }

    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The words of this database.
    fn spell(&self, text: &str) -> String {
        let (now, serial, skip) = match self {
            Self::Sqlite(_) => (
                "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
                "INTEGER PRIMARY KEY AUTOINCREMENT",
                "",
            ),
            Self::Postgres(_) => (
                "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "FOR UPDATE SKIP LOCKED",
            ),
        };
        text.replace(":now", now).replace(":serial", serial).replace(":skip", skip)
    }
}

impl Row {
    pub(in crate::worker) fn int(&self, column: &str) -> Result<i64, Error> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(in crate::worker) fn text(&self, column: &str) -> Result<String, Error> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
}
