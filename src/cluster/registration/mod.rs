//! What the API server is told to ask: derived from the policy set in force and from what is
//! served, never written by hand.
//!
//! One webhook, with `failurePolicy: Fail`, has the kinds and operations that some entry denies
//! even where it can't judge. Another, with Ignore, has the rest. No object goes to both, so no
//! finding is told twice. Where the cluster must come up before Portcullis does, nothing fails:
//! there a third webhook asks about what the first one asks elsewhere.

mod rules;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ServiceReference,
    ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta, OwnerReference,
};

use super::discovery::Served;
use super::labels;
use super::own::Own;
use crate::engine::{Engine, Operation};
use crate::policyfile::API_VERSION;
use rules::{Ask, named_groups, rules_for};

pub use rules::unserved;

/// How long the API server waits for an answer, in seconds.
const TIMEOUT: i32 = 5;
/// The label that holds a namespace's own name, set by the API server.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const SYSTEM_NAMESPACE: &str = "kube-system";

/// What both configurations have in common.
#[derive(Clone, Debug)]
pub struct Frame<'f> {
    pub own: &'f Own,
    /// Whom the API server trusts, as PEM.
    pub authority: &'f [u8],
    /// What the configurations go with when it is deleted.
    pub owner: Option<OwnerReference>,
}

/// The configurations that fit a policy set.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    pub validating: ValidatingWebhookConfiguration,
    pub mutating: MutatingWebhookConfiguration,
}

impl Registration {
    pub fn of(engine: &Engine, served: &Served, frame: &Frame<'_>) -> Self {
        let metadata = frame.metadata();
        let validating = validating(engine, served, frame);
        let mutating = mutating(engine, served, frame);
        Self {
            validating: ValidatingWebhookConfiguration {
                metadata: metadata.clone(),
                webhooks: Some(validating),
            },
            mutating: MutatingWebhookConfiguration { metadata, webhooks: Some(mutating) },
        }
    }
}

fn validating(engine: &Engine, served: &Served, frame: &Frame<'_>) -> Vec<ValidatingWebhook> {
    let system = [SYSTEM_NAMESPACE, frame.own.namespace.as_str()];
    let bootstrap: Vec<&str> =
        engine.settings().bootstrap_namespaces.iter().map(String::as_str).collect();
    let bootstrap: Vec<&str> = bootstrap.into_iter().filter(|it| !system.contains(it)).collect();
    let spared: Vec<&str> = system.iter().copied().chain(bootstrap.iter().copied()).collect();
    let asked = |ask: Ask| rules_for(engine, served, ask);

    let fail = ("deny", "Fail", asked(Ask::Denied), namespaces("NotIn", &spared));
    let rest = ("warn", "Ignore", asked(Ask::Rest), namespaces("NotIn", &system));
    let early = ("bootstrap", "Ignore", asked(Ask::DeniedInside), namespaces("In", &bootstrap));
    // Kinds of Kubernetes itself are never judged there.
    let ours = ("system", "Ignore", asked(Ask::Custom), namespaces("In", &system));
    let of_policies = ("policies", "Ignore", own_kinds(), None);
    [fail, rest, early, ours, of_policies]
        .into_iter()
        .filter(|(name, _, rules, _)| {
            !rules.is_empty() && (*name != "bootstrap" || !bootstrap.is_empty())
        })
        .map(|(name, failure, rules, selector)| ValidatingWebhook {
            name: format!("{name}.{}", domain()),
            admission_review_versions: vec!["v1".to_owned()],
            client_config: frame.client(if name == "policies" { "/policies" } else { "/validate" }),
            failure_policy: Some(failure.to_owned()),
            match_policy: Some("Equivalent".to_owned()),
            namespace_selector: Some(selector.unwrap_or_default()),
            object_selector: Some(LabelSelector::default()),
            rules: Some(rules),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(TIMEOUT),
            ..ValidatingWebhook::default()
        })
        .collect()
}

fn mutating(engine: &Engine, served: &Served, frame: &Frame<'_>) -> Vec<MutatingWebhook> {
    let rules = rules_for(engine, served, Ask::Changed);
    let system = [SYSTEM_NAMESPACE, frame.own.namespace.as_str()];
    let webhook = MutatingWebhook {
        name: format!("defaults.{}", domain()),
        admission_review_versions: vec!["v1".to_owned()],
        client_config: frame.client("/mutate"),
        failure_policy: Some("Ignore".to_owned()),
        match_policy: Some("Equivalent".to_owned()),
        namespace_selector: Some(namespaces("NotIn", &system).unwrap_or_default()),
        object_selector: Some(LabelSelector::default()),
        reinvocation_policy: Some("IfNeeded".to_owned()),
        rules: Some(rules),
        side_effects: "None".to_owned(),
        timeout_seconds: Some(TIMEOUT),
        ..MutatingWebhook::default()
    };
    if webhook.rules.iter().flatten().next().is_none() { Vec::new() } else { vec![webhook] }
}

/// Our own custom resources, so that a broken policy is refused when it is applied.
fn own_kinds() -> Vec<RuleWithOperations> {
    let texts = |all: &[&str]| Some(all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    vec![RuleWithOperations {
        api_groups: texts(&[group]),
        api_versions: texts(&[version]),
        operations: texts(&[Operation::Create.as_str(), Operation::Update.as_str()]),
        resources: texts(&["policies", "waivers"]),
        scope: Some("*".to_owned()),
    }]
}

impl Frame<'_> {
    fn metadata(&self) -> ObjectMeta {
        ObjectMeta {
            name: Some(self.own.name.clone()),
            labels: Some(labels(&self.own.name)),
            owner_references: self.owner.clone().map(|owner| vec![owner]),
            ..ObjectMeta::default()
        }
    }

    fn client(&self, path: &str) -> WebhookClientConfig {
        WebhookClientConfig {
            ca_bundle: Some(ByteString(self.authority.to_vec())),
            service: Some(ServiceReference {
                name: self.own.service.clone(),
                namespace: self.own.namespace.clone(),
                path: Some(path.to_owned()),
                port: Some(i32::from(self.own.service_port)),
            }),
            url: None,
        }
    }
}

/// The end of every webhook's name: the group of our own kinds.
fn domain() -> &'static str {
    API_VERSION.split_once('/').map_or(API_VERSION, |(group, _)| group)
}

/// Objects in these namespaces, or in none of them. A cluster-scoped object is in none.
fn namespaces(operator: &str, names: &[&str]) -> Option<LabelSelector> {
    let requirement = LabelSelectorRequirement {
        key: NAMESPACE_NAME.to_owned(),
        operator: operator.to_owned(),
        values: Some(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    Some(LabelSelector { match_expressions: Some(vec![requirement]), match_labels: None })
}

/// Whether a group is never asked about by us.
fn is_spared(group: &str) -> bool {
    group == domain() || named_groups().contains(&group)
}

#[cfg(test)]
mod tests;
