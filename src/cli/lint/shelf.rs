//! The texts that are judged together, with their trees as long as those are little.

use rayon::prelude::*;

use crate::cli::facts::{Noted, Said};
use crate::cli::policies::File;
use crate::engine::Engine;
use crate::manifest::{Item, Manifest};

/// Up to this many bytes of text, trees are kept until all is judged: several times as much
/// memory. Of more text a tree is there while its file is looked at, and read anew the next time.
pub(super) const KEPT_BYTES: usize = 32 << 20;

/// Texts, and what is in them.
#[derive(Debug)]
pub(super) struct Shelf<'t> {
    files: Vec<&'t File>,
    reader: Reader<'t>,
    read: Read<'t>,
}

/// How texts are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'r> {
    pub(super) said: &'r Said,
    /// Whether only the exact reader reads.
    pub(super) exactly: bool,
    /// [`KEPT_BYTES`], but for tests.
    pub(super) kept_bytes: usize,
}

/// What is kept of each text.
#[derive(Debug)]
enum Read<'t> {
    Trees(Vec<Manifest<'t>>),
    Items(Vec<Vec<Item>>),
}

impl Reader<'_> {
    fn read<'t>(&self, file: &'t File) -> Manifest<'t> {
        self.said.complete(match self.exactly {
            true => Manifest::read_exactly(file.name(), file.text()),
            false => Manifest::read(file.name(), file.text()),
        })
    }
}

impl<'t> Shelf<'t> {
    /// Reads all files, and takes note of what their objects tell `engine`.
    pub(super) fn fill(
        files: Vec<&'t File>,
        reader: Reader<'t>,
        engine: &Engine,
    ) -> (Self, Vec<Noted>) {
        let read = |file: &&'t File| {
            let manifest = reader.read(file);
            let noted = reader.said.note(engine, &manifest);
            (manifest, noted)
        };
        let bytes: usize = files.iter().map(|file| file.text().len()).sum();
        let (read, noted) = if bytes <= reader.kept_bytes {
            let (trees, noted) = files.par_iter().map(read).unzip();
            (Read::Trees(trees), noted)
        } else {
            let items = |(manifest, noted): (Manifest<'t>, Noted)| (manifest.items, noted);
            let (items, noted) = files.par_iter().map(|file| items(read(file))).unzip();
            (Read::Items(items), noted)
        };
        (Self { files, reader, read }, noted)
    }

    /// Looks at the file of this rank.
    pub(super) fn open<T>(&self, rank: usize, look: impl FnOnce(&Manifest<'t>) -> T) -> Option<T> {
        match &self.read {
            Read::Trees(trees) => trees.get(rank).map(look),
            Read::Items(_) => self.files.get(rank).map(|file| look(&self.reader.read(file))),
        }
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The objects of each file.
    pub(super) fn items(&self) -> impl Iterator<Item = &[Item]> {
        let (trees, items) = match &self.read {
            Read::Trees(trees) => (Some(trees), None),
            Read::Items(items) => (None, Some(items)),
        };
        let of_trees = trees.into_iter().flatten().map(|manifest| manifest.items.as_slice());
        of_trees.chain(items.into_iter().flatten().map(Vec::as_slice))
    }

    /// Frees all trees, several at once.
    pub(super) fn clear(self) {
        if let Read::Trees(trees) = self.read {
            trees.into_par_iter().for_each(drop);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::texts::{Origin, Texts};
    use super::super::{Baseline, Court, merge};
    use super::*;
    use crate::cli::facts::Given;
    use crate::cli::policies::Choice;
    use crate::report::{self, Appearance, Needs, Run};

    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        given: Given,
    }

    fn judged(input: &Texts, kept_bytes: usize) -> Run {
        let said = Only::parse_from(["lint"]).given.read().ok().unwrap();
        let engine = Choice::default().load().ok().unwrap().engine;
        let court = Court {
            reader: Reader { said: &said, exactly: false, kept_bytes },
            engine: &engine,
            known: &Baseline::default(),
            changed: None,
            screen: &None,
        };
        let needs = Needs { lines: true, edits: true, objects: true };
        let world = court.judge(input, input.world(0), needs, None);
        merge(&engine, input, vec![world])
    }

    #[test]
    fn what_is_read_again_is_judged_as_what_was_kept() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/manifests");
        let names = ["classic.yaml", "conventions.yaml", "networks.yaml", "platform.yaml"];
        let read = |name| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        let mut files: Vec<File> = names.map(|name| File::new(name, read(name))).into();
        // So that findings have places in two files.
        files.push(File::new("again.yaml", read("classic.yaml").replace("name: ", "name: other-")));
        let origins = files.iter().map(|_| Origin::Stream).collect();
        let sets = vec!["".into()];
        let input = Texts { files, origins, sets, ..Texts::default() };
        let (kept, again) = (judged(&input, usize::MAX), judged(&input, 0));
        let json = |run| (report::find("json").unwrap().render)(run, Appearance::default());
        assert_eq!(json(&kept), json(&again));
        let is_elsewhere = |shown: &report::Shown| {
            let mut places = shown.related.iter().filter_map(|it| it.location.as_ref());
            places.any(|place| place.file != shown.location.file)
        };
        assert!(again.findings.iter().any(is_elsewhere));
    }
}
