//! What the shipped defaults do: once, and no harm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use portcullis::document::Value;
use portcullis::engine::{Budget, Engine, Facts, Namespaces};
use portcullis::policyfile::{self, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;
use proptest::prelude::*;

use crate::rules_meaning::holders;
use crate::support::{manifest, subject};

/// The shipped set with the defaults that one opts in to.
pub(crate) fn engine() -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/packs");
    let packs = ["label-defaults", "pod-defaults", "resource-defaults", "tango-defaults"]
        .map(|name| (name, fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap()));
    let mut sources = policyfile::shipped().to_vec();
    sources.extend(packs.iter().map(|(name, text)| Source::new(name, text)));
    policyfile::load(&sources, rules::ALL, &KUBERNETES).unwrap().engine
}

/// What is known: the tier, and what the namespaces of pipelines say.
pub(crate) fn facts(tier: &'static str) -> Facts<'static> {
    static NAMESPACES: LazyLock<Namespaces> = LazyLock::new(|| {
        let labels = [("cicd.skao.int/project", "ska-tmc"), ("cicd.skao.int/team", "himalaya")];
        let labels: BTreeMap<_, _> =
            labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let all = ["ci-ska-tmc", "filled"].map(|name| (name.to_owned(), labels.clone()));
        Namespaces { labels: all.into() }
    });
    Facts { tier: Some(tier), namespaces: Some(&NAMESPACES), ..Facts::default() }
}

/// What is found in an object, as `entry path`.
fn findings(engine: &Engine, object: &Value<'_>) -> Vec<String> {
    let report = engine.evaluate(&subject(object), &facts("ci"), Budget::default());
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
        ", \"env\": [{\"name\": \"A\", \"value\": \"1\"}]",
        ", \"env\": []",
        ", \"envFrom\": [{\"configMapRef\": {\"name\": \"tango\"}}]",
    ]);
    let metadata = maybe(&[
        ", \"namespace\": \"ci-ska-tmc\", \"labels\": {\"component\": \"\"}",
        ", \"labels\": {\"app.kubernetes.io/name\": \"a\", \"app.kubernetes.io/instance\": \"b\"}",
        ", \"ownerReferences\": [{\"kind\": \"StatefulSet\", \"name\": \"s\", \"controller\": true}]",
    ]);
    let containers = proptest::collection::vec(container, 0..3);
    (of_pod, containers, metadata).prop_map(|(of_pod, containers, metadata)| {
        let (context, token, account, waiting) = of_pod;
        let container = |(rank, rest): (usize, &&str)| {
            let name = if rank == 0 { "device-server" } else { "other" };
            format!("{{\"name\": \"{name}\", \"image\": \"a:1.0\"{rest}}}")
        };
        let containers: Vec<String> = containers.iter().enumerate().map(container).collect();
        format!(
            "\"metadata\": {{\"name\": \"p\"{metadata}}}, \"spec\": {{{context}{token}{account}{waiting}\
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
    let change =
        |value: &Value<'_>| engine.changes(&subject(value), &facts("ci"), Budget::default());
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
