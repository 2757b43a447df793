//! The files that are linted.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// How much is in the large files together.
const BYTES: usize = 53_000_000;
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
        let objects = |text: &String| text.lines().filter(|it| it.starts_with("kind: ")).count();
        Self {
            name,
            folder,
            files: texts.len(),
            objects: texts.iter().map(objects).sum(),
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

/// Files of about the same size: the corpus again and again, under other names and in other
/// namespaces, since a TANGO device that is defined twice is a finding for each.
pub(crate) fn large(folder: &Path) -> Workload {
    let corpus = std::env::var_os("PORTCULLIS_BENCH_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests"),
        PathBuf::from,
    );
    let mut paths: Vec<PathBuf> =
        fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    paths.sort();
    let corpus: Vec<String> = paths.iter().map(|it| fs::read_to_string(it).unwrap()).collect();
    let mut copies = 0;
    let mut text = || {
        let mut text = String::new();
        while text.len() < BYTES / LARGE_FILES {
            copy(&corpus[copies % corpus.len()], copies, &mut text);
            copies += 1;
        }
        text
    };
    let texts: Vec<String> = (0..LARGE_FILES).map(|_| text()).collect();
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
