//! Building the inventory: what rules note of objects that are not the subject.

use std::sync::Arc;

use super::walk::Walk;
use super::{Budget, Engine, Inventory, Mention, Node, PodKinds, Subject};

/// An object that a rule may take notes of.
#[derive(Debug)]
pub struct Observer<'s> {
    object: Node<'s>,
    pods: &'s PodKinds,
    made_by_observed: bool,
    notes: Vec<Note<'s>>,
}

/// What a rule takes down of an object: under which key, at which place, and in which words.
type Note<'s> = (String, Node<'s>, String);

impl<'s> Observer<'s> {
    /// The object's root.
    pub fn object(&self) -> Node<'s> {
        self.object
    }

    /// The pod or pod template; `None` for a kind that has none.
    pub fn pod(&self) -> Option<Node<'s>> {
        self.pods.pod(self.object)
    }

    /// Whether the object names a controller of a kind that the rule wants to know of too, which
    /// then speaks for it.
    pub fn is_made_by_observed(&self) -> bool {
        self.made_by_observed
    }

    /// Notes a place under a key, by which the rule finds it again while it judges another
    /// object.
    pub fn note(&mut self, key: impl Into<String>, place: Node<'s>) {
        self.notes.push((key.into(), place, String::new()));
    }

    /// The same, with what the rule needs to know of the place when it finds it again. It is kept
    /// in memory with the inventory: let it be short, and no secret.
    pub fn note_with(&mut self, key: impl Into<String>, place: Node<'s>, text: impl Into<String>) {
        self.notes.push((key.into(), place, text.into()));
    }
}

impl Engine {
    /// Adds to `inventory` what the rules want to know of the subject. A rule that panics adds
    /// nothing.
    pub fn observe(&self, subject: &Subject<'_>, inventory: &mut Inventory) {
        let budget = Budget::default();
        let walk = Walk::of(self.schema(), subject, budget);
        let mut identity = None;
        for index in self.observers_of(subject) {
            let Some(entry) = self.entry(index) else { continue };
            walk.restart(budget);
            let notes = super::evaluate::contained(|| {
                let mut observer = Observer {
                    object: walk.root(),
                    pods: &self.pods,
                    made_by_observed: entry.observes_controller_of(subject, &self.pods),
                    notes: Vec::new(),
                };
                entry.check.observe(&mut observer);
                let notes = observer.notes.into_iter();
                notes.map(|(key, node, text)| (key, node.path(), text)).collect::<Vec<_>>()
            });
            for (key, path, text) in notes.unwrap_or_default() {
                let subject_of = identity.get_or_insert_with(|| Arc::new(subject.identity.clone()));
                let deleting = subject.object.at(&["metadata", "deletionTimestamp"]).is_some();
                let subject_of = Arc::clone(subject_of);
                let judged = inventory.judged;
                let mention =
                    Mention { subject: subject_of, path, text: text.into(), judged, deleting };
                inventory.note(index, key, mention);
            }
        }
    }
}
