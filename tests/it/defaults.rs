//! What the shipped defaults do: once, and no harm.

use std::fs;
use std::path::Path;

use portcullis::document::Value;
use portcullis::engine::{Budget, Engine, Facts};
use portcullis::policyfile::{self, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;
use proptest::prelude::*;

use crate::rules_meaning::holders;
use crate::support::{manifest, subject};

/// The shipped set with the defaults that one opts in to.
fn engine() -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/packs");
    let packs = ["pod-defaults.yaml", "resource-defaults.yaml"]
        .map(|name| (name, fs::read_to_string(folder.join(name)).unwrap()));
    let mut sources = policyfile::shipped().to_vec();
    sources.extend(packs.iter().map(|(name, text)| Source::new(name, text)));
    policyfile::load(&sources, rules::ALL, &KUBERNETES).unwrap().engine
}

const FACTS: Facts<'static> =
    Facts { tier: Some("ci"), namespaces: None, inventory: None, root: None, now: None };

/// What is found in an object, as `entry path`.
fn findings(engine: &Engine, object: &Value<'_>) -> Vec<String> {
    let report = engine.evaluate(&subject(object), &FACTS, Budget::default());
    report.findings.iter().map(|it| format!("{} {}", it.entry, it.path)).collect()
}

/// One of these, or nothing.
fn maybe(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select([&[""], texts].concat())
}

/// A pod's `metadata` and `spec`, with every field that a default is about or goes by.
fn pod() -> impl Strategy<Value = String> {
    let of_pod = (
        maybe(&["\"securityContext\": {},", "\"securityContext\": {\"runAsNonRoot\": true},"]),
        maybe(&["\"automountServiceAccountToken\": true,"]),
        maybe(&["\"serviceAccountName\": \"robot\",", "\"serviceAccountName\": \"default\","]),
        maybe(&[
            "\"initContainers\": [{\"name\": \"w\", \"image\": \"a\", \"args\": [\"kubectl\"]}],",
        ]),
    );
    let container = maybe(&[
        ", \"securityContext\": {\"seccompProfile\": {\"type\": \"Unconfined\"}}",
        ", \"command\": [\"helm\", \"install\"]",
        ", \"resources\": {\"limits\": {\"memory\": \"1Gi\"}}",
    ]);
    (of_pod, proptest::collection::vec(container, 0..3)).prop_map(|(of_pod, containers)| {
        let (context, token, account, waiting) = of_pod;
        let container = |(rank, rest): (usize, &&str)| {
            format!("{{\"name\": \"c{rank}\", \"image\": \"a:1.0\"{rest}}}")
        };
        let containers: Vec<String> = containers.iter().enumerate().map(container).collect();
        format!(
            "\"metadata\": {{\"name\": \"p\"}}, \"spec\": {{{context}{token}{account}{waiting}\
             \"containers\": [{}]}}",
            containers.join(", ")
        )
    })
}

fn device_server() -> impl Strategy<Value = String> {
    maybe(&["\"imagePullPolicy\": \"Always\"", "\"image\": \"a:1.0\""]).prop_map(|field| {
        format!(
            "{{\"apiVersion\": \"tango.tango-controls.org/v1\", \"kind\": \"DeviceServer\", \
             \"metadata\": {{\"name\": \"d\"}}, \"spec\": {{{field}}}}}"
        )
    })
}

/// Applied twice, a default changes nothing the second time; and nothing is found that was not
/// found before.
fn does_no_harm(engine: &Engine, text: &str) -> bool {
    let value = manifest(text);
    let change = |value: &Value<'_>| engine.changes(&subject(value), &FACTS, Budget::default());
    let changed = change(&value);
    assert!(changed.outcomes.iter().all(|it| it.status.as_str() != "error"), "{text}");
    let Some(object) = changed.object else { return false };
    let again = change(&object);
    assert!(again.object.is_none() && again.changes.is_empty(), "{text}");
    let before = findings(engine, &value);
    for finding in findings(engine, &object) {
        assert!(before.contains(&finding), "{finding} in {text}");
    }
    true
}

#[test]
fn each_shipped_default_changes_something() {
    let engine = engine();
    let template =
        "\"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"c\"}]}";
    let changed = |kind: &str| {
        let all = holders(template);
        let (_, _, text) = all.into_iter().find(|(it, _, _)| *it == kind).unwrap();
        does_no_harm(&engine, &text)
    };
    for kind in ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"] {
        assert!(changed(kind), "{kind}");
    }
    // A patched ReplicaSet makes its Deployment replace it without end.
    assert!(!changed("ReplicaSet"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_default_applied_twice_changes_nothing_more(pod in pod(), server in device_server()) {
        let engine = engine();
        for (_, _, text) in holders(&pod) {
            does_no_harm(&engine, &text);
        }
        does_no_harm(&engine, &server);
    }
}
