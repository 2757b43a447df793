//! One verdict: the fixtures as the webhook sees them, as a pipeline lints them by the set that the
//! cluster exports, and as an audit finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::document::{Value, yaml};
use serde_json::{Value as Json, json};

use super::api::{PATIENCE, until, within};
use super::plane::Plane;
use super::release::{NAME, NAMESPACE, Release};
use crate::cli::run;

/// What policies may want to know of other objects.
const KINDS: &str = "configmaps,cronjobs,customresourcedefinitions,daemonsets,databaseds,deployments,\
    deviceservers,horizontalpodautoscalers,ingresses,jobs,limitranges,network-attachment-definitions,\
    persistentvolumeclaims,pods,priorityclasses,replicasets,replicationcontrollers,serviceaccounts,\
    services,statefulsets,storageclasses";

/// Kind, namespace and name.
type Object = (String, String, String);
/// How often each entry finds something in an object.
type Verdict = BTreeMap<Object, BTreeMap<String, usize>>;

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folders = ["manifests", "pairs"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    files.sort();
    files
}

/// Creates the documents of all fixtures; what the server refuses by itself is told, and left out.
fn create(plane: &Plane) -> (Vec<Json>, Vec<String>) {
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    for path in fixtures() {
        let file = format!("--filename={}", path.display());
        let ran = plane.kubectl(&["create", "--validate=ignore", "--output=json", &file]);
        let objects = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Json>();
        for object in objects.map(Result::unwrap) {
            match object["items"].as_array() {
                Some(items) => made.extend(items.iter().cloned()),
                None => made.push(object),
            }
        }
        let errors = ran.stderr.lines().filter(|line| !line.starts_with("Warning: "));
        refused.extend(errors.map(str::to_owned));
    }
    (made, refused)
}

fn object(value: &Json) -> Object {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let metadata = &value["metadata"];
    (text(&value["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
}

/// What the webhook says of objects that are there, by warnings on an edit that is not kept.
fn admitted(plane: &Plane, objects: &[Json]) -> Verdict {
    let judged = objects.iter().map(|it| {
        let file = it.to_string();
        let edit = ["annotate", "--dry-run=server", "--overwrite", "--filename=-", "parity=seen"];
        let ran = plane.kubectl_with(&edit, &file);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let warnings = ran.stderr.lines().filter_map(|line| line.strip_prefix("Warning: "));
        let entries = warnings.filter_map(|it| it.split(": ").next()).map(str::to_owned);
        // The API server has warnings of its own, which name a field.
        (object(it), count(entries.filter(|it| it.contains('/'))))
    });
    judged.filter(|(_, entries)| !entries.is_empty()).collect()
}

/// What a report in JSON says of some objects, beyond what is only for audits and what the linter
/// says of texts.
fn reported(report: &Json, objects: &BTreeSet<Object>) -> Verdict {
    let mut verdict: BTreeMap<Object, Vec<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |key: &str| finding["subject"][key].as_str().unwrap_or_default().to_owned();
        let object = (text("kind"), text("namespace"), text("name"));
        let own = finding["policy"] == "portcullis";
        if objects.contains(&object) && finding["enforcement"] != "Audit" && !own {
            let part = |key: &str| finding[key].as_str().unwrap().to_owned();
            let entry = format!("{}/{}", part("policy"), part("entry"));
            verdict.entry(object).or_default().push(entry);
        }
    }
    verdict.into_iter().map(|(object, entries)| (object, count(entries.into_iter()))).collect()
}

/// The document of a fixture that an object was made of; what the server has of it, if it came in a
/// list.
fn written(made: &Json) -> String {
    let (kind, _, name) = object(made);
    let texts = fixtures().into_iter().map(|path| fs::read_to_string(path).unwrap());
    let documents = texts.flat_map(|text| {
        text.replace('\r', "").split("\n---").map(|it| format!("---\n{it}\n")).collect::<Vec<_>>()
    });
    let of = |document: &String| {
        let all = yaml::read(document).filter_map(Result::ok).filter(|it| !it.empty);
        all.map(|it| it.value).any(|value| {
            let text = |path: &[&str]| value.at(path).and_then(Value::as_str).unwrap_or_default();
            text(&["kind"]) == kind && text(&["metadata", "name"]) == name
        })
    };
    // Two fixtures may have one name, but then they differ in their namespace.
    let namespace = made["metadata"]["namespace"].as_str().unwrap_or_default();
    let place = format!("namespace: {namespace}");
    let mut candidates: Vec<String> = documents.filter(of).collect();
    let elsewhere = |it: &String| match namespace {
        "default" => it.contains("  namespace: "),
        _ => !it.contains(&place),
    };
    candidates.sort_by_key(elsewhere);
    candidates.into_iter().next().unwrap_or_else(|| format!("---\n{made}\n"))
}

fn count(entries: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    entries.for_each(|entry| *counts.entry(entry).or_default() += 1);
    counts
}

/// All that the cluster holds of what policies may want to know, as a file of facts.
fn facts(plane: &Plane) -> String {
    let ran = plane.kubectl(&["get", KINDS, "--all-namespaces", "--output=json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let objects: Json = serde_json::from_str(&ran.stdout).unwrap();
    let namespaces = plane.api.list("/api/v1/namespaces");
    let namespaces: serde_json::Map<String, Json> = namespaces
        .iter()
        .map(|it| {
            let name = it["metadata"]["name"].as_str().unwrap().to_owned();
            (name, json!({"labels": it["metadata"]["labels"]}))
        })
        .collect();
    json!({"namespaces": namespaces, "objects": objects["items"], "complete": true}).to_string()
}

#[test]
#[allow(clippy::print_stdout, reason = "what the server refuses by itself is listed for people")]
fn the_fixtures_get_one_verdict_at_every_door() {
    let mut release = Release::none();
    release.uninstall();
    release.upgrade("{}");
    release.until_ready();
    let plane = release.plane;
    plane.kubectl(&["create", "namespace", "ci-ska-demo"]);
    until("the namespace has a service account", || {
        plane.api.get("/api/v1/namespaces/ci-ska-demo/serviceaccounts/default").ok()
    });
    until("objects are judged", || {
        let run = ["run", "tried", "--image=web", "--dry-run=server"];
        plane.kubectl(&run).stderr.contains("image-tag").then_some(())
    });
    let (made, refused) = create(plane);
    println!("refused by the API server itself: {refused:#?}");
    assert!(made.len() > 25, "{}", made.len());
    let objects: BTreeSet<Object> = made.iter().map(object).collect();

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let map = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}-policy-set");
    let map = plane.api.get(&map).unwrap();
    let set = write("set.yaml", map["data"]["policies.yaml"].as_str().unwrap());
    let digest = map["metadata"]["annotations"]["portcullis.skao.int/digest"].as_str().unwrap();
    let facts = write("facts.yaml", &facts(plane));
    let policy = ["--no-default-policies", "--policy", &set, "--expect", digest];

    let more = ["--facts", &facts, "--namespace", "default", "--format", "json"];
    let mut linted = Verdict::new();
    for made in &made {
        let file = write("object.yaml", &written(made));
        let ran = run(&[&["lint", &file], &policy[..], &more].concat());
        linted.extend(reported(&ran.json(), &BTreeSet::from([object(made)])));
    }
    let differ = |one: &Verdict, other: &Verdict| -> Vec<_> {
        let all = objects.iter().filter(|it| one.get(it) != other.get(it));
        all.map(|it| (it.clone(), one.get(it).cloned(), other.get(it).cloned())).collect()
    };
    assert!(linted.len() > 15, "{linted:#?}");
    // Rights to know of other objects may come a while after the pods: a controller puts them together.
    let mut difference = Vec::new();
    within(PATIENCE, || {
        difference = differ(&admitted(plane, &made), &linted);
        difference.is_empty().then_some(())
    });
    assert_eq!(difference, [], "the webhook, lint");

    // In one run what two objects have in common is told at one of them.
    let all: String = made.iter().map(written).collect();
    let all = write("all.yaml", &all);
    let ran = run(&[&["lint", &all], &policy[..], &more].concat());
    let linted = reported(&ran.json(), &objects);
    let kubeconfig = plane.kubeconfig();
    let where_ = ["--kubeconfig", kubeconfig.to_str().unwrap(), "--format", "json"];
    let ran = run(&[&["audit"], &policy[..], &where_].concat());
    assert_eq!(differ(&reported(&ran.json(), &objects), &linted), [], "audit, lint");
    for made in &made {
        _ = plane.kubectl_with(&["delete", "--wait=false", "--filename=-"], &made.to_string());
    }
}
