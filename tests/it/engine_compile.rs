//! Policy sets that are refused, and sets whose order says nothing.

use portcullis::engine::{Engine, PolicySet, Waiver};
use proptest::prelude::*;

use crate::odd_rules;
use crate::support::{
    compile, compile_with, flaws, judge, outcomes, parse, policy, set, settings, subject, waiver,
};

/// What is wrong with one entry.
fn entry_flaws(entry: &str) -> Vec<String> {
    flaws(&set(&[("test", &format!("{{rules: [{entry}]}}"))]))
}

#[test]
fn every_flaw_is_told_at_once_and_at_its_place() {
    let mut set = set(&[
        (
            "a",
            "{rules: [{rule: field-requird, params: {}}, {rule: field-required, params: {field: 'a..b'}}]}",
        ),
        (
            "b",
            "{scope: {kinds: [a/b/c/d, 'v1/']}, rules: [{rule: unique, params: {field: spec.a}}]}",
        ),
        (
            "b",
            "{rules: [{rule: unique, params: {field: spec.a}}, {rule: unique, params: {field: spec.b}}]}",
        ),
    ]);
    set.settings = settings("defaults: {kinds: [tango/DeviceServer]}");
    assert_eq!(
        flaws(&set),
        [
            "/rules/0/rule: there is no rule `field-requird`",
            "/rules/1/params/field: parameter `field`: field path `a..b` has an empty part",
            "/defaults/kinds/0: kind `tango/DeviceServer` names a group without a version",
            "/scope/kinds/0: kind `a/b/c/d` has more than three parts",
            ": policy `b` is defined twice",
            "/rules/1: entry `unique` stands twice",
        ]
    );
}

#[test]
fn what_was_meant_is_said() {
    let help = |entry: &str| {
        let set = set(&[("test", &format!("{{rules: [{entry}]}}"))]);
        let flaws = compile_with(&set, portcullis::rules::ALL).unwrap_err();
        flaws.into_iter().map(|flaw| flaw.help.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(help("{rule: field-requird}"), ["did you mean `field-required`?"]);
    assert_eq!(help("{rule: field-required, params: {feild: a}}"), ["did you mean `field`?"]);
    assert_eq!(
        help("{rule: label-required, params: {labels: [{key: a, patern: b}]}}"),
        ["did you mean `pattern`?"]
    );
}

#[test]
fn a_parameter_that_does_not_fit_is_named() {
    for (entry, expected) in [
        ("{rule: field-required}", "/rules/0/params: parameter `field` is missing"),
        (
            "{rule: field-required, params: {feild: a}}",
            "/rules/0/params/feild: there is no parameter `feild`",
        ),
        (
            "{rule: field-required, params: {field: 5}}",
            "/rules/0/params/field: parameter `field`: `5` where a string must stand",
        ),
        (
            "{rule: label-required, params: {labels: [a, {key: b, patern: c}]}}",
            "/rules/0/params/labels/1/patern: parameter `labels`: unknown field `patern`",
        ),
        (
            "{rule: label-required, params: {labels: [{key: b, pattern: '('}]}}",
            "/rules/0/params/labels/0/pattern: parameter `labels`: pattern `(` is not valid: unclosed group",
        ),
        (
            "{rule: label-required, params: {labels: [7]}}",
            "/rules/0/params/labels/0: parameter `labels`: `7` where the key of a label, or a map with its `key`, must stand",
        ),
        (
            "{rule: label-required, params: {labels: []}}",
            "/rules/0/params/labels: parameter `labels` must name a label",
        ),
        (
            "{rule: field-required, params: {field: spec.a}, mutate: true}",
            "/rules/0/mutate: rule `field-required` changes nothing",
        ),
    ] {
        assert_eq!(entry_flaws(entry), [expected], "{entry}");
    }
}

#[test]
fn a_policy_can_not_ask_for_what_the_api_server_always_fills() {
    let refused = |rule: &str, kinds: &str, params: &str| {
        let spec =
            format!("{{scope: {{kinds: [{kinds}]}}, rules: [{{rule: {rule}, params: {params}}}]}}");
        let flaws = flaws(&set(&[("test", &spec)]));
        assert!(
            flaws.iter().all(|it| it.starts_with("/rules/0/params: a policy can't judge")),
            "{flaws:?}"
        );
        !flaws.is_empty()
    };
    let policy = "{field: container.imagePullPolicy}";
    for (kinds, always) in [
        ("pods", true),
        ("v1/Pod", true),
        ("apps/v1/Deployment", true),
        ("Deployment", true),
        ("example.org/v1/Widget, Pod", true),
    ] {
        assert_eq!(refused("field-required", kinds, policy), always, "{kinds}");
    }
    assert!(refused("field-forbidden", "pods", policy));
    assert!(refused("field-default", "Pod", "{field: container.imagePullPolicy, value: Always}"));
    assert!(refused("field-default", "v1/Service", "{field: spec.type, value: ClusterIP}"));
    assert!(refused(
        "field-matches",
        "Pod",
        "{field: container.imagePullPolicy, oneOf: [Always], required: true}"
    ));
    // What the value is can be judged.
    assert!(!refused(
        "field-matches",
        "Pod",
        "{field: container.imagePullPolicy, oneOf: [Always]}"
    ));
    assert!(!refused("field-required", "pods", "{field: container.workingDir}"));
    // A device server's is nobody's default.
    let device_servers = "tango.tango-controls.org/*/DeviceServer";
    assert!(!refused(
        "field-default",
        device_servers,
        "{field: spec.imagePullPolicy, value: Always}"
    ));
}

#[test]
fn a_path_into_pods_needs_a_kind_with_pods() {
    let refused = |kinds: &str| {
        let spec = format!(
            "{{scope: {{kinds: [{kinds}]}}, rules: [{{rule: field-required, params: {{field: pod.spec.hostname}}}}]}}"
        );
        flaws(&set(&[("test", &spec)]))
    };
    let flaw = "/rules/0/params: field `pod.spec.hostname` starts at the pod, and none of the kinds has one";
    assert_eq!(refused("v1/Service, artefacts"), [flaw]);
    for kinds in ["pods", "apps/*/*", "'*'", "v1/Service, Job"] {
        assert!(refused(kinds).is_empty(), "{kinds}");
    }
    // A custom kind holds pods where the settings say so.
    let mut set = set(&[(
        "test",
        "{scope: {kinds: [example.org/v1/Fleet]}, rules: [{rule: field-required, params: {field: pod.spec.hostname}}]}",
    )]);
    assert_eq!(flaws(&set), [flaw]);
    set.settings =
        settings("podTemplates: [{group: example.org, kind: Fleet, path: [spec, pods]}]");
    let fleet =
        "{apiVersion: example.org/v1, kind: Fleet, metadata: {name: f}, spec: {pods: {spec: {}}}}";
    let report = judge(&compile(&set), fleet);
    assert_eq!(report.findings.first().unwrap().path.to_string(), "/spec/pods/spec/hostname");
}

#[test]
fn equal_sets_have_equal_digests_and_others_have_not() {
    let digest = |set: &PolicySet| compile(set).digest().to_string();
    let one = ("a", "{rules: [{rule: field-required, params: {field: spec.a}}]}");
    let two = ("b", "{rules: [{rule: field-required, params: {field: spec.b}}]}");
    let base = digest(&set(&[one, two]));
    assert!(base.starts_with("sha256:") && base.len() == 71, "{base}");
    assert_eq!(digest(&set(&[two, one])), base);
    assert_ne!(digest(&set(&[one])), base);
    assert_ne!(digest(&set(&[one, ("b", &two.1.replace("spec.b", "spec.c"))])), base);
    assert_ne!(digest(&set(&[one, ("c", two.1)])), base);
    let mut scoped = set(&[one, two]);
    scoped.settings.own_namespace = Some("portcullis".to_owned());
    assert_ne!(digest(&scoped), base);
    let mut waived = set(&[one, two]);
    waived.waivers = vec![accepted("w")];
    assert_ne!(digest(&waived), base);
}

fn accepted(name: &str) -> Waiver {
    waiver(
        name,
        "{policy: [a], rule: [field-required], object: {kind: [Pod], name: [p]}, owner: o, \
         reason: r, ticket: t, until: 2026-12-31}",
    )
}

proptest! {
    #[test]
    fn the_order_of_policies_and_waivers_changes_no_byte(
        order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
        waivers in Just(vec!["v", "w", "x"]).prop_shuffle(),
    ) {
        let specs = [
            "{rules: [{rule: field-required, params: {field: spec.a}}]}",
            "{rules: [{rule: odd-blind}, {rule: odd-finds}]}",
            "{enforcement: Warn, rules: [{rule: label-required, params: {labels: [a, b]}}]}",
            "{rules: [{rule: field-default, mutate: true, params: {field: spec.hostname, value: x}}]}",
            "{rules: [{rule: field-default, mutate: true, params: {field: spec.subdomain, value: x}}]}",
            "{scope: {users: [a]}, rules: [{rule: odd-finds}]}",
        ];
        let shuffled = |order: &[usize], waivers: &[&str]| {
            let policies = order.iter().map(|&rank| policy(&format!("p{rank}"), specs[rank]));
            let set = PolicySet {
                policies: policies.collect(),
                waivers: waivers.iter().map(|name| accepted(name)).collect(),
                ..PolicySet::default()
            };
            compile_with(&set, &odd_rules::all()).unwrap()
        };
        let text = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {}}";
        let said = |engine: &Engine| {
            let value = parse(text);
            let facts = portcullis::engine::Facts { now: "2026-01-01T00:00:00Z".parse().ok(), ..Default::default() };
            let budget = portcullis::engine::Budget::default();
            let report = engine.evaluate(&subject(&value), &facts, budget);
            let changed = engine.changes(&subject(&value), &facts, budget);
            (format!("{report:?} {changed:?}"), outcomes(&report))
        };
        let (one, two) = (shuffled(&[0, 1, 2, 3, 4, 5], &["v", "w", "x"]), shuffled(&order, &waivers));
        prop_assert_eq!(one.digest(), two.digest());
        prop_assert_eq!(said(&one), said(&two));
        prop_assert_eq!(said(&two), said(&two));
    }
}
