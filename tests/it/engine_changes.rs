//! What policies put right by themselves.

use portcullis::document::Value;
use portcullis::engine::{Budget, Changed, Engine, Facts, Operation, PolicySet, Status, Subject};
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::odd_rules;
use crate::support::{
    by, change, compile, compile_with, flaws, found, judge, on, parse, set, subject,
};

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: mid}, \
                   spec: {containers: [{name: a, image: a}, {name: b, image: b, workingDir: /b}]}}";

fn engine(rules: &str) -> Engine {
    compile_with(&set(&[("test", &format!("{{rules: [{rules}]}}"))]), &odd_rules::all()).unwrap()
}

fn fill(field: &str, value: &str) -> String {
    let params = format!("{{field: {field:?}, value: {value}}}");
    format!("{{id: {field:?}, rule: field-default, mutate: true, params: {params}}}")
}

fn patch(changed: &Changed) -> String {
    serde_json::to_string(&changed.patch).unwrap()
}

fn changes(engine: &Engine, subject: &Subject<'_>) -> String {
    patch(&engine.changes(subject, &Facts::default(), Budget::default()))
}

#[test]
fn a_missing_field_is_added_with_the_maps_on_the_way() {
    let engine = engine(&fill("pod.spec.securityContext.runAsUser", "1000"));
    let changed = change(&engine, POD);
    assert_eq!(
        patch(&changed),
        r#"[{"op":"add","path":"/spec/securityContext","value":{"runAsUser":1000}}]"#
    );
    let [change] = &changed.changes[..] else { panic!("{changed:?}") };
    assert_eq!((change.rule, &*change.policy), ("field-default", "test"));
    assert_eq!(change.path.to_string(), "/spec/securityContext/runAsUser");
    assert!(judge(&engine, POD).findings.len() == 1);
    assert!(change_again(&engine, &changed).is_empty());
}

/// What would still be changed in an object that was changed.
fn change_again(engine: &Engine, changed: &Changed) -> Vec<String> {
    let object = changed.object.as_ref().unwrap();
    let again = engine.changes(&subject(object), &Facts::default(), Budget::default());
    again.changes.iter().map(|it| it.path.to_string()).collect()
}

#[test]
fn every_container_is_filled_and_what_is_written_stays() {
    let engine = engine(&fill("container.workingDir", "/data"));
    let changed = change(&engine, POD);
    assert_eq!(
        patch(&changed),
        r#"[{"op":"add","path":"/spec/containers/0/workingDir","value":"/data"}]"#
    );
    let directory = |index: usize| {
        let containers = changed.object.as_ref().unwrap().at(&["spec", "containers"]).unwrap();
        containers.as_list().unwrap()[index]
            .get("workingDir")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    assert_eq!((directory(0).as_deref(), directory(1).as_deref()), (Some("/data"), Some("/b")));
}

#[test]
fn entries_see_what_those_before_them_filled() {
    let engine = engine(
        &[fill("metadata.labels", "{app: p}"), fill("metadata.labels['team']", "karoo")].join(", "),
    );
    let text = POD.replace("mid}", "mid, labels: null}");
    let changed = change(&engine, &text);
    let labels = changed.object.as_ref().unwrap().at(&["metadata", "labels"]).unwrap();
    assert_eq!(serde_json::to_string(labels).unwrap(), r#"{"app":"p","team":"karoo"}"#);
}

#[test]
fn as_many_entries_as_there_are_may_change_one_object() {
    let fields: Vec<String> =
        (0..40).map(|number| fill(&format!("metadata.annotations.a{number}"), "x")).collect();
    let changed = change(&engine(&fields.join(", ")), POD);
    assert_eq!(changed.changes.len(), 40);
    assert!(changed.outcomes.is_empty());
}

#[test]
fn only_what_is_created_is_changed() {
    let engine = engine(&fill("spec.hostname", "h"));
    let value = parse(POD);
    assert_ne!(changes(&engine, &subject(&value)), "[]");
    for operation in [Operation::Update, Operation::Delete, Operation::Connect] {
        assert_eq!(changes(&engine, &on(operation, subject(&value))), "[]", "{operation:?}");
    }
    let subresource = Some("ephemeralcontainers".to_owned());
    assert_eq!(changes(&engine, &Subject { subresource, ..subject(&value) }), "[]");
}

#[test]
fn a_change_adds_and_does_nothing_else() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {a: b, list: [c]}}";
    for rule in ["odd-replaces", "odd-risks"] {
        let changed = change(&engine(&format!("{{rule: {rule}, mutate: true}}")), text);
        assert_eq!((patch(&changed).as_str(), changed.object.is_none()), ("[]", true), "{rule}");
    }
}

#[test]
fn changes_that_never_end_are_an_error_and_no_patch() {
    let rules = [fill("spec.hostname", "h"), "{rule: odd-appends, mutate: true}".to_owned()];
    let changed = change(&engine(&rules.join(", ")), POD);
    assert_eq!((patch(&changed).as_str(), changed.object.is_none()), ("[]", true));
    assert!(changed.changes.is_empty());
    let [outcome] = &changed.outcomes[..] else { panic!("{changed:?}") };
    assert_eq!((&*outcome.entry, outcome.status), ("odd-appends", Status::Error));
    assert_eq!(outcome.reason.as_deref(), Some("its changes never end"));
}

#[test]
fn a_rule_that_fails_while_it_changes_is_an_outcome() {
    let mut set = set(&[("test", &format!("{{rules: [{}]}}", fill("spec.items[*].x", "y")))]);
    set.policies[0].scope.kinds = vec!["example.org/v1/Widget".to_owned()];
    let items = vec!["{}"; 100].join(", ");
    let text = format!(
        "{{apiVersion: example.org/v1, kind: Widget, metadata: {{name: w}}, spec: {{items: [{items}]}}}}"
    );
    let value = parse(&text);
    let changed = compile(&set).changes(&subject(&value), &Facts::default(), Budget { steps: 50 });
    assert_eq!(changed.outcomes.first().unwrap().status, Status::Error);
    assert!(changed.changes.is_empty());
    let changed = compile(&set).changes(&subject(&value), &Facts::default(), Budget::default());
    assert_eq!(changed.changes.len(), 100);
}

/// A workload with a pod template, and perhaps a controller.
fn workload(kind: &str, owner: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: d, namespace: mid{owner}}}, spec: \
         {{template: {{metadata: {{labels: {{app: d}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}}}}}"
    )
}

const OWNER: &str = ", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u, controller: true}]";

#[test]
fn a_pod_template_is_left_alone_unless_the_entry_says_otherwise() {
    let engine = |kinds: &str, field: &str, more: &str| {
        let spec = format!(
            "{{scope: {{kinds: [{kinds}]}}, rules: [{{rule: field-default, mutate: true{more}, \
             params: {{field: {field}, value: x}}}}]}}"
        );
        compile(&set(&[("test", &spec)]))
    };
    let deployment = workload("Deployment", "");
    for (kinds, field, more, touched) in [
        ("pods", "pod.spec.hostname", "", false),
        ("pods", "pod.spec.hostname", ", templates: true", true),
        ("apps/v1/Deployment", "pod.spec.hostname", "", false),
        // The same place by another path.
        ("apps/v1/Deployment", "spec.template.spec.hostname", "", false),
        ("apps/v1/Deployment", "spec.template.spec.hostname", ", templates: true", true),
        // Not in the template: the kind must be named.
        ("apps/v1/Deployment", "metadata.annotations.a", "", true),
        ("'*'", "metadata.annotations.a", "", false),
        ("pods", "metadata.annotations.a", "", false),
        ("pods", "metadata.annotations.a", ", templates: true", false),
    ] {
        let changed = change(&engine(kinds, field, more), &deployment);
        assert_eq!(!changed.changes.is_empty(), touched, "{kinds} {field} {more}");
        // A controller would replace what is not as it made it, without end.
        let owned = change(&engine(kinds, field, more), &workload("ReplicaSet", OWNER));
        assert_eq!(patch(&owned), "[]", "{kinds} {field} {more}");
    }
}

#[test]
fn a_pod_that_a_controller_made_is_changed() {
    let text = POD.replace("mid}", &format!("mid{OWNER}}}"));
    let value = parse(&text);
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let engine = engine(&fill("spec.hostname", "h"));
    assert_ne!(changes(&engine, &by(controller, subject(&value))), "[]");
}

#[test]
fn a_template_is_judged_with_what_its_pods_will_get() {
    let needs = "{id: needs, rule: field-required, params: {field: container.workingDir}}";
    let scoped = |kinds: &str| {
        let spec = format!(
            "{{scope: {{kinds: [{kinds}]}}, rules: [{}]}}",
            fill("container.workingDir", "/data")
        );
        compile(&set(&[
            ("fills", &spec),
            ("needs", &format!("{{scope: {{kinds: [pods]}}, rules: [{needs}]}}")),
        ]))
    };
    let deployment = workload("Deployment", "");
    let nothing: [&str; 0] = [];
    assert_eq!(found(&judge(&scoped("pods"), &deployment)), nothing);
    assert_eq!(found(&judge(&scoped("Pod"), &deployment)), nothing);
    // Its pods will get nothing.
    let missing = "/spec/template/spec/containers/0/workingDir: field `workingDir` of container `a` is not set";
    assert_eq!(found(&judge(&scoped("apps/v1/StatefulSet"), &deployment)), [missing]);
    // A Pod itself is judged as it is.
    assert_eq!(found(&judge(&scoped("pods"), POD)).len(), 2);
}

#[test]
fn two_entries_that_fill_one_field_differently_are_refused() {
    let refused = |one: &str, two: &str| {
        flaws(&set(&[("a", &format!("{{{one}}}")), ("b", &format!("{{{two}}}"))]))
    };
    let filling = |scope: &str, field: &str, value: &str| {
        format!("scope: {scope}, rules: [{}]", fill(field, value))
    };
    let conflict =
        "/rules/0: entry `spec.hostname` of policy `a` fills the same field with another value";
    let pods = "{kinds: [pods]}";
    let hostname = filling(pods, "spec.hostname", "x");
    assert_eq!(refused(&hostname, &filling(pods, "spec.hostname", "y")), [conflict]);
    for two in [
        filling(pods, "spec.hostname", "x"),
        filling(pods, "spec.subdomain", "y"),
        filling("{kinds: [v1/Service]}", "spec.hostname", "y"),
        filling("{kinds: [v1/Service]}", "pod.spec.hostname", "y")
            .replace("v1/Service", "'*/*/Service', apps/v1/Deployment"),
    ] {
        let none: [&str; 0] = [];
        assert_eq!(refused(&filling("{kinds: [Pod]}", "spec.hostname", "x"), &two), none, "{two}");
    }
    // The same field by another path.
    assert_eq!(
        refused(&hostname, &filling("{kinds: [Pod]}", "pod.spec.hostname", "y")),
        [conflict]
    );
    assert_eq!(refused(&hostname, &filling(pods, "spec['hostname']", "y")), [conflict]);
    // Without `mutate` nothing is filled.
    let asks = filling(pods, "spec.hostname", "y").replace("mutate: true, ", "");
    assert_eq!(refused(&hostname, &asks).len(), 0);
    let tiers =
        |tier: &str, value: &str| filling(&format!("{{tiers: [{tier}]}}"), "spec.hostname", value);
    assert_eq!(refused(&tiers("dev", "x"), &tiers("prod", "y")).len(), 0);
    assert_eq!(refused(&tiers("dev", "x"), &tiers("dev, prod", "y")).len(), 1);
}

/// Entries that fill fields of a Pod, some below others.
fn fills() -> impl Strategy<Value = PolicySet> {
    let fields = vec![
        "metadata.labels['a/b']",
        "metadata.annotations",
        "metadata.annotations.x",
        "container.env",
        "container.resources.limits.memory",
        "pod.spec.securityContext.runAsUser",
        "spec.volumes[*].emptyDir",
        "spec.nodeSelector.zone",
    ];
    subsequence(fields, 1..=8).prop_map(|fields| {
        let value = |field: &str| match field {
            "metadata.annotations" => "{y: z}",
            "container.env" => "[{name: A, value: B}]",
            "spec.volumes[*].emptyDir" => "{}",
            _ => "v",
        };
        let rules: Vec<String> = fields.iter().map(|it| fill(it, value(it))).collect();
        set(&[("test", &format!("{{scope: {{kinds: [Pod]}}, rules: [{}]}}", rules.join(", ")))])
    })
}

/// A Pod in which some of those fields are there, null, or without a parent.
fn pod() -> impl Strategy<Value = String> {
    let labels =
        prop_oneof![Just(""), Just("labels: null"), Just("labels: {}"), Just("labels: {a/b: c}")];
    let annotations =
        prop_oneof![Just(""), Just(", annotations: {}"), Just(", annotations: {x: ''}")];
    let container = prop_oneof![
        Just("{name: a}"),
        Just("{name: b, env: []}"),
        Just("{name: c, resources: {limits: {}}}"),
        Just("{name: d, resources: null, env: null}"),
    ];
    let containers = proptest::collection::vec(container, 0..4);
    let rest = prop_oneof![
        Just(""),
        Just(", volumes: [{name: v}, {name: w, emptyDir: {}}]"),
        Just(", nodeSelector: {zone: z}"),
        Just(", securityContext: {}"),
    ];
    (labels, annotations, containers, rest).prop_map(|(labels, annotations, containers, rest)| {
        let metadata = format!("{labels}{annotations}");
        let metadata = metadata.trim_start_matches(", ");
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{{metadata}}}, spec: {{containers: [{}]{rest}}}}}",
            containers.join(", ")
        )
    })
}

proptest! {
    #[test]
    fn the_patch_applied_to_the_object_gives_the_object_that_is_judged(set in fills(), text in pod()) {
        let engine = compile(&set);
        let value = parse(&text);
        let changed = engine.changes(&subject(&value), &Facts::default(), Budget::default());
        let mut json = serde_json::Value::from(&value);
        json_patch::patch(&mut json, &changed.patch).unwrap();
        let judged = changed.object.as_ref().unwrap_or(&value);
        prop_assert_eq!(&json, &serde_json::Value::from(judged));
        // Nothing is left to do, and what was there stays.
        let report = engine.evaluate(&subject(judged), &Facts::default(), Budget::default());
        prop_assert!(report.findings.is_empty(), "{:?}", found(&report));
        prop_assert!(holds(judged, &value));
        prop_assert!(changed.outcomes.is_empty());
    }
}

/// Whether all that `before` says stands in `after` too; null and an empty string say nothing.
fn holds(after: &Value<'_>, before: &Value<'_>) -> bool {
    match (before.as_map(), before.as_list()) {
        (Some(map), _) => map.iter().all(|entry| match after.get(&entry.key) {
            Some(value) => holds(value, &entry.value),
            None => entry.value.is_null(),
        }),
        (_, Some(items)) => after.as_list().is_some_and(|held| {
            held.len() >= items.len() && items.iter().zip(held).all(|(old, new)| holds(new, old))
        }),
        _ => before.is_null() || before.as_str() == Some("") || after == before,
    }
}
