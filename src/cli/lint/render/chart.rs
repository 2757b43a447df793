//! A copy of a chart whose templates carry marks.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};
use tempfile::TempDir;

use super::Template;
use crate::manifest::template::{Care, stamp};

/// The most that is copied or unpacked, in bytes. A chart is smaller than the object that Helm
/// keeps it in, 1 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// How deep folders and packed charts are followed: links may lead in a circle.
const DEPTH: usize = 16;

/// The copy, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct Marked {
    folder: TempDir,
    chart: PathBuf,
    pub(super) templates: Vec<Template>,
}

/// Where a file of a chart stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// In the copy.
    to: &'p Path,
    /// In the chart that it belongs to.
    inside: &'p Path,
    /// As a person names it; `None` in a packed chart.
    named: Option<&'p Path>,
}

/// What is copied so far.
struct Copier<'m> {
    templates: &'m mut Vec<Template>,
    care: Care,
    left: u64,
}

impl Marked {
    /// Copies a chart, a folder or a packed one, with its sub-charts, unpacked.
    pub(super) fn copy(chart: &Path, care: Care) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut marked = Self { chart: folder.path().join("chart"), folder, templates: Vec::new() };
        let mut copier = Copier { templates: &mut marked.templates, care, left: MOST_BYTES };
        if chart.is_dir() {
            copier.copy_folder(chart, &marked.chart, Path::new(""), Some(chart), DEPTH)?;
        } else {
            marked.chart = copier.unpack(&mut File::open(chart)?, marked.folder.path(), DEPTH)?;
        }
        Ok(marked)
    }

    pub(super) fn path(&self) -> &Path {
        &self.chart
    }
}

impl Copier<'_> {
    fn copy_folder(
        &mut self,
        from: &Path,
        to: &Path,
        inside: &Path,
        named: Option<&Path>,
        depth: usize,
    ) -> io::Result<()> {
        fs::create_dir_all(nested(to, depth)?)?;
        for entry in fs::read_dir(from)? {
            let (path, name) = entry.map(|it| (it.path(), it.file_name()))?;
            let (to, inside) = (to.join(&name), inside.join(&name));
            let named = named.map(|folder| folder.join(&name));
            if path.is_dir() {
                self.copy_folder(&path, &to, &inside, named.as_deref(), depth - 1)?;
            } else if is_packed_part(&inside) {
                self.unpack(&mut File::open(&path)?, to.parent().unwrap_or(&to), depth)?;
            } else {
                let place = Place { to: &to, inside: &inside, named: named.as_deref() };
                self.write(File::open(&path)?, place)?;
            }
        }
        Ok(())
    }

    /// Unpacks a chart into `folder`, and returns where it is then.
    fn unpack(
        &mut self,
        packed: &mut dyn io::Read,
        folder: &Path,
        depth: usize,
    ) -> io::Result<PathBuf> {
        let mut root = None;
        let bounded = GzDecoder::new(packed).take(MOST_BYTES);
        for entry in Archive::new(nested(bounded, depth)?).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let is_plain = path.components().all(|it| matches!(it, Component::Normal(_)));
            if entry.header().entry_type() != EntryType::Regular || !is_plain {
                continue;
            }
            let Some(first) = path.components().next() else { continue };
            let inside = path.strip_prefix(first).unwrap_or(&path);
            let chart = root.get_or_insert_with(|| folder.join(first));
            let to = chart.join(inside);
            fs::create_dir_all(to.parent().unwrap_or(chart))?;
            if is_packed_part(inside) {
                let folder = to.parent().unwrap_or(chart).to_owned();
                self.unpack(&mut entry, &folder, depth - 1)?;
            } else {
                self.write(entry, Place { to: &to, inside, named: None })?;
            }
        }
        root.ok_or_else(|| io::Error::other("there is nothing in it"))
    }

    fn write(&mut self, from: impl io::Read, place: Place<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        let size = from.take(self.left + 1).read_to_end(&mut bytes)? as u64;
        self.left =
            self.left.checked_sub(size).ok_or_else(|| io::Error::other("it is too large"))?;
        if is_template(place.inside, self.care)
            && let Ok(text) = String::from_utf8(bytes.clone())
        {
            bytes = stamp(&text, self.templates.len(), self.care).into_bytes();
            let file = place.named.map(|file| file.display().to_string().into());
            self.templates.push(Template { file, text });
        }
        fs::write(place.to, bytes)
    }
}

/// The same, if it does not lie too deep.
fn nested<T>(it: T, depth: usize) -> io::Result<T> {
    if depth == 0 { Err(io::Error::other("it is nested too deep")) } else { Ok(it) }
}

/// Whether a file of a chart is a sub-chart.
fn is_packed_part(inside: &Path) -> bool {
    let inside = own_part(inside);
    let is_packed = inside.extension().is_some_and(|ending| ending == "tgz");
    is_packed && inside.parent() == Some(Path::new("charts"))
}

/// Whether a file of a chart, or of a sub-chart in it, is rendered into manifests.
fn is_template(inside: &Path, care: Care) -> bool {
    let inside = own_part(inside);
    let name = inside.file_name().unwrap_or_default().to_string_lossy();
    let is_partial = name.starts_with('_');
    inside.starts_with("templates")
        && name != "NOTES.txt"
        && !(is_partial && care == Care::NoPartials)
}

/// What is left of a path behind `charts/NAME/`, as often as that stands there.
fn own_part(mut inside: &Path) -> &Path {
    while let Ok(below) = inside.strip_prefix("charts") {
        let mut components = below.components();
        components.next();
        match components.as_path() {
            rest if rest.as_os_str().is_empty() => return inside,
            rest => inside = rest,
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_of_a_chart_is() {
        assert!(is_template(Path::new("templates/a.yaml"), Care::All));
        assert!(is_template(Path::new("charts/b/charts/c/templates/x/_a.tpl"), Care::All));
        assert!(!is_template(Path::new("charts/b/templates/_a.tpl"), Care::NoPartials));
        assert!(!is_template(Path::new("templates/NOTES.txt"), Care::All));
        assert!(!is_template(Path::new("files/templates/a.yaml"), Care::All));
        assert!(is_packed_part(Path::new("charts/b-1.0.0.tgz")));
        assert!(is_packed_part(Path::new("charts/b/charts/c.tgz")));
        assert!(!is_packed_part(Path::new("files/b.tgz")));
    }
}
