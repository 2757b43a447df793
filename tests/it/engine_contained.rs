//! Rules that can't judge, and objects that a controller made.

use portcullis::engine::{
    Budget, Decision, Enforcement, Engine, Facts, Ground, Operation, Report, Status, Subject,
};

use crate::odd_rules;
use crate::support::{World, by, compile_with, on, outcomes, parse, policy, set, subject};

const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

const OBJECT: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: mid}, \
                      spec: {canary: s3cret}}";

fn engine(spec: &str) -> Engine {
    compile_with(&set(&[("test", spec)]), &odd_rules::all()).unwrap()
}

fn judge(engine: &Engine, text: &str) -> Report {
    let value = parse(text);
    engine.evaluate(&subject(&value), &Facts::default(), Budget::default())
}

#[test]
fn a_rule_that_fails_leaves_nothing_behind_and_stops_nobody() {
    let engine = engine(
        "{rules: [{rule: odd-panics}, {rule: odd-greedy}, {rule: odd-blind}, {rule: odd-finds}]}",
    );
    let report = judge(&engine, OBJECT);
    assert_eq!(
        outcomes(&report),
        [
            "odd-panics: error: the rule failed; this is a bug in it",
            "odd-greedy: error: the object is too large for the rule's budget",
            "odd-blind: skip: the other objects not known",
            "odd-finds: fail",
        ]
    );
    let found: Vec<&str> = report.findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(found, ["an object"]);
    assert!(!format!("{report:?}").contains("s3cret"), "a panic's message may hold a secret");
}

#[test]
fn each_rule_has_a_budget_of_its_own() {
    let rule = "{rule: field-required, params: {field: spec.a.b.c}}";
    let engine = engine(&format!(
        "{{rules: [{{rule: odd-greedy}}, {rule}, {{id: again, {}]}}",
        rule.trim_start_matches('{')
    ));
    let value = parse(OBJECT);
    let report = engine.evaluate(&subject(&value), &Facts::default(), Budget { steps: 4 });
    let statuses: Vec<Status> = report.outcomes.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Status::Error, Status::Fail, Status::Fail]);
    let report = engine.evaluate(&subject(&value), &Facts::default(), Budget { steps: 3 });
    assert!(report.outcomes.iter().all(|it| it.status == Status::Error));
}

#[test]
fn what_happens_then_is_what_the_policy_says() {
    for (rule, on_error, enforcement, expected) in [
        ("odd-panics", "Deny", "Deny", Enforcement::Deny),
        ("odd-blind", "Deny", "Deny", Enforcement::Deny),
        ("odd-panics", "Warn", "Deny", Enforcement::Warn),
        ("odd-panics", "Audit", "Deny", Enforcement::Audit),
        // A rule that could not judge weighs no more than one that found something.
        ("odd-panics", "Deny", "Warn", Enforcement::Warn),
    ] {
        let engine = engine(&format!(
            "{{enforcement: {enforcement}, onError: {on_error}, rules: [{{rule: {rule}}}]}}"
        ));
        let report = judge(&engine, OBJECT);
        let decision = Decision::of(&report);
        let grounds = [&decision.denials, &decision.warnings, &decision.audited];
        let [ground] = grounds.into_iter().flatten().collect::<Vec<_>>()[..] else {
            panic!("{rule}: {decision:?}")
        };
        assert_eq!(ground.enforcement(), expected, "{rule} {on_error} {enforcement}");
        assert_eq!(decision.allowed(), expected != Enforcement::Deny);
        assert!(ground.message().contains(&format!("rule `{rule}` could not judge: ")));
        assert!(matches!(ground, Ground::Unjudged(_)));
    }
}

#[test]
fn by_default_a_rule_that_can_not_judge_warns() {
    let report = judge(&engine("{rules: [{rule: odd-panics}]}"), OBJECT);
    let decision = Decision::of(&report);
    assert!(decision.allowed() && decision.warnings.len() == 1);
}

#[test]
fn a_set_can_cap_its_policies() {
    let mut set = set(&[("test", "{rules: [{rule: odd-finds}], onError: Deny}")]);
    set.settings.max_enforcement = Some(Enforcement::Warn);
    let report = judge(&compile_with(&set, &odd_rules::all()).unwrap(), OBJECT);
    assert_eq!(report.findings.first().unwrap().enforcement, Enforcement::Warn);
    assert_eq!(report.outcomes.first().unwrap().on_error, Enforcement::Warn);
    assert!(Decision::of(&report).allowed());
}

#[test]
fn the_worst_comes_first() {
    let mut set = set(&[]);
    for (name, severity) in [("a", "low"), ("b", "critical"), ("c", "medium")] {
        let spec = format!("{{rules: [{{rule: odd-finds, severity: {severity}}}]}}");
        set.policies.push(policy(name, &spec));
    }
    let report = judge(&compile_with(&set, &odd_rules::all()).unwrap(), OBJECT);
    let decision = Decision::of(&report);
    let order: Vec<&str> = decision.denials.iter().map(Ground::policy).collect();
    assert_eq!(order, ["b", "c", "a"]);
}

/// A ReplicaSet that names a controller.
const CONTROLLED: &str = "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, namespace: mid, \
    ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u, controller: true}]}, spec: {}}";

#[test]
fn on_what_a_controller_made_only_security_rules_deny() {
    let engine = engine(
        "{onError: Deny, rules: [{rule: odd-finds}, {rule: field-required, params: {field: spec.a}}, \
         {rule: reference-exists, params: {field: spec.b, kind: v1/Secret}}]}",
    );
    let strengths = |subject: &Subject<'_>| {
        let report = engine.evaluate(subject, &Facts::default(), Budget::default());
        let of = |rule: &str| {
            let finding = report.findings.iter().find(|it| it.rule == rule).unwrap();
            assert_eq!(finding.rule, rule);
            finding.enforcement
        };
        (of("odd-finds"), of("field-required"))
    };
    let value = parse(CONTROLLED);
    let (deny, audit) = (Enforcement::Deny, Enforcement::Audit);
    assert_eq!(strengths(&by(CONTROLLER, subject(&value))), (deny, audit));
    // It takes both: anybody can write an owner reference.
    assert_eq!(strengths(&by("alice", subject(&value))), (deny, deny));
    assert_eq!(strengths(&subject(&value)), (deny, deny));
    let plain = parse("{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {}}");
    assert_eq!(strengths(&by(CONTROLLER, subject(&plain))), (deny, deny));
    // In an audit there is no user; there the owner was seen.
    let seen = Subject { owner_seen: true, ..subject(&value) };
    assert_eq!(strengths(&seen), (deny, audit));
    let uncontrolled = CONTROLLED.replace(", controller: true", "");
    let value = parse(&uncontrolled);
    assert_eq!(strengths(&by(CONTROLLER, subject(&value))), (deny, deny));
}

#[test]
fn on_what_a_controller_made_a_rule_that_can_not_judge_denies_no_more_than_its_findings() {
    let engine = engine(
        "{onError: Deny, rules: [{rule: odd-panics}, {rule: field-required, params: {field: spec.a}}]}",
    );
    let value = parse(CONTROLLED);
    let owned = by(CONTROLLER, subject(&value));
    let report = engine.evaluate(&owned, &Facts::default(), Budget { steps: 0 });
    let effects: Vec<_> = report.outcomes.iter().map(|it| (it.status, it.on_error)).collect();
    assert_eq!(effects, [(Status::Error, Enforcement::Deny), (Status::Error, Enforcement::Audit)]);
}

#[test]
fn a_deletion_timestamp_is_no_way_around_a_policy() {
    let engine = engine("{rules: [{rule: odd-finds}]}");
    let text = OBJECT.replace("name: c,", "name: c, deletionTimestamp: '2026-01-01T00:00:00Z',");
    let value = parse(&text);
    let report = World::default().judge_subject(&engine, &on(Operation::Update, subject(&value)));
    assert!(!Decision::of(&report).allowed());
}
