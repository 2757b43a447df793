//! The texts that are to be judged.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::cli::policies::File;
use crate::cli::{Console, Failure};
use crate::manifest::{self, Unread};
use crate::policyfile;

/// What was read: names and texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) files: Vec<File>,
    /// Where each file is; `None` for the standard input.
    pub(super) paths: Vec<Option<PathBuf>>,
    pub(super) unread: Vec<Unread>,
}

impl Texts {
    /// Reads what `paths` lead to, each file once.
    pub(super) fn read(paths: &[PathBuf], console: &mut Console) -> Result<Self, Failure> {
        let mut input = Self::default();
        let mut seen = HashSet::new();
        for path in paths {
            if path.to_str() == Some("-") {
                input.read_stream(console)?;
                continue;
            }
            let found = manifest::find(path);
            input.unread.extend(found.unread);
            // A file that two paths lead to is one file.
            let itself = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
            for path in found.files.into_iter().filter(|path| seen.insert(itself(path))) {
                match manifest::read(&path) {
                    Ok(text) => {
                        input.files.push(File::new(path.display().to_string(), text));
                        input.paths.push(Some(path));
                    }
                    Err(unread) => input.unread.push(unread),
                }
            }
        }
        Ok(input)
    }

    /// The files that may hold a waiver, so that few are read twice.
    pub(super) fn with_waivers(&self) -> Vec<File> {
        let may_waive = |file: &&File| file.text().contains(policyfile::API_VERSION);
        self.files.iter().filter(may_waive).cloned().collect()
    }

    /// Whether there are files, and none holds more than comments and white space.
    pub(super) fn is_blank(&self) -> bool {
        !self.files.is_empty() && !self.files.iter().any(|file| holds_something(file.text()))
    }

    fn read_stream(&mut self, console: &mut Console) -> Result<(), Failure> {
        let name = "<stdin>".to_owned();
        match String::from_utf8(console.read()?) {
            Ok(text) => {
                self.files.push(File::new(name, text));
                self.paths.push(None);
            }
            Err(_) => self.unread.push(Unread {
                path: name,
                problem: "it holds something else than UTF-8 text".to_owned(),
            }),
        }
        Ok(())
    }
}

fn holds_something(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim().trim_start_matches('\u{feff}');
        !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
    })
}
