//! What a branch changed, as Git knows it: `--git-diff BASE`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Arguments;
use super::texts::Texts;
use crate::cli::Failure;
use crate::manifest::program::{self, Trouble};

/// What is other than where the branch began.
#[derive(Debug)]
pub(super) struct Changed {
    /// The folder that all paths are below.
    root: PathBuf,
    /// With what is new and not ignored.
    files: BTreeMap<PathBuf, Lines>,
    /// All that Git knows.
    tracked: BTreeSet<PathBuf>,
    /// Whether values changed that are no part of a chart.
    values: bool,
}

/// Which lines of a text are to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    All,
    /// From the first line to the last one, in order.
    Some(Vec<(u32, u32)>),
}

impl Lines {
    /// Whether something between these lines is meant.
    pub(super) fn touch(&self, first: u32, last: u32) -> bool {
        match self {
            Self::All => true,
            Self::Some(ranges) => ranges.iter().any(|(from, to)| *from <= last && first <= *to),
        }
    }
}

impl Changed {
    /// Asks Git, if somebody wants to know.
    pub(super) fn read(arguments: &Arguments) -> Result<Option<Self>, Failure> {
        let Some(base) = &arguments.git_diff else { return Ok(None) };
        let named = arguments.paths.iter().find(|path| path.as_os_str() != "-");
        let folder =
            named.map_or(Path::new("."), |path| if path.is_dir() { path } else { parent(path) });
        let root = PathBuf::from(git(folder, &["rev-parse", "--show-toplevel"])?.trim_end());
        let begun = git(&root, &["merge-base", "--end-of-options", base, "HEAD"]).map_err(|failure| {
            failure.help(format!(
                "name a branch or a commit that is here, such as `origin/main`; `git fetch` brings `{base}`, \
                 and `GIT_DEPTH: 0` the history in GitLab CI"
            ))
        })?;
        let begun = begun.trim_end();
        let mut files: BTreeMap<PathBuf, Lines> = BTreeMap::new();
        for (file, lines) in
            hunks(&git(&root, &["diff", "-U0", "--no-color", "--no-ext-diff", begun])?)
        {
            files.insert(file, lines);
        }
        // What is binary has no lines.
        for file in names(&git(&root, &["diff", "-z", "--name-only", "--no-ext-diff", begun])?) {
            files.entry(file).or_insert(Lines::All);
        }
        for file in names(&git(&root, &["ls-files", "-z", "--others", "--exclude-standard"])?) {
            files.insert(file, Lines::All);
        }
        let tracked = names(&git(&root, &["ls-files", "-z"])?).collect();
        let mut changed = Self { root, files, tracked, values: false };
        changed.values = arguments
            .charts
            .value_files()
            .any(|file| changed.lines(file).is_none_or(|it| it != Lines::Some(Vec::new())));
        Ok(Some(changed))
    }

    /// What is to be judged of the text of this rank. A document counts as a whole, and so does a
    /// chart: a value may change anything in it.
    pub(super) fn of(&self, input: &Texts, rank: usize) -> Lines {
        let rendering = input.rendering(rank);
        let lines = match rendering {
            Some(it) if it.set.is_none() || self.values => None,
            Some(it) => self.below(Path::new(&*it.source)),
            None => input.path(rank).and_then(|path| self.lines(path)),
        };
        lines.unwrap_or(Lines::All)
    }

    /// `None` if Git knows nothing of the file.
    fn lines(&self, file: &Path) -> Option<Lines> {
        let file = self.inside(file)?;
        let lines = self.files.get(&file).cloned();
        lines.or_else(|| self.tracked.contains(&file).then(|| Lines::Some(Vec::new())))
    }

    fn below(&self, folder: &Path) -> Option<Lines> {
        let folder = self.inside(folder)?;
        let is_below = |file: &PathBuf| file.starts_with(&folder);
        if self.files.keys().any(is_below) {
            return Some(Lines::All);
        }
        self.tracked.iter().any(is_below).then(|| Lines::Some(Vec::new()))
    }

    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        let root = self.root.canonicalize().ok()?;
        Some(path.strip_prefix(root).ok()?.to_owned())
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("git");
    // Paths as they are, whatever a person's settings are.
    command.arg("-C").arg(folder).args(["-c", "core.quotePath=false", "-c", "diff.noprefix=false"]);
    let bytes = program::output(command.args(arguments)).map_err(|trouble| match trouble {
        Trouble::Missing => Failure::new("there is no program `git` to ask what changed"),
        Trouble::Failed(said) => {
            let word = arguments.first().copied().unwrap_or_default();
            Failure::new(format!("`git {word}` says: {said}"))
        }
        Trouble::Endless => Failure::new("`git` does not end"),
    })?;
    // A file that is changed may be in any encoding; which lines it is does not depend on that.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn names(text: &str) -> impl Iterator<Item = PathBuf> {
    text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// The changed lines of each file of a difference without context.
fn hunks(diff: &str) -> Vec<(PathBuf, Lines)> {
    let mut all: Vec<(PathBuf, Vec<(u32, u32)>)> = Vec::new();
    // How many lines of a hunk are left, which may look like anything.
    let mut left = 0;
    for line in diff.lines() {
        if left > 0 && line.starts_with(['+', '-']) {
            left -= 1;
        } else if let Some(name) = line.strip_prefix("+++ ") {
            all.push((PathBuf::from(name_of(name)), Vec::new()));
        } else if let Some((old, new)) = line.strip_prefix("@@ -").and_then(ranges) {
            left = old.1 + new.1;
            // Where lines are gone, their neighbours changed.
            let range = if new.1 == 0 { (new.0, new.0 + 1) } else { (new.0, new.0 + new.1 - 1) };
            all.last_mut().into_iter().for_each(|(_, lines)| lines.push(range));
        }
    }
    all.into_iter().map(|(file, lines)| (file, Lines::Some(lines))).collect()
}

/// `1,2 +3,4 @@ …` as (first, count) of the old lines and of the new ones.
fn ranges(text: &str) -> Option<((u32, u32), (u32, u32))> {
    let (old, rest) = text.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| match text.split_once(',') {
        Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    Some((range(old)?, range(new)?))
}

/// A name behind `+++`: without its `b/`, and without the quotes that Git puts around odd ones.
fn name_of(text: &str) -> String {
    let text = text.trim_end_matches('\t');
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let name = quoted.map_or_else(|| text.to_owned(), unquoted);
    name.strip_prefix("b/").map(str::to_owned).unwrap_or(name)
}

/// The text in a C string.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(first @ b'0'..=b'3') => {
                let digits = [first, rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                bytes.push(digits.iter().fold(0, |all, digit| all * 8 + (digit & 7)));
            }
            other => bytes.extend(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_say_which_lines_changed() {
        let diff = "diff --git a/a b/a\n--- a/a\n+++ b/a b.yaml\t\n@@ -1,2 +1 @@ x\n-+++ b/no\n-y\n+z\n\
                    @@ -7,3 +5,0 @@\n-a\n-b\n-c\n--- a/c\n+++ \"b/\\303\\244\\\"\"\n@@ -0,0 +1,4 @@\n";
        let lines = |all: &[(u32, u32)]| Lines::Some(all.to_vec());
        let expected = [
            (PathBuf::from("a b.yaml"), lines(&[(1, 1), (5, 6)])),
            (PathBuf::from("ä\""), lines(&[(1, 4)])),
        ];
        assert_eq!(hunks(diff), expected);
        assert!(lines(&[(5, 6)]).touch(6, 9) && !lines(&[(5, 6)]).touch(7, 9));
    }
}
