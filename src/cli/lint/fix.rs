//! Fixes and changes, written into the files that were judged.
//!
//! A fix may make room for another one: texts are fixed and judged again until nothing more is to
//! be done, and only then written. So a second run finds nothing to fix.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use json_patch::Patch;

use super::diff::unified;
use super::judge::Judged;
use super::text::{Paper, Text};
use super::texts::Texts;
use crate::cli::{Console, Failure, whole};
use crate::document::Location;
use crate::engine::Fix;
use crate::manifest::{self, Amendment, Item, Manifest};
use crate::report::plural;

/// After so many rounds two fixes undo each other.
const ROUNDS: usize = 10;

/// A fix or a change that somebody wants written.
#[derive(Debug)]
pub(super) struct Proposal {
    patch: Patch,
    /// `FILE:LINE:COLUMN: RULE`.
    name: String,
}

/// A text with all that could be written into it.
#[derive(Debug)]
pub(super) struct Amended {
    pub(super) text: String,
    /// How many proposals are in it.
    pub(super) written: usize,
    /// The names of those that can't be.
    pub(super) refused: Vec<String>,
    /// The names of those that wait for another one.
    pub(super) waiting: Vec<String>,
}

/// What came of fixing.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// The texts after it, of all files.
    pub(super) input: Texts,
    /// How many are written into each file.
    written: HashMap<usize, usize>,
    refused: Vec<String>,
    /// What would be written into rendered texts, by what they were rendered from. Nobody knows
    /// which template or value to write it into.
    rendered: BTreeMap<Arc<str>, usize>,
    /// Names of files whose fixes have no end. They are as they were.
    endless: Vec<String>,
}

impl Proposal {
    pub(super) fn new(fix: &Fix, rule: &str, at: &Location) -> Self {
        let name = format!("{}:{}:{}: {rule}", at.file, at.line, at.column);
        Self { patch: fix.patch.clone(), name }
    }
}

impl Amended {
    /// How many proposals there are.
    fn all(&self) -> usize {
        self.written + self.refused.len() + self.waiting.len()
    }

    /// Writes what is proposed, each proposal for the item of a rank.
    pub(super) fn of(manifest: &Manifest<'_>, proposals: &[(usize, Proposal)]) -> Self {
        let find = |rank: &usize| manifest.items.get(*rank);
        let patches: Vec<(&Item, &Patch)> =
            proposals.iter().filter_map(|(rank, it)| Some((find(rank)?, &it.patch))).collect();
        let (text, ended) = manifest.amend(&patches);
        let names = |wanted: Amendment| -> Vec<String> {
            let all = proposals.iter().zip(&ended).filter(|(_, ended)| **ended == wanted);
            all.map(|((_, proposal), _)| proposal.name.clone()).collect()
        };
        Self {
            text,
            written: names(Amendment::Written).len(),
            refused: names(Amendment::Refused),
            waiting: names(Amendment::Conflicts),
        }
    }
}

impl Fixed {
    /// Fixes the texts of `input` as often as it takes. `judge` judges texts and amends them.
    ///
    /// # Errors
    ///
    /// That of `judge`, or a file is not what it was.
    pub(super) fn of(
        input: &Texts,
        judge: impl Fn(&Texts) -> Result<Vec<Judged>, Failure>,
    ) -> Result<Self, Failure> {
        let mut fixed = Self { input: input.clone(), ..Self::default() };
        for round in 0..=ROUNDS {
            let judged = judge(&fixed.input)?;
            fixed.refused.clear();
            let mut changed = Vec::new();
            for (rank, amended) in judged.into_iter().map(|it| it.amended).enumerate() {
                let Some(amended) = amended else { continue };
                if let Some(rendering) = input.rendering(rank) {
                    let left = fixed.rendered.entry(Arc::clone(&rendering.source)).or_default();
                    *left = (*left).max(amended.all());
                    continue;
                }
                fixed.refused.extend(amended.refused);
                let Some(file) = fixed.input.files.get_mut(rank) else { continue };
                if !file.is(&amended.text) {
                    *file = Text::held(file.name(), amended.text);
                    *fixed.written.entry(rank).or_default() += amended.written;
                    changed.push(rank);
                } else {
                    fixed.refused.extend(amended.waiting);
                }
            }
            if changed.is_empty() {
                break;
            }
            if round == ROUNDS {
                fixed.give_up(input, &changed);
            }
        }
        Ok(fixed)
    }

    /// Takes files back whose fixes have no end.
    fn give_up(&mut self, input: &Texts, ranks: &[usize]) {
        for rank in ranks {
            let (Some(file), Some(original)) =
                (self.input.files.get_mut(*rank), input.files.get(*rank))
            else {
                continue;
            };
            file.clone_from(original);
            self.endless.push(original.name().to_owned());
        }
    }

    /// What is changed, line by line, for a person.
    ///
    /// # Errors
    ///
    /// A file is not what it was.
    pub(super) fn difference(&self, input: &Texts) -> Result<String, Failure> {
        let changed = self.changed(input);
        let unified = |(_, old, new): (usize, &Text, &Text)| {
            let (mut one, mut two) = (Paper::default(), Paper::default());
            Ok(unified(old.name(), old.open(&mut one)?, new.open(&mut two)?))
        };
        changed.map(unified).collect()
    }

    /// The files that are other than in `input`: which they are, as they were, as they are.
    fn changed<'f>(
        &'f self,
        input: &'f Texts,
    ) -> impl Iterator<Item = (usize, &'f Text, &'f Text)> {
        let both = input.files.iter().zip(&self.input.files).enumerate();
        both.filter(|(_, (old, new))| old != new).map(|(rank, (old, new))| (rank, old, new))
    }

    /// Writes what is changed, and tells the person. Returns whether all is written.
    pub(super) fn write(&self, input: &Texts, console: &mut Console) -> bool {
        let mut all_written = self.endless.is_empty();
        let (mut fixes, mut files) = (0, 0);
        for (rank, old, new) in self.changed(input) {
            let Some(path) = input.path(rank) else { continue };
            match replace(path, old, new.as_held().unwrap_or_default()) {
                Ok(()) => {
                    fixes += self.written.get(&rank).copied().unwrap_or_default();
                    files += 1;
                }
                Err(problem) => {
                    console.note(format_args!("error: cannot write `{}`: {problem}", new.name()));
                    all_written = false;
                }
            }
        }
        if files > 0 {
            let (fixes, files) = (plural(fixes, "fix"), plural(files, "file"));
            console.note(format_args!("wrote {fixes} into {files}"));
        }
        self.tell_left(console);
        all_written
    }

    /// Tells what is left to a person.
    pub(super) fn tell_left(&self, console: &mut Console) {
        for (source, count) in &self.rendered {
            let fixes = plural(*count, "fix");
            console.note(format_args!(
                "not fixed, since `{source}` is rendered: {fixes}; mend its templates or values"
            ));
        }
        for name in &self.refused {
            console.note(format_args!("not fixed, since there is no one way to write it: {name}"));
        }
        for name in &self.endless {
            console.note(format_args!("error: fixes of `{name}` undo each other; it is as it was"));
        }
    }
}

/// Puts a new text where the old one is. What somebody else wrote meanwhile stays.
fn replace(path: &Path, old: &Text, new: &str) -> Result<(), String> {
    let now = manifest::read(path).map_err(|unread| unread.problem)?;
    if !old.is(&now) {
        return Err("it was changed meanwhile".to_owned());
    }
    whole::write(path, new.as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, "theirs").unwrap();
        let text = |text| Text::held("a.yaml", text);
        assert_eq!(replace(&file, &text("old"), "new"), Err("it was changed meanwhile".to_owned()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(replace(&file, &text("theirs"), "new"), Ok(()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
    }
}
