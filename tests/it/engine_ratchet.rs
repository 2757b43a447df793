//! What an updated object already had, and what is new in it.

use portcullis::engine::{Decision, Enforcement, Engine, State};

use crate::support::{allowed, compile, judge, set};

/// Every container needs a working directory.
fn engine(more: &str) -> Engine {
    let rule = format!("{{rule: field-required, params: {{field: container.workingDir}}{more}}}");
    compile(&set(&[("test", &format!("{{scope: {{kinds: [pods]}}, rules: [{rule}]}}"))]))
}

/// A Pod with these containers, of which those in upper case are as they should be.
fn pod(containers: &[&str]) -> String {
    let container = |name: &&str| {
        let fine = name.chars().all(|it| it.is_ascii_uppercase());
        let directory = if fine { ", workingDir: /data" } else { "" };
        format!("{{name: {name}, image: a{directory}}}")
    };
    let containers: Vec<String> = containers.iter().map(container).collect();
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: mid}}, spec: {{containers: [{}]}}}}",
        containers.join(", ")
    )
}

/// The states of what is found in `after`, once what `before` had is known.
fn update(engine: &Engine, before: &str, after: &str) -> (Vec<State>, bool) {
    let mut report = judge(engine, after);
    report.mark_existing(&judge(engine, before));
    (report.findings.iter().map(|it| it.state).collect(), allowed(&report))
}

#[test]
fn what_was_wrong_before_an_update_is_a_warning() {
    let engine = engine("");
    assert_eq!(update(&engine, &pod(&["a"]), &pod(&["a"])), (vec![State::Existing], true));
    let mut report = judge(&engine, &pod(&["a"]));
    report.mark_existing(&judge(&engine, &pod(&["a"])));
    let decision = Decision::of(&report);
    assert_eq!((decision.warnings.len(), decision.denials.len()), (1, 0));
}

#[test]
fn one_more_violation_is_denied() {
    let engine = engine("");
    let states = update(&engine, &pod(&["a", "B"]), &pod(&["a", "b"]));
    assert_eq!(states, (vec![State::Existing, State::New], false));
}

#[test]
fn items_that_move_stay_what_they_are() {
    let engine = engine("");
    let states = update(&engine, &pod(&["a", "B"]), &pod(&["C", "B", "a"]));
    assert_eq!(states, (vec![State::Existing], true));
    // The place is the same, but the container is another one.
    let states = update(&engine, &pod(&["a"]), &pod(&["b"]));
    assert_eq!(states, (vec![State::New], false));
}

#[test]
fn an_entry_may_deny_what_exists() {
    let states = update(&engine(", existing: Deny"), &pod(&["a"]), &pod(&["a"]));
    assert_eq!(states, (vec![State::Existing], false));
}

#[test]
fn what_only_warns_never_gets_stronger_by_being_old() {
    let engine = engine(", enforcement: Audit, existing: Deny");
    let mut report = judge(&engine, &pod(&["a"]));
    report.mark_existing(&judge(&engine, &pod(&["a"])));
    let decision = Decision::of(&report);
    assert_eq!(decision.audited.first().unwrap().enforcement(), Enforcement::Audit);
    assert!(decision.warnings.is_empty() && decision.denials.is_empty());
}
