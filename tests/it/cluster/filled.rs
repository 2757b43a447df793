//! A pod that the API server accepts is one that it accepts with the shipped defaults.

use std::fs;
use std::path::Path;

use portcullis::document::Value;
use portcullis::engine::{Budget, Engine};
use portcullis::rules;
use serde_json::{Value as Json, json};

use super::plane::Plane;
use super::release::Release;
use crate::defaults::{engine, facts};
use crate::rule_docs::pods_of_pages;
use crate::support::{manifest, parse_all, subject};

/// Where the kinds with pods keep the template.
const TEMPLATES: [&str; 3] = ["", "/spec/template", "/spec/jobTemplate/spec/template"];

/// What is odd about resources: those of the whole pod, limits without requests, huge pages.
const ODD: &str = r#"
{resources: {limits: {memory: 32Mi}}, containers: [{name: a, image: "a:1.0"}]}
---
{resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 20m, memory: 32Mi}}, containers: [{name: a, image: "a:1.0"}, {name: b, image: "b:1.0"}]}
---
{resources: {requests: {cpu: 10m}}, containers: [{name: a, image: "a:1.0"}]}
---
{resources: {limits: {cpu: 10m}}, containers: [{name: a, image: "a:1.0", resources: {limits: {cpu: 5m}}}]}
---
{containers: [{name: a, image: "a:1.0", resources: {limits: {memory: 1Mi, cpu: 1m}}}]}
---
{containers: [{name: a, image: "a:1.0", resources: {limits: {hugepages-2Mi: 2Mi, memory: 2Mi}}}]}
---
{containers: [{name: a, image: "a:1.0"}], initContainers: [{name: b, image: "b:1.0", restartPolicy: Always}, {name: c, image: "c:1.0", resources: {limits: {cpu: 1m}}}]}
---
{containers: [{name: a, image: "a:1.0"}], os: {name: windows}}
---
{containers: [{name: a, image: "a:1.0", securityContext: {seccompProfile: {type: Unconfined}}}]}
---
{containers: [{name: a, image: "a:1.0", env: [{name: TANGO_HOST, value: "a:1"}]}], hostNetwork: true, hostPID: true}
"#;

/// The pods of the fixtures and of the rules' pages, and some that are odd.
fn pods() -> Vec<Json> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = ["manifests", "pairs", "canary"].map(|it| fs::read_dir(folder.join(it)).unwrap());
    let files = files.into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let texts: Vec<String> = files.map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut pods = Vec::new();
    for object in texts.iter().flat_map(|text| parse_all(text)) {
        let object = Json::from(&object);
        let templates = TEMPLATES.iter().filter_map(|place| object.pointer(place));
        let specs = templates.map(|it| &it["spec"]).filter(|spec| spec["containers"].is_array());
        pods.extend(specs.cloned());
    }
    for rule in rules::ALL.iter().filter(|rule| rule.kinds.contains(&"pods")) {
        let texts = pods_of_pages(rule).into_iter().map(|(_, _, pod)| format!("{{{pod}}}"));
        pods.extend(texts.map(|text| Json::from(&manifest(&text))["spec"].clone()));
    }
    pods.extend(parse_all(ODD).iter().map(Json::from));
    pods
}

/// What the API server would keep of a pod; `None` if it refuses it.
fn accepted(plane: &Plane, namespace: &str, pod: &Json) -> Option<Json> {
    let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Ignore");
    plane.api.post(&path, pod).ok()
}

/// The pod with the defaults; `None` if there are none for it.
fn filled(engine: &Engine, tier: &'static str, pod: &Json) -> Option<Json> {
    let value = Value::from(pod.clone());
    let changed = engine.changes(&subject(&value), &facts(tier), Budget::default());
    changed.object.map(|object| Json::from(&object))
}

#[test]
fn a_pod_that_the_server_accepts_is_accepted_with_its_defaults() {
    let mut release = Release::none();
    release.uninstall();
    let plane = release.plane;
    let namespace = plane.namespace("filled");
    let engine = engine();
    let (mut valid, mut changed) = (0, 0);
    for mut spec in pods() {
        // Accounts of the fixtures are not here.
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|key, _| !key.starts_with("serviceAccount"));
        }
        let metadata = json!({"name": "filled", "namespace": namespace});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        let Some(mut kept) = accepted(plane, &namespace, &pod) else { continue };
        valid += 1;
        if let Some(metadata) = kept["metadata"].as_object_mut() {
            metadata.retain(|key, _| !matches!(key.as_str(), "uid" | "resourceVersion"));
        }
        for tier in ["ci", "production"] {
            // As somebody wrote it, and as a webhook sees it.
            for before in [&pod, &kept] {
                let Some(after) = filled(&engine, tier, before) else { continue };
                changed += 1;
                let refused = plane
                    .api
                    .post(&format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), &after)
                    .err();
                assert!(refused.is_none(), "{refused:?}\n{before}\n{after}");
                assert_eq!(filled(&engine, tier, &after), None, "{after}");
            }
        }
    }
    assert!(valid > 30 && changed > 60, "{valid} {changed}");
}
