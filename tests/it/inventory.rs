//! What is known of the other objects, shared and put in layers.

use std::sync::Arc;

use portcullis::engine::{Engine, Facts, Inventory, Subject};

use crate::support::{compile, engine, found, manifest, outcomes, parse, set};

const UNIQUE: &str = "{field: spec.port, within: cluster}";

fn thing(uid: &str, port: &str) -> String {
    format!(
        "{{apiVersion: example.org/v1, kind: Thing, metadata: {{name: {uid}, uid: {uid}}}, spec: {{port: {port}}}}}"
    )
}

/// What an engine notes of some things.
fn observed(engine: &Engine, things: &[(&str, &str)]) -> Inventory {
    let mut inventory = Inventory::default();
    for (uid, port) in things {
        let text = thing(uid, port);
        let object = parse(&text);
        engine.observe(&Subject::of_object(&object).unwrap(), &mut inventory);
    }
    inventory
}

/// What is found in a thing with this port.
fn judged(engine: &Engine, inventory: &Inventory, port: &str) -> Vec<String> {
    let text = thing("judged", port);
    let object = manifest(&text);
    let facts = Facts { inventory: Some(inventory), ..Facts::default() };
    let subject = Subject::of_object(&object).unwrap();
    let report = engine.evaluate(&subject, &facts, portcullis::engine::Budget::default());
    let unjudged = outcomes(&report).into_iter().filter(|it| it.contains("skip"));
    found(&report).into_iter().chain(unjudged).collect()
}

#[test]
fn a_layer_replaces_what_lies_below_it() {
    let engine = engine("unique", UNIQUE);
    let before = Arc::new(observed(&engine, &[("a", "1"), ("b", "2")]));
    let text = thing("a", "3");
    let object = parse(&text);
    let notes = engine.notes(&Subject::of_object(&object).unwrap());
    let replaced = ["a".into(), "b".into()].into_iter().collect();
    let layered = Inventory::over(&before, replaced, [notes]);
    for inventory in [&layered, &layered.merged()] {
        assert_eq!(inventory.len(), 1);
        assert!(judged(&engine, inventory, "1").is_empty());
        assert!(judged(&engine, inventory, "2").is_empty());
        assert_eq!(judged(&engine, inventory, "3").len(), 1);
    }
    assert_eq!(judged(&engine, &before, "2").len(), 1);
}

#[test]
fn a_rule_that_wants_a_kind_which_nobody_knows_says_which() {
    let engine = engine("unique", UNIQUE);
    let mut inventory = observed(&engine, &[("a", "1")]);
    engine.lack(&mut inventory, ("", "Secret"), "never", true);
    assert_eq!(judged(&engine, &inventory, "1").len(), 1);
    engine.lack(&mut inventory, ("example.org", "Other"), "no right to list `Other`", false);
    let skipped = judged(&engine, &inventory, "1");
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(skipped[0].ends_with("the other objects not known: no right to list `Other`"));
}

#[test]
fn what_decides_verdicts_and_not_notes_leaves_the_observers_as_they_are() {
    let entry = |enforcement: &str, params: &str| {
        format!(
            "{{enforcement: {enforcement}, rules: [{{rule: unique, params: {params}, scope: {{kinds: [Thing]}}}}]}}"
        )
    };
    let of = |policies: &[(&str, &str)]| compile(&set(policies));
    let one = of(&[("one", &entry("Deny", UNIQUE))]);
    let label =
        "{rules: [{rule: label-required, params: {labels: [app]}, scope: {kinds: [Thing]}}]}";
    let same = of(&[("a-label", label), ("one", &entry("Warn", UNIQUE))]);
    let other = of(&[("one", &entry("Deny", "{field: spec.host, within: cluster}"))]);
    assert_eq!(one.observers(), same.observers());
    assert_ne!(one.observers(), other.observers());

    // Notes of the one are of use to the other.
    let inventory = observed(&one, &[("a", "1")]);
    assert_eq!(judged(&same, &inventory, "1").iter().filter(|it| it.contains("port")).count(), 1);

    // Entries that note the same share what they noted.
    let twice = of(&[("one", &entry("Deny", UNIQUE)), ("two", &entry("Warn", UNIQUE))]);
    assert_eq!(twice.observers(), one.observers());
    assert_eq!(judged(&twice, &inventory, "1").len(), 2);
}

#[test]
fn what_the_cluster_runs_on_is_observed_and_judged_only_by_name() {
    let any = engine("unique", UNIQUE);
    assert!(any.observes_kind("", "ConfigMap") && any.may_judge_existing("", "ConfigMap"));
    for (group, kind) in [("coordination.k8s.io", "Lease"), ("", "Event")] {
        assert!(!any.observes_kind(group, kind) && !any.may_judge_existing(group, kind));
    }
    let named = compile(&set(&[(
        "named",
        "{rules: [{rule: unique, params: {field: spec.x}, scope: {kinds: [coordination.k8s.io/*/Lease]}}]}",
    )]));
    assert!(named.observes_kind("coordination.k8s.io", "Lease"));
    assert!(named.may_judge_existing("coordination.k8s.io", "Lease"));
    assert!(!named.may_judge_existing("", "ConfigMap"));
    assert_eq!(named.observed_but_not(&[("", "Pod")]), ["coordination.k8s.io/*/Lease"]);
    assert!(named.observed_but_not(&[("coordination.k8s.io", "Lease")]).is_empty());
}
