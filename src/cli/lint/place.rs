//! Places in any file of a run, also of objects that a finding is related to.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::document::{Location, Locator, Path, Span};
use crate::engine::{About, Documents, Identity};
use crate::manifest::{Item, Manifest};

/// All objects of a run, found by what they are.
#[derive(Debug)]
pub(super) struct Objects<'m, 't> {
    manifests: &'m [Manifest<'t>],
    /// Built for the first finding that is related to another object.
    index: OnceLock<Index<'m>>,
}

/// Where an object is: the rank of its file, and its own in the file.
pub(super) type Rank = (usize, usize);

#[derive(Debug, Default)]
struct Index<'m> {
    /// In the order of input.
    by_name: HashMap<Name<'m>, Vec<Rank>>,
    by_uid: HashMap<&'m str, Vec<Rank>>,
}

/// What two objects have in common that are the same and have no uid.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Name<'m> {
    format: Option<&'m str>,
    group: &'m str,
    kind: &'m str,
    namespace: Option<&'m str>,
    name: &'m str,
}

/// Finds places, one after another. What is embedded in a file is read once.
#[derive(Debug)]
pub(super) struct Places<'d, 'm, 't> {
    objects: &'d Objects<'m, 't>,
    locators: HashMap<usize, Locator<'d>>,
}

impl<'m, 't> Objects<'m, 't> {
    pub(super) fn new(manifests: &'m [Manifest<'t>]) -> Self {
        Self { manifests, index: OnceLock::new() }
    }

    /// The first object that is the same as `wanted`.
    pub(super) fn find(&self, wanted: &Identity) -> Option<Rank> {
        let index = self.index.get_or_init(|| Index::new(self.manifests));
        let by_name = index.by_name.get(&Name::of(wanted));
        let by_uid = wanted.uid.as_deref().and_then(|uid| index.by_uid.get(uid));
        let candidates = by_name.into_iter().chain(by_uid).flatten().copied();
        let is_same =
            |rank: &Rank| self.get(*rank).is_some_and(|(_, item)| item.identity.is_same(wanted));
        candidates.filter(is_same).min()
    }

    fn get(&self, (file, rank): Rank) -> Option<(&'m Manifest<'t>, &'m Item)> {
        let manifest = self.manifests.get(file)?;
        Some((manifest, manifest.items.get(rank)?))
    }
}

impl<'m> Index<'m> {
    fn new(manifests: &'m [Manifest<'_>]) -> Self {
        let mut index = Self::default();
        for (file, manifest) in manifests.iter().enumerate() {
            for (rank, item) in manifest.items.iter().enumerate() {
                let identity = &item.identity;
                index.by_name.entry(Name::of(identity)).or_default().push((file, rank));
                if let Some(uid) = &identity.uid {
                    index.by_uid.entry(uid).or_default().push((file, rank));
                }
            }
        }
        index
    }
}

impl<'m> Name<'m> {
    pub(super) fn of(identity: &'m Identity) -> Self {
        Self {
            format: identity.format.as_deref(),
            group: &identity.group,
            kind: &identity.kind,
            namespace: identity.namespace.as_deref(),
            name: &identity.name,
        }
    }
}

impl<'d, 'm, 't> Places<'d, 'm, 't> {
    pub(super) fn new(objects: &'d Objects<'m, 't>) -> Self {
        Self { objects, locators: HashMap::new() }
    }

    /// Makes use of what was read already: what the strings of the file of this rank hold.
    pub(super) fn know(
        &mut self,
        rank: usize,
        manifest: &'m Manifest<'t>,
        documents: &'d [Documents<'d>],
    ) {
        let locator = self.locators.entry(rank).or_insert_with(|| manifest.locator());
        for (holder, document) in documents.iter().flat_map(Documents::iter) {
            locator.know(holder, document);
        }
    }

    pub(super) fn objects(&self) -> &'d Objects<'m, 't> {
        self.objects
    }

    /// Where a path of an object is. `None` if there is no such object.
    pub(super) fn of(&mut self, rank: Rank, path: &Path, about: About) -> Option<(Location, Span)> {
        let (manifest, item) = self.objects.get(rank)?;
        let locator = self.locators.entry(rank.0).or_insert_with(|| manifest.locator());
        Some(manifest.place(locator, item, path, about))
    }
}
