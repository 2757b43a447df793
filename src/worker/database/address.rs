//! Where the database is, as a person writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a database.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A file, made if it is not there.
    Sqlite(PathBuf),
    /// `postgres://…`, with whatever libpq's environment variables add.
    Postgres(String),
}

/// A text that is no address of a database. It may hold a password, so it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database is `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
pub struct Unknown;

impl FromStr for Address {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).into()));
        }
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if is_postgres { Ok(Self::Postgres(text.to_owned())) } else { Err(Unknown) }
    }
}

/// Without a user and a password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(f, "postgres://{}", place.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let read: Address = "postgres://me:pass@db.local/door?password=pass".parse().unwrap();
        assert_eq!(format!("{read} {read:?}"), "postgres://db.local/door postgres://db.local/door");
    }

    #[test]
    fn both_databases_are_known_and_nothing_else_is() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(Address::Sqlite("a/b.db".into())));
        assert_eq!("sqlite:///a/b.db".parse(), Ok(Address::Sqlite("/a/b.db".into())));
        for other in ["", "sqlite:", "mysql://h/d", "a.db", "/a.db"] {
            assert_eq!(other.parse::<Address>(), Err(Unknown), "{other}");
        }
    }
}
