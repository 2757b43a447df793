//! What the nodes of one evaluation share: the places visited, the steps left, the documents
//! found in strings.

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::resume_unwind;

use super::{Identity, Node, Schema, Shape};
use crate::document::{Body, Value};

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
    left: Cell<u64>,
    embedded: OnceCell<Vec<Embedded<'s>>>,
}

/// The payload of the unwinding that ends a rule which has no steps left.
pub(super) struct Exhausted;

/// One visited place: where it hangs, and what is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trail<'s> {
    pub(super) parent: u32,
    pub(super) way: Way<'s>,
    pub(super) value: Option<&'s Value<'s>>,
    /// Whether the value is in the subject itself and no API default.
    pub(super) written: bool,
    pub(super) shape: Shape,
    /// Whether the place lies in a document that a string holds.
    pub(super) inside: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'s> {
    Root,
    Key(&'s str),
    Index(u32),
}

#[derive(Debug)]
struct Embedded<'s> {
    /// The string itself, told from every other string of the subject by its address.
    holder: &'s Value<'s>,
    content: Result<Value<'s>, String>,
}

impl<'s> Walk<'s> {
    pub fn new(
        schema: &'static dyn Schema,
        identity: &'s Identity,
        object: &'s Value<'s>,
        budget: Budget,
    ) -> Self {
        let root = Trail {
            parent: 0,
            way: Way::Root,
            value: Some(object),
            written: true,
            shape: schema.root(identity),
            inside: false,
        };
        Self {
            schema,
            identity,
            object,
            trail: RefCell::new(vec![root]),
            left: Cell::new(budget.steps),
            embedded: OnceCell::new(),
        }
    }

    /// The whole object.
    pub fn root(&'s self) -> Node<'s> {
        Node::new(self, Some(self.object), self.schema.root(self.identity), 0)
    }

    pub(super) fn schema(&self) -> &'static dyn Schema {
        self.schema
    }

    pub(super) fn identity(&self) -> &'s Identity {
        self.identity
    }

    /// Gives the next rule its own steps, and forgets where the last one has been.
    pub(super) fn restart(&self, budget: Budget) {
        self.left.set(budget.steps);
        self.trail.borrow_mut().truncate(1);
    }

    pub(super) fn charge(&self, steps: u64) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => resume_unwind(Box::new(Exhausted)),
        }
    }

    pub(super) fn push(&'s self, trail: Trail<'s>) -> Node<'s> {
        self.charge(1);
        let mut trails = self.trail.borrow_mut();
        let at = u32::try_from(trails.len()).unwrap_or_else(|_| resume_unwind(Box::new(Exhausted)));
        trails.push(trail);
        Node::new(self, trail.value, trail.shape, at)
    }

    pub(super) fn trail(&self, at: u32) -> Option<Trail<'s>> {
        self.trail.borrow().get(at as usize).copied()
    }

    /// The document in `holder`, a string of this subject; `None` if none should be there.
    ///
    /// All documents are read once, when the first is asked for.
    pub(super) fn document_in(
        &'s self,
        holder: &Value<'s>,
    ) -> Option<&'s Result<Value<'s>, String>> {
        let all = self.embedded.get_or_init(|| {
            let mut found = Vec::new();
            self.read_documents(self.object, self.schema.root(self.identity), "", &mut found);
            found
        });
        all.iter().find(|it| std::ptr::eq(it.holder, holder)).map(|it| &it.content)
    }

    fn read_documents(
        &self,
        value: &'s Value<'s>,
        shape: Shape,
        key: &str,
        found: &mut Vec<Embedded<'s>>,
    ) {
        if shape == Shape::UNKNOWN {
            return;
        }
        match &value.body {
            Body::Text(text) => {
                let content = self.schema.embedded(shape, key, text);
                found.extend(content.map(|content| Embedded { holder: value, content }));
            }
            Body::Map(map) => {
                for entry in map {
                    let below = self.schema.field(shape, &entry.key);
                    self.read_documents(&entry.value, below, &entry.key, found);
                }
            }
            Body::List(items) => {
                let below = self.schema.item(shape);
                for item in items {
                    self.read_documents(item, below, "", found);
                }
            }
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => {}
        }
    }
}
