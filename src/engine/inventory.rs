//! What the rules of one engine noted of the other objects.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};

use super::Identity;
use crate::document::Pointer;

/// What the rules of one engine want to know of the other objects, and nothing else of them.
///
/// Made by [`Engine::observe`](super::Engine::observe); of use to engines whose
/// [`observers`](super::Engine::observers) are the same, and to no other.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Whether every object is in it, so that what is not in it does not exist: the linted set
    /// if it was said to be complete, and the cluster in an audit.
    pub complete: bool,
    /// Whether the objects that are noted from here on are judged in the same run, so that what
    /// several of them have in common needs to be told at one of them alone.
    pub judged: bool,
    /// Whether every object lies where it says, so that nobody will look for what lies anywhere.
    pub placed: bool,
    /// Those that are not empty, by rank.
    tables: BTreeMap<u32, Table>,
    /// What was known before, without what has been replaced.
    before: Option<Before>,
    /// Why nobody knows what the observer of a table asks for.
    unknown: BTreeMap<u32, Arc<str>>,
}

/// An inventory that another one lies over.
#[derive(Clone, Debug)]
struct Before {
    inventory: Arc<Inventory>,
    /// The uids of objects that have changed or are gone.
    replaced: Arc<HashSet<Box<str>, RandomState>>,
}

/// What one rule noted, by its keys.
type Table = HashMap<Box<str>, Vec<Mention>, RandomState>;

/// A place in another object that a rule noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub subject: Arc<Identity>,
    pub place: Pointer,
    /// What the rule noted of it; empty if nothing.
    pub text: Box<str>,
    /// Whether the object is judged in the same run.
    pub judged: bool,
    /// Whether the object is being deleted.
    pub deleting: bool,
}

/// What the rules of one engine noted of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    pub(super) all: Vec<(u32, String, Mention)>,
}

impl Inventory {
    /// What `notes` hold, and behind it what `before` does, apart from what that says of the
    /// objects with these uids.
    ///
    /// It takes as long as there are `notes`, however large `before` is. What lies below `before`
    /// itself is not seen: [`Inventory::merged`] makes one layer of two.
    pub fn over(
        before: &Arc<Self>,
        replaced: HashSet<Box<str>, RandomState>,
        notes: impl IntoIterator<Item = Notes>,
    ) -> Self {
        let mut over = Self {
            complete: before.complete,
            judged: before.judged,
            placed: before.placed,
            tables: BTreeMap::new(),
            before: Some(Before { inventory: Arc::clone(before), replaced: Arc::new(replaced) }),
            unknown: before.unknown.clone(),
        };
        notes.into_iter().for_each(|notes| over.add(notes));
        over
    }

    /// The same, in one layer.
    #[must_use]
    #[expect(
        clippy::iter_over_hash_type,
        reason = "what was noted under a key does not depend on the other keys"
    )]
    pub fn merged(&self) -> Self {
        let Some(Before { inventory, replaced }) = &self.before else { return self.clone() };
        let mut tables = inventory.tables.clone();
        tables.retain(|_, table| {
            table.retain(|_, mentions| {
                mentions.retain(|mention| !is_replaced(replaced, mention));
                !mentions.is_empty()
            });
            !table.is_empty()
        });
        let mut merged = Self { tables, before: None, ..self.clone_without_tables() };
        for (rank, table) in &self.tables {
            let merged = merged.tables.entry(*rank).or_default();
            for (key, mentions) in table {
                let held = merged.entry(key.clone()).or_default();
                held.splice(0..0, mentions.iter().cloned());
            }
        }
        merged
    }

    /// Takes in what was noted of an object.
    pub fn add(&mut self, notes: Notes) {
        for (table, key, mention) in notes.all {
            self.note(table, key, mention);
        }
    }

    /// Says why nobody knows what the observer of a table asks for.
    pub(super) fn lack(&mut self, table: u32, why: Arc<str>) {
        self.unknown.entry(table).or_insert(why);
    }

    /// Forgets what [`Inventory::lack`] was told.
    pub fn lack_nothing(&mut self) {
        self.unknown.clear();
    }

    pub(super) fn note(&mut self, table: u32, key: String, mention: Mention) {
        let table = self.tables.entry(table).or_default();
        // Most keys are mentioned once.
        table.entry(key.into()).or_insert_with(|| Vec::with_capacity(1)).push(mention);
    }

    /// Takes in what others hold, after its own: inventories of parts of a set, made in parallel,
    /// become one in the order of the parts.
    #[expect(
        clippy::iter_over_hash_type,
        reason = "what was noted under a key does not depend on the other keys"
    )]
    pub fn append(&mut self, others: Vec<Self>) {
        // A table that grows bit by bit is moved again and again.
        let mut more: BTreeMap<u32, usize> = BTreeMap::new();
        for (rank, table) in others.iter().flat_map(|other| &other.tables) {
            *more.entry(*rank).or_default() += table.len();
        }
        for (rank, more) in more {
            self.tables.entry(rank).or_default().reserve(more);
        }
        for (rank, keys) in others.into_iter().flat_map(|other| other.tables) {
            let table = self.tables.entry(rank).or_default();
            for (key, mentions) in keys {
                match table.entry(key) {
                    Entry::Occupied(mut known) => known.get_mut().extend(mentions),
                    Entry::Vacant(new) => _ = new.insert(mentions),
                }
            }
        }
    }

    /// Why nobody knows what the observer of a table asks for, if that is so.
    pub(super) fn lacks(&self, table: u32) -> Option<&str> {
        self.unknown.get(&table).map(|why| &**why)
    }

    pub(super) fn mentions<'i>(
        &'i self,
        table: u32,
        key: &str,
    ) -> impl Iterator<Item = &'i Mention> + use<'i> {
        let before = self.before.as_ref().into_iter().flat_map({
            let held = self.before.as_ref().map(|it| it.inventory.slice(table, key));
            move |Before { replaced, .. }| {
                let held = held.unwrap_or_default().iter();
                held.filter(move |mention| !is_replaced(replaced, mention))
            }
        });
        self.slice(table, key).iter().chain(before)
    }

    /// Whether no place is in this table.
    pub(super) fn notes_nothing(&self, table: u32) -> bool {
        let has_none = |it: &Self| !it.tables.contains_key(&table);
        has_none(self) && self.before.as_ref().is_none_or(|it| has_none(&it.inventory))
    }

    /// How many places were noted.
    pub fn len(&self) -> usize {
        let own =
            |it: &Self| it.tables.values().flat_map(Table::values).map(Vec::len).sum::<usize>();
        let before = self.before.as_ref().map_or(0, |Before { inventory, replaced }| {
            let all = inventory.tables.values().flat_map(Table::values).flatten();
            all.filter(|mention| !is_replaced(replaced, mention)).count()
        });
        own(self) + before
    }

    /// Whether no place was noted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn slice(&self, table: u32, key: &str) -> &[Mention] {
        let table = self.tables.get(&table);
        table.and_then(|table| table.get(key)).map(Vec::as_slice).unwrap_or_default()
    }

    fn clone_without_tables(&self) -> Self {
        Self {
            complete: self.complete,
            judged: self.judged,
            placed: self.placed,
            tables: BTreeMap::new(),
            before: None,
            unknown: self.unknown.clone(),
        }
    }
}

impl Notes {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Roughly how much memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        let note = |(_, key, mention): &(u32, String, Mention)| {
            size_of::<Mention>()
                + 2 * size_of::<usize>()
                + key.len()
                + mention.text.len()
                + mention.place.as_str().len()
        };
        self.all.iter().map(note).sum()
    }

    /// A number that differs if the notes do: most changes of an object are none to any rule.
    pub fn print(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        for (table, key, mention) in &self.all {
            (table, key, &*mention.text, &mention.place, mention.deleting).hash(&mut hasher);
        }
        hasher.finish()
    }
}

fn is_replaced(replaced: &HashSet<Box<str>, RandomState>, mention: &Mention) -> bool {
    mention.subject.uid.as_deref().is_some_and(|uid| replaced.contains(uid))
}
