//! What policies put right by themselves, before an object is stored.

use std::sync::Arc;

use json_patch::Patch;

use super::compile::Entry;
use super::patch::{apply, rebased};
use super::scope::Applies;
use super::walk::Walk;
use super::{
    Applicability, Budget, Change, Engine, Facts, Identity, Operation, Outcome, Status, Subject,
};
use crate::document::Value;

/// How often changes are applied before they count as never ending.
const ROUNDS: usize = 8;

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
        for _ in 0..ROUNDS {
            let object = changed.object.take();
            let state = object.as_ref().map(|object| subject.with_object(object));
            let round = self.round(state.as_ref().unwrap_or(subject), facts, budget);
            if round.changes.is_empty() {
                changed.object = object;
                changed.outcomes = round.outcomes;
                return changed;
            }
            let patch = &round.patch;
            match apply(object.as_ref().unwrap_or(subject.object), patch) {
                Ok(object) => changed.object = Some(object),
                Err(_) => {
                    return Changed::failed(&round.changes, "a change does not fit the object");
                }
            }
            changed.patch.0.extend(round.patch.0);
            changed.changes.extend(round.changes);
        }
        Changed::failed(&changed.changes, "the changes of the policies never end")
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
        apply(subject.object, &rebased(&changed.patch, &keys)).ok()
    }

    /// One pass over the entries that change.
    fn round(&self, subject: &Subject<'_>, facts: &Facts<'_>, budget: Budget) -> Changed {
        let mut round = Changed {
            object: None,
            patch: Patch(Vec::new()),
            changes: Vec::new(),
            outcomes: Vec::new(),
        };
        let walk = Walk::new(self.schema(), &subject.identity, subject.object, budget);
        for &index in self.candidates(&subject.identity.kind) {
            let Some(entry) = self.entry(index).filter(|entry| self.may_patch(entry, subject))
            else {
                continue;
            };
            match entry.scope.applies(subject, facts, &self.settings, &self.pods) {
                Applies::Yes => {}
                // Whether it would apply is an outcome of the judgement that follows.
                Applies::No | Applies::Unknown(_) | Applies::OtherVersion => continue,
            }
            match self.run(index, entry, subject, facts, &walk, budget) {
                Ok(drafts) => {
                    let fixes = drafts.into_iter().filter_map(|it| Some((it.path, it.fix?)));
                    for (path, fix) in fixes {
                        if fix.applicability == Applicability::Safe && fix.only_adds() {
                            round.patch.0.extend(fix.patch.0.iter().cloned());
                            round.changes.push(entry.change(path, fix));
                        }
                    }
                }
                Err((status, reason)) => round.outcomes.push(entry.outcome(status, reason)),
            }
            // Another entry may fill a field below the one that was just made.
            if !round.changes.is_empty() {
                break;
            }
        }
        round
    }

    fn may_patch(&self, entry: &Entry, subject: &Subject<'_>) -> bool {
        let identity = &subject.identity;
        if !entry.mutate {
            return false;
        }
        if identity.group.is_empty() && identity.kind == POD {
            return true;
        }
        let in_template = entry
            .check
            .fills()
            .is_some_and(|(field, _)| field.starts_with("pod.") || field.starts_with("container."));
        let holds_pods = self.pods.contain(&identity.group, &identity.kind);
        subject.controller().is_none()
            && (if in_template && holds_pods {
                entry.templates
            } else {
                entry.scope.kinds().spell_out(identity)
            })
    }
}

impl Changed {
    fn failed(changes: &[Change], reason: &str) -> Self {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for change in changes {
            let known = |it: &Outcome| it.policy == change.policy && it.entry == change.entry;
            if !outcomes.iter().any(known) {
                outcomes.push(Outcome {
                    policy: Arc::clone(&change.policy),
                    entry: Arc::clone(&change.entry),
                    rule: change.rule,
                    status: Status::Error,
                    reason: Some(reason.to_owned()),
                    on_error: super::Enforcement::Audit,
                });
            }
        }
        Self { object: None, patch: Patch(Vec::new()), changes: Vec::new(), outcomes }
    }
}

impl Entry {
    fn change(&self, path: crate::document::Path, fix: super::Fix) -> Change {
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
