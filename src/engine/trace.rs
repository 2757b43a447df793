//! Which entries judge a subject, and why the others don't: for the author of a policy.

use super::kind::Meant;
use super::scope::{Applies, Case, CompiledScope};
use super::{Engine, Facts, Missing, Scope, Subject};

/// What becomes of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced<'e> {
    pub policy: &'e str,
    pub entry: &'e str,
    pub rule: &'static str,
    /// `None` if it judges the subject; else why it does not, in a phrase.
    pub why_not: Option<String>,
}

impl Engine {
    /// Every entry in its order, with why it judges the subject or doesn't.
    pub fn trace(&self, subject: &Subject<'_>, facts: &Facts<'_>) -> Vec<Traced<'_>> {
        let case = Case::new(subject, facts, &self.settings, &self.pods);
        let entries = (0..).map_while(|index| self.entry(index));
        let traced = entries.map(|entry| Traced {
            policy: &entry.policy,
            entry: &entry.name,
            rule: entry.rule.id,
            why_not: match entry.scope.applies(&case) {
                Applies::Yes => None,
                Applies::No => Some(entry.scope.why_not(&case)),
                Applies::Unknown(Missing(fact)) => Some(super::evaluate::unknown(fact)),
                Applies::OtherVersion => Some(format!(
                    "it names another version of the kind than `{}`",
                    subject.identity.version
                )),
            },
        });
        traced.collect()
    }
}

impl CompiledScope {
    /// The first part that does not hold, in the order in which [`applies`](Self::applies) asks.
    fn why_not(&self, case: &Case<'_>) -> String {
        let subject = case.subject;
        if self.mean(case) == Meant::No {
            return format!("`kinds` does not name `{}`", subject.identity.kind);
        }
        if !self.takes_operation(subject.operation) {
            return format!("`operations` does not name `{}`", subject.operation.as_str());
        }
        if self.is_exempt(case) {
            return "nothing of Kubernetes' own is judged in this namespace".to_owned();
        }
        let part = self.scopes().iter().find_map(|scope| scope.why_not(case));
        part.map_or_else(
            || "it is out of scope".to_owned(),
            |part| format!("`{part}` does not hold"),
        )
    }
}

impl Scope {
    /// The first field that does not hold by itself.
    fn why_not(&self, case: &Case<'_>) -> Option<&'static str> {
        let nothing = Self::default;
        let parts = [
            ("namespaces", Self { namespaces: self.namespaces.clone(), ..nothing() }),
            (
                "excludeNamespaces",
                Self { exclude_namespaces: self.exclude_namespaces.clone(), ..nothing() },
            ),
            ("repositories", Self { repositories: self.repositories.clone(), ..nothing() }),
            ("objectSelector", Self { object_selector: self.object_selector.clone(), ..nothing() }),
            ("users", Self { users: self.users.clone(), ..nothing() }),
            ("excludeUsers", Self { exclude_users: self.exclude_users.clone(), ..nothing() }),
            ("groups", Self { groups: self.groups.clone(), ..nothing() }),
            (
                "namespaceSelector",
                Self { namespace_selector: self.namespace_selector.clone(), ..nothing() },
            ),
            ("tiers", Self { tiers: self.tiers.clone(), ..nothing() }),
        ];
        parts.into_iter().find_map(|(name, part)| (part.holds(case) == Ok(false)).then_some(name))
    }
}
