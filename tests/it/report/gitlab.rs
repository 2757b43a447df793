//! GitLab Code Quality: the fields that its documentation names.

use serde_json::{Value as Json, json};

use super::schema::assert_valid;
use super::{Folder, HOSTILE_FILE, ids};

/// GitLab publishes no schema; this is what its documentation says.
fn documented() -> Json {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": "^[^.]|^\\.[^/]"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    })
}

#[test]
fn it_is_what_the_documentation_asks_for() {
    let report = Folder::hostile().json("gitlab");
    assert_valid(&documented(), &report);
    let path = report[0]["location"]["path"].as_str().unwrap();
    assert!(path.ends_with(HOSTILE_FILE), "{path}");
}

#[test]
fn a_fingerprint_is_the_id_and_what_is_waived_is_left_out() {
    let folder = Folder::hostile();
    let report = folder.json("gitlab");
    let found: Vec<&str> =
        report.as_array().unwrap().iter().map(|it| it["fingerprint"].as_str().unwrap()).collect();
    let all = ids(&folder);
    assert_eq!(found.len(), all.len() - 1);
    assert!(found.iter().all(|it| all.iter().any(|id| id == it)));
}

#[test]
fn every_severity_has_its_word() {
    let report = Folder::hostile().json("gitlab");
    let word = |rule: &str| {
        let all = report.as_array().unwrap();
        all.iter().find(|it| it["check_name"] == rule).unwrap()["severity"].clone()
    };
    assert_eq!(word("field-required"), "critical");
    assert_eq!(word("field-forbidden"), "minor");
    assert_eq!(word("field-matches"), "info");
}
