//! The shapes of objects: what the API server makes of a field that is absent, what it adds, where
//! strings hold documents, what may not be shown.
//!
//! The facts stand in [`table`]; this answers the engine's questions from it.

mod computed;
mod embedded;
mod form;
mod index;
mod injected;
mod kind;
#[cfg(test)]
mod parity;
mod sensitive;
mod stored;
mod table;

use self::form::{Fill, Form, Source};
use self::index::{Entry, INDEX};
pub use self::stored::store;
use super::workload;
use crate::document::Value;
use crate::engine::{FieldStep, Identity, Node, Placement, Schema, Shape};

/// Knows the kinds of Kubernetes, and those of TANGO and CNI.
pub static KUBERNETES: Kubernetes = Kubernetes(());

/// The type of [`KUBERNETES`], of which there is one.
#[derive(Debug)]
pub struct Kubernetes(());

impl Schema for Kubernetes {
    fn root(&self, identity: &Identity) -> Shape {
        let known = kind::position(identity).and_then(|place| INDEX.roots.get(place));
        known.copied().unwrap_or(Shape::UNKNOWN)
    }

    fn field(&self, parent: Shape, key: &str) -> Shape {
        let Some(entry) = known(parent) else { return Shape::UNKNOWN };
        match entry.form {
            Form::Map(_) => entry.below,
            _ => entry.field(key).map_or(Shape::UNKNOWN, |(_, shape)| shape),
        }
    }

    fn item(&self, list: Shape) -> Shape {
        known(list).map_or(Shape::UNKNOWN, |entry| entry.below)
    }

    fn default<'s>(&self, parent: Node<'s>, key: &str) -> Option<&'s Value<'s>> {
        let entry = known(parent.shape())?;
        if let Form::Map(keys) = entry.form {
            return keys.fill?(parent, key);
        }
        match &entry.field(key)?.0.fill {
            Fill::Is(value) => Some(value),
            Fill::Depends(value) | Fill::May(value) => value(parent),
            Fill::Nothing | Fill::Assigned | Fill::MayBeAssigned => None,
        }
    }

    fn assigned(&self, parent: Node<'_>, key: &str, value: &Value<'_>) -> bool {
        injected::of_job(parent, key, value)
    }

    fn injected(&self, list: Shape, item: &Value<'_>) -> bool {
        match known(list).map(|entry| entry.form) {
            Some(Form::List(list)) => list.injected.is_some_and(|injected| injected(item)),
            _ => false,
        }
    }

    fn embeds(&self, shape: Shape) -> bool {
        known(shape).is_some_and(|entry| entry.embeds)
    }

    fn embedded<'t>(
        &self,
        shape: Shape,
        key: &str,
        text: &'t str,
    ) -> Option<Result<Value<'t>, String>> {
        embedded::read(known(shape)?.form, key, text)
    }

    fn sensitive(&self, node: Node<'_>) -> bool {
        sensitive::is_sensitive(node)
    }

    fn item_key(&self, list: Shape) -> Option<&'static str> {
        match known(list)?.form {
            Form::List(list) => list.key,
            _ => None,
        }
    }

    fn pod_template(&self, group: &str, kind: &str) -> Option<&'static [&'static str]> {
        kind::find(group, kind)?.pod_template
    }

    fn containers<'s>(&self, object: Node<'s>, pod: Option<Node<'s>>) -> Vec<Node<'s>> {
        workload::listed(object, pod)
    }

    fn pod_kinds(&self) -> &'static [(&'static str, &'static str)] {
        kind::pod_kinds()
    }

    fn built_in(&self, group: &str) -> bool {
        kind::is_built_in(group)
    }

    fn is_machinery(&self, group: &str, kind: &str) -> bool {
        kind::is_machinery(group, kind)
    }

    fn place<'i>(&self, identity: &'i Identity) -> Placement<'i> {
        kind::place(identity)
    }

    fn always_filled(&self, group: &str, kind: &str, field: &[FieldStep<'_>]) -> Option<String> {
        let mut form = kind::find(group, kind)?.form;
        let mut source = None;
        for step in field {
            (form, source) = match (form, step) {
                (Form::Struct(rows), FieldStep::Key(key)) => {
                    let row = rows.iter().find(|row| row.key == *key)?;
                    let always =
                        matches!(row.fill, Fill::Is(_) | Fill::Depends(_) | Fill::Assigned);
                    (row.form, always.then_some(row.source))
                }
                (Form::List(list), FieldStep::Each) => (list.item, None),
                (Form::Map(keys), FieldStep::Key(key)) => {
                    (keys.value, keys.assigned.contains(key).then_some(Source::Creation))
                }
                (Form::Map(keys), FieldStep::Each) => (keys.value, None),
                _ => return None,
            };
        }
        Some(format!("where it is absent, it is filled by {}", source?))
    }
}

/// What is known of a shape; `None` for [`Shape::UNKNOWN`].
fn known(shape: Shape) -> Option<&'static Entry> {
    if shape == Shape::UNKNOWN { None } else { INDEX.entry(shape) }
}
