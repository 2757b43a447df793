//! Accepted findings, and their end.

use portcullis::engine::{
    Decision, Enforcement, Engine, Facts, Inventory, PolicySet, Report, State,
};

use crate::odd_rules;
use crate::support::{World, by, compile, compile_with, flaws, parse, set, subject, waiver};

const SPEC: &str = "{policy: [test], rule: [field-required], owner: karoo, reason: old chart, \
                    ticket: ST-1, until: 2026-12-31, object: {kind: [Deployment], namespace: [mid], name: [tmc-*]}}";

const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

fn policies() -> PolicySet {
    set(&[(
        "test",
        "{rules: [{rule: field-required, params: {field: spec.never}}, \
         {id: other, rule: field-required, params: {field: spec.more}}]}",
    )])
}

fn engine(specs: &[&str]) -> Engine {
    let waivers = specs.iter().enumerate().map(|(rank, spec)| waiver(&format!("w{rank}"), spec));
    compile(&PolicySet { waivers: waivers.collect(), ..policies() })
}

fn at(now: &str) -> World {
    World { now: Some(now.to_owned()), ..World::default() }
}

fn deployment(name: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: mid}}, spec: {{}}}}"
    )
}

fn states(report: &Report) -> Vec<State> {
    report.findings.iter().map(|it| it.state).collect()
}

#[test]
fn a_waiver_holds_to_the_last_second_of_its_last_day() {
    let engine = engine(&[SPEC]);
    for (now, waived) in [
        ("2026-01-01T00:00:00Z", true),
        ("2026-12-31T23:59:59Z", true),
        ("2027-01-01T00:00:00Z", false),
        // Still the last day where the telescope stands, but not in UTC.
        ("2026-12-31T23:30:00-02:00", false),
    ] {
        let report = at(now).judge(&engine, &deployment("tmc-subarray"));
        let state = if waived { State::Waived } else { State::New };
        assert_eq!(states(&report), [state; 2], "{now}");
        assert_eq!(Decision::of(&report).allowed(), waived);
        assert!(report.findings.iter().all(|it| it.waiver.is_some()), "the waiver stays visible");
    }
}

#[test]
fn the_end_of_a_waiver_is_announced_thirty_days_before() {
    let waiver = waiver("w", SPEC);
    for (now, told) in [
        ("2026-11-30T23:59:59Z", None),
        ("2026-12-01T00:00:00Z", Some("waiver `w` of karoo ends on 2026-12-31")),
        ("2026-12-31T23:59:59Z", Some("waiver `w` of karoo ends on 2026-12-31")),
        ("2027-01-01T00:00:00Z", Some("waiver `w` of karoo ended on 2026-12-31")),
    ] {
        assert_eq!(waiver.notice(now.parse().unwrap()).as_deref(), told, "{now}");
    }
    assert_eq!(waiver.end().unwrap().to_string(), "2027-01-01T00:00:00Z");
}

#[test]
fn without_a_clock_nothing_is_waived() {
    let report = World::default().judge(&engine(&[SPEC]), &deployment("tmc-subarray"));
    assert_eq!(states(&report), [State::New; 2]);
}

#[test]
fn a_waiver_is_about_what_it_names_and_nothing_else() {
    let now = at("2026-06-01T00:00:00Z");
    let waived = |spec: &str, text: &str| {
        let report = now.judge(&engine(&[spec]), text);
        report.findings.iter().filter(|it| it.state == State::Waived).count()
    };
    assert_eq!(waived(SPEC, &deployment("tmc-subarray")), 2);
    assert_eq!(waived(SPEC, &deployment("csp-subarray")), 0);
    assert_eq!(waived(SPEC, &deployment("tmc-subarray").replace("mid", "low")), 0);
    assert_eq!(waived(SPEC, &deployment("tmc-x").replace("Deployment", "StatefulSet")), 0);
    // By the entry's id, where it has one.
    assert_eq!(waived(&SPEC.replace("[field-required]", "[other]"), &deployment("tmc-x")), 1);
    assert_eq!(waived(&SPEC.replace("[test]", "[tes]"), &deployment("tmc-x")), 0);
    // One for objects in a namespace is not about an object without one.
    let cluster = "{apiVersion: example.org/v1, kind: Widget, metadata: {name: tmc-x}, spec: {}}";
    let widget = SPEC.replace("[Deployment]", "[Widget]");
    assert_eq!(waived(&widget, cluster), 0);
    assert_eq!(waived(&widget.replace("namespace: [mid], ", ""), cluster), 2);
}

#[test]
fn a_waiver_covers_what_its_object_owns() {
    let pod = "{apiVersion: v1, kind: ReplicaSet, metadata: {name: tmc-x-1, namespace: mid, ownerReferences: \
               [{apiVersion: apps/v1, kind: Deployment, name: tmc-x, uid: u, controller: true}]}, spec: {}}";
    let (value, engine) = (parse(pod), engine(&[SPEC]));
    let owned = by(CONTROLLER, subject(&value));
    let claimed = by("alice", subject(&value));
    let now = at("2026-06-01T00:00:00Z");
    assert_eq!(states(&now.judge_subject(&engine, &owned)), [State::Waived; 2]);
    // Anybody can write an owner reference.
    assert_eq!(states(&now.judge_subject(&engine, &claimed)), [State::New; 2]);
}

/// An object that a controller made, named by its kind and name, with what made it.
fn made(kind: &str, name: &str, by: [&str; 3]) -> String {
    let [api_version, maker, maker_name] = by;
    let group = if kind == "Pod" { "v1" } else { "apps/v1" };
    format!(
        "{{apiVersion: {group}, kind: {kind}, metadata: {{name: {name}, namespace: mid, uid: u-{name}, \
         ownerReferences: [{{apiVersion: {api_version}, kind: {maker}, name: {maker_name}, \
         uid: u-{maker_name}, controller: true}}]}}, spec: {{}}}}"
    )
}

#[test]
fn a_waiver_covers_what_is_owned_by_what_its_object_owns() {
    let pod = made("Pod", "tmc-x-1-a", ["apps/v1", "ReplicaSet", "tmc-x-1"]);
    let set = made("ReplicaSet", "tmc-x-1", ["apps/v1", "Deployment", "tmc-x"]);
    let by_operator = deployment("tmc-x").replace(
        "namespace: mid",
        "namespace: mid, uid: u-tmc-x, ownerReferences: [{apiVersion: example.org/v1, kind: Widget, \
         name: all, uid: u-all, controller: true}]",
    );
    let waived = |spec: &str, objects: &str| {
        let world = World { objects: objects.to_owned(), ..at("2026-06-01T00:00:00Z") };
        let value = parse(&pod);
        let report = world.judge_subject(&engine(&[spec]), &by(CONTROLLER, subject(&value)));
        states(&report) == [State::Waived; 2]
    };
    let known = format!("{set}\n---\n{by_operator}");
    assert!(waived(SPEC, &known) && waived(SPEC, &set));
    let named = |kind: &str, name: &str| SPEC.replace("Deployment", kind).replace("tmc-*", name);
    for (kind, name) in [("ReplicaSet", "tmc-x-1"), ("Widget", "all"), ("Pod", "tmc-x-1-a")] {
        assert!(waived(&named(kind, name), &known), "{kind}");
        assert!(!waived(&named(kind, "other"), &known), "{kind}");
    }
    // What nobody has heard of owns nothing; nor does what has but the uid in common.
    assert!(!waived(SPEC, &deployment("other")));
    assert!(!waived(SPEC, &set.replace("namespace: mid", "namespace: low")));
    assert!(!waived(SPEC, &set.replace("name: tmc-x-1,", "name: tmc-x-2,")));
}

#[test]
fn owners_in_a_circle_end() {
    let pod = made("Pod", "p", ["apps/v1", "ReplicaSet", "a"]);
    let [a, b] = [("a", "b"), ("b", "a")]
        .map(|(name, maker)| made("ReplicaSet", name, ["apps/v1", "ReplicaSet", maker]));
    let world = World { objects: format!("{a}\n---\n{b}"), ..at("2026-06-01T00:00:00Z") };
    let value = parse(&pod);
    let report = world.judge_subject(&engine(&[SPEC]), &by(CONTROLLER, subject(&value)));
    assert_eq!(states(&report), [State::New; 2]);
}

#[test]
fn of_an_owner_that_is_not_known_more_may_be_heard() {
    let pod = made("Pod", "p", ["apps/v1", "ReplicaSet", "a"]);
    let value = parse(&pod);
    let misses = |engine: &Engine, user: &str, objects: &[String]| {
        let mut inventory = Inventory::default();
        for object in objects {
            engine.observe(&subject(&parse(object)), &mut inventory);
        }
        let facts = Facts { inventory: Some(&inventory), ..Facts::default() };
        engine.misses_owner(&by(user, subject(&value)), &facts)
    };
    let (with, without) = (engine(&[SPEC]), engine(&[]));
    assert!(misses(&with, CONTROLLER, &[]));
    assert!(!misses(&with, "alice", &[]));
    assert!(!misses(&without, CONTROLLER, &[]));
    let alone =
        "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a, namespace: mid, uid: u-a}}";
    assert!(!misses(&with, CONTROLLER, &[alone.to_owned()]));
    assert!(with.observes_kind("apps", "ReplicaSet") && !with.observes_kind("", "Pod"));
    assert!(!without.observes_kind("apps", "ReplicaSet"));
    assert_ne!(with.observers(), without.observers());
    // Where all that holds a pod template is read anyway, a waiver changes nothing.
    let mut all = set(&[(
        "test",
        "{rules: [{rule: unique, scope: {kinds: [pods]}, params: {field: spec.a}}]}",
    )]);
    let before = compile(&all);
    all.waivers = vec![waiver("w", SPEC)];
    assert_eq!(before.observers(), compile(&all).observers());
    let mut forbidden = Inventory::default();
    with.lack(&mut forbidden, ("apps", "ReplicaSet"), "there is no right to list them", false);
    let facts = Facts { inventory: Some(&forbidden), ..Facts::default() };
    assert!(!with.misses_owner(&by(CONTROLLER, subject(&value)), &facts));
}

#[test]
fn after_the_end_new_objects_are_denied_but_what_is_owned_comes_back() {
    let mut set = set(&[("test", "{rules: [{rule: odd-finds}]}")]);
    set.waivers = vec![waiver("w", &SPEC.replace("field-required", "odd-finds"))];
    let engine = compile_with(&set, &odd_rules::all()).unwrap();
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: mid, ownerReferences: \
               [{apiVersion: apps/v1, kind: Deployment, name: tmc-x, uid: u, controller: true}]}}";
    let value = parse(pod);
    let judge = |now: &str, user: &str| {
        let report = at(now).judge_subject(&engine, &by(user, subject(&value)));
        let finding = report.findings.first().unwrap();
        (finding.state, finding.enforcement)
    };
    let (before, after) = ("2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z");
    assert_eq!(judge(before, CONTROLLER), (State::Waived, Enforcement::Deny));
    assert_eq!(judge(after, CONTROLLER), (State::New, Enforcement::Warn));
    assert_eq!(judge(after, "alice"), (State::New, Enforcement::Deny));
    let report = at(after).judge(&engine, &deployment("tmc-x"));
    assert!(!Decision::of(&report).allowed());
}

#[test]
fn a_waiver_that_holds_goes_before_one_that_has_ended() {
    let ended = SPEC.replace("2026-12-31", "2025-12-31");
    let report = at("2026-06-01T00:00:00Z").judge(&engine(&[&ended, SPEC]), &deployment("tmc-x"));
    assert_eq!(states(&report), [State::Waived; 2]);
}

#[test]
fn some_findings_can_not_be_waived() {
    let mut set = policies();
    set.policies[0].rules[0].waivable = false;
    set.waivers = vec![waiver("w", SPEC)];
    let report = at("2026-06-01T00:00:00Z").judge(&compile(&set), &deployment("tmc-x"));
    let state_of =
        |entry: &str| report.findings.iter().find(|it| &*it.entry == entry).unwrap().state;
    assert_eq!(state_of("field-required"), State::New);
    assert_eq!(state_of("other"), State::Waived);
}

#[test]
fn a_proposed_waiver_changes_nothing() {
    let mut set = policies();
    let mut proposed = waiver("w", SPEC);
    proposed.proposed = true;
    let before = compile(&set);
    set.waivers = vec![proposed];
    let engine = compile(&set);
    let report = at("2026-06-01T00:00:00Z").judge(&engine, &deployment("tmc-x"));
    assert_eq!(states(&report), [State::New; 2]);
    assert_eq!(engine.digest(), before.digest());
}

#[test]
fn a_waiver_that_means_everything_is_refused() {
    let refused = |spec: &str| {
        flaws(&PolicySet { waivers: vec![waiver("w", spec)], ..policies() }).join("; ")
    };
    assert_eq!(refused(SPEC), "");
    for (from, to, expected) in [
        ("[tmc-*]", "['*']", "/object/name: a lone `*` waives everything"),
        ("[tmc-*]", "['**']", "/object/name: a lone `*` waives everything"),
        ("[tmc-*]", "[]", "/object/name: a waiver names its object.name"),
        ("[mid]", "['*']", "/object/namespace: a lone `*` waives everything"),
        ("[Deployment]", "['*']", "/object/kind: a lone `*` waives everything"),
        ("[test]", "['*']", "/policy: a lone `*` waives everything"),
        ("[field-required]", "['*']", "/rule: a lone `*` waives everything"),
        ("old chart", "' '", "/reason: a waiver gives its reason"),
    ] {
        assert_eq!(refused(&SPEC.replace(from, to)), expected);
    }
}
