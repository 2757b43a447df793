//! Debian packages: an `ar` archive with `control.tar` in it.
//!
//! Source: deb(5), ar(5); ska-cicd-makefile `.make-deb-support`: the metadata are lines of
//! `DEBIAN/control`, written as `KEY=VALUE`.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::archive::Packing;
use super::limits::{Limits, Problems};
use super::{Contents, archive, header, manifest, said};
use crate::artefact::subject::Declared;

const MAGIC: &[u8] = b"!<arch>\n";
/// Of an entry's head.
const HEAD_BYTES: usize = 60;
/// How many entries there are: `debian-binary`, `control.tar`, `data.tar`, and signatures.
const MOST_ENTRIES: usize = 16;

/// A part of the archive.
struct Member {
    name: String,
    size: u64,
}

pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    match control(file, limits, problems) {
        Ok(Some(text)) => contents(&String::from_utf8_lossy(&text), problems),
        Ok(None) => Contents::default(),
        Err(error) => {
            problems.broken("", format!("it is no Debian package: {error}"));
            Contents::default()
        }
    }
}

fn contents(control: &str, problems: &mut Problems) -> Contents {
    let value = |key| header(control, key).and_then(said);
    let declared = Declared { name: value("Package"), version: value("Version") };
    if declared.name.is_none() || declared.version.is_none() {
        problems.broken("control", "says no package or no version");
    }
    Contents { declared, metadata: manifest::metadata(control.as_bytes()), ..Contents::default() }
}

/// The text of `control`, `None` if the reason why there is none was told.
fn control(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> io::Result<Option<Vec<u8>>> {
    let mut file = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(io::Error::other("it does not begin as one"));
    }
    for _ in 0..MOST_ENTRIES {
        let Some(Member { name, size }) = member(&mut file)? else { break };
        if !name.starts_with("control.tar") {
            // Entries begin at even bytes.
            let skip = i64::try_from(size + size % 2).map_err(io::Error::other)?;
            file.seek(SeekFrom::Current(skip))?;
            continue;
        }
        let wants = |path: &str| path == "control";
        let packing = match name.as_str() {
            "control.tar" => Packing::Tar,
            "control.tar.gz" => Packing::Gzip,
            "control.tar.xz" => Packing::Xz,
            "control.tar.zst" => Packing::Zstd,
            other => {
                let message = "is packed in a way that is not read: build it with `dpkg-deb -Zxz`";
                problems.broken(other, message);
                return Ok(None);
            }
        };
        let packed = file.by_ref().take(size);
        let mut files = archive::packed_files(packing, packed, limits, problems, wants);
        let text = files.remove("control");
        if text.is_none() {
            problems.broken(&name, "holds no `control`");
        }
        return Ok(text);
    }
    problems.broken("control.tar", "is not in the package");
    Ok(None)
}

/// The head of the next entry; `None` at the end.
fn member(file: &mut impl BufRead) -> io::Result<Option<Member>> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head)?;
    let field = |range: std::ops::Range<usize>| {
        let text = head.get(range).and_then(|it| std::str::from_utf8(it).ok());
        text.unwrap_or_default().trim_end().trim_end_matches('/')
    };
    let size = field(48..58).parse().map_err(|_| io::Error::other("a part of it has no size"))?;
    Ok(Some(Member { name: field(0..16).to_owned(), size }))
}
