//! What a rule sees, and where it leaves what it finds.

use std::borrow::Cow;
use std::rc::Rc;

use super::scope::Case;
use super::{About, Fix, Inventory, Mention, Missing, Node, Placement, Related, Subject};
use crate::document::{Path, Span};

/// What a rule lacks that asks for the other objects in vain.
pub(super) const OTHERS: Missing = Missing("the other objects");

/// One rule's view of one subject.
#[derive(Debug)]
pub struct Context<'s> {
    pub(super) object: Node<'s>,
    pub(super) case: &'s Case<'s>,
    pub(super) table: u32,
    pub(super) judged_at_owner: bool,
    pub(super) drafts: Vec<Draft>,
}

/// A finding that is being written. It has a place from the start.
#[derive(Debug)]
pub struct Draft {
    pub(super) path: Path,
    pub(super) about: About,
    pub(super) stable_path: String,
    pub(super) message: String,
    pub(super) help: Option<Cow<'static, str>>,
    pub(super) related: Vec<Related>,
    pub(super) fix: Option<Fix>,
    pub(super) sensitive: bool,
    pub(super) rests_on_absence: bool,
}

impl<'s> Context<'s> {
    /// The object's root.
    pub fn object(&self) -> Node<'s> {
        self.object
    }

    pub fn subject(&self) -> &'s Subject<'s> {
        self.case.subject
    }

    /// The pod or pod template, with `metadata` and `spec` below it; `None` for a kind that has
    /// none.
    pub fn pod(&self) -> Option<Node<'s>> {
        Some(self.object.at(self.case.template.as_deref()?))
    }

    /// The containers that the subject makes, worked out for the first rule that asks.
    pub fn containers(&self) -> Rc<[Node<'s>]> {
        self.object.containers(|| self.pod())
    }

    /// Whether a controller made the subject, and the rule judges that controller too.
    pub fn is_judged_at_owner(&self) -> bool {
        self.judged_at_owner
    }

    /// The tier of the subject's namespace; `None` if it is of none.
    ///
    /// # Errors
    ///
    /// Nobody knows.
    pub fn tier(&self) -> Result<Option<&'s str>, Missing> {
        self.case.tier()
    }

    /// A label of the subject's namespace; `None` if it has none, or if the subject is in none.
    ///
    /// # Errors
    ///
    /// Nobody knows the namespace or its labels.
    pub fn namespace_label(&self, key: &str) -> Result<Option<&'s str>, Missing> {
        let namespace = match self.case.placement {
            Placement::Cluster => return Ok(None),
            Placement::Unknown => return Err(Missing("namespace")),
            Placement::Namespace(name) => name,
        };
        self.case.namespace_labels(namespace).map(|label| label(key))
    }

    /// What this rule noted of the other objects under `key`. The subject itself and objects
    /// that are being deleted are left out.
    ///
    /// # Errors
    ///
    /// Nobody knows of the other objects.
    pub fn others(&self, key: &str) -> Result<impl Iterator<Item = &'s Mention>, Missing> {
        let inventory = self.inventory()?;
        if let Some(questions) = self.case.facts.questions {
            questions.mentions(inventory, self.table, key);
        }
        let itself = &self.case.subject.identity;
        let mentions = inventory.mentions(self.table, key);
        Ok(mentions.filter(move |it| !it.deleting && !it.subject.is_same(itself)))
    }

    /// Whether this rule noted nothing at all of other objects.
    ///
    /// # Errors
    ///
    /// Nobody knows of the other objects.
    pub fn noted_nothing(&self) -> Result<bool, Missing> {
        let is_so = self.inventory()?.notes_nothing(self.table);
        if let Some(questions) = self.case.facts.questions {
            questions.nothing(self.table, is_so);
        }
        Ok(is_so)
    }

    /// Whether what the subject and `others` have in common is told at the subject. Of those that
    /// are judged in one run it is told at the last alone.
    pub fn speaks_for<'m>(&self, others: impl IntoIterator<Item = &'m Mention>) -> bool {
        let itself = &self.case.subject.identity;
        others.into_iter().all(|other| !other.judged || other.subject < *itself)
    }

    /// Whether the other objects that are known are all that there are.
    ///
    /// # Errors
    ///
    /// Nobody knows of the other objects.
    pub fn knows_all_others(&self) -> Result<bool, Missing> {
        Ok(self.inventory()?.complete)
    }

    /// Whether the other objects are noted only where they lie, and the subject lies where it says.
    ///
    /// # Errors
    ///
    /// Nobody knows of the other objects.
    pub fn knows_places(&self) -> Result<bool, Missing> {
        Ok(self.inventory()?.placed)
    }

    /// Reports that something is wrong at `node`. One place has one finding of a rule: what is
    /// reported there first stands.
    pub fn report(&mut self, node: Node<'s>, message: impl Into<String>) -> &mut Draft {
        self.drafts.push(Draft {
            path: node.path(),
            about: About::Value,
            stable_path: node.stable_path(),
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
            sensitive: node.is_sensitive(),
            rests_on_absence: false,
        });
        self.drafts.last_mut().unwrap_or_else(|| unreachable!("one was pushed"))
    }

    fn inventory(&self) -> Result<&'s Inventory, Missing> {
        let known = self.case.facts.inventory.filter(|it| it.lacks(self.table).is_none());
        known.ok_or(OTHERS)
    }
}

impl Draft {
    /// What to do, as an imperative.
    pub fn help(&mut self, help: impl Into<Cow<'static, str>>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Says that the finding is about the key at the place, a name that stands there as a key; and
    /// about the keys at related places.
    pub fn about_key(&mut self) -> &mut Self {
        self.about = About::Key;
        self
    }

    /// Says that the finding is about a part of the string at the place, in bytes of the string.
    pub fn about_part(&mut self, part: Span) -> &mut Self {
        self.about = About::Part(part);
        self
    }

    /// How to put it right, if there is a way.
    pub fn fix(&mut self, fix: impl Into<Option<Fix>>) -> &mut Self {
        self.fix = fix.into();
        self
    }

    /// A place in another object that has to do with it.
    pub fn related_to(&mut self, other: &Mention, message: impl Into<String>) -> &mut Self {
        self.related.push(Related {
            subject: Some((*other.subject).clone()),
            path: other.place.to_path(),
            message: message.into(),
        });
        self
    }

    /// A place in the same object that has to do with it.
    pub fn related_here(&mut self, node: Node<'_>, message: impl Into<String>) -> &mut Self {
        self.related.push(Related { subject: None, path: node.path(), message: message.into() });
        self
    }

    /// Says that the finding rests on another object being absent. Clients create objects in an
    /// order of their own, so at admission it is at most a warning.
    pub fn rests_on_absence(&mut self) -> &mut Self {
        self.rests_on_absence = true;
        self
    }
}
