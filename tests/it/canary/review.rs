//! Answers to reviews, without a socket.

use std::fs;

use portcullis::admission::{self, Stage};
use portcullis::engine::{Engine, Facts};
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};
use serde_json::Value as Json;

use super::{CANARY, POLICY, assert_silent, texts};
use crate::cli::run_with;
use crate::support::parse_all;

/// A review of an object, as the API server sends it.
pub(super) fn review(object: &Json, operation: &str) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
    let old = if operation == "UPDATE" { object.clone() } else { Json::Null };
    serde_json::json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": text("/kind")},
            "name": text("/metadata/name"),
            "namespace": "demo",
            "operation": operation,
            "userInfo": {"username": "somebody"},
            "object": object,
            "oldObject": old,
        }
    })
    .to_string()
}

/// Reviews of all objects of the fixtures.
pub(super) fn reviews() -> Vec<String> {
    let objects = texts();
    let objects =
        objects.iter().flat_map(|text| parse_all(text).iter().map(Json::from).collect::<Vec<_>>());
    objects.flat_map(|it| [review(&it, "CREATE"), review(&it, "UPDATE")]).collect()
}

/// The shipped policies and those of the fixtures.
pub(super) fn engine() -> Engine {
    let mut sources = policyfile::shipped().to_vec();
    sources.push(policyfile::Source::new("policy.yaml", POLICY));
    policyfile::load(&sources, rules::ALL, &KUBERNETES).unwrap().engine
}

#[test]
fn no_secret_is_in_an_answer_to_a_review() {
    let engine = engine();
    let mut denied = 0;
    for review in reviews() {
        for stage in [Stage::Validate, Stage::Mutate] {
            let facts = Facts::default();
            let reviewed = admission::review(&engine, &facts, stage, review.as_bytes()).unwrap();
            denied += usize::from(!reviewed.allowed);
            assert_silent("answer", std::str::from_utf8(&reviewed.body).unwrap());
            assert_silent("summary", &format!("{:?}", reviewed.summary));
        }
    }
    assert!(denied * 4 > reviews().len(), "{denied}");
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(&policy, POLICY).unwrap();
    for stage in [&["review", "-"][..], &["review", "--mutate", "-"]] {
        let ran =
            run_with(&[stage, &["--policy", policy.to_str().unwrap()]].concat(), &reviews()[0]);
        assert_eq!(ran.code, u8::from(stage.len() == 2), "{ran:?}");
        assert_silent("answer", &ran.stdout);
        assert_silent("answer", &ran.stderr);
    }
}

/// Bodies that are no review, with the canary where it makes them none.
pub(super) fn malformed() -> Vec<String> {
    let review = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":"#;
    let request = r#""uid":"a","operation":"CREATE","kind":{"version":"v1","kind":"Pod"}"#;
    let mut bodies = vec![
        format!("{{\"data\": \"{CANARY}"),
        format!("{{\"data\": {CANARY}}}"),
        format!("\"{CANARY}\""),
        format!("{review}\"{CANARY}\"}}"),
        format!("{review}{{{request}}}}} {CANARY}"),
        format!("{review}{{{request},\"object\":\"{CANARY}\"}}}}"),
        format!("{review}{{{request},\"object\":{{\"data\":\"{CANARY}\\q\"}}}}}}"),
        format!("{review}{{{request},\"object\":{{\"data\":{CANARY}}}}}}}"),
    ];
    for field in ["uid", "kind", "operation", "userInfo", "name", "namespace", "subResource"] {
        for value in
            [format!("\"{CANARY}\""), format!("[\"{CANARY}\"]"), format!("{{\"{CANARY}\": 1}}")]
        {
            // Whoever sends a name gets it back.
            if !(value.starts_with('"')
                && matches!(field, "name" | "namespace" | "subResource" | "uid"))
            {
                bodies.push(format!("{review}{{{request},\"{field}\":{value}}}}}"));
            }
        }
    }
    bodies
}

#[test]
fn what_is_no_review_is_not_quoted() {
    for body in malformed() {
        let ran = run_with(&["review", "-"], &body);
        // serde takes a list for a struct, and a field that it does not know.
        if !body.contains("\"userInfo\"") {
            assert_eq!(ran.code, 2, "{body}: {ran:?}");
            assert!(ran.stderr.contains("AdmissionReview"), "{body}: {ran:?}");
        }
        assert_silent(&body, &ran.stderr);
        assert_silent(&body, &ran.stdout);
    }
}
