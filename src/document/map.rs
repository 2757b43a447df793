//! The fields of a map, in the order of their text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::{FixedState, RandomState};

use super::value::{Span, Value};

/// Fields in the order of the text; no key twice. The order does not count for equality.
#[derive(Clone, Debug, Default)]
pub struct Map<'a> {
    entries: Vec<Entry<'a>>,
}

/// One field of a [`Map`].
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub key: Cow<'a, str>,
    pub key_span: Span,
    pub value: Value<'a>,
}

/// Builds a [`Map`] from fields that come one after another, in linear time however many they
/// are: a text from outside may hold a million keys.
#[derive(Debug, Default)]
pub struct MapBuilder<'a> {
    map: Map<'a>,
    keys: Keys,
}

/// Tells of the keys of a map that is being built which of them it has seen.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// A bit for each key, by [`spread`]. Most keys set one of their own.
    marks: u64,
    /// `None` while the map is small enough to be searched.
    index: Option<Box<Index>>,
}

/// Where each key of a large map stands, by its hash.
#[derive(Debug, Default)]
struct Index {
    /// By hashes that nobody outside can choose.
    places: HashMap<u64, usize, FixedState>,
    hasher: RandomState,
}

/// Up to this many keys, comparing with each is faster than hashing.
const SEARCHED_KEYS: usize = 24;

/// Spreads keys cheaply: those of objects differ in length, or in one of three letters. Keys that
/// somebody chose to be alike are alike, so whoever uses it must not mind.
pub fn spread(key: &str) -> usize {
    let bytes = key.as_bytes();
    let letter = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    let (middle, last) = (bytes.len() / 2, bytes.len().saturating_sub(1));
    bytes.len() + 5 * letter(0) + 19 * letter(middle) + 41 * letter(last)
}

impl<'a> Map<'a> {
    /// A map without fields.
    pub const EMPTY: Self = Self { entries: Vec::new() };

    pub fn with_capacity(fields: usize) -> Self {
        Self { entries: Vec::with_capacity(fields) }
    }

    /// Sets a field. A key that is there keeps its rank and takes the new value and places, as
    /// `kubectl` lets the last of two equal keys win; what it held is returned.
    pub fn insert(&mut self, entry: Entry<'a>) -> Option<Entry<'a>> {
        match self.entries.iter_mut().find(|it| it.key == entry.key) {
            Some(held) => Some(std::mem::replace(held, entry)),
            None => {
                self.entries.push(entry);
                None
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key);
        entry.map(|entry| &mut entry.value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value<'a>> {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Keeps the fields of which `stays` says so.
    pub fn retain(&mut self, mut stays: impl FnMut(&str, &mut Value<'a>) -> bool) {
        self.entries.retain_mut(|entry| stays(&entry.key, &mut entry.value));
    }

    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Entry<'a>> {
        self.entries.iter()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        let same_order = self.iter().zip(other).take_while(|(one, two)| one.key == two.key);
        let mut compared = 0;
        for (one, two) in same_order {
            if one.value != two.value {
                return false;
            }
            compared += 1;
        }
        if compared == self.len() {
            return true;
        }
        let others: HashMap<&str, &Value<'_>> =
            other.iter().skip(compared).map(|entry| (&*entry.key, &entry.value)).collect();
        self.iter().skip(compared).all(|entry| others.get(&*entry.key) == Some(&&entry.value))
    }
}

impl<'m, 'a> IntoIterator for &'m Map<'a> {
    type Item = &'m Entry<'a>;
    type IntoIter = std::slice::Iter<'m, Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = Entry<'a>;
    type IntoIter = std::vec::IntoIter<Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// The fields' keys must differ.
impl<'a> FromIterator<Entry<'a>> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = Entry<'a>>>(fields: I) -> Self {
        Self { entries: fields.into_iter().collect() }
    }
}

/// The fields' keys must differ.
impl<'a> From<Vec<Entry<'a>>> for Map<'a> {
    fn from(entries: Vec<Entry<'a>>) -> Self {
        Self { entries }
    }
}

impl Entry<'_> {
    /// The same field, owning all of it.
    pub fn into_owned(self) -> Entry<'static> {
        Entry {
            key: Cow::Owned(self.key.into_owned()),
            key_span: self.key_span,
            value: self.value.into_owned(),
        }
    }
}

/// Places do not count.
impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl<'a> MapBuilder<'a> {
    /// As [`Map::insert`].
    pub fn insert(&mut self, entry: Entry<'a>) -> Option<Entry<'a>> {
        self.keys.put(&mut self.map.entries, 0, entry)
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    pub fn build(self) -> Map<'a> {
        self.map
    }
}

impl Keys {
    /// Sets a field of the map whose fields are those of `open` from `first` on, as
    /// [`Map::insert`].
    pub(super) fn put<'a>(
        &mut self,
        open: &mut Vec<Entry<'a>>,
        first: usize,
        entry: Entry<'a>,
    ) -> Option<Entry<'a>> {
        let held = self.find(open.get(first..).unwrap_or_default(), &entry.key);
        match held.and_then(|at| open.get_mut(first + at)) {
            Some(held) => Some(std::mem::replace(held, entry)),
            None => {
                open.push(entry);
                None
            }
        }
    }

    /// Where `key` stands among `entries`; if nowhere, it will be the key of the next one.
    fn find(&mut self, entries: &[Entry<'_>], key: &str) -> Option<usize> {
        let search = || entries.iter().position(|entry| entry.key == key);
        if entries.len() < SEARCHED_KEYS {
            let mark = 1 << (spread(key) % 64);
            let seen = self.marks & mark != 0;
            self.marks |= mark;
            return if seen { search() } else { None };
        }
        let index = self.index.get_or_insert_with(|| Box::new(Index::of(entries)));
        let hash = index.hasher.hash_one(key);
        match index.places.get(&hash) {
            Some(&at) if entries.get(at).is_some_and(|held| held.key == key) => Some(at),
            // Two keys share a hash once in 2^64; the entries still tell them apart.
            Some(_) => search(),
            None => {
                index.places.insert(hash, entries.len());
                None
            }
        }
    }
}

impl Index {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut index = Self::default();
        for (at, held) in entries.iter().enumerate() {
            index.places.insert(index.hasher.hash_one(&*held.key), at);
        }
        index
    }
}
