//! Building the inventory: what rules note of objects that are not the subject.

use std::sync::Arc;

use super::owner::{self, MAKERS};
use super::walk::Walk;
use super::{Budget, Engine, Identity, Inventory, Kinds, Mention, Node, Notes, PodKinds, Subject};
use crate::document::Pointer;

/// An object that a rule may take notes of.
#[derive(Debug)]
pub struct Observer<'s> {
    object: Node<'s>,
    pods: &'s PodKinds,
    made_by_observed: bool,
    is_placed: bool,
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

    /// Whether nobody will look for an object without saying where it lies.
    pub fn is_placed(&self) -> bool {
        self.is_placed
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
        let judged = inventory.judged;
        self.each_note(subject, inventory.placed, |table, key, mention| {
            inventory.note(table, key, Mention { judged, ..mention });
        });
    }

    /// What the rules want to know of the subject, which lies where it says.
    pub fn notes(&self, subject: &Subject<'_>) -> Notes {
        let mut notes = Notes::default();
        self.each_note(subject, true, |table, key, mention| notes.all.push((table, key, mention)));
        notes
    }

    /// Says in `inventory` that nobody can know of the objects of a kind, and `why`: rules that
    /// want to know of them end as `skip`. With `if_named` only those that name the kind do, and
    /// not those that want to know of whatever there is.
    pub fn lack(
        &self,
        inventory: &mut Inventory,
        (group, kind): (&str, &str),
        why: &str,
        if_named: bool,
    ) {
        let wanted = |kinds: &Kinds| match if_named {
            true => kinds.spell_out(&kind_of(group, kind)),
            false => self.wants(kinds, group, kind),
        };
        if self.notes_makers_of(group, kind) {
            inventory.lack(MAKERS, why.into());
        }
        for (table, index) in (0..).zip(&self.observers) {
            if self.entry(*index).is_some_and(|entry| wanted(&entry.observes)) {
                inventory.lack(table, why.into());
            }
        }
    }

    /// Whether anything of other objects is of interest.
    pub fn observes(&self) -> bool {
        !self.observers.is_empty() || self.notes_makers
    }

    /// Whether anything of objects of this kind is of interest.
    pub fn observes_kind(&self, group: &str, kind: &str) -> bool {
        self.is_wanted(group, kind) || self.notes_makers_of(group, kind)
    }

    /// Whether any rule wants to know of objects of this kind.
    pub(super) fn is_wanted(&self, group: &str, kind: &str) -> bool {
        let mut observers = self.observers.iter().filter_map(|&index| self.entry(index));
        observers.any(|entry| self.wants(&entry.observes, group, kind))
    }

    /// Whether any rule names this kind among those that it wants to know of.
    pub fn observes_by_name(&self, group: &str, kind: &str) -> bool {
        let mut observers = self.observers.iter().filter_map(|&index| self.entry(index));
        observers.any(|entry| entry.observes.spell_out(&kind_of(group, kind)))
    }

    /// The kinds that rules want to know of by name, as a scope writes them, and that are not
    /// among `served`, which are groups and kinds.
    pub fn observed_but_not(&self, served: &[(&str, &str)]) -> Vec<String> {
        let observers = self.observers.iter().filter_map(|&index| self.entry(index));
        let patterns = observers.flat_map(|entry| &entry.observes.patterns);
        let absent = patterns.filter(|pattern| {
            let kinds = Kinds { patterns: vec![(*pattern).clone()] };
            !served.iter().any(|(group, kind)| self.wants(&kinds, group, kind))
        });
        let mut absent: Vec<String> = absent.map(ToString::to_string).collect();
        absent.sort();
        absent.dedup();
        absent
    }

    /// Whether these kinds mean objects of this one. What the cluster itself runs on is meant
    /// only by name.
    fn wants(&self, kinds: &Kinds, group: &str, kind: &str) -> bool {
        let identity = kind_of(group, kind);
        kinds.name(&identity, &self.pods)
            && (!self.schema().is_machinery(group, kind) || kinds.spell_out(&identity))
    }

    fn each_note(
        &self,
        subject: &Subject<'_>,
        is_placed: bool,
        mut take: impl FnMut(u32, String, Mention),
    ) {
        let identity = &subject.identity;
        let mut observers = self.observers_of(subject).peekable();
        let notes_maker = self.notes_makers_of(&identity.group, &identity.kind);
        if observers.peek().is_none() && !notes_maker {
            return;
        }
        let mention = |place, text| Mention {
            subject: Arc::clone(identity),
            place,
            text,
            judged: false,
            deleting: subject.object.at(&["metadata", "deletionTimestamp"]).is_some(),
        };
        let controller = subject.controller();
        if let Some(uid) = identity.uid.as_ref().filter(|_| notes_maker) {
            take(MAKERS, uid.clone(), mention(Pointer::default(), owner::written(controller)));
        }
        let budget = Budget::default();
        let walk = Walk::of(self.schema(), subject, budget);
        let maker = controller.map(|it| it.identity(identity));
        let mut paper = String::new();
        for (table, index) in observers {
            let Some(entry) = self.entry(index) else { continue };
            walk.restart(budget);
            let notes = super::evaluate::contained(|| {
                let mut observer = Observer {
                    object: walk.root(),
                    pods: &self.pods,
                    made_by_observed: entry.observes(maker.as_ref(), &self.pods),
                    is_placed,
                    notes: Vec::new(),
                };
                entry.check.observe(&mut observer);
                let notes = observer.notes.into_iter();
                let written = notes.map(|(key, at, text)| (key, at.pointer(&mut paper), text));
                written.collect::<Vec<_>>()
            });
            for (key, place, text) in notes.unwrap_or_default() {
                take(table, key, mention(place, text.into()));
            }
        }
        walk.end();
    }
}

fn kind_of(group: &str, kind: &str) -> Identity {
    Identity { group: group.to_owned(), kind: kind.to_owned(), ..Identity::default() }
}
