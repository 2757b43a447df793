//! Archives: the few files in them that are asked for, and what is wrong with the rest.
//!
//! Nothing is unpacked onto a disk. A tar stream is read to its end, so that every name is seen;
//! of a zip file the directory is, and no entry is inflated that nobody asked for.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use tar::{Archive, EntryType};
use zip::ZipArchive;

use super::entry::{check_name, leads_out};
use super::limits::{Limits, Problems};
use super::meter::{Bounded, Counted, Stop};
use super::unpack;

/// What an archive is packed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Zip,
    Gzip,
    Tar,
    Bzip2,
    Xz,
    Zstd,
}

/// The files that were asked for, by name without a leading `./`.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// How many files may be asked for that one archive has.
const MOST_FILES: usize = 64;

/// How far into a file the mark of a tar archive stands.
const TAR_MARK: usize = 257;

impl Packing {
    /// By the first bytes; `None` for no archive that is known.
    pub(super) fn of(file: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        file.by_ref().take(TAR_MARK as u64 + 5).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self::of_head(&head))
    }

    /// The same of a stream, which is given back whole.
    pub(super) fn of_stream(mut stream: impl Read) -> io::Result<(Option<Self>, impl Read)> {
        let mut head = Vec::new();
        stream.by_ref().take(TAR_MARK as u64 + 5).read_to_end(&mut head)?;
        Ok((Self::of_head(&head), io::Cursor::new(head).chain(stream)))
    }

    fn of_head(head: &[u8]) -> Option<Self> {
        match head {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Self::Zip),
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ if head.get(TAR_MARK..) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }
}

/// Takes the files that `wants` names out of an archive. What can't be read is a problem.
pub(super) fn files(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
    wants: impl Fn(&str) -> bool,
) -> Files {
    let packing = match Packing::of(file) {
        Ok(packing) => packing,
        Err(error) => {
            problems.broken("", format!("it can't be read: {error}"));
            return Files::new();
        }
    };
    let mut taken = Taken { limits, problems, wants: &wants, files: Files::new() };
    match packing {
        Some(Packing::Zip) => taken.unzip(file),
        Some(packing) => taken.untar(packing, file),
        None => taken.problems.broken("", "it is no archive"),
    }
    taken.files
}

/// The same for a tar archive in a stream that is packed.
pub(super) fn packed_files(
    packing: Packing,
    stream: impl Read,
    limits: &Limits,
    problems: &mut Problems,
    wants: impl Fn(&str) -> bool,
) -> Files {
    let mut taken = Taken { limits, problems, wants: &wants, files: Files::new() };
    taken.untar(packing, stream);
    taken.files
}

/// What has been read of one archive.
struct Taken<'t> {
    limits: &'t Limits,
    problems: &'t mut Problems,
    wants: &'t dyn Fn(&str) -> bool,
    files: Files,
}

impl Taken<'_> {
    fn untar(&mut self, packing: Packing, packed: impl Read) {
        let (counted, count) = Counted::new(packed);
        let Some(stream) = unpack::stream(packing, counted) else {
            let message = format!("it is packed by {}, which is not read", packing.as_str());
            self.problems.broken("", message);
            return;
        };
        let (bounded, stopped) = Bounded::new(stream, *self.limits, count);
        let read = self.read_tar(bounded);
        self.tell_end(read, stopped.get());
    }

    fn tell_end(&mut self, read: io::Result<()>, stopped: Option<Stop>) {
        match (stopped, read) {
            (Some(stop), _) => self.problems.harmful("", stop.message(self.limits)),
            (None, Err(error)) if error.kind() == io::ErrorKind::OutOfMemory => {
                self.problems.harmful("", "it takes more memory to read than is allowed");
            }
            (None, Err(error)) => {
                self.problems.broken("", format!("the archive can't be read: {error}"));
            }
            (None, Ok(())) => {}
        }
    }

    fn read_tar(&mut self, stream: impl Read) -> io::Result<()> {
        let mut archive = Archive::new(stream);
        let mut count = 0_usize;
        for entry in archive.entries()? {
            let mut entry = entry?;
            count += 1;
            if !self.may_hold(count) {
                return Ok(());
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let sort = entry.header().entry_type();
            if let Err(what) = check_name(&name) {
                self.problems.harmful(&name, what);
                continue;
            }
            match sort {
                EntryType::Symlink | EntryType::Link => {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    let target = String::from_utf8_lossy(&target);
                    if leads_out(&name, &target, sort == EntryType::Link) {
                        self.problems.harmful(&name, "is a link that leads out of the archive");
                    }
                }
                EntryType::Char | EntryType::Block | EntryType::Fifo => {
                    self.problems.harmful(&name, "is no file, folder or link");
                }
                EntryType::Regular | EntryType::Continuous => self.keep(&name, &mut entry)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn unzip(&mut self, file: &mut (impl Read + Seek)) {
        let size = file.seek(SeekFrom::End(0)).unwrap_or_default();
        if let Err(error) = self.read_zip(file, size) {
            self.problems.broken("", format!("the archive can't be read: {error}"));
        }
    }

    fn read_zip(&mut self, file: impl Read + Seek, size: u64) -> io::Result<()> {
        let mut archive = ZipArchive::new(file)?;
        let mut unpacked = 0_u64;
        for rank in 0..archive.len() {
            if !self.may_hold(rank + 1) {
                return Ok(());
            }
            let entry = archive.by_index_raw(rank)?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let (is_folder, is_link) = (entry.is_dir(), entry.is_symlink());
            unpacked = unpacked.saturating_add(entry.size());
            drop(entry);
            if let Some(stop) = Stop::of(unpacked, size, self.limits) {
                self.problems.harmful("", stop.message(self.limits));
                return Ok(());
            }
            if let Err(what) = check_name(&name) {
                self.problems.harmful(&name, what);
            } else if is_link {
                self.problems.harmful(&name, "is a link in a zip file");
            } else if !is_folder && (self.wants)(own(&name)) {
                let mut entry = archive.by_index(rank)?;
                self.keep(&name, &mut entry)?;
            }
        }
        Ok(())
    }

    /// Whether an archive may have that many entries; tells it if not.
    fn may_hold(&mut self, count: usize) -> bool {
        let is_allowed = count <= self.limits.entries;
        if !is_allowed {
            let message = format!("it holds more than {} entries", self.limits.entries);
            self.problems.harmful("", message);
        }
        is_allowed
    }

    /// Reads an entry if it is wanted. Of two with one name the last stands, as on a disk.
    fn keep(&mut self, name: &str, entry: &mut dyn Read) -> io::Result<()> {
        let name = own(name);
        if !(self.wants)(name) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        entry.take(self.limits.text as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > self.limits.text {
            let message = format!("is longer than {} KiB", self.limits.text >> 10);
            self.problems.broken(name, message);
        } else if self.files.len() < MOST_FILES || self.files.contains_key(name) {
            self.files.insert(name.to_owned(), bytes);
        }
        Ok(())
    }
}

impl Packing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Tar => "tar",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

/// A name without the folder that it starts from.
fn own(name: &str) -> &str {
    name.trim_start_matches("./")
}
