use kube::discovery::{ApiCapabilities, ApiResource, Scope};

use super::*;
use crate::cluster::discovery::Resource;

fn own() -> Own {
    Own {
        name: "gate".to_owned(),
        namespace: "gate-system".to_owned(),
        pod: "gate-0".to_owned(),
        service: "gate".to_owned(),
        service_port: 443,
        waiver_namespace: "gate-system".to_owned(),
    }
}

/// GROUP, VERSION, KIND, PLURAL, whether it is in namespaces, subresources as NAME:KIND.
type Row<'r> = (&'r str, &'r str, &'r str, &'r str, bool, &'r [(&'r str, &'r str)]);

const ROWS: &[Row<'_>] = &[
    ("", "v1", "ConfigMap", "configmaps", true, &[]),
    ("", "v1", "Event", "events", true, &[]),
    ("", "v1", "Namespace", "namespaces", false, &[("status", "Namespace")]),
    ("", "v1", "Node", "nodes", false, &[("status", "Node")]),
    (
        "",
        "v1",
        "Pod",
        "pods",
        true,
        &[
            ("status", "Pod"),
            ("ephemeralcontainers", "Pod"),
            ("resize", "Pod"),
            ("exec", "PodExecOptions"),
        ],
    ),
    ("apps", "v1", "Deployment", "deployments", true, &[("status", "Deployment")]),
    ("batch", "v1", "Job", "jobs", true, &[]),
    ("coordination.k8s.io", "v1", "Lease", "leases", true, &[]),
    ("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", false, &[]),
    ("portcullis.skao.int", "v1alpha1", "Policy", "policies", false, &[]),
    ("tango.tango-controls.org", "v1", "DeviceServer", "deviceservers", true, &[]),
];

fn served() -> Served {
    let api = |group: &str, version: &str, kind: &str, plural: &str| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: if group.is_empty() { version.into() } else { format!("{group}/{version}") },
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    };
    let capabilities = |namespaced: bool, subresources| ApiCapabilities {
        scope: if namespaced { Scope::Namespaced } else { Scope::Cluster },
        subresources,
        operations: vec!["create".to_owned(), "list".to_owned()],
    };
    let row = |(group, version, kind, plural, namespaced, parts): &Row<'_>| {
        let parts = parts.iter().map(|(name, kind)| {
            (api(group, version, kind, name), capabilities(*namespaced, Vec::new()))
        });
        let parts = parts.collect();
        Resource::new(api(group, version, kind, plural), capabilities(*namespaced, parts), true)
    };
    Served { resources: ROWS.iter().map(row).collect() }
}

fn engine(settings: &str, policies: &str) -> Engine {
    let head = "apiVersion: portcullis.skao.int/v1alpha1\nkind:";
    let text = format!(
        "{head} PolicySet\nspec: {settings}\n---\n{head} Policy\nmetadata: {{name: p}}\nspec: {policies}\n"
    );
    crate::cluster::engine(&text)
}

fn registration(settings: &str, policies: &str) -> Registration {
    let own = own();
    let frame = Frame { own: &own, authority: b"PEM", owner: None };
    Registration::of(&engine(settings, policies), &served(), &frame)
}

/// Every webhook as `NAME FAILURE [namespaces] {resources of one rule: operations}`.
fn shown(registration: &Registration) -> Vec<String> {
    let show = |name: &str,
                failure: &Option<String>,
                selector: &Option<LabelSelector>,
                rules: &Option<Vec<RuleWithOperations>>| {
        let expressions = selector.iter().flat_map(|it| it.match_expressions.iter().flatten());
        let namespaces: Vec<String> = expressions
            .map(|it| {
                format!(
                    "{} {}",
                    it.operator,
                    it.values.iter().flatten().cloned().collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        let rules: Vec<String> = rules
            .iter()
            .flatten()
            .map(|it| {
                let join = |all: &Option<Vec<String>>| {
                    all.iter().flatten().cloned().collect::<Vec<_>>().join(" ")
                };
                format!("{}: {}", join(&it.resources), join(&it.operations))
            })
            .collect();
        format!(
            "{} {} [{}] {{{}}}",
            name.trim_end_matches(".portcullis.skao.int"),
            failure.as_deref().unwrap_or_default(),
            namespaces.join(", "),
            rules.join("; ")
        )
    };
    let validating = registration
        .validating
        .webhooks
        .iter()
        .flatten()
        .map(|it| show(&it.name, &it.failure_policy, &it.namespace_selector, &it.rules));
    let mutating = registration
        .mutating
        .webhooks
        .iter()
        .flatten()
        .map(|it| show(&it.name, &it.failure_policy, &it.namespace_selector, &it.rules));
    validating.chain(mutating).collect()
}

const POLICIES: &str = "policies Ignore [] {policies waivers: CREATE UPDATE}";

#[test]
fn a_firm_denial_fails_closed_but_not_where_the_cluster_must_come_up() {
    let policies = "{onError: Deny, rules: [{rule: field-required, scope: {kinds: [v1/ConfigMap]}, params: {field: data}}]}";
    assert_eq!(
        shown(&registration("{bootstrapNamespaces: [cni]}", policies)),
        [
            "deny Fail [NotIn kube-system gate-system cni] {configmaps: CREATE UPDATE}",
            "bootstrap Ignore [In cni] {configmaps: CREATE UPDATE}",
            POLICIES,
        ]
    );
    // A cap lets nothing deny, so nothing needs to fail.
    assert_eq!(
        shown(&registration("{maxEnforcement: Warn}", policies)),
        ["warn Ignore [NotIn kube-system gate-system] {configmaps: CREATE UPDATE}", POLICIES]
    );
}

#[test]
fn no_operation_of_a_kind_goes_to_two_webhooks() {
    let policies = "{rules: [
        {id: a, rule: field-required, onError: Deny, scope: {kinds: [v1/ConfigMap], operations: [CREATE]}, params: {field: data}},
        {id: b, rule: field-required, scope: {kinds: [v1/ConfigMap], operations: [CREATE, UPDATE, DELETE]}, params: {field: data}}]}";
    assert_eq!(
        shown(&registration("{}", policies)),
        [
            "deny Fail [NotIn kube-system gate-system] {configmaps: CREATE}",
            "warn Ignore [NotIn kube-system gate-system] {configmaps: UPDATE DELETE}",
            POLICIES,
        ]
    );
}

#[test]
fn a_rule_about_pods_asks_for_their_parts_and_for_every_kind_that_makes_them() {
    let policies = "{rules: [{rule: image-registry, scope: {kinds: [pods]}, params: {allowed: ['registry.example/*']}}]}";
    assert_eq!(
        shown(&registration("{}", policies)),
        [
            "warn Ignore [NotIn kube-system gate-system] {pods: CREATE UPDATE; \
             pods/ephemeralcontainers pods/resize: UPDATE; deployments: CREATE UPDATE; \
             jobs: CREATE UPDATE}",
            POLICIES,
        ]
    );
}

#[test]
fn what_stops_a_cluster_is_never_asked_about_even_when_it_is_named() {
    let policies = "{rules: [{rule: field-required, scope: {kinds: ['*', v1/Node, v1/Event, coordination.k8s.io/v1/Lease, authentication.k8s.io/v1/TokenReview]}, params: {field: spec}}]}";
    let shown = shown(&registration("{}", policies));
    let all = shown.join("\n");
    for never in ["nodes", "events", "leases", "tokenreviews", "/status"] {
        assert!(!all.contains(never), "{never}: {all}");
    }
    assert!(all.contains("configmaps") && all.contains("namespaces: CREATE UPDATE"), "{all}");
    assert_eq!(all.matches("policies waivers").count(), 1);
}

#[test]
fn what_is_connected_to_is_asked_about_when_it_is_named() {
    let policies = "{rules: [{rule: field-forbidden, scope: {kinds: [v1/PodExecOptions], operations: [CONNECT]}, params: {field: stdin}}]}";
    let shown = shown(&registration("{}", policies));
    assert_eq!(shown[0], "warn Ignore [NotIn kube-system gate-system] {pods/exec: CONNECT}");
}

#[test]
fn custom_kinds_that_are_named_are_asked_about_in_system_namespaces_too() {
    let policies = "{onError: Deny, rules: [{rule: field-required, scope: {kinds: [tango.tango-controls.org/*/DeviceServer]}, params: {field: spec}}]}";
    assert_eq!(
        shown(&registration("{}", policies)),
        [
            "deny Fail [NotIn kube-system gate-system] {deviceservers: CREATE UPDATE}",
            "system Ignore [In kube-system gate-system] {deviceservers: CREATE UPDATE}",
            POLICIES,
        ]
    );
}

#[test]
fn changes_are_asked_for_on_creation_and_never_fail() {
    let policies = "{rules: [{rule: field-default, mutate: true, scope: {kinds: [v1/ConfigMap]}, params: {field: metadata.labels.tier, value: dev}}]}";
    let shown = shown(&registration("{}", policies));
    assert_eq!(
        shown.last().unwrap(),
        "defaults Ignore [NotIn kube-system gate-system] {configmaps: CREATE}"
    );
}

#[test]
fn every_webhook_says_how_it_is_called() {
    let policies = "{rules: [{rule: field-default, mutate: true, scope: {kinds: [v1/ConfigMap]}, params: {field: metadata.labels.tier, value: dev}}]}";
    let Registration { validating, mutating } = registration("{}", policies);
    for webhook in validating.webhooks.iter().flatten() {
        assert_eq!(webhook.match_policy.as_deref(), Some("Equivalent"));
        assert_eq!((webhook.side_effects.as_str(), webhook.timeout_seconds), ("None", Some(5)));
        let service = webhook.client_config.service.as_ref().unwrap();
        assert_eq!((service.name.as_str(), service.port), ("gate", Some(443)));
        assert_eq!(webhook.client_config.ca_bundle.as_ref().unwrap().0, b"PEM");
    }
    let defaults = &mutating.webhooks.unwrap()[0];
    assert_eq!(defaults.reinvocation_policy.as_deref(), Some("IfNeeded"));
    assert_eq!(defaults.client_config.service.as_ref().unwrap().path.as_deref(), Some("/mutate"));
}

#[test]
fn kinds_that_are_not_served_are_told_by_policy() {
    let policies = "{rules: [{rule: field-required, scope: {kinds: [x.org/v1/Lost, v1/ConfigMap, v1/PodExecOptions]}, params: {field: spec}}]}";
    let missing: Vec<_> = unserved(&engine("{}", policies), &served()).into_iter().collect();
    assert_eq!(missing, [("p".to_owned(), "x.org".to_owned(), "Lost".to_owned())]);
}
