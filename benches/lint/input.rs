//! The files that are linted.

mod corpus;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use self::corpus::{Corpus, objects};

/// How much is in the large files together.
const BYTES: usize = 53_000_000;
const OBJECTS: usize = 10_000;
const LARGE_FILES: usize = 31;
const SMALL_FILES: usize = 4_500;

/// A folder of files.
pub(crate) struct Workload {
    name: &'static str,
    pub(crate) folder: PathBuf,
    files: usize,
    objects: usize,
    bytes: f64,
    pub(crate) largest_bytes: f64,
}

impl Workload {
    /// Where a run writes what it found.
    pub(crate) fn report(&self) -> PathBuf {
        self.folder.with_extension("json")
    }

    #[expect(clippy::cast_precision_loss, reason = "a size for a person")]
    fn new(name: &'static str, folder: PathBuf, texts: &[String]) -> Self {
        fs::create_dir(&folder).unwrap();
        for (rank, text) in texts.iter().enumerate() {
            fs::write(folder.join(format!("{rank:04}.yaml")), text).unwrap();
        }
        Self {
            name,
            folder,
            files: texts.len(),
            objects: texts.iter().map(|text| objects(text)).sum(),
            bytes: texts.iter().map(String::len).sum::<usize>() as f64,
            largest_bytes: texts.iter().map(String::len).max().unwrap_or_default() as f64,
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, files, objects, .. } = self;
        write!(f, "{name}: {objects} objects in {files} files, {:.1} MB", self.bytes / 1e6)
    }
}

/// Files of as many objects: the corpus again and again, under other names and in other namespaces,
/// since a TANGO device that is defined twice is a finding for each. Its largest objects come as
/// often as it takes for all to be of the wanted size on average.
pub(crate) fn large(folder: &Path) -> Workload {
    let corpus = Corpus::read();
    let (mut copies, mut count, mut bytes) = ([0, 0], 0, 0);
    let mut file = |rank: usize| {
        let mut text = String::new();
        while count < (rank + 1) * OBJECTS / LARGE_FILES {
            let lags = (bytes + text.len()) * OBJECTS < count * BYTES;
            let (pile, copies) = match lags {
                true => (&corpus.large, &mut copies[0]),
                false => (&corpus.small, &mut copies[1]),
            };
            let document = &pile[*copies % pile.len()];
            let round = *copies / pile.len();
            copy(&document.text, round * corpus.manifests + document.manifest, &mut text);
            count += document.objects;
            *copies += 1;
        }
        bytes += text.len();
        text
    };
    let texts: Vec<String> = (0..LARGE_FILES).map(&mut file).collect();
    Workload::new("large files", folder.join("large"), &texts)
}

/// A file for each of many pods.
pub(crate) fn small(folder: &Path) -> Workload {
    let text = |rank: usize| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-{rank}\n  namespace: demo\nspec:\n  \
             containers:\n    - name: web\n      image: artefact.skao.int/ska-web:1.0.{rank}\n"
        )
    };
    let texts: Vec<String> = (0..SMALL_FILES).map(text).collect();
    Workload::new("small files", folder.join("small"), &texts)
}

fn copy(part: &str, number: usize, text: &mut String) {
    text.push_str("---\n");
    for line in part.lines().filter(|line| !line.starts_with("  namespace: ")) {
        text.push_str(line);
        if line == "metadata:" {
            text.push_str(&format!("\n  namespace: copy-{number}"));
        }
        if line.starts_with("  name: ") && line.ends_with(char::is_alphanumeric) {
            text.push_str(&format!("-{number}"));
        }
        text.push('\n');
    }
}
