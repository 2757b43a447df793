//! Python distributions: wheels, source distributions, eggs.
//!
//! Sources: packaging.python.org, "Binary distribution format" and "Source distribution format";
//! ska-cicd-makefile `patch-metadata.sh` for where the metadata lie.

use std::io::{Read, Seek};

use super::limits::{Limits, Problems};
use super::{Contents, archive, header, manifest, said};
use crate::artefact::subject::Declared;

/// Where a distribution keeps what it says of itself.
#[derive(Clone, Copy)]
enum Layout {
    /// `NAME-VERSION.dist-info/METADATA`.
    Wheel,
    /// `NAME-VERSION/PKG-INFO`.
    Source,
    /// `EGG-INFO/PKG-INFO`.
    Egg,
}

pub(super) fn read(
    name: &str,
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    let layout = Layout::of(name);
    let wants = |path: &str| layout.is_about(path) || layout.is_manifest(path);
    let files = archive::files(file, limits, problems, wants);
    let mut contents = Contents::default();
    match files.iter().find(|it| layout.is_about(it.0)) {
        None => problems.broken(layout.about(), format!("is not in the {}", layout.as_str())),
        Some((path, text)) => {
            let text = String::from_utf8_lossy(text);
            let value = |key| header(&text, key).and_then(said);
            contents.declared = Declared { name: value("Name"), version: value("Version") };
            if contents.declared.name.is_none() || contents.declared.version.is_none() {
                problems.broken(path, "says no name or no version");
            }
        }
    }
    let found = files.iter().find(|it| layout.is_manifest(it.0));
    contents.metadata = manifest::found(found.map(|it| it.1));
    contents
}

impl Layout {
    fn of(name: &str) -> Self {
        match () {
            () if name.ends_with(".whl") => Self::Wheel,
            () if name.ends_with(".egg") => Self::Egg,
            () => Self::Source,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Wheel => "wheel",
            Self::Source => "source distribution",
            Self::Egg => "egg",
        }
    }

    /// The file in which it says what it is.
    const fn about(self) -> &'static str {
        match self {
            Self::Wheel => "METADATA",
            Self::Source | Self::Egg => "PKG-INFO",
        }
    }

    fn is_about(self, path: &str) -> bool {
        self.lies_right(path, self.about())
    }

    fn is_manifest(self, path: &str) -> bool {
        // Some sources are archived without the folder around them.
        let is_bare = matches!(self, Self::Source) && path == manifest::NAME;
        is_bare || self.lies_right(path, manifest::NAME)
    }

    /// Whether this is the file `name` in the folder where such files lie.
    fn lies_right(self, path: &str, name: &str) -> bool {
        let Some((folder, file)) = path.rsplit_once('/') else { return false };
        let is_folder = match self {
            Self::Wheel => folder.ends_with(".dist-info"),
            Self::Source => true,
            Self::Egg => folder == "EGG-INFO",
        };
        file == name && is_folder && !folder.contains('/')
    }
}
