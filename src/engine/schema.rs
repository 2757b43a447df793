//! What the engine asks of whoever knows the shapes of objects.

use std::fmt;

use super::{Identity, Node};
use crate::document::Value;

/// A position in the schema of some kind. Its meaning is the [`Schema`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub u16);

impl Shape {
    /// A position of which nothing is known.
    pub const UNKNOWN: Self = Self(0);
}

/// Knows the kinds, so that the engine need not.
///
/// A [`Node`] carries its [`Shape`] and asks the schema what an absent field means there, which
/// items the API server put in by itself, and whether a string holds a document. So a manifest
/// as written and the object as a webhook receives it read the same to every rule. The one
/// implementation is `resource::KUBERNETES`.
pub trait Schema: fmt::Debug + Sync {
    /// The position of an object's root.
    fn root(&self, identity: &Identity) -> Shape;

    /// The position of the field `key` below `parent`.
    fn field(&self, parent: Shape, key: &str) -> Shape;

    /// The position of the items of a list.
    fn item(&self, list: Shape) -> Shape;

    /// What the API server puts into the absent field `key` of `parent`, if it always does.
    fn default<'s>(&self, parent: Node<'s>, key: &str) -> Option<&'s Value<'s>>;

    /// Whether an item of a list is one that the API server adds by itself, such as a service
    /// account's token volume.
    fn injected(&self, list: Shape, item: &Value<'_>) -> bool;

    /// Whether the field `key`, which is there, was put there by the API server itself and reads
    /// as absent: what a Job gets to find its pods by.
    fn assigned(&self, parent: Node<'_>, key: &str, value: &Value<'_>) -> bool;

    /// Whether a string at a place of this shape or below it may hold a document.
    fn embeds(&self, shape: Shape) -> bool;

    /// The document that the string `text` at a place of this shape holds: `None` if the place
    /// holds no document, an error in words if it does not parse. `key` is the field's name.
    fn embedded<'t>(
        &self,
        shape: Shape,
        key: &str,
        text: &'t str,
    ) -> Option<Result<Value<'t>, String>>;

    /// Whether the value at the node must not be shown to anybody.
    fn sensitive(&self, node: Node<'_>) -> bool;

    /// The field that names the items of a list (`name`, `containerPort`), its merge key.
    fn item_key(&self, list: Shape) -> Option<&'static str>;

    /// Where a kind keeps its pod template: the keys from the root to the template; empty for a
    /// Pod itself, `None` for a kind without pods.
    fn pod_template(&self, group: &str, kind: &str) -> Option<&'static [&'static str]>;

    /// What runs: the containers of all lists of a pod or pod template, or of whatever a pod is
    /// made of.
    fn containers<'s>(&self, object: Node<'s>, pod: Option<Node<'s>>) -> Vec<Node<'s>>;

    /// Every kind for which [`Schema::pod_template`] answers, as group and kind.
    fn pod_kinds(&self) -> &'static [(&'static str, &'static str)];

    /// Whether Kubernetes itself defines the kinds of this group.
    fn built_in(&self, group: &str) -> bool;

    /// Whether `*` leaves the kind out, so that only who names it means it: it is a request that
    /// is never stored (`Eviction`, `Binding`), or what the parts of a cluster write to keep it
    /// running (`Lease`, `EndpointSlice`). To refuse these stops the cluster.
    fn is_machinery(&self, group: &str, kind: &str) -> bool;

    /// Where the subject lives. A Namespace lives in itself.
    fn place<'i>(&self, identity: &'i Identity) -> Placement<'i>;

    /// Why no policy can judge whether a field of a kind is there: the API server always fills
    /// or assigns it. `None` if a policy can.
    fn always_filled(&self, group: &str, kind: &str, field: &[FieldStep<'_>]) -> Option<String>;
}

/// Where a subject lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement<'i> {
    /// In no namespace.
    Cluster,
    Namespace(&'i str),
    /// In a namespace that nobody has said.
    Unknown,
}

/// One step of a field path that a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldStep<'p> {
    Key(&'p str),
    /// Every item of a list, or every value of a map.
    Each,
}
