//! Places in any file of a run, also of objects that a finding is related to.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use rayon::prelude::*;

use super::judge::Judged;
use super::shelf::Shelf;
use super::text::Paper;
use crate::cli::Failure;
use crate::document::{Location, Locator, Path, Span};
use crate::engine::{About, Documents, Identity};
use crate::manifest::{Item, Manifest};

/// All objects of a run, found by what they are.
#[derive(Debug)]
pub(super) struct Objects<'s, 't> {
    shelf: &'s Shelf<'t>,
    /// Those of each file.
    items: &'s [Vec<Item>],
}

/// Where an object is: the rank of its file, and its own in the file.
pub(super) type Rank = (usize, usize);

/// Finds objects of some files.
#[derive(Debug, Default)]
pub(super) struct Index<'s> {
    items: Vec<&'s [Item]>,
    /// In the order of input.
    by_name: HashMap<Name<'s>, Vec<Rank>, RandomState>,
    by_uid: HashMap<&'s str, Vec<Rank>, RandomState>,
}

/// What two objects have in common that are the same and have no uid.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Name<'i> {
    format: Option<&'i str>,
    group: &'i str,
    kind: &'i str,
    namespace: Option<&'i str>,
    name: &'i str,
}

/// Finds places in one file, one after another. What is embedded in it is read once.
#[derive(Debug)]
pub(super) struct Places<'m, 't> {
    manifest: &'m Manifest<'t>,
    locator: Locator<'m>,
    /// What the strings of each object hold, as far as it was read already.
    documents: &'m [Documents<'m>],
    /// The ranks of the objects of which the locator knows that.
    known: HashSet<usize, RandomState>,
}

/// A place of a finding in another file: which of the judged files, which finding, which place.
type Wanted = (usize, usize, usize);

impl<'s, 't> Objects<'s, 't> {
    pub(super) fn new(shelf: &'s Shelf<'t>, items: &'s [Vec<Item>]) -> Self {
        Self { shelf, items }
    }

    /// Finds the places of findings that are in other files, which are looked at one by one.
    ///
    /// # Errors
    ///
    /// A file is not what it was.
    pub(super) fn relate(&self, judged: &mut [Judged]) -> Result<(), Failure> {
        let named = judged.iter().flat_map(|it| it.findings.iter()).flat_map(|it| &it.related);
        let index = Index::of(self.items, named.filter_map(|it| it.subject.as_ref()));
        let mut wanted: BTreeMap<usize, Vec<(Wanted, usize)>> = BTreeMap::new();
        for (file, judged) in judged.iter().enumerate() {
            for (finding, shown) in judged.findings.iter().enumerate() {
                for (place, related) in shown.related.iter().enumerate() {
                    let subject = related.subject.as_ref();
                    let Some((other, item)) = subject.and_then(|it| index.find(it)) else {
                        continue;
                    };
                    if other != file || related.location.is_none() {
                        let all = wanted.entry(other).or_default();
                        all.push(((file, finding, place), item));
                    }
                }
            }
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let found = wanted.par_iter().map(|(other, all)| self.locations(*other, all, judged));
        let found: Vec<Vec<(Wanted, Location)>> = found.collect::<Result<_, Failure>>()?;
        for ((file, finding, place), location) in found.into_iter().flatten() {
            let finding = judged.get_mut(file).and_then(|it| it.findings.get_mut(finding));
            if let Some(related) = finding.and_then(|it| it.related.get_mut(place)) {
                related.location = Some(location);
            }
        }
        Ok(())
    }

    /// The places that are wanted in the file of this rank, each in an item.
    fn locations(
        &self,
        rank: usize,
        wanted: &[(Wanted, usize)],
        judged: &[Judged],
    ) -> Result<Vec<(Wanted, Location)>, Failure> {
        let mut items: Vec<usize> = wanted.iter().map(|(_, item)| *item).collect();
        items.sort_unstable();
        items.dedup();
        let mut paper = Paper::default();
        let opened = self.shelf.open(rank, &mut paper)?;
        let all = self.items.get(rank).map(Vec::as_slice).unwrap_or_default();
        let (manifest, ranks) = opened.read_some(all, &items);
        let mut places = Places::new(&manifest);
        let mut found = Vec::new();
        for &(wanted, item) in wanted {
            let (file, finding, place) = wanted;
            let shown = judged.get(file).and_then(|it| it.findings.get(finding));
            let Some(finding) = shown.map(|shown| &shown.finding) else { continue };
            let item = items.binary_search(&item).ok().and_then(|at| ranks.get(at));
            let place = finding.related.get(place).zip(item).and_then(|(related, &item)| {
                places.of(item, &related.path, finding.about.elsewhere())
            });
            found.extend(place.map(|(location, _)| (wanted, location)));
        }
        Ok(found)
    }
}

impl<'s> Index<'s> {
    /// Of all objects of one file.
    pub(super) fn new(items: &'s [Item]) -> Self {
        let mut index = Self { items: vec![items], ..Self::default() };
        index.add(|_| true);
        index
    }

    /// Of those objects alone which are to be found.
    fn of<'w>(files: &'s [Vec<Item>], wanted: impl Iterator<Item = &'w Identity>) -> Self {
        let mut names: HashSet<Name<'w>, RandomState> = HashSet::default();
        let mut uids: HashSet<&'w str, RandomState> = HashSet::default();
        for identity in wanted {
            names.insert(Name::of(identity));
            uids.extend(identity.uid.as_deref());
        }
        let mut index =
            Self { items: files.iter().map(Vec::as_slice).collect(), ..Self::default() };
        if !names.is_empty() {
            index.add(|it| {
                names.contains(&Name::of(it))
                    || it.uid.as_deref().is_some_and(|it| uids.contains(it))
            });
        }
        index
    }

    fn add(&mut self, is_wanted: impl Fn(&Identity) -> bool) {
        for (file, items) in self.items.iter().enumerate() {
            for (rank, item) in items.iter().enumerate().filter(|(_, it)| is_wanted(&it.identity)) {
                let identity = &item.identity;
                self.by_name.entry(Name::of(identity)).or_default().push((file, rank));
                if let Some(uid) = &identity.uid {
                    self.by_uid.entry(uid).or_default().push((file, rank));
                }
            }
        }
    }

    /// The first object that is the same as `wanted`.
    pub(super) fn find(&self, wanted: &Identity) -> Option<Rank> {
        let by_name = self.by_name.get(&Name::of(wanted));
        let by_uid = wanted.uid.as_deref().and_then(|uid| self.by_uid.get(uid));
        let candidates = by_name.into_iter().chain(by_uid).flatten().copied();
        let is_same = |&(file, rank): &Rank| {
            let item = self.items.get(file).and_then(|items| items.get(rank));
            item.is_some_and(|item| item.identity.is_same(wanted))
        };
        candidates.filter(is_same).min()
    }
}

impl<'i> Name<'i> {
    pub(super) fn of(identity: &'i Identity) -> Self {
        Self {
            format: identity.format.as_deref(),
            group: &identity.group,
            kind: &identity.kind,
            namespace: identity.namespace.as_deref(),
            name: &identity.name,
        }
    }
}

impl<'m, 't> Places<'m, 't> {
    pub(super) fn new(manifest: &'m Manifest<'t>) -> Self {
        Self { manifest, locator: manifest.locator(), documents: &[], known: HashSet::default() }
    }

    /// Makes use of what was read already: what the strings of each object of the file hold.
    pub(super) fn knowing(manifest: &'m Manifest<'t>, documents: &'m [Documents<'m>]) -> Self {
        Self { documents, ..Self::new(manifest) }
    }

    /// Where a path of the object of this rank is. `None` if there is no such object.
    pub(super) fn of(
        &mut self,
        rank: usize,
        path: &Path,
        about: About,
    ) -> Option<(Location, Span)> {
        let item = self.manifest.items.get(rank)?;
        if self.known.insert(rank) {
            let documents = self.documents.get(rank).into_iter().flat_map(Documents::iter);
            documents.for_each(|(holder, document)| self.locator.know(holder, document));
        }
        Some(self.manifest.place(&mut self.locator, item, path, about))
    }
}

impl About {
    /// What a finding is about of its other places: a part of one text is none of another.
    pub(super) fn elsewhere(self) -> Self {
        match self {
            Self::Part(_) => Self::Value,
            about => about,
        }
    }
}
