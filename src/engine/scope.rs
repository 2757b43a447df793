//! Whether an entry is about a subject.

use std::cell::OnceCell;

use super::kind::{BadKind, Kinds, Meant, PodKinds};
use super::{Facts, Identity, Missing, Operation, Placement, Scope, Settings, Subject};
use crate::document::Path;

/// The scopes of the settings, the policy and the entry, ready to match: all must hold.
#[derive(Clone, Debug)]
pub(super) struct CompiledScope {
    kinds: Vec<Kinds>,
    /// Whether a version is spelt out.
    names_version: bool,
    operations: Vec<Operation>,
    scopes: Vec<Scope>,
}

/// A subject, what is known, and what every scope asks of both, worked out once.
#[derive(Debug)]
pub(super) struct Case<'c> {
    pub(super) subject: &'c Subject<'c>,
    pub(super) facts: &'c Facts<'c>,
    pub(super) settings: &'c Settings,
    pub(super) pods: &'c PodKinds,
    pub(super) placement: Placement<'c>,
    /// The keys from the root to the pod template; none for a Pod itself.
    pub(super) template: Option<Vec<&'c str>>,
    tier: OnceCell<Result<Option<&'c str>, Missing>>,
    is_machinery: bool,
    /// The controller that made the object, if one did. Anybody can write an owner reference, and
    /// anybody can be allowed to act as a controller: it takes both.
    pub(super) maker: Option<Identity>,
}

/// What a scope says of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
    /// It can't be told without this fact.
    Unknown(Missing),
    /// The kind is meant, but in another version.
    OtherVersion,
}

/// The namespaces in which kinds of Kubernetes itself are never judged, besides our own.
const SYSTEM_NAMESPACE: &str = "kube-system";

impl CompiledScope {
    /// Makes ready what `scopes` say, outermost first, for a rule that judges `rule_kinds`.
    ///
    /// # Errors
    ///
    /// The first misspelt kind of each scope: the scope's rank, the place in it, and the error.
    pub(super) fn new(
        scopes: &[&Scope],
        rule_kinds: &Kinds,
    ) -> Result<Self, Vec<(usize, Path, BadKind)>> {
        let mut kinds = vec![rule_kinds.clone()];
        let mut bad = Vec::new();
        for (rank, scope) in scopes.iter().enumerate().filter(|(_, scope)| !scope.kinds.is_empty())
        {
            match Kinds::parse(&scope.kinds) {
                Ok(parsed) => kinds.push(parsed),
                Err((index, error)) => {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    bad.push((rank, Path { steps: vec!["kinds".into(), index.into()] }, error));
                }
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let scopes = scopes.iter().filter(|scope| !scope.is_default()).map(|it| (*it).clone());
        let scopes: Vec<Scope> = scopes.collect();
        Ok(Self {
            names_version: kinds.iter().any(Kinds::names_version),
            operations: operations(&scopes),
            kinds,
            scopes,
        })
    }

    /// The narrowest list of kinds: the one that the entry or else the policy names, or else the
    /// rule's own.
    pub(super) fn kinds(&self) -> &Kinds {
        self.kinds.last().unwrap_or_else(|| unreachable!("a rule has kinds"))
    }

    /// The names of the kinds that can match; `None` if any kind can.
    pub(super) fn kind_names(&self, pods: &PodKinds) -> Option<Vec<String>> {
        self.kinds.iter().rev().find_map(|kinds| kinds.names(pods))
    }

    /// Whether some subject of this group and kind may be in scope.
    pub(super) fn may_be_about(&self, group: &str, kind: &str, pods: &PodKinds) -> bool {
        let identity =
            Identity { group: group.to_owned(), kind: kind.to_owned(), ..Identity::default() };
        self.kinds.iter().all(|kinds| kinds.name(&identity, pods))
    }

    /// Whether an object of this group and kind that exists may be in scope.
    pub(super) fn may_judge_existing(&self, group: &str, kind: &str, pods: &PodKinds) -> bool {
        let identity =
            Identity { group: group.to_owned(), kind: kind.to_owned(), ..Identity::default() };
        let named = || self.kinds.iter().any(|kinds| kinds.spell_out(&identity));
        self.takes_operation(Operation::Create)
            && self.may_be_about(group, kind, pods)
            && (!pods.schema.is_machinery(group, kind) || named())
    }

    /// Whether some subject may be in both scopes.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let kinds = self.kinds.iter().all(|mine| other.kinds.iter().all(|its| mine.overlap(its)));
        let disjoint_tiers = self.scopes.iter().any(|mine| {
            other.scopes.iter().any(|its| {
                !mine.tiers.is_empty()
                    && !its.tiers.is_empty()
                    && mine.tiers.iter().all(|tier| !its.tiers.contains(tier))
            })
        });
        kinds && !disjoint_tiers
    }

    pub(super) fn applies(&self, case: &Case<'_>) -> Applies {
        if !self.takes_operation(case.subject.operation) || self.is_exempt(case) {
            return Applies::No;
        }
        match self.mean(case) {
            Meant::No => return Applies::No,
            Meant::OtherVersion => return Applies::OtherVersion,
            Meant::Yes => {}
        }
        let mut unknown = Applies::Yes;
        for scope in &self.scopes {
            match scope.holds(case) {
                Ok(true) => {}
                Ok(false) => return Applies::No,
                Err(missing) => unknown = Applies::Unknown(missing),
            }
        }
        unknown
    }

    /// Whether the subject's kind is meant.
    pub(super) fn mean(&self, case: &Case<'_>) -> Meant {
        let identity = &case.subject.identity;
        match case.is_machinery && !self.spells_out(identity) {
            true => Meant::No,
            false => self.meant(identity, case.template.is_some()),
        }
    }

    /// Whether the kind is meant in the subject's version.
    pub(super) fn takes_kind(&self, subject: &Identity, pods: &PodKinds) -> bool {
        self.meant(subject, pods.contain(&subject.group, &subject.kind)) == Meant::Yes
    }

    /// What every list of kinds says.
    fn meant(&self, subject: &Identity, holds_pods: bool) -> Meant {
        let meant = self.kinds.iter().map(|kinds| kinds.mean(subject, || holds_pods));
        meant.min().unwrap_or(Meant::Yes)
    }

    pub(super) fn spells_out(&self, subject: &Identity) -> bool {
        self.kinds.iter().any(|kinds| kinds.spell_out(subject))
    }

    /// Whether a version is spelt out.
    pub(super) fn names_version(&self) -> bool {
        self.names_version
    }

    /// The kinds that the narrowest list spells out, as group and kind.
    pub(super) fn spelt_out(&self) -> Vec<(String, String)> {
        self.kinds().written_out()
    }

    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    pub(super) fn takes_operation(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// In kube-system and in our own namespace, kinds of Kubernetes itself are not judged, and
    /// custom kinds only by entries that name them: a policy can't stop the cluster or us.
    pub(super) fn is_exempt(&self, case: &Case<'_>) -> bool {
        let Placement::Namespace(namespace) = case.placement else { return false };
        let own = case.settings.own_namespace.as_deref();
        let identity = &case.subject.identity;
        (namespace == SYSTEM_NAMESPACE || own == Some(namespace))
            && (case.pods.schema.built_in(&identity.group) || !self.spells_out(identity))
    }
}

impl<'c> Case<'c> {
    pub(super) fn new(
        subject: &'c Subject<'c>,
        facts: &'c Facts<'c>,
        settings: &'c Settings,
        pods: &'c PodKinds,
    ) -> Self {
        let identity = &subject.identity;
        let by_controller =
            || subject.user.as_ref().is_some_and(|user| settings.controllers.matches(&user.name));
        Self {
            maker: subject
                .controller()
                .filter(|_| subject.owner_seen || by_controller())
                .map(|it| it.identity(identity)),
            subject,
            facts,
            settings,
            placement: pods.schema.place(identity),
            template: pods.template_of(identity),
            tier: OnceCell::new(),
            is_machinery: pods.schema.is_machinery(&identity.group, &identity.kind),
            pods,
        }
    }

    /// The tier of the place; `None` if it is of none.
    pub(super) fn tier(&self) -> Result<Option<&'c str>, Missing> {
        *self.tier.get_or_init(|| self.settings.tier(self))
    }

    /// The labels of the subject's namespace, by key. Those of a Namespace are its own: nobody has
    /// heard of one that is about to be.
    pub(super) fn namespace_labels(
        &self,
        name: &str,
    ) -> Result<impl Fn(&str) -> Option<&'c str> + use<'c>, Missing> {
        let Self { subject, facts, .. } = *self;
        let is_namespace = subject.identity.namespace.is_none() && !subject.object.is_null();
        let known = match is_namespace {
            true => None,
            false => Some(facts.labels_of(name).ok_or(Missing("namespace labels"))?),
        };
        Ok(move |key: &str| match known {
            Some(labels) => labels.get(key).map(String::as_str),
            None => subject.label(key),
        })
    }
}

impl Scope {
    pub(super) fn holds(&self, case: &Case<'_>) -> Result<bool, Missing> {
        let &Case { subject, placement, .. } = case;
        if !self.namespaces.is_empty() {
            match placement {
                Placement::Namespace(name) if self.namespaces.matches(name) => {}
                Placement::Unknown => return Err(Missing("namespace")),
                Placement::Namespace(_) | Placement::Cluster => return Ok(false),
            }
        }
        if let Placement::Namespace(name) = placement
            && self.exclude_namespaces.matches(name)
        {
            return Ok(false);
        }
        if !self.repositories.is_empty() && !self.repositories.matches(&subject.identity.group) {
            return Ok(false);
        }
        // Of an object that could not be read nobody can say that it is not meant.
        if let Some(selector) = &self.object_selector
            && !subject.object.is_null()
            && !selector.matches(|key| subject.label(key))
        {
            return Ok(false);
        }
        if !self.hold_for_user(subject)? {
            return Ok(false);
        }
        if let Some(selector) = &self.namespace_selector {
            let name = match placement {
                Placement::Namespace(name) => name,
                Placement::Unknown => return Err(Missing("namespace")),
                Placement::Cluster => return Ok(false),
            };
            let label = case.namespace_labels(name)?;
            let label = |key: &str| match key {
                "kubernetes.io/metadata.name" => Some(name),
                key => label(key),
            };
            if !selector.matches(label) {
                return Ok(false);
            }
        }
        if !self.tiers.is_empty() {
            let tier = case.tier()?;
            return Ok(tier.is_some_and(|tier| self.tiers.iter().any(|it| it == tier)));
        }
        Ok(true)
    }

    fn hold_for_user(&self, subject: &Subject<'_>) -> Result<bool, Missing> {
        if self.users.is_empty() && self.exclude_users.is_empty() && self.groups.is_empty() {
            return Ok(true);
        }
        let Some(user) = &subject.user else { return Err(Missing("user")) };
        Ok((self.users.is_empty() || self.users.matches(&user.name))
            && !self.exclude_users.matches(&user.name)
            && (self.groups.is_empty() || user.groups.iter().any(|it| self.groups.matches(it))))
    }
}

/// The operations that every scope names which names any; what creates and updates if none does.
fn operations(scopes: &[Scope]) -> Vec<Operation> {
    let naming = scopes.iter().map(|scope| &scope.operations).filter(|it| !it.is_empty());
    let naming: Vec<_> = naming.collect();
    let usual = [Operation::Create, Operation::Update];
    let named = |operation: &Operation| match naming.is_empty() {
        true => usual.contains(operation),
        false => naming.iter().all(|it| it.contains(operation)),
    };
    Operation::ALL.into_iter().filter(named).collect()
}

impl Facts<'_> {
    /// The labels of a namespace, if they are known.
    pub(super) fn labels_of(
        &self,
        namespace: &str,
    ) -> Option<&std::collections::BTreeMap<String, String>> {
        let labels = self.namespaces?.labels.get(namespace);
        if let Some(questions) = self.questions {
            questions.labels(namespace, labels);
        }
        labels
    }
}

impl Settings {
    /// The tier of a place: `None` if it is of none.
    fn tier<'t>(&'t self, case: &Case<'t>) -> Result<Option<&'t str>, Missing> {
        if case.facts.tier.is_some() {
            return Ok(case.facts.tier);
        }
        let namespace = match case.placement {
            Placement::Cluster => return Ok(None),
            Placement::Unknown => return Err(Missing("tier")),
            Placement::Namespace(name) => name,
        };
        let label = case.namespace_labels(namespace);
        for mapping in &self.tiers {
            if mapping.namespaces.matches(namespace) {
                return Ok(Some(&mapping.tier));
            }
            if mapping.labels.is_empty() {
                continue;
            }
            let label = label.as_ref().map_err(|missing| *missing)?;
            let named = |(key, values): (&String, &Vec<String>)| {
                label(key).is_some_and(|value| values.iter().any(|it| it == value))
            };
            if mapping.labels.iter().any(named) {
                return Ok(Some(&mapping.tier));
            }
        }
        Ok(None)
    }
}
