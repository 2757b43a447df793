//! Where the certificate and its key come from: files that someone keeps, or made by the program.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::authority;

/// Where the pair comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// PEM files that something else writes: a person, or cert-manager through a mounted Secret.
    Files { certificate: PathBuf, key: PathBuf },
    /// Made by the program and kept in `directory`, for `localhost`, 127.0.0.1 and `hosts`.
    Made { directory: PathBuf, hosts: Vec<String> },
}

/// A certificate chain and its key, as PEM. Nobody looked yet at what is in it.
#[derive(PartialEq, Eq)]
pub struct Pair {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// Why there is no pair.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot make a certificate for `{hosts}`")]
    Make { hosts: String, source: rcgen::Error },
}

impl Source {
    /// The pair as it is; one that the program makes is made or renewed first, if need be.
    pub fn pair(&self, time: SystemTime) -> Result<Pair, Error> {
        if let Self::Made { directory, hosts } = self {
            authority::keep(directory, hosts, time)?;
        }
        let (certificate, key) = self.paths();
        let before = read(&certificate)?;
        let pair = Pair { key: read(&key)?, certificate: read(&certificate)? };
        // Swapped in between: the key may be the earlier one.
        if pair.certificate != before {
            return Ok(Pair { key: read(&key)?, ..pair });
        }
        Ok(pair)
    }

    /// The paths of the certificate and of the key.
    pub fn paths(&self) -> (PathBuf, PathBuf) {
        match self {
            Self::Files { certificate, key } => (certificate.clone(), key.clone()),
            Self::Made { directory, .. } => {
                (directory.join(authority::CERTIFICATE), directory.join(authority::KEY))
            }
        }
    }

    /// The file that callers are to trust, if the program made it.
    pub fn authority(&self) -> Option<PathBuf> {
        match self {
            Self::Files { .. } => None,
            Self::Made { directory, .. } => Some(directory.join(authority::AUTHORITY)),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}
