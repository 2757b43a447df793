//! Which reviews the entries of an engine want, from which a webhook's registration is derived.

use std::collections::BTreeSet;

use super::{Enforcement, Engine, Identity, Operation};

/// What the entries of an engine want to be asked about one kind in one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Operations that some entry denies, and that it denies too where it could not judge.
    pub denied: BTreeSet<Operation>,
    /// Operations that some entry judges, the denied ones among them.
    pub judged: BTreeSet<Operation>,
    /// Whether some entry changes what is created.
    pub changed: bool,
    /// Whether some entry spells out the kind.
    pub spelt_out: bool,
    /// Whether some entry spells out the version.
    pub versioned: bool,
}

impl Engine {
    /// What is wanted of the objects of a kind, in whatever namespace, by whatever user.
    pub fn demand(&self, group: &str, version: &str, kind: &str) -> Demand {
        let identity = Identity {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            ..Identity::default()
        };
        let mut demand = Demand::default();
        for entry in self.candidates(kind).iter().filter_map(|&index| self.entry(index)) {
            let spelt_out = entry.scope.spells_out(&identity);
            let is_machinery = self.schema().is_machinery(group, kind);
            if !entry.scope.takes_kind(&identity, &self.pods) || (is_machinery && !spelt_out) {
                continue;
            }
            demand.spelt_out |= spelt_out;
            demand.versioned |= entry.scope.names_version();
            demand.changed |= entry.mutate && entry.scope.takes_operation(Operation::Create);
            let firm =
                entry.enforcement == Enforcement::Deny && entry.on_error == Enforcement::Deny;
            for operation in
                Operation::ALL.into_iter().filter(|it| entry.scope.takes_operation(*it))
            {
                demand.judged.insert(operation);
                if firm {
                    demand.denied.insert(operation);
                }
            }
        }
        demand
    }

    /// The kinds that entries spell out, each with its policy: policy, group and kind. A kind in
    /// any group has the group `*`.
    pub fn spelt_out(&self) -> BTreeSet<(&str, String, String)> {
        let mut kinds = BTreeSet::new();
        for entry in &self.entries {
            let spelt_out = entry.scope.spelt_out().into_iter();
            kinds.extend(spelt_out.map(|(group, kind)| (&*entry.policy, group, kind)));
        }
        kinds
    }
}
