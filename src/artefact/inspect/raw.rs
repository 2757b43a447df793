//! Archives in a repository of the format `raw`, among them Ansible collections.

use std::io::{Read, Seek};

use super::archive::{self, Packing};
use super::limits::{Limits, Problems};
use super::{Contents, ansible, manifest};

pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    // Any file may lie there; one that is no archive says nothing of itself.
    if matches!(Packing::of(file), Ok(None)) {
        return Contents::default();
    }
    let wanted = [manifest::NAME, ansible::MANIFEST, ansible::FILES];
    let files = archive::files(file, limits, problems, |name| wanted.contains(&name));
    let mut contents = ansible::collection(&files).unwrap_or_default();
    contents.metadata = manifest::found(files.get(manifest::NAME));
    contents
}
