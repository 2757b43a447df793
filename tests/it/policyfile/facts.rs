//! Facts that a person writes down.

use portcullis::engine::Engine;
use portcullis::policyfile::{KnownFacts, Source, load};
use portcullis::resource::KUBERNETES;

use super::RULES;

fn read(text: &str) -> KnownFacts {
    KnownFacts::read(&Source::new("facts.yaml", text)).unwrap()
}

fn engine() -> Engine {
    load(&[], RULES, &KUBERNETES).unwrap().engine
}

#[test]
fn what_is_left_out_is_not_known() {
    for text in ["", "# nothing\n", "{}"] {
        let known = read(text).ready(&engine());
        let facts = known.facts();
        assert!(facts.namespaces.is_none() && facts.inventory.is_none());
        assert!(facts.tier.is_none() && facts.now.is_none());
    }
}

#[test]
fn namespaces_come_from_their_names_and_from_objects() {
    let known = read(
        "\
namespaces:
  demo: {labels: {team: sky}}
  empty: {}
objects:
  - apiVersion: v1
    kind: Namespace
    metadata: {name: other, labels: {team: earth}}
  - apiVersion: v1
    kind: Namespace
    metadata: {name: demo, labels: {team: sea}}
tier: production
date: 2026-12-31
",
    )
    .ready(&engine());
    let labels = &known.namespaces.as_ref().unwrap().labels;
    assert_eq!(labels["demo"]["team"], "sky");
    assert_eq!(labels["other"]["team"], "earth");
    assert!(labels["empty"].is_empty());
    assert_eq!(known.facts().tier, Some("production"));
    assert_eq!(known.now.unwrap().to_string(), "2026-12-31T00:00:00Z");
    assert!(!known.inventory.unwrap().complete);
}

#[test]
fn an_inventory_without_objects_may_be_complete() {
    let known = read("complete: true").ready(&engine());
    assert!(known.inventory.unwrap().complete);
}

#[test]
fn documents_of_one_file_add_up() {
    let known = read("tier: test\nnamespaces: {a: {}}\n---\nnamespaces: {b: {}}\ntier: other\n");
    assert_eq!(known.tier.as_deref(), Some("test"));
    assert_eq!(known.namespaces.unwrap().len(), 2);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text =
        "namespace: {}\ntier: [a]\nobjects: [1]\ndate: tomorrow\n---\n}\n---\ntier: a\ntier: b\n";
    let problems = KnownFacts::read(&Source::new("facts.yaml", text)).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "\
facts.yaml:1:1: unknown field `namespace`
  help: did you mean `namespaces`?
facts.yaml:2:1: `tier` must be a string, not a list
facts.yaml:3:11: an item of `objects` must be a map, not the number `1`
facts.yaml:4:7: `date` must be a date such as `2026-12-31`, not `tomorrow`
facts.yaml:6:1: bracket closes nothing
  help: put a text that begins with it in quotes
facts.yaml:9:1: key `tier` stands twice
  help: the first is in line 8: leave one of them out",
    );
}
