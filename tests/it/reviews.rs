//! The answers of a running server to recorded and to our own reviews, against a file of what
//! is expected. `UPDATE_EXPECT=1 cargo test --test it reviews` writes the files anew: read the
//! difference before you believe it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::admission::Stage;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::door::{Answer, Door};

/// What is to be answered, by the review's name.
type Expectations = BTreeMap<String, Expected>;

/// An answer, as far as a person has to agree with it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    allowed: bool,
    /// `field: message`, or the message alone of a rule that could not judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    patch: Vec<Json>,
    /// The audit annotations, without the digest of the policy set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    audit: BTreeMap<String, String>,
}

impl Expected {
    fn of(answer: &Answer) -> Self {
        let annotations = answer.response.audit_annotations.iter();
        let audit = annotations.filter(|(key, _)| *key != "policy-set");
        Self {
            allowed: answer.allowed,
            causes: answer.denials(),
            warnings: answer.warnings().to_vec(),
            patch: answer.patch().as_array().unwrap().clone(),
            audit: audit.map(|(key, value)| (key.clone(), value.clone())).collect(),
        }
    }
}

#[test]
fn every_operation_and_subresource_gets_the_answer_that_is_expected() {
    let folder = fixtures().join("own");
    let answers = answers(&door(), &reviews(&folder, ""));
    for operation in ["CREATE", "UPDATE", "DELETE", "CONNECT"] {
        let is_asked = |path: &PathBuf| read(path)["request"]["operation"] == operation;
        assert!(reviews(&folder, "").iter().any(|(_, path)| is_asked(path)), "{operation}");
    }
    agree("own.json", &answers);
}

#[test]
fn every_recorded_review_gets_the_answer_that_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reviews");
    let mut recorded = Vec::new();
    for part in ["operations", "pairs", "single"] {
        let folder = root.join(part);
        // The recordings are not ours to copy: where they are not at hand, ours must do.
        if folder.exists() {
            recorded.extend(reviews(&folder, &format!("{part}/")));
        }
    }
    if !recorded.is_empty() {
        agree("recorded.json", &answers(&door(), &recorded));
    }
}

#[test]
fn an_update_of_two_objects_of_three_mebibytes_is_answered() {
    let door = door();
    // One long text, and as many small things as fit.
    let long = |byte: &str| json!({"blob": byte.repeat(3 << 20)});
    let many = |value: &str| {
        let entries = (0..110_000).map(|n| (format!("key-{n:06}"), Json::from(value)));
        Json::Object(entries.collect())
    };
    for (before, after) in [(long("a"), long("b")), (many(&"a".repeat(17)), many(&"b".repeat(17)))]
    {
        let widget = |labels: Json, data: &Json| {
            json!({"apiVersion": "example.com/v1", "kind": "Widget",
                "metadata": {"name": "w", "namespace": "mid", "labels": labels},
                "spec": {"big": 9_007_199_254_740_993_u64}, "data": data})
        };
        let review = json!({
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
                "uid": "u", "kind": {"group": "example.com", "version": "v1", "kind": "Widget"},
                "name": "w", "namespace": "mid", "operation": "UPDATE",
                "userInfo": {"username": "astronomer"},
                "object": widget(json!({"deny": "please"}), &after),
                "oldObject": widget(json!({}), &before),
            }
        });
        assert!(review.to_string().len() > 6 << 20, "{}", review.to_string().len());
        let answer = door.validate(&review);
        // What the old object had is told apart, so it was read too.
        assert_eq!(
            answer.denials(),
            ["metadata.labels.deny: objects/asked: it asks for it (remove `metadata.labels.deny`)"]
        );
        assert_eq!(answer.warnings().len(), 1, "{answer:?}");
        assert!(answer.warnings()[0].starts_with("objects/large (existing): spec.big: "));
        assert!(door.mutate(&review).patch.is_none());
    }
}

fn door() -> Door {
    Door::open(&fs::read_to_string(fixtures().join("policies.yaml")).unwrap())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reviews")
}

/// The reviews of a folder, by name.
fn reviews(folder: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let named = paths.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
        Some((format!("{prefix}{name}"), path.clone()))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

fn read(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What is answered. A review whose name says a stage is asked about there, any other at both.
fn answers(door: &Door, reviews: &[(String, PathBuf)]) -> Expectations {
    let mut answers = Expectations::new();
    for (name, path) in reviews {
        let review = fs::read(path).unwrap();
        let mut ask = |name: &str, stage: Stage| {
            answers.insert(format!("{name} {stage}"), Expected::of(&door.ask(stage, &review)));
        };
        match (name.strip_suffix(".mutating"), name.strip_suffix(".validating")) {
            (Some(name), _) => ask(name, Stage::Mutate),
            (_, Some(name)) => ask(name, Stage::Validate),
            (None, None) => {
                [Stage::Mutate, Stage::Validate].into_iter().for_each(|it| ask(name, it))
            }
        }
    }
    answers
}

/// Compares with the file, or writes it where somebody asks for that.
fn agree(file: &str, answers: &Expectations) {
    let path = fixtures().join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, serde_json::to_string_pretty(answers).unwrap() + "\n").unwrap();
    }
    let expected: Expectations = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (name, answer) in answers {
        assert_eq!(Some(answer), expected.get(name), "{name}");
    }
    assert_eq!(answers.len(), expected.len(), "{file} expects a review that is gone");
}
