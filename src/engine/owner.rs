//! What owns a subject: the controller that made it, what made that one, and so on.
//!
//! A Pod names its ReplicaSet and not the Deployment. So it is noted of what holds a pod template
//! what made it, in a table of its own: as long as there is a waiver, which covers what is owned, or
//! where all such objects are read anyway, so that the first waiver has none of them listed again.

use std::borrow::Cow;

use super::inventory::Mention;
use super::scope::Case;
use super::{Controller, Engine, Facts, Identity, Inventory, Subject};

/// The table of an inventory that holds makers, by the uids of what they made. No rule has it.
pub(super) const MAKERS: u32 = u32::MAX - 1;

/// How many owners are followed up at most. A Pod of a CronJob has two.
pub const MAX_OWNERS: usize = 8;

impl Engine {
    /// Whether it is noted what made objects.
    pub(super) fn will_note_makers(&self) -> bool {
        let mut kinds = self.pods.all().filter(|(group, kind)| self.holds_template(group, kind));
        self.has_waivers() || kinds.all(|(group, kind)| self.is_wanted(group, kind))
    }

    /// Whether it is noted what made the objects of a kind.
    pub(super) fn notes_makers_of(&self, group: &str, kind: &str) -> bool {
        self.notes_makers && self.holds_template(group, kind)
    }

    fn holds_template(&self, group: &str, kind: &str) -> bool {
        self.pods.template(group, kind).is_some_and(|keys| !keys.is_empty())
    }

    /// Whether any finding can be waived.
    pub(super) fn has_waivers(&self) -> bool {
        self.waivers.iter().any(|waiver| !waiver.proposed)
    }

    /// Whether more may be known of the subject's owners in a moment: a controller made it, and
    /// nobody has heard of the object for which it did.
    pub fn misses_owner(&self, subject: &Subject<'_>, facts: &Facts<'_>) -> bool {
        let case = Case::new(subject, facts, &self.settings, &self.pods);
        let (Some(maker), Some(inventory)) = (case.maker, facts.inventory) else { return false };
        self.has_waivers()
            && self.notes_makers_of(&maker.group, &maker.kind)
            && inventory.lacks(MAKERS).is_none()
            && noted(inventory, &maker).is_none()
    }

    /// The subject and what owns it, as far as anybody knows, the nearest first.
    pub(super) fn family<'c>(&self, case: &'c Case<'_>) -> Vec<Cow<'c, Identity>> {
        let mut family = vec![Cow::Borrowed(&*case.subject.identity)];
        if !case.facts.owners.is_empty() {
            family.extend(case.facts.owners.iter().map(|owner| Cow::Borrowed(&**owner)));
            return family;
        }
        let mut owner = case.maker.as_ref().map(Cow::Borrowed);
        while let Some(known) = owner.filter(|_| family.len() <= MAX_OWNERS) {
            let above = case.facts.inventory.and_then(|inventory| maker_of(inventory, &known));
            owner = above.map(Cow::Owned);
            family.push(known);
        }
        family
    }
}

/// What is noted of an object that `controller` made; nothing if none did.
pub(super) fn written(controller: Option<Controller<'_>>) -> Box<str> {
    let parts = controller.map(|it| [it.api_version, it.kind, it.name, it.uid]);
    parts.map(|parts| parts.join("\n")).unwrap_or_default().into()
}

/// What made an object, by what was [`written`] of it.
fn maker_of(inventory: &Inventory, object: &Identity) -> Option<Identity> {
    let mut parts = noted(inventory, object)?.text.split('\n');
    let (api_version, kind) = (parts.next()?, parts.next()?);
    let (name, uid) = (parts.next()?, parts.next()?);
    Some(Controller { api_version, kind, name, uid }.identity(object))
}

/// What is noted of an object, if it is the one with that uid.
fn noted<'i>(inventory: &'i Inventory, object: &Identity) -> Option<&'i Mention> {
    let mut noted = inventory.mentions(MAKERS, object.uid.as_deref()?);
    noted.find(|it| {
        it.subject.group == object.group
            && it.subject.kind == object.kind
            && it.subject.namespace == object.namespace
            && it.subject.name == object.name
    })
}
