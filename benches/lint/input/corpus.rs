//! The manifests that are repeated.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{BYTES, OBJECTS};

/// Documents with objects in them: those that are larger than what is linted is on average, and
/// those that are not.
pub(super) struct Corpus {
    pub(super) large: Vec<Document>,
    pub(super) small: Vec<Document>,
    /// How many manifests they are of.
    pub(super) manifests: usize,
}

pub(super) struct Document {
    pub(super) text: String,
    pub(super) objects: usize,
    /// Of which manifest it is: what is of one stays in one namespace.
    pub(super) manifest: usize,
}

/// How many TANGO devices a configuration has if the corpus has none: 250 KB of them, as the
/// largest charts have.
const DEVICES: usize = 340;

impl Corpus {
    /// Reads what `PORTCULLIS_BENCH_CORPUS` names, or the project's own fixtures.
    pub(super) fn read() -> Self {
        let folder = std::env::var_os("PORTCULLIS_BENCH_CORPUS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests"),
            PathBuf::from,
        );
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
        paths.sort();
        let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
        let all = texts.enumerate().flat_map(|(manifest, text)| documents(manifest, &text));
        let (mut large, small): (Vec<Document>, Vec<Document>) =
            all.partition(|it| it.text.len() > it.objects * BYTES / OBJECTS);
        if large.is_empty() {
            large.extend(documents(paths.len(), &configuration()));
        }
        Self { large, small, manifests: paths.len() + 1 }
    }
}

/// How many objects a text holds, as somebody counts who does not read YAML.
pub(super) fn objects(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("kind: ")).count()
}

fn documents(manifest: usize, text: &str) -> Vec<Document> {
    let mut texts = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("---") {
            texts.push(String::new());
        } else if let Some(text) = texts.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    let document = |text: String| Document { objects: objects(&text), text, manifest };
    texts.into_iter().map(document).filter(|document| document.objects > 0).collect()
}

/// A ConfigMap with the configuration of many TANGO devices as JSON.
fn configuration() -> String {
    let mut text = String::from(
        "# Source: dish/templates/configuration.yaml\napiVersion: v1\nkind: ConfigMap\n\
         metadata:\n  name: dish-configuration\n  namespace: dish\ndata:\n  configuration.json: |\n    \
         {\"servers\": {\"DishMaster\": {\n",
    );
    for device in 0..DEVICES {
        let last = if device + 1 == DEVICES { "" } else { "," };
        let polled = "\n            \"state\",\n            \"3000\",".repeat(12);
        writeln!(
            text,
            "      \"{device}\": {{\n        \"DishMaster\": {{\n          \
             \"mid-dsh-{device:04}/elt/master\": {{\n            \"properties\": {{\n            \
             \"PollRate\": [\"3000\"],\n            \"polled_attr\": [{polled}\n            \
             \"status\"\n            ]\n            }}\n          }}\n        }}\n      }}{last}"
        )
        .unwrap();
    }
    text.push_str("    }}}\n");
    text
}
