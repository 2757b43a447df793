//! A policy set, as users write it.
//!
//! The types are the file format: `policyfile` reads them from YAML, the JSON Schema is
//! generated from them. [`Engine::compile`](super::Engine::compile) checks what types can't say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Enforcement, Globs, LabelSelector, Operation, Severity, Waiver};
use crate::document::Value;

/// Everything that decides a verdict, apart from the subject and the facts.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    pub settings: Settings,
    pub policies: Vec<Policy>,
    pub waivers: Vec<Waiver>,
}

/// What rules to run, for which subjects, and how to enforce them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// The policy's name, unique in the set.
    #[serde(skip)]
    pub name: String,
    /// What the policy is for, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What happens to a subject with a finding, unless an entry says otherwise.
    #[serde(default = "deny")]
    pub enforcement: Enforcement,
    /// What happens to a subject that a rule could not judge. A skipped or failed rule is never
    /// a silent pass.
    #[serde(default = "warn")]
    pub on_error: Enforcement,
    /// Which subjects the policy judges.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub scope: Scope,
    /// The rules, each with its parameters.
    #[schemars(length(min = 1))]
    pub rules: Vec<PolicyEntry>,
}

/// One rule in a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyEntry {
    /// What the entry is called in findings and waivers; the rule's id if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of the rule.
    pub rule: String,
    /// The rule's parameters; `portcullis explain RULE` lists them.
    #[serde(
        default = "no_parameters",
        deserialize_with = "crate::document::owned",
        skip_serializing_if = "is_empty"
    )]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub params: Value<'static>,
    /// How bad a finding is; the rule's own severity if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Overrides the policy's enforcement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// Overrides the policy's `onError`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<Enforcement>,
    /// What happens to a finding that an updated object already had: `Warn`, or `Deny`.
    #[serde(default = "warn", skip_serializing_if = "is_warn")]
    pub existing: Enforcement,
    /// Whether the rule's safe fix is applied when an object is created.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mutate: bool,
    /// Whether changes are also made inside pod templates.
    #[serde(default, skip_serializing_if = "is_false")]
    pub templates: bool,
    /// Whether a waiver can accept a finding.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub waivable: bool,
    /// Narrows the policy's scope for this entry.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub scope: Scope,
    /// Replaces the rule's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Replaces the rule's help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Which subjects are meant. Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scope {
    /// `GROUP/VERSION/KIND`, `VERSION/KIND` of the core group, or `KIND`, with `*` for any part;
    /// `pods` for Pod and every kind with a pod template; `artefacts` or `artefacts/FORMAT`. The
    /// rule's own kinds if not given. `*` leaves out what the cluster itself runs on, such as
    /// `Lease` and `Binding`: name such a kind to mean it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// CREATE and UPDATE if not given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
    /// Anchored globs of namespace names.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub namespaces: Globs,
    /// Anchored globs of namespace names that are left out.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub exclude_namespaces: Globs,
    /// Labels of the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Labels of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_selector: Option<LabelSelector>,
    /// Anchored globs of user names.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub users: Globs,
    /// Anchored globs of user names that are left out.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub exclude_users: Globs,
    /// Anchored globs of groups, of which the user must be in one.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub groups: Globs,
    /// The tiers of the namespace; the settings' `tiers` say which namespace is of which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// Anchored globs of artefact repositories.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub repositories: Globs,
}

/// What holds for the whole set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// A scope that every policy's own scope narrows.
    #[serde(skip_serializing_if = "Scope::is_default")]
    pub defaults: Scope,
    /// The strongest enforcement of the set: `Warn` lets a new installation look first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_enforcement: Option<Enforcement>,
    /// Which namespaces are of which tier; the first that matches counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierMapping>,
    /// Anchored globs of the users under which controllers make objects. Only what one of them
    /// makes, and what names a controller owner, counts as owned.
    pub controllers: Globs,
    /// The namespace that Portcullis itself runs in. There and in kube-system, kinds of
    /// Kubernetes itself are never judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_namespace: Option<String>,
    /// Names of namespaces whose pods must come up before Portcullis can: a registration never
    /// holds up what happens there. It is judged as everywhere, while Portcullis is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bootstrap_namespaces: Vec<String>,
    /// Whether waivers that lie in the repository that is linted count.
    #[serde(skip_serializing_if = "is_false")]
    pub trust_repository_waivers: bool,
    /// Custom kinds that hold a pod template, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pod_templates: Vec<PodTemplate>,
}

/// Which namespaces belong to a tier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TierMapping {
    pub tier: String,
    /// Anchored globs of namespace names.
    #[serde(default, skip_serializing_if = "Globs::is_empty")]
    pub namespaces: Globs,
    /// Labels of the namespace, each with the values that mean this tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Vec<String>>,
}

/// A custom kind that holds a pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplate {
    pub group: String,
    pub kind: String,
    /// The keys from the root to the template: `[spec, template]`.
    pub path: Vec<String>,
}

impl Policy {
    /// What the entry is called.
    pub fn entry_name(entry: &PolicyEntry) -> &str {
        entry.id.as_deref().unwrap_or(&entry.rule)
    }
}

impl Scope {
    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            defaults: Scope::default(),
            max_enforcement: None,
            tiers: Vec::new(),
            controllers: default_controllers(),
            own_namespace: None,
            bootstrap_namespaces: Vec::new(),
            trust_repository_waivers: false,
            pod_templates: Vec::new(),
        }
    }
}

/// The accounts under which kube-controller-manager makes objects, with and without
/// `--use-service-account-credentials`.
fn default_controllers() -> Globs {
    let names = [
        "cronjob-controller",
        "daemon-set-controller",
        "deployment-controller",
        "job-controller",
        "replicaset-controller",
        "replication-controller",
        "statefulset-controller",
    ];
    let accounts = names.map(|name| format!("system:serviceaccount:kube-system:{name}"));
    let all = accounts.into_iter().chain(["system:kube-controller-manager".to_owned()]);
    Globs::new(all).unwrap_or_default()
}

fn deny() -> Enforcement {
    Enforcement::Deny
}

fn warn() -> Enforcement {
    Enforcement::Warn
}

fn yes() -> bool {
    true
}

fn no_parameters() -> Value<'static> {
    Value::map::<&str>([])
}

fn is_empty(params: &Value<'static>) -> bool {
    params.as_map().is_some_and(crate::document::Map::is_empty)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_warn(enforcement: &Enforcement) -> bool {
    *enforcement == Enforcement::Warn
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}
