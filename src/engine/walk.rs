//! What the nodes of one evaluation share: the places visited, the steps left, the documents
//! found in strings.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::{Documents, Identity, Node, Schema, Shape, Subject};
use crate::document::{Value, spread};

/// How many steps one rule may take in one subject.
///
/// A step is a visit to a field or an item. It is counted, never timed, so the same subject
/// ends the same way on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub steps: u64,
}

impl Default for Budget {
    /// Far above what a rule needs for an object of 3 MiB, the largest that the API server takes.
    fn default() -> Self {
        Self { steps: 4_000_000 }
    }
}

/// One way through one subject. Rules get [`Node`]s from it.
#[derive(Debug)]
pub struct Walk<'s> {
    schema: &'static dyn Schema,
    identity: &'s Identity,
    object: &'s Value<'s>,
    trail: RefCell<Vec<Trail<'s>>>,
    /// Many rules ask for the same places, so each is worked out once and found again by [`slot`]
    /// of its key. Two that share a slot take turns; 0 is none.
    slots: Box<[Cell<u32>]>,
    left: Cell<u64>,
    /// Most rules about pods ask for them.
    containers: RefCell<Option<Rc<[Node<'s>]>>>,
    /// Whether the value at a place must not be shown, of those that were asked for.
    sensitive: RefCell<HashMap<u32, bool, RandomState>>,
    given: Option<&'s Documents<'s>>,
    documents: OnceCell<Documents<'s>>,
}

/// The payload of the unwinding that ends a rule which has no steps left.
pub(super) struct Exhausted;

/// One visited place: where it hangs, and what is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trail<'s> {
    pub(super) parent: u32,
    /// [`KEYED`] for what is no item of a list.
    index: u32,
    key: &'s str,
    pub(super) place: Place<'s>,
    /// The items of the list or the fields of the map that is here, once they were asked for.
    run: Run,
}

/// The index of a place that has a key, and of the root.
const KEYED: u32 = u32::MAX;

thread_local! {
    /// What the last walk of this thread wrote its places in, for those of the next one.
    static ROOM: Cell<Vec<Trail<'static>>> = const { Cell::new(Vec::new()) };
}

/// Room for more places than this is not kept for the next walk.
const KEPT: usize = 2_048;

/// How many places there is room for at first: about what the rules ask for in a pod.
const USUAL: usize = 192;

/// What is at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    pub(super) value: Option<&'s Value<'s>>,
    pub(super) shape: Shape,
    /// Whether the value is in the subject itself and no API default.
    pub(super) written: bool,
    /// Whether the place lies in a document that a string holds.
    pub(super) inside: bool,
}

/// Places that were entered one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) end: u32,
}

/// More places than this are forgotten between two rules.
const REMEMBERED: usize = 50_000;

/// How many places are found again by their key. A power of two; above what the rules ask for in
/// a pod of a few containers.
const SLOTS: usize = 256;

#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'s> {
    Key(&'s str),
    Index(u32),
}

impl Run {
    pub(super) const EMPTY: Self = Self { first: 0, end: 0 };
}

impl<'s> Way<'s> {
    /// The key; empty for an item of a list.
    pub(super) fn key(self) -> &'s str {
        match self {
            Self::Key(key) => key,
            Self::Index(_) => "",
        }
    }
}

impl<'s> Walk<'s> {
    pub fn new(
        schema: &'static dyn Schema,
        identity: &'s Identity,
        object: &'s Value<'s>,
        budget: Budget,
    ) -> Self {
        let place = Place {
            value: Some(object),
            shape: schema.root(identity),
            written: true,
            inside: false,
        };
        let mut trail = emptied(ROOM.take());
        trail.reserve(USUAL);
        trail.push(Trail::new(0, Way::Key(""), place));
        Self {
            schema,
            identity,
            object,
            trail: RefCell::new(trail),
            slots: vec![Cell::new(0); SLOTS].into(),
            left: Cell::new(budget.steps),
            containers: RefCell::new(None),
            sensitive: RefCell::default(),
            given: None,
            documents: OnceCell::new(),
        }
    }

    /// One way through `subject`.
    pub(super) fn of(
        schema: &'static dyn Schema,
        subject: &'s Subject<'_>,
        budget: Budget,
    ) -> Self {
        let walk = Self::new(schema, &subject.identity, subject.object, budget);
        Self { given: subject.documents, ..walk }
    }

    /// Ends the walk: its places are no longer known, and what held them is the next walk's.
    pub(super) fn end(&self) {
        let trail = self.trail.take();
        if trail.capacity() <= KEPT {
            ROOM.set(emptied(trail));
        }
    }

    /// The whole object.
    pub fn root(&'s self) -> Node<'s> {
        let place = self.trail(0).map(|trail| trail.place);
        Node::new(self, place.unwrap_or_else(|| unreachable!("the root is never forgotten")), 0)
    }

    pub(super) fn schema(&self) -> &'static dyn Schema {
        self.schema
    }

    pub(super) fn identity(&self) -> &'s Identity {
        self.identity
    }

    /// Gives the next rule its own steps. Where the last one has been is kept while it is little.
    pub(super) fn restart(&self, budget: Budget) {
        self.left.set(budget.steps);
        let mut trail = self.trail.borrow_mut();
        if trail.len() > REMEMBERED {
            trail.truncate(1);
            trail.iter_mut().for_each(|root| root.run = Run::EMPTY);
            self.slots.iter().for_each(|slot| slot.set(0));
            self.containers.replace(None);
            self.sensitive.borrow_mut().clear();
        }
    }

    pub(super) fn charge(&self, steps: u64) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => resume_unwind(Box::new(Exhausted)),
        }
    }

    /// The containers, listed once.
    pub(super) fn containers(&self, list: impl FnOnce() -> Rc<[Node<'s>]>) -> Rc<[Node<'s>]> {
        let known = self.containers.borrow().clone();
        known.unwrap_or_else(|| {
            let listed = list();
            self.containers.replace(Some(Rc::clone(&listed)));
            listed
        })
    }

    /// Whether the value at the place `at` must not be shown: `tell` says it once.
    pub(super) fn is_sensitive(&self, at: u32, tell: impl FnOnce() -> bool) -> bool {
        let known = self.sensitive.borrow().get(&at).copied();
        known.unwrap_or_else(|| {
            let told = tell();
            self.sensitive.borrow_mut().insert(at, told);
            told
        })
    }

    /// The place below `parent` with this key, if it was asked for before.
    pub(super) fn known(&'s self, parent: u32, key: &str) -> Option<Node<'s>> {
        let at = self.slots.get(slot(parent, key))?.get();
        let trails = self.trail.borrow();
        let is_it = |it: &&Trail<'_>| it.parent == parent && it.index == KEYED && it.key == key;
        let trail = trails.get(at as usize).filter(|_| at != 0).filter(is_it)?;
        self.charge(1);
        Some(Node::new(self, trail.place, at))
    }

    /// Enters the place below `parent` with this key, to be found again.
    pub(super) fn enter(&'s self, parent: u32, key: &'s str, place: Place<'s>) -> Node<'s> {
        self.charge(1);
        let mut trails = self.trail.borrow_mut();
        let at = place_of(trails.len());
        trails.push(Trail::new(parent, Way::Key(key), place));
        if let Some(slot) = self.slots.get(slot(parent, key)) {
            slot.set(at);
        }
        Node::new(self, place, at)
    }

    /// The items of a list, or the fields of a map, entered together and once.
    pub(super) fn run(
        &'s self,
        parent: u32,
        mut places: impl Iterator<Item = (Way<'s>, Place<'s>)>,
    ) -> Run {
        let known = self.trail.borrow().get(parent as usize).map_or(Run::EMPTY, |it| it.run);
        if known.end > 0 {
            return known;
        }
        let first = place_of(self.trail.borrow().len());
        loop {
            // What a place is depends on those above it, which are looked up meanwhile.
            let some: Vec<_> = places.by_ref().take(USUAL).collect();
            if some.is_empty() {
                break;
            }
            let some = some.into_iter().map(|(way, place)| Trail::new(parent, way, place));
            self.trail.borrow_mut().extend(some);
        }
        let mut trails = self.trail.borrow_mut();
        let run = Run { first, end: place_of(trails.len()) };
        if let Some(parent) = trails.get_mut(parent as usize) {
            parent.run = run;
        }
        run
    }

    /// A place of a run.
    pub(super) fn visit(&'s self, at: u32) -> Option<(Way<'s>, Node<'s>)> {
        self.charge(1);
        self.trail(at).map(|trail| (trail.way(), Node::new(self, trail.place, at)))
    }

    pub(super) fn trail(&self, at: u32) -> Option<Trail<'s>> {
        self.trail.borrow().get(at as usize).copied()
    }

    /// The document in `holder`, a string of this subject; `None` if none should be there.
    ///
    /// All documents are read once, when the first is asked for, unless the subject has them.
    pub(super) fn document_in(
        &'s self,
        holder: &Value<'s>,
    ) -> Option<&'s Result<Value<'s>, String>> {
        let read = || Documents::read(self.schema, self.identity, self.object);
        self.given.unwrap_or_else(|| self.documents.get_or_init(read)).held_by(holder)
    }
}

impl<'s> Trail<'s> {
    fn new(parent: u32, way: Way<'s>, place: Place<'s>) -> Self {
        let (key, index) = match way {
            Way::Key(key) => (key, KEYED),
            Way::Index(index) => ("", index),
        };
        Self { parent, index, key, place, run: Run::EMPTY }
    }

    /// The last step to the place; that to the root is an empty key.
    pub(super) fn way(&self) -> Way<'s> {
        if self.index == KEYED { Way::Key(self.key) } else { Way::Index(self.index) }
    }
}

/// Room for places of another subject: a collection of what comes from a vector takes its memory.
fn emptied<'a>(mut trail: Vec<Trail<'_>>) -> Vec<Trail<'a>> {
    trail.clear();
    trail.into_iter().map(|_| unreachable!("it was cleared")).collect()
}

/// Where a place is looked for by its key.
fn slot(parent: u32, key: &str) -> usize {
    (spread(key) + 97 * parent as usize) % SLOTS
}

/// The number of a place; a subject with more ends the rule.
fn place_of(rank: usize) -> u32 {
    u32::try_from(rank).unwrap_or_else(|_| resume_unwind(Box::new(Exhausted)))
}
