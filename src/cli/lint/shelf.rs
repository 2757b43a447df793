//! The texts that are judged together.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::judge::FEW_ITEMS;
use crate::cli::facts::Said;
use crate::cli::policies::File;
use crate::document::yaml;
use crate::engine::Documents;
use crate::manifest::{Item, Manifest};
use crate::resource::KUBERNETES;

/// Texts. Their trees are many times as large, so one is there only while its file is looked at.
#[derive(Debug)]
pub(super) struct Shelf<'t> {
    files: Vec<&'t File>,
    reader: Reader<'t>,
}

/// A file of a shelf that was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume<'s, 't> {
    shelf: &'s Shelf<'t>,
    rank: usize,
    pub(super) items: &'s [Item],
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
const EARLY_BYTES: usize = 1 << 20;

impl<'t> Early<'t> {
    pub(super) fn read(reader: Reader<'_>, files: &'t [File]) -> Self {
        let mut bytes = 0;
        let is_early = |file: &&File| {
            bytes += file.text().len();
            bytes <= EARLY_BYTES
        };
        let files: Vec<&File> = files.iter().take_while(is_early).collect();
        Self(files.into_par_iter().map(|file| Mutex::new(Some(reader.read(file)))).collect())
    }

    /// The file of this rank, for the first who asks for it.
    pub(super) fn take(&self, rank: usize) -> Option<Manifest<'t>> {
        self.0.get(rank)?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Reader<'_> {
    fn read<'t>(&self, file: &'t File) -> Manifest<'t> {
        self.said.complete(Manifest::of(file.name(), self.documents(file)))
    }

    fn documents<'t>(&self, file: &'t File) -> yaml::Documents<'t> {
        match self.exactly {
            true => yaml::read_exactly(file.text()),
            false => yaml::read(file.text()),
        }
    }
}

impl<'t> Shelf<'t> {
    pub(super) fn new(files: Vec<&'t File>, reader: Reader<'t>) -> Self {
        Self { files, reader }
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Reads the file of this rank.
    pub(super) fn read(&self, rank: usize) -> Option<Manifest<'t>> {
        self.files.get(rank).map(|file| self.reader.read(file))
    }

    /// The file of this rank, in which these items were found.
    pub(super) fn volume<'s>(&'s self, rank: usize, items: &'s [Item]) -> Volume<'s, 't> {
        Volume { shelf: self, rank, items }
    }
}

impl<'t> Volume<'_, 't> {
    /// Reads the file again.
    pub(super) fn read(&self) -> Option<Manifest<'t>> {
        self.shelf.read(self.rank)
    }

    /// Reads the items of the ranks `wanted`, which are in order, and as little else as can be.
    /// Returns their ranks in what is read, too.
    pub(super) fn read_some(&self, wanted: &[usize]) -> Option<(Manifest<'t>, Vec<usize>)> {
        let Self { shelf: Shelf { files, reader }, rank, items } = *self;
        let file = files.get(rank)?;
        let some = wanted.iter().filter_map(|&item| items.get(item));
        match Manifest::excerpt(file.name(), reader.documents(file), some) {
            Some(excerpt) => Some((excerpt, (0..wanted.len()).collect())),
            None => Some((self.read()?, wanted.to_vec())),
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
