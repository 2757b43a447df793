//! The texts that are judged together, with their trees as long as those are little.

use rayon::prelude::*;

use crate::cli::facts::{Noted, Said};
use crate::cli::policies::File;
use crate::engine::{Documents, Engine};
use crate::manifest::{Item, Manifest};
use crate::resource::KUBERNETES;

/// Up to this many bytes of text, trees are kept until all is judged: many times as much memory. Of
/// more text a tree is there while its file is looked at, and read anew the next time.
pub(super) const KEPT_BYTES: usize = 24 << 20;

/// Texts, and the trees of all of them if those are kept.
#[derive(Debug)]
pub(super) struct Shelf<'t> {
    files: Vec<&'t File>,
    reader: Reader<'t>,
    trees: Option<Vec<Manifest<'t>>>,
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

/// A shelf of which every text was looked at once.
#[derive(Debug)]
pub(super) struct Catalogue<'s, 't> {
    shelf: &'s Shelf<'t>,
    known: Known<'s>,
}

/// What is kept of each text besides its tree.
#[derive(Debug)]
enum Known<'s> {
    /// What the strings of each object hold.
    Documents(Vec<Vec<Documents<'s>>>),
    /// Its objects, as its tree is not kept.
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
    /// Reads all files, if their trees are to be kept.
    pub(super) fn new(files: Vec<&'t File>, reader: Reader<'t>) -> Self {
        let bytes: usize = files.iter().map(|file| file.text().len()).sum();
        let read = || files.par_iter().map(|file| reader.read(file)).collect();
        Self { trees: (bytes <= reader.kept_bytes).then(read), files, reader }
    }

    /// Takes note of what the objects of each file tell `engine`.
    pub(super) fn look_through(&self, engine: &Engine) -> (Catalogue<'_, 't>, Vec<Noted>) {
        let said = self.reader.said;
        let (known, noted) = match &self.trees {
            Some(trees) => {
                let look = |manifest| {
                    let documents = documents_of(manifest);
                    let noted = said.note(engine, manifest, &documents);
                    (documents, noted)
                };
                let (documents, noted) = trees.par_iter().map(look).unzip();
                (Known::Documents(documents), noted)
            }
            None => {
                let look = |file: &&'t File| {
                    let manifest = self.reader.read(file);
                    let noted = said.note(engine, &manifest, &[]);
                    (manifest.items, noted)
                };
                let (items, noted) = self.files.par_iter().map(look).unzip();
                (Known::Items(items), noted)
            }
        };
        (Catalogue { shelf: self, known }, noted)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Frees all trees, several at once.
    pub(super) fn clear(self) {
        self.trees.into_par_iter().flatten().for_each(drop);
    }
}

impl<'t> Catalogue<'_, 't> {
    /// Looks at the file of this rank, and at what its strings hold, if that is known.
    pub(super) fn open<T>(
        &self,
        rank: usize,
        look: impl FnOnce(&Manifest<'t>, Option<&[Documents<'_>]>) -> T,
    ) -> Option<T> {
        match (&self.shelf.trees, &self.known) {
            (Some(trees), Known::Documents(documents)) => {
                Some(look(trees.get(rank)?, documents.get(rank).map(Vec::as_slice)))
            }
            _ => Some(look(&self.shelf.reader.read(self.shelf.files.get(rank)?), None)),
        }
    }

    /// The objects of each file.
    pub(super) fn items(&self) -> impl Iterator<Item = &[Item]> {
        let trees = self.shelf.trees.iter().flatten().map(|manifest| manifest.items.as_slice());
        let items = match &self.known {
            Known::Items(items) => items.as_slice(),
            Known::Documents(_) => &[],
        };
        trees.chain(items.iter().map(Vec::as_slice))
    }

    /// Frees all documents, several at once.
    pub(super) fn clear(self) {
        if let Known::Documents(documents) = self.known {
            documents.into_par_iter().for_each(drop);
        }
    }
}

/// What the strings of each object of a file hold.
pub(super) fn documents_of<'m>(manifest: &'m Manifest<'_>) -> Vec<Documents<'m>> {
    let read = |item| {
        let subject = manifest.subject(item);
        Documents::read(&KUBERNETES, &subject.identity, subject.object)
    };
    manifest.items.iter().map(read).collect()
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
