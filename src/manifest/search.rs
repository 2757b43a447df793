//! Files, directories and globs into texts, and where there is something to render.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf, is_separator};

use globset::GlobBuilder;
use ignore::{DirEntry, WalkBuilder};

use crate::document::MAX_BYTES;

/// The endings of files that a directory is searched for. A file that is named is read whatever
/// its ending.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The file that makes a folder a chart.
const CHART_FILE: &str = "Chart.yaml";

/// The files that make a folder a kustomization.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a path that a person named leads to.
#[derive(Debug, Default)]
pub struct Found {
    /// By name, each once.
    pub files: Vec<PathBuf>,
    /// Charts: folders with a `Chart.yaml`, and packed ones that were named. What is in them is
    /// not in `files`.
    pub charts: Vec<PathBuf>,
    /// The folder that was named, if there is a kustomization in it.
    pub kustomization: Option<PathBuf>,
    /// Whether any of the files is a link to one.
    pub has_links: bool,
    pub unread: Vec<Unread>,
}

/// A path that leads nowhere, or to something that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{path}`: {problem}")]
pub struct Unread {
    pub path: String,
    pub problem: String,
}

/// The files that `path` means: itself, the manifests below a directory, or what a glob matches.
///
/// What `.gitignore` names is searched too: rendered manifests often are. Hidden files and
/// directories are not, unless the path itself names them.
pub fn find(path: &Path) -> Found {
    let mut found = Found::default();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() && is_kustomization(path) => {
            found.kustomization = Some(path.to_owned());
        }
        Ok(metadata) if metadata.is_dir() => {
            search(path, is_manifest, &mut found);
            found.part_charts();
        }
        Ok(_) if is_packed_chart(path) => found.charts.push(path.to_owned()),
        Ok(_) => found.files.push(path.to_owned()),
        Err(error) => match path.to_str().filter(|text| text.contains(['*', '?', '[', '{'])) {
            Some(pattern) => search_glob(pattern, &mut found),
            None => found.unread.push(unread(path, error)),
        },
    }
    found.files.sort_by_cached_key(|file| parts(file));
    found.unread.sort_by(|one, two| (&one.path, &one.problem).cmp(&(&two.path, &two.problem)));
    found
}

/// What orders paths part by part: no part of one has the byte that stands between them.
fn parts(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes().iter().copied();
    bytes.map(|byte| if is_separator(char::from(byte)) { 0 } else { byte }).collect()
}

impl Found {
    /// Takes the files of charts for charts. A chart in a chart is a part of it.
    fn part_charts(&mut self) {
        let roots = self.files.iter().filter(|file| file.ends_with(CHART_FILE));
        let mut charts: Vec<PathBuf> = roots.filter_map(|it| Some(it.parent()?.into())).collect();
        charts.sort();
        charts.dedup_by(|below, chart| below.starts_with(chart));
        self.files.retain(|file| !charts.iter().any(|chart| file.starts_with(chart)));
        self.charts = charts;
    }
}

/// The text of a file, or of a pipe.
///
/// # Errors
///
/// It can't be read, is longer than a reader takes, or holds something else than UTF-8.
pub fn read(path: &Path) -> Result<String, Unread> {
    read_into(path, &mut Vec::new()).map(str::to_owned)
}

/// The same, in the memory of `bytes`, which lose what they held.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_into<'b>(path: &Path, bytes: &'b mut Vec<u8>) -> Result<&'b str, Unread> {
    bytes.clear();
    let file = File::open(path).map_err(|error| unread(path, error))?;
    // What is not a file has no length beforehand, and what is one may grow.
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length <= MAX_BYTES as u64 {
        bytes.reserve(usize::try_from(length + 1).unwrap_or_default());
        let mut bounded = file.take(MAX_BYTES as u64 + 1);
        bounded.read_to_end(bytes).map_err(|error| unread(path, error))?;
    }
    if length.max(bytes.len() as u64) > MAX_BYTES as u64 {
        return Err(unread(path, format_args!("it is longer than {} MiB", MAX_BYTES >> 20)));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        unread(path, format_args!("line {line} holds something else than UTF-8 text"))
    })
}

fn search(folder: &Path, wanted: impl Fn(&Path) -> bool, found: &mut Found) {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false).hidden(true).follow_links(false);
    for entry in walk.build() {
        match entry {
            Ok(entry) if wanted(entry.path()) && is_file(&entry) => {
                found.has_links |= entry.path_is_symlink();
                found.files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => found.unread.push(unread(folder, error)),
        }
    }
}

/// Whether an entry is a file, or a link to one.
fn is_file(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Some(kind) if !kind.is_symlink() => kind.is_file(),
        _ => entry.path().is_file(),
    }
}

fn search_glob(pattern: &str, found: &mut Found) {
    let glob = match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => {
            found.unread.push(unread(Path::new(pattern), error.kind()));
            return;
        }
    };
    let fixed = Path::new(pattern)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']));
    let base: PathBuf = fixed.collect();
    let here = base.as_os_str().is_empty();
    let folder = if here { Path::new(".") } else { &base };
    let matches = |path: &Path| {
        glob.is_match(if here { path.strip_prefix(".").unwrap_or(path) } else { path })
    };
    search(folder, matches, found);
    if here {
        for file in &mut found.files {
            if let Ok(plain) = file.strip_prefix(".") {
                *file = plain.to_owned();
            }
        }
    }
    if found.files.is_empty() && found.unread.is_empty() {
        found.unread.push(unread(Path::new(pattern), "no file matches"));
    }
}

fn is_packed_chart(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".tgz")
}

/// Whether a folder is one that kustomize renders. A chart is none.
fn is_kustomization(folder: &Path) -> bool {
    let holds = |name: &str| folder.join(name).is_file();
    KUSTOMIZATIONS.into_iter().any(holds) && !holds(CHART_FILE)
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

fn unread(path: &Path, problem: impl ToString) -> Unread {
    Unread { path: path.display().to_string(), problem: problem.to_string() }
}
