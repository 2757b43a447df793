//! What policies put right by themselves, before an object is stored.

use std::sync::Arc;

use json_patch::Patch;

use super::compile::Entry;
use super::patch::{Growing, apply, empty_map_at, rebased};
use super::scope::{Applies, Case};
use super::walk::Walk;
use super::{
    Applicability, Budget, Change, Engine, Facts, Fix, Identity, Operation, Outcome, Report,
    Status, Subject,
};
use crate::document::{Path, Value};

/// How often every entry may change the object before changes count as never ending.
const PASSES: usize = 8;

/// The kind that is changed without being named.
const POD: &str = "Pod";

/// What became of a subject.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The object after the changes; `None` if nothing changed.
    pub object: Option<Value<'static>>,
    /// From the object before to the object after.
    pub patch: Patch,
    pub changes: Vec<Change>,
    /// Of entries that could not be carried through.
    pub outcomes: Vec<Outcome>,
}

impl Engine {
    /// Applies the fixes of every entry that says `mutate: true`, until nothing changes.
    ///
    /// Only what is created is changed: Pods, and kinds that an entry names; nothing else that
    /// names a controller, and nothing inside a pod template unless the entry says so, since a
    /// patched ReplicaSet makes its Deployment replace it without end. A change only adds. If
    /// changes never end there is an outcome of `error`, and no patch.
    pub fn changes(&self, subject: &Subject<'_>, facts: &Facts<'_>, budget: Budget) -> Changed {
        let mut changed = Changed {
            object: None,
            patch: Patch(Vec::new()),
            changes: Vec::new(),
            outcomes: Vec::new(),
        };
        if subject.operation != Operation::Create
            || subject.subresource.is_some()
            || !self.may_change()
        {
            return changed;
        }
        let mut last = 0;
        for _ in 0..PASSES {
            let before = changed.changes.len();
            changed.outcomes.clear();
            let candidates = self.candidates(&subject.identity.kind).iter();
            let mut entries = candidates
                .filter_map(|&index| self.entry(index))
                .filter(|entry| entry.mutate)
                .peekable();
            while entries.peek().is_some() {
                self.change_once(&mut entries, subject, facts, budget, &mut changed);
            }
            if changed.changes.len() == before {
                return changed;
            }
            last = before;
        }
        Changed::endless(changed.changes.get(last..).unwrap_or_default())
    }

    /// The report on the subject once it is changed so, and what could not be carried through.
    pub fn evaluate_changed(
        &self,
        subject: &Subject<'_>,
        changed: &Changed,
        facts: &Facts<'_>,
        budget: Budget,
    ) -> Report {
        let mut report = match &changed.object {
            Some(object) => self.evaluate(&subject.with_object(object), facts, budget),
            None => self.evaluate(subject, facts, budget),
        };
        report.outcomes.extend_from_slice(&changed.outcomes);
        report
    }

    /// The object with the changes that the pods of its template will get; `None` if it has no
    /// template or if they will get none.
    pub(super) fn template_changed(
        &self,
        subject: &Subject<'_>,
        facts: &Facts<'_>,
        budget: Budget,
    ) -> Option<Value<'static>> {
        let identity = &subject.identity;
        if !self.may_change() || identity.format.is_some() {
            return None;
        }
        let keys = self.pods.template(&identity.group, &identity.kind)?;
        let template = subject.object.at(&keys).filter(|_| !keys.is_empty())?;
        if !self.may_change_kind(POD) {
            return None;
        }
        let pod = Value::map([
            ("apiVersion", Value::text("v1")),
            ("kind", Value::text(POD)),
            ("metadata", template.get("metadata").cloned().unwrap_or(Value::map::<&str>([]))),
            ("spec", template.get("spec")?.clone()),
        ]);
        let identity = Identity {
            version: "v1".to_owned(),
            kind: POD.to_owned(),
            namespace: identity.namespace.clone(),
            ..Identity::default()
        };
        let changed = self.changes(&Subject::new(identity, &pod), facts, budget);
        changed.object.as_ref()?;
        let mut patch = rebased(&changed.patch, &keys);
        if template.get("metadata").is_none() {
            // The pod has metadata whether or not its template does.
            let path = keys.iter().copied().chain(["metadata"]).map(Into::into).collect();
            patch.0.insert(0, empty_map_at(&Path { steps: path }));
        }
        apply(subject.object, &patch).ok()
    }

    /// Gives entries their turns at the object as those before left it, until one changes it.
    fn change_once<'e>(
        &'e self,
        entries: &mut impl Iterator<Item = &'e Entry>,
        subject: &Subject<'_>,
        facts: &Facts<'_>,
        budget: Budget,
        changed: &mut Changed,
    ) {
        let object = changed.object.take();
        let state = object.as_ref().map(|object| subject.with_object(object));
        let state = state.as_ref().unwrap_or(subject);
        let case = Case::new(state, facts, &self.settings, &self.pods);
        let walk = Walk::of(self.schema(), state, budget);
        // Whether it would apply if more were known is an outcome of the judgement that follows.
        let mut entries = entries.filter(|entry| entry.scope.applies(&case) == Applies::Yes);
        let grown = entries.find_map(|entry| match self.run(entry, &case, &walk, budget) {
            Err((status, reason)) => {
                changed.outcomes.push(entry.outcome(status, reason));
                None
            }
            Ok(drafts) => {
                let fixes = drafts.into_iter().filter_map(|it| Some((it.path, it.fix?)));
                let allowed = fixes.filter(|(_, fix)| self.may_patch(entry, state, fix));
                changed.grow(entry, state.object, allowed.collect())
            }
        });
        walk.end();
        changed.object = grown.or(object);
    }

    fn may_patch(&self, entry: &Entry, subject: &Subject<'_>, fix: &Fix) -> bool {
        let identity = &subject.identity;
        if fix.applicability != Applicability::Safe {
            return false;
        }
        if identity.group.is_empty() && identity.kind == POD {
            return true;
        }
        let template = self.pods.template(&identity.group, &identity.kind);
        let in_template = template.is_some_and(|keys| fix.touches(&keys));
        let named =
            if in_template { entry.templates } else { entry.scope.kinds().spell_out(identity) };
        named && subject.controller().is_none()
    }
}

impl Changed {
    /// Carries out the fixes of an entry that only add; `None` if there is none.
    fn grow(
        &mut self,
        entry: &Entry,
        object: &Value<'_>,
        fixes: Vec<(Path, Fix)>,
    ) -> Option<Value<'static>> {
        if fixes.is_empty() {
            return None;
        }
        let mut growing = Growing::new(object);
        let before = self.changes.len();
        for (path, fix) in fixes {
            if growing.add(&fix.patch) {
                self.patch.0.extend(fix.patch.0.iter().cloned());
                self.changes.push(entry.change(path, fix));
            }
        }
        (self.changes.len() > before).then(|| growing.into_value())
    }

    /// Nothing changed, since the changes of the entries that made `last` never end.
    fn endless(last: &[Change]) -> Self {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for change in last {
            let known = |it: &Outcome| it.policy == change.policy && it.entry == change.entry;
            if !outcomes.iter().any(known) {
                outcomes.push(Outcome {
                    policy: Arc::clone(&change.policy),
                    entry: Arc::clone(&change.entry),
                    rule: change.rule,
                    status: Status::Error,
                    reason: Some("its changes never end".to_owned()),
                    on_error: super::Enforcement::Audit,
                });
            }
        }
        Self { object: None, patch: Patch(Vec::new()), changes: Vec::new(), outcomes }
    }
}

impl Entry {
    fn change(&self, path: Path, fix: Fix) -> Change {
        Change {
            policy: Arc::clone(&self.policy),
            entry: Arc::clone(&self.name),
            rule: self.rule.id,
            path,
            fix,
        }
    }

    fn outcome(&self, status: Status, reason: String) -> Outcome {
        Outcome {
            policy: Arc::clone(&self.policy),
            entry: Arc::clone(&self.name),
            rule: self.rule.id,
            status,
            reason: Some(reason),
            on_error: self.on_error,
        }
    }
}
