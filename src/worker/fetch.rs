//! Files of artefacts, from a repository to the disk: never more than is allowed, never for longer.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::time::timeout;

use super::site::Site;
use super::trouble::Trouble;

/// How much is fetched, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Of one file.
    pub(super) bytes: u64,
    /// For one file.
    pub(super) patience: Duration,
}

/// What came.
#[derive(Debug)]
pub(super) enum Fetched {
    File(Whole),
    /// There is no such file.
    Nothing,
    /// It is longer than allowed, or has no end.
    TooLong,
}

/// A file that has no name and goes with its last reader.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) file: File,
    /// In hexadecimal digits.
    pub(super) sha256: String,
}

/// Fetches a file.
///
/// # Errors
///
/// The server does not answer, or not in time.
pub(super) async fn file(
    site: &Site,
    call: RequestBuilder,
    bounds: Bounds,
) -> Result<Fetched, Trouble> {
    let fetch = async {
        let answer = site.send(call).await?;
        match answer.status() {
            StatusCode::OK => write(site, answer, bounds.bytes).await,
            StatusCode::NOT_FOUND => Ok(Fetched::Nothing),
            status => Err(site.odd("a file", status)),
        }
    };
    in_time(site, bounds, fetch).await
}

async fn write(site: &Site, mut answer: Response, most: u64) -> Result<Fetched, Trouble> {
    let local = |error: std::io::Error| Trouble::Away(format!("cannot keep a file: {error}"));
    let mut file = tempfile::tempfile().map_err(local)?;
    let (mut hash, mut length) = (Sha256::new(), 0_u64);
    while let Some(chunk) = answer.chunk().await.map_err(|error| site.away(&error))? {
        length += chunk.len() as u64;
        if length > most {
            return Ok(Fetched::TooLong);
        }
        hash.update(&chunk);
        // Into the page cache: a write of some kilobytes takes no longer than handing it over.
        file.write_all(&chunk).map_err(local)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(local)?;
    Ok(Fetched::File(Whole { file, sha256: hex(&hash.finalize()) }))
}

/// How the feeding of a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// It has all, of this SHA-256 in hexadecimal digits.
    All(String),
    /// There is no such file.
    Nothing,
    /// There is more than it is allowed to have.
    TooLong,
    /// It wanted no more.
    Enough,
}

/// Feeds a file to a process as it comes in.
///
/// # Errors
///
/// The server does not answer, or not in time.
pub(super) async fn feed(
    site: &Site,
    call: RequestBuilder,
    bounds: Bounds,
    mut to: ChildStdin,
) -> Result<Fed, Trouble> {
    let feed = async {
        let mut answer = site.send(call).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Fed::Nothing),
            status => return Err(site.odd("a file", status)),
        }
        let (mut hash, mut length) = (Sha256::new(), 0_u64);
        while let Some(chunk) = answer.chunk().await.map_err(|error| site.away(&error))? {
            length += chunk.len() as u64;
            if length > bounds.bytes {
                return Ok(Fed::TooLong);
            }
            hash.update(&chunk);
            if to.write_all(&chunk).await.is_err() {
                return Ok(Fed::Enough);
            }
        }
        Ok(Fed::All(hex(&hash.finalize())))
    };
    in_time(site, bounds, feed).await
}

async fn in_time<T>(
    site: &Site,
    bounds: Bounds,
    fetch: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(bounds.patience, fetch).await.unwrap_or_else(|_| {
        let (name, seconds) = (site.name(), bounds.patience.as_secs());
        Err(Trouble::Failed(format!("`{name}` takes more than {seconds} s to send a file")))
    })
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
