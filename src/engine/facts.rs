//! What a door looked up before it asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::Identity;
use crate::document::Path;

/// What is known besides the subject. A rule that needs a fact which is not known ends as
/// `skip`, and the outcome names the fact.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'f> {
    /// The labels of namespaces.
    pub namespaces: Option<&'f Namespaces>,
    /// The tier of the subject's namespace, where it is not to be worked out from the settings.
    pub tier: Option<&'f str>,
    /// The other objects.
    pub inventory: Option<&'f Inventory>,
    /// What owns the subject in the end, where the door knows more than the subject says.
    pub root: Option<&'f Identity>,
    /// The time, which ends waivers.
    pub now: Option<Timestamp>,
}

/// Facts that a door keeps from one subject to the next, and replaces as it learns.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub namespaces: Option<Arc<Namespaces>>,
    /// Of use to one engine alone.
    pub inventory: Option<Arc<Inventory>>,
}

impl Known {
    /// As an engine takes them, at a time.
    pub fn facts(&self, now: Timestamp) -> Facts<'_> {
        Facts {
            namespaces: self.namespaces.as_deref(),
            inventory: self.inventory.as_deref(),
            now: Some(now),
            ..Facts::default()
        }
    }
}

/// The labels of the namespaces that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    pub labels: BTreeMap<String, BTreeMap<String, String>>,
}

/// What the rules of one engine want to know of the other objects, and nothing else of them.
///
/// Made by [`Engine::observe`](super::Engine::observe); of no use to another engine.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Whether every object is in it, so that what is not in it does not exist: the linted set
    /// if it was said to be complete, and the cluster in an audit.
    pub complete: bool,
    /// Whether the objects that are noted from here on are judged in the same run, so that what
    /// several of them have in common needs to be told at one of them alone.
    pub judged: bool,
    tables: Vec<Table>,
}

/// What one rule noted, by its keys.
type Table = HashMap<Box<str>, Vec<Mention>, RandomState>;

/// A place in another object that a rule noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub subject: Arc<Identity>,
    pub path: Path,
    /// What the rule noted of it; empty if nothing.
    pub text: Box<str>,
    /// Whether the object is judged in the same run.
    pub judged: bool,
    /// Whether the object is being deleted.
    pub deleting: bool,
}

impl Inventory {
    pub(super) fn note(&mut self, table: u32, key: String, mention: Mention) {
        let table = table as usize;
        if self.tables.len() <= table {
            self.tables.resize_with(table + 1, Table::default);
        }
        if let Some(table) = self.tables.get_mut(table) {
            table.entry(key.into()).or_default().push(mention);
        }
    }

    pub(super) fn mentions(&self, table: u32, key: &str) -> &[Mention] {
        let table = self.tables.get(table as usize);
        table.and_then(|table| table.get(key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// How many places were noted.
    pub fn len(&self) -> usize {
        self.tables.iter().flat_map(Table::values).map(Vec::len).sum()
    }

    /// Whether no place was noted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in what another one holds, after its own: inventories of parts of a set, made in
    /// parallel, become one in the order of the parts.
    #[expect(
        clippy::iter_over_hash_type,
        reason = "what was noted under a key does not depend on the other keys"
    )]
    pub fn append(&mut self, other: Self) {
        if self.tables.len() < other.tables.len() {
            self.tables.resize_with(other.tables.len(), Table::default);
        }
        for (table, keys) in self.tables.iter_mut().zip(other.tables) {
            for (key, mentions) in keys {
                table.entry(key).or_default().extend(mentions);
            }
        }
    }
}
