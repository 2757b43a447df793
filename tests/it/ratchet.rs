//! Objects that are older than a policy, at the door: they can still be worked on, and get no
//! worse.

use serde_json::{Value as Json, json};

use crate::door::{Answer, Door, at, by, review};

/// Images come from one registry, and at most three of them run.
const POLICIES: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: young}
spec:
  rules:
    - id: registry
      rule: field-matches
      scope: {kinds: [pods]}
      params: {field: container.image, pattern: '^artefact.skao.int/'}
      message: image is not from the registry
    - id: few
      rule: field-matches
      scope: {kinds: [autoscaling/v1/Scale]}
      params: {field: spec.replicas, max: 3}
      message: too many
";

const OLD: &str = "spec.template.spec.containers[0].image";
const EXISTING: &str = "young/registry (existing): spec.template.spec.containers[0].image: \
                        image is not from the registry";

fn door() -> Door {
    Door::open(POLICIES)
}

/// A Deployment that was there before the policy, on its way out or not.
fn deployment(deleting: bool) -> Json {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "mid", "uid": "1", "finalizers": ["skao.int/hold"]},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [{"name": "old", "image": "docker.io/old:1.0.0"}]},
            },
        },
    });
    if deleting {
        object["metadata"]["deletionTimestamp"] = "2026-11-21T12:25:25Z".into();
    }
    object
}

/// The object with one thing changed.
fn with(object: &Json, pointer: &str, value: Json) -> Json {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut object = object.clone();
    match object.pointer_mut(parent).unwrap() {
        Json::Array(items) => items.push(value),
        parent => parent[key] = value,
    }
    object
}

fn update(door: &Door, old: &Json, pointer: &str, value: Json) -> Answer {
    door.validate(&review("UPDATE", &with(old, pointer, value), old))
}

#[test]
fn an_older_object_can_be_worked_on_with_a_warning() {
    let door = door();
    for deleting in [false, true] {
        let old = deployment(deleting);
        for (pointer, value) in [
            ("/metadata/finalizers", json!([])),
            ("/metadata/labels", json!({"team": "sky"})),
            ("/spec/replicas", json!(5)),
            ("/spec/template/spec/containers/0/image", json!("docker.io/old:1.0.1")),
        ] {
            let answer = update(&door, &old, pointer, value);
            assert!(answer.allowed, "{pointer} {answer:?}");
            assert_eq!(answer.warnings(), [EXISTING], "{pointer}");
        }
        let status = with(&old, "/status", json!({"readyReplicas": 1}));
        let answer = door.validate(&at("status", review("UPDATE", &status, &old)));
        assert!(answer.allowed, "{answer:?}");
        assert_eq!(answer.warnings(), [EXISTING]);
    }
}

#[test]
fn one_more_violation_is_denied_also_while_the_object_is_being_deleted() {
    let door = door();
    let container = json!({"name": "more", "image": "docker.io/more:1.0.0"});
    for deleting in [false, true] {
        let old = deployment(deleting);
        let worse = with(&old, "/spec/template/spec/containers/-", container.clone());
        let worse = with(&worse, "/metadata/finalizers", json!([]));
        for user in ["astronomer", "admin", "system:serviceaccount:kube-system:job-controller"] {
            let answer = door.validate(&by(user, review("UPDATE", &worse, &old)));
            assert!(!answer.allowed, "{user} {answer:?}");
            let new = "spec.template.spec.containers[1].image: \
                       young/registry: image is not from the registry";
            assert_eq!(answer.denials(), [new]);
            assert_eq!(answer.warnings(), [EXISTING]);
        }
    }
}

#[test]
fn what_is_wrong_is_told_apart_by_its_container_and_not_by_its_place() {
    let door = door();
    let old = deployment(false);
    // Another container in the place of the old one.
    let other = json!([{"name": "new", "image": "docker.io/new:1.0.0"}]);
    let answer = update(&door, &old, "/spec/template/spec/containers", other);
    assert!(!answer.allowed && answer.warnings().is_empty(), "{answer:?}");
    assert!(answer.denials()[0].starts_with(OLD));
    // The old one in another place.
    let moved = json!([
        {"name": "new", "image": "artefact.skao.int/new:1.0.0"},
        {"name": "old", "image": "docker.io/old:1.0.0"},
    ]);
    let answer = update(&door, &old, "/spec/template/spec/containers", moved);
    assert_eq!((answer.allowed, answer.warnings()), (true, &[EXISTING.replace('0', "1")][..]));
}

#[test]
fn what_was_put_right_must_not_come_back() {
    let door = door();
    let right = json!("artefact.skao.int/old:1.0.0");
    let old = with(&deployment(false), "/spec/template/spec/containers/0/image", right);
    let answer = door.validate(&review("UPDATE", &deployment(false), &old));
    assert_eq!((answer.allowed, answer.denials().len()), (false, 1));
}

#[test]
fn a_scale_is_judged_by_what_is_asked_of_scales() {
    let door = door();
    let scale = |replicas: u32| {
        json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
            "metadata": {"name": "d", "namespace": "mid", "uid": "1"}, "spec": {"replicas": replicas}})
    };
    let ask = |from, to| door.validate(&at("scale", review("UPDATE", &scale(to), &scale(from))));
    let answer = ask(2, 3);
    assert!(answer.allowed && answer.warnings().is_empty(), "{answer:?}");
    assert_eq!(ask(2, 5).denials(), ["spec.replicas: young/few: too many"]);
    let answer = ask(6, 5);
    assert!(answer.allowed, "{answer:?}");
    assert_eq!(answer.warnings(), ["young/few (existing): spec.replicas: too many"]);
}

#[test]
fn an_entry_may_deny_what_exists() {
    let door = Door::open(
        &POLICIES.replace("    - id: registry", "    - id: registry\n      existing: Deny"),
    );
    for deleting in [false, true] {
        let old = deployment(deleting);
        let answer = update(&door, &old, "/metadata/labels", json!({"team": "sky"}));
        let existing = format!("{OLD}: young/registry: image is not from the registry");
        assert_eq!((answer.allowed, answer.denials()), (false, vec![existing]));
        assert!(answer.response.result.message.contains("young/registry (existing): "));
    }
}

#[test]
fn an_older_object_can_be_deleted_and_not_made_again() {
    let door = door();
    let old = deployment(false);
    let answer = door.validate(&review("DELETE", &Json::Null, &old));
    assert!(answer.allowed && answer.warnings().is_empty(), "{answer:?}");
    assert!(!door.validate(&review("CREATE", &old, &Json::Null)).allowed);
    // An update that shows nothing of the old object has nothing to excuse it.
    assert!(!door.validate(&review("UPDATE", &old, &Json::Null)).allowed);
}
