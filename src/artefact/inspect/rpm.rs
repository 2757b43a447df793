//! RPM packages: the header, of which nothing is packed.
//!
//! Source: rpm.org, "RPM V4 Package format"; ska-cicd-makefile `.make-rpm-support`: the metadata
//! are lines of the package's description.

use std::io::{self, Read, Seek};

use super::limits::{Limits, Problems};
use super::{Contents, manifest, said};
use crate::artefact::subject::Declared;

const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const LEAD_BYTES: usize = 96;
const HEADER_MAGIC: [u8; 3] = [0x8e, 0xad, 0xe8];
const HEADER_BYTES: usize = 16;
const INDEX_BYTES: usize = 16;
/// The most that an index or a store may have: those of the kernel have 4 MiB.
const MOST_BYTES: usize = 32 << 20;

/// Which entry of a header says what.
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const DESCRIPTION: u32 = 1005;

/// A header: entries of tag, type, offset and count, and the store that the offsets lead into.
struct Header {
    index: Vec<u8>,
    store: Vec<u8>,
}

pub(super) fn read(
    file: &mut (impl Read + Seek),
    _limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    match header(file) {
        Ok(header) => {
            let value = |tag| header.text(tag).as_deref().and_then(said);
            let description = header.text(DESCRIPTION).unwrap_or_default();
            Contents {
                declared: Declared { name: value(NAME), version: value(VERSION) },
                metadata: manifest::metadata(description.as_bytes()),
                ..Contents::default()
            }
        }
        Err(error) => {
            problems.broken("", format!("it is no RPM package: {error}"));
            Contents::default()
        }
    }
}

/// The main header, which follows the lead and the signatures.
fn header(file: &mut impl Read) -> io::Result<Header> {
    let mut lead = [0; LEAD_BYTES];
    file.read_exact(&mut lead)?;
    if !lead.starts_with(&LEAD_MAGIC) {
        return Err(io::Error::other("it does not begin as one"));
    }
    let signatures = Header::read(file)?;
    // The next header begins at a multiple of eight bytes.
    let margin = signatures.store.len().wrapping_neg() % 8;
    io::copy(&mut file.by_ref().take(margin as u64), &mut io::sink())?;
    Header::read(file)
}

impl Header {
    fn read(file: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; HEADER_BYTES];
        file.read_exact(&mut head)?;
        if !head.starts_with(&HEADER_MAGIC) {
            return Err(io::Error::other("a header does not begin as one"));
        }
        let count = |at| number(&head, at).map(|it| it as usize);
        let (entries, bytes) = (count(8).unwrap_or_default(), count(12).unwrap_or_default());
        let index_bytes = entries.saturating_mul(INDEX_BYTES);
        if index_bytes > MOST_BYTES || bytes > MOST_BYTES {
            return Err(io::Error::other("a header is too large"));
        }
        Ok(Self { index: exactly(file, index_bytes)?, store: exactly(file, bytes)? })
    }

    /// The first text of an entry.
    fn text(&self, tag: u32) -> Option<String> {
        let entry = self.index.chunks_exact(INDEX_BYTES).find(|it| number(it, 0) == Some(tag))?;
        let text = self.store.get(number(entry, 8)? as usize..)?;
        let end = text.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(text.get(..end)?).into_owned())
    }
}

/// So many bytes, which grow as they come: a header may claim more than there are.
fn exactly(file: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() == count { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The four bytes at `at`, the highest first.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}
