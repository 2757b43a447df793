//! What `/mutate` puts right at the door, and that lint says the same beforehand.

use std::fs;

use serde_json::{Value as Json, json};

use crate::cli::run;
use crate::door::{Answer, Door, at, review};

/// Fills fields of Pods, of everything with pods, and of a kind that is named; and asks for
/// more than it fills.
const POLICIES: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: fills}
spec:
  rules:
    - id: no-escalation
      rule: field-default
      mutate: true
      scope: {kinds: [pods]}
      params: {field: container.securityContext.allowPrivilegeEscalation, value: false}
    - id: team
      rule: field-default
      mutate: true
      scope: {kinds: [v1/Pod, apps/v1/Deployment, apps/v1/ReplicaSet]}
      params: {field: 'metadata.labels[\"skao.int/team\"]', value: nobody}
    - id: registry
      rule: field-matches
      scope: {kinds: [pods]}
      params: {field: container.image, pattern: '^artefact.skao.int/'}
    - id: memory
      rule: field-required
      enforcement: Warn
      scope: {kinds: [pods]}
      params: {field: container.resources.limits.memory}
    - id: working-directory
      rule: field-required
      enforcement: Audit
      scope: {kinds: [pods]}
      params: {field: container.workingDir}
";

/// A Pod without the defaults.
fn pod() -> Json {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "p", "namespace": "mid",
            "managedFields": [{"manager": "kubectl", "operation": "Update"}],
        },
        "spec": {"containers": [
            {"name": "a", "image": "docker.io/a:1.0.0", "securityContext": {"runAsUser": 1000}},
            {"name": "b", "image": "artefact.skao.int/b:1.0.0", "workingDir": "/b"},
        ]},
    })
}

/// A workload around the same pod.
fn workload(kind: &str) -> Json {
    let pod = pod();
    json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": "w", "namespace": "mid", "labels": {"skao.int/team": "sky"}},
        "spec": {
            "selector": {"matchLabels": {"app": "w"}},
            "template": {"metadata": {"labels": {"app": "w"}}, "spec": pod["spec"]},
        },
    })
}

fn owned(mut object: Json) -> Json {
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "w", "uid": "1", "controller": true});
    object["metadata"]["ownerReferences"] = json!([owner]);
    object
}

fn create(object: &Json) -> Json {
    review("CREATE", object, &Json::Null)
}

/// The object with the patch of an answer.
fn patched(object: &Json, answer: &Answer) -> Json {
    let mut object = object.clone();
    if let Some(patch) = &answer.patch {
        json_patch::patch(&mut object, patch).unwrap();
    }
    object
}

#[test]
fn a_pod_without_the_defaults_comes_back_with_them() {
    let door = Door::open(POLICIES);
    let answer = door.mutate(&create(&pod()));
    let fills = json!([
        {"op": "add", "path": "/spec/containers/0/securityContext/allowPrivilegeEscalation", "value": false},
        {"op": "add", "path": "/spec/containers/1/securityContext", "value": {"allowPrivilegeEscalation": false}},
        {"op": "add", "path": "/metadata/labels", "value": {"skao.int/team": "nobody"}},
    ]);
    assert_eq!(answer.patch(), fills);
    assert_eq!(answer.response.audit_annotations["changed"], "fills/no-escalation, fills/team");
    let complete = patched(&pod(), &answer);
    assert_eq!(complete["spec"]["containers"][0]["securityContext"]["runAsUser"], 1000);
    // A webhook is asked again when another one changed the object after it.
    assert!(door.mutate(&create(&complete)).patch.is_none());
    let before = door.validate(&create(&pod()));
    let after = door.validate(&create(&complete));
    let fills =
        |answer: &Answer| answer.denials().iter().filter(|it| it.contains("fills/team")).count();
    assert_eq!((fills(&before), fills(&after)), (1, 0));
}

#[test]
fn lint_says_of_a_pod_what_the_cluster_will_say() {
    let door = Door::open(POLICIES);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let policies = write("policies.yaml", POLICIES);
    let mut right = pod();
    for index in [0, 1] {
        let container = &mut right["spec"]["containers"][index];
        container["image"] = "artefact.skao.int/a:1.0.0".into();
        container["resources"] = json!({"limits": {"memory": "64Mi"}});
        container["workingDir"] = "/".into();
    }
    for (object, code) in [(pod(), 1), (workload("Deployment"), 1), (right, 0)] {
        let manifest = write("object.json", &object.to_string());
        let ran = run(&[
            "lint",
            "--format",
            "json",
            "--no-default-policies",
            "--policy",
            &policies,
            &manifest,
        ]);
        assert_eq!(ran.code, code, "{ran:?}");
        let changed = door.mutate(&create(&object));
        let answer = door.validate(&create(&patched(&object, &changed)));
        assert_eq!(answer.allowed, code == 0, "{answer:?}");
        let [denied, warned, audited] = ["Deny", "Warn", "Audit"].map(|it| found(&ran.json(), it));
        assert_eq!(answer.denials(), denied);
        let warnings = answer.warnings().iter();
        let mut warnings: Vec<String> = warnings.map(|it| place_first(it)).collect();
        warnings.sort();
        assert_eq!(warnings, warned);
        let audit = answer.response.audit_annotations.get("audit");
        let audit = audit.iter().flat_map(|it| it.split("; "));
        let mut audit: Vec<String> = audit.map(place_first).collect();
        audit.sort();
        assert_eq!(audit, audited);
        // What lint lists as changed is what the patch changes.
        let json = ran.json();
        let listed = json["changes"].as_array().unwrap().len();
        let made = changed.patch().as_array().unwrap().len();
        assert!(object["kind"] != "Pod" || (listed, made) == (3, 3), "{listed} {made}");
    }
}

/// What lint found, as a cause shows it: `field: policy/entry: message (help)`.
fn found(report: &Json, enforcement: &str) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    let text = |it: &Json, key: &str| it[key].as_str().unwrap().to_owned();
    let of = all.filter(|it| it["enforcement"] == enforcement);
    let mut found: Vec<String> = of
        .map(|it| {
            let field =
                text(it, "path")[1..].replace("/0", "[0]").replace("/1", "[1]").replace('/', ".");
            let help = it["help"].as_str().map(|help| format!(" ({help})")).unwrap_or_default();
            let (policy, entry) = (text(it, "policy"), text(it, "entry"));
            format!("{field}: {policy}/{entry}: {}{help}", text(it, "message"))
        })
        .collect();
    found.sort();
    found
}

/// `policy/entry: field: …` as `field: policy/entry: …`.
fn place_first(line: &str) -> String {
    let mut parts = line.splitn(3, ": ");
    let (entry, field) = (parts.next().unwrap(), parts.next().unwrap());
    format!("{field}: {entry}: {}", parts.next().unwrap())
}

#[test]
fn nothing_else_is_changed() {
    let door = Door::open(POLICIES);
    let unchanged = |what: &str, review: &Json| {
        let answer = door.mutate(review);
        assert!(answer.patch.is_none(), "{what}: {answer:?}");
    };
    unchanged("a pod template", &create(&workload("Deployment")));
    unchanged("a pod template of a kind that nobody names", &create(&workload("StatefulSet")));
    let mut nobodys = workload("ReplicaSet");
    nobodys["metadata"]["labels"] = json!({});
    unchanged("a ReplicaSet with a controller", &create(&owned(nobodys.clone())));
    let named = door.mutate(&create(&nobodys));
    let team = json!([{"op": "add", "path": "/metadata/labels/skao.int~1team", "value": "nobody"}]);
    assert_eq!(named.patch(), team);
    unchanged("an update", &review("UPDATE", &pod(), &pod()));
    unchanged("a deletion", &review("DELETE", &Json::Null, &pod()));
    for subresource in ["status", "ephemeralcontainers", "resize"] {
        unchanged(subresource, &at(subresource, review("UPDATE", &pod(), &pod())));
    }
}

#[test]
fn a_pod_is_changed_whoever_made_it() {
    let door = Door::open(POLICIES);
    let answer = door.mutate(&create(&owned(pod())));
    assert_eq!(answer.patch(), door.mutate(&create(&pod())).patch());
}

#[test]
fn what_is_not_filled_is_left_as_it_came() {
    let door = Door::open(POLICIES);
    let mut object = pod();
    object["metadata"]["labels"] = Json::Null;
    object["metadata"]["annotations"] = json!({"a/b~c": "ü \u{1f52d}"});
    object["spec"]["large"] = json!(9_007_199_254_740_993_u64);
    object["spec"]["containers"][0]["securityContext"] = Json::Null;
    let after = patched(&object, &door.mutate(&create(&object)));
    let mut expected = object.clone();
    expected["metadata"]["labels"] = json!({"skao.int/team": "nobody"});
    for index in [0, 1] {
        expected["spec"]["containers"][index]["securityContext"] =
            json!({"allowPrivilegeEscalation": false});
    }
    assert_eq!(after, expected);
    assert!(door.mutate(&create(&after)).patch.is_none());
}
