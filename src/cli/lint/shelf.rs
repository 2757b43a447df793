//! The texts that are judged together.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::judge::FEW_ITEMS;
use super::text::{Paper, Text};
use crate::cli::Failure;
use crate::cli::facts::Said;
use crate::document::yaml;
use crate::engine::Documents;
use crate::manifest::{Item, Manifest};
use crate::resource::KUBERNETES;

/// Texts. Their trees are many times as large, so one is there only while its file is looked at.
#[derive(Debug)]
pub(super) struct Shelf<'t> {
    files: Vec<&'t Text>,
    reader: Reader<'t>,
}

/// A file of a shelf that was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume<'s> {
    shelf: &'s Shelf<'s>,
    rank: usize,
    pub(super) items: &'s [Item],
}

/// A file with its text at hand.
#[derive(Debug)]
pub(super) struct Opened<'s> {
    name: &'s str,
    text: &'s str,
    reader: Reader<'s>,
}

/// The first files, read before there is anything to judge them by.
#[derive(Debug, Default)]
pub(super) struct Early<'t>(Vec<Mutex<Option<Manifest<'t>>>>);

/// How texts are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'r> {
    pub(super) said: &'r Said,
    /// Whether only the exact reader reads.
    pub(super) exactly: bool,
}

/// How many bytes of text are read early: their trees are there until they are judged.
const EARLY_BYTES: usize = 1 << 19;

impl<'t> Early<'t> {
    pub(super) fn read(reader: Reader<'_>, files: &'t [Text]) -> Self {
        let mut bytes = 0;
        let early = files.iter().map_while(|file| {
            let text = file.as_held()?;
            bytes += text.len();
            (bytes <= EARLY_BYTES).then_some((file.name(), text))
        });
        let early: Vec<(&str, &str)> = early.collect();
        let read = |(name, text)| Mutex::new(Some(reader.read(name, text)));
        Self(early.into_par_iter().map(read).collect())
    }

    /// The file of this rank, for the first who asks for it.
    pub(super) fn take(&self, rank: usize) -> Option<Manifest<'t>> {
        self.0.get(rank)?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Reader<'_> {
    fn read<'t>(&self, name: &str, text: &'t str) -> Manifest<'t> {
        self.said.complete(Manifest::of(name, self.documents(text)))
    }

    fn documents<'t>(&self, text: &'t str) -> yaml::Documents<'t> {
        match self.exactly {
            true => yaml::read_exactly(text),
            false => yaml::read(text),
        }
    }
}

impl<'t> Shelf<'t> {
    pub(super) fn new(files: Vec<&'t Text>, reader: Reader<'t>) -> Self {
        Self { files, reader }
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Takes the file of this rank, to read it; its text is on `paper` if need be.
    ///
    /// # Errors
    ///
    /// The file is not what it was.
    pub(super) fn open<'p>(
        &'p self,
        rank: usize,
        paper: &'p mut Paper,
    ) -> Result<Opened<'p>, Failure> {
        let file = self.files.get(rank).unwrap_or_else(|| unreachable!("a rank is of a file"));
        Ok(Opened { name: file.name(), text: file.open(paper)?, reader: self.reader })
    }

    /// The file of this rank, in which these items were found.
    pub(super) fn volume<'s>(&'s self, rank: usize, items: &'s [Item]) -> Volume<'s> {
        Volume { shelf: self, rank, items }
    }
}

impl Volume<'_> {
    /// Takes the file, to read it again; its text is on `paper` if need be.
    ///
    /// # Errors
    ///
    /// The file is not what it was.
    pub(super) fn open<'p>(&'p self, paper: &'p mut Paper) -> Result<Opened<'p>, Failure> {
        self.shelf.open(self.rank, paper)
    }
}

impl Opened<'_> {
    pub(super) fn read(&self) -> Manifest<'_> {
        self.reader.read(self.name, self.text)
    }

    /// Reads those of `items`, all that were found in the file, which have the ranks `wanted`, and
    /// as little else as can be. The ranks are in order; returns those in what is read, too.
    pub(super) fn read_some(&self, items: &[Item], wanted: &[usize]) -> (Manifest<'_>, Vec<usize>) {
        let some = wanted.iter().filter_map(|&item| items.get(item));
        match Manifest::excerpt(self.name, self.reader.documents(self.text), some) {
            Some(excerpt) => (excerpt, (0..wanted.len()).collect()),
            None => (self.read(), wanted.to_vec()),
        }
    }
}

/// What the strings of each object of a file hold.
pub(super) fn documents_of<'m>(manifest: &'m Manifest<'_>) -> Vec<Documents<'m>> {
    let read = |item| {
        let subject = manifest.subject(item);
        Documents::read(&KUBERNETES, &subject.identity, subject.object)
    };
    manifest.items.par_iter().with_min_len(FEW_ITEMS).map(read).collect()
}
