//! SARIF: OASIS's schema, and what its readers rest on.

use serde_json::{Value as Json, json};

use super::schema::assert_valid;
use super::{Folder, MANIFESTS, ids, published};
use crate::folder::policy_about_config_maps;

fn results(log: &Json) -> &Vec<Json> {
    log["runs"][0]["results"].as_array().unwrap()
}

fn result<'l>(log: &'l Json, rule: &str) -> &'l Json {
    results(log).iter().find(|it| it["ruleId"] == rule).unwrap()
}

#[test]
fn it_is_what_the_schema_asks_for() {
    let log = Folder::hostile().json("sarif");
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    if let Some(schema) = published("sarif-schema-2.1.0.json") {
        assert_valid(&serde_json::from_str(&schema).unwrap(), &log);
    }
}

#[test]
fn a_fingerprint_is_the_id_of_the_finding() {
    let folder = Folder::hostile();
    let log = folder.json("sarif");
    let fingerprint = |it: &Json| it["partialFingerprints"]["findingId/v1"].clone();
    let found: Vec<Json> = results(&log).iter().map(fingerprint).collect();
    assert_eq!(found, ids(&folder));
}

#[test]
fn a_result_names_its_rule_and_the_rule_its_page() {
    let log = Folder::hostile().json("sarif");
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    for result in results(&log) {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/markdown"] {
            assert!(!rule.pointer(text).unwrap().as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let page = rules.as_array().unwrap().iter().find(|it| it["id"] == "field-required").unwrap();
    assert!(page["help"]["markdown"].as_str().unwrap().contains("## Parameters"), "{page}");
}

#[test]
fn a_region_is_what_is_meant() {
    let log = Folder::hostile().json("sarif");
    let place = &result(&log, "field-matches")["locations"][0]["physicalLocation"];
    let expected = json!({"startLine": 9, "startColumn": 10, "endLine": 9, "endColumn": 36});
    assert_eq!(place["region"], expected);
    let line = MANIFESTS.lines().nth(8).unwrap();
    assert_eq!(place["contextRegion"]["snippet"]["text"], line);
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.ends_with("/texts/a%2Cb%3Ac%250A%20%26%3Ci%3E.yaml"), "{uri}");
    assert!(uri.starts_with("file:///"), "{uri}");
}

#[test]
fn what_a_waiver_accepts_is_suppressed() {
    let log = Folder::hostile().json("sarif");
    let suppressed: Vec<&Json> =
        results(&log).iter().filter(|it| it.get("suppressions").is_some()).collect();
    assert_eq!(suppressed.len(), 1);
    let suppression = &suppressed[0]["suppressions"][0];
    assert_eq!(suppression["status"], "accepted");
    assert_eq!(suppression["justification"], "it is & stays");
    assert_eq!(suppression["properties"]["until"], "9999-12-31");
}

#[test]
fn a_run_that_could_not_read_all_says_so() {
    let log = Folder::hostile().json("sarif");
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(result(&log, "document-unreadable")["level"], "error");
}

#[test]
fn a_fix_is_the_text_to_put_in() {
    let policy = policy_about_config_maps(&[
        "{rule: field-default, params: {field: data.level, value: info}}",
        "{rule: field-forbidden, params: {field: data.note}}",
    ]);
    let folder = Folder::with_policy(&policy);
    folder.write(
        "texts/a.yaml",
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n    data:\n      # kept\n      note: x\n",
    );
    let log = folder.json("sarif");
    let replacement =
        |rule: &str| result(&log, rule)["fixes"][0]["artifactChanges"][0]["replacements"].clone();
    let inserted = replacement("field-default");
    let at = &inserted[0]["deletedRegion"];
    assert_eq!(at["startLine"], at["endLine"]);
    assert_eq!(inserted[0]["insertedContent"]["text"], "\n      level: info");
    assert_eq!((&at["startLine"], &at["startColumn"]), (&9.into(), &14.into()));
    assert_eq!(at["startColumn"], at["endColumn"]);
    if let Some(schema) = published("sarif-schema-2.1.0.json") {
        assert_valid(&serde_json::from_str(&schema).unwrap(), &log);
    }
}

#[test]
fn the_linters_own_rules_have_a_page_as_well() {
    let folder = Folder::with_policy(&policy_about_config_maps(&["{rule: label-broken}"]));
    folder.write("texts/broken.yaml", "a: [1\n");
    folder.write(
        "texts/twice.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n",
    );
    let log = folder.json("sarif");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for (id, level) in [("document-unreadable", "error"), ("duplicate-key", "warning")] {
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
        assert_eq!(rule["defaultConfiguration"]["level"], level, "{id}");
        assert_eq!(rule["properties"]["tags"], json!(["reliability"]), "{id}");
        assert_ne!(rule["fullDescription"]["text"], "", "{id}");
    }
}
