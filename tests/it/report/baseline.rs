//! `--baseline`: what was known before stays known, and what is new is told.

use std::fs;

use serde_json::Value as Json;

use super::Folder;
use crate::cli::Ran;

const POLICY: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: plain}
spec:
  scope: {kinds: [ConfigMap, pods]}
  rules:
    - rule: field-required
      params: {field: 'metadata.labels[\"app\"]'}
    - rule: image-tag
";

const MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: demo\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: demo\n  labels: {app: a}\nspec:\n  containers:\n    - name: one\n      image: a:1.0.0\n    - name: two\n      image: nginx\n";

/// With a finding in each of two objects, and both in a baseline.
fn known() -> Folder {
    let folder = Folder::with_policy(POLICY);
    folder.write("texts/a.yaml", format!("{MAP}---\n{POD}"));
    let ran = folder.lint_texts(&["--write-baseline", &folder.path("known.json")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    folder
}

fn lint(folder: &Folder, arguments: &[&str]) -> Ran {
    folder.lint_texts(
        &[&["--baseline", &folder.path("known.json"), "--format", "json"], arguments].concat(),
    )
}

fn states(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| format!("{} {}", it["rule"], it["state"]).replace('"', "")).collect()
}

#[test]
fn what_is_known_is_shown_and_does_not_count() {
    let folder = known();
    assert_eq!(folder.lint_texts(&[]).code, 1);
    let ran = lint(&folder, &["--fail-on", "info"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(states(&ran), ["field-required existing", "image-tag existing"]);
    let summary = &ran.json()["summary"];
    assert_eq!((&summary["existing"], &summary["deny"]), (&2.into(), &0.into()));
    let ran = folder.lint_texts(&["--baseline", &folder.path("known.json")]);
    assert!(ran.stdout.contains("a.yaml:3:1: existing[field-required]"), "{ran:?}");
    assert!(ran.stdout.ends_with("0 deny, 0 warn, 0 audit, 2 existing\n"), "{ran:?}");
}

#[test]
fn it_stays_known_when_lines_move_documents_change_places_and_a_file_is_renamed() {
    let folder = known();
    fs::remove_file(folder.file("texts/a.yaml")).unwrap();
    let (first, second) = POD.split_once("    - name: one\n      image: a:1.0.0\n").unwrap();
    let pod = format!("# one\n# more\n{first}{second}    - name: one\n      image: a:1.0.0\n");
    folder.write("texts/elsewhere/b.yml", format!("{pod}---\n# two\n{MAP}"));
    let ran = lint(&folder, &[]);
    assert_eq!((ran.code, states(&ran).len()), (0, 2), "{ran:?}");
    assert!(states(&ran).iter().all(|it| it.ends_with(" existing")), "{ran:?}");
}

#[test]
fn what_is_new_counts_beside_it() {
    let folder = known();
    folder.write("texts/b.yaml", MAP.replace("settings", "others"));
    let ran = lint(&folder, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(states(&ran).last().unwrap(), "field-required new");
    let sarif =
        folder.lint_texts(&["--baseline", &folder.path("known.json"), "--format", "sarif"]).json();
    let of = |it: &Json| it["baselineState"].as_str().unwrap().to_owned();
    let found: Vec<String> =
        sarif["runs"][0]["results"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(found, ["unchanged", "unchanged", "new"]);
}

#[test]
fn what_is_gone_is_told() {
    let folder = known();
    folder.write("texts/a.yaml", MAP);
    let ran = lint(&folder, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let notice = ran.json()["summary"]["notices"][0].as_str().unwrap().to_owned();
    assert!(
        notice.starts_with("in the baseline and not found: image-tag of v1 Pod demo/web;"),
        "{notice}"
    );
    let known = folder.path("known.json");
    folder.lint_texts(&["--baseline", &known, "--write-baseline", &known]);
    assert_eq!(lint(&folder, &[]).json()["summary"]["notices"].to_string(), "[]");
}

#[test]
fn an_entry_that_denies_what_exists_goes_on_to_deny() {
    let folder = Folder::with_policy(
        &POLICY.replace("    - rule: image-tag", "    - rule: image-tag\n      existing: Deny"),
    );
    folder.write("texts/a.yaml", POD);
    folder.lint_texts(&["--write-baseline", &folder.path("known.json")]);
    let ran = lint(&folder, &[]);
    assert_eq!((ran.code, states(&ran)), (1, vec!["image-tag existing".to_owned()]), "{ran:?}");
}

#[test]
fn the_file_is_for_people_too_and_the_same_each_time() {
    let folder = known();
    let text = folder.read("known.json");
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["findings"][0]["subject"], "v1 ConfigMap demo/settings");
    assert_eq!(json["findings"][1]["path"], "/spec/containers/1/image");
    folder.lint_texts(&["--write-baseline", &folder.path("again.json")]);
    assert_eq!(folder.read("again.json"), text);
}

#[test]
fn what_can_not_be_read_is_never_known() {
    let folder = known();
    folder.write("texts/broken.yaml", "a: [1\n");
    let ran = folder.lint_texts(&["--write-baseline", &folder.path("known.json")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(lint(&folder, &[]).code, 2);
    assert!(!folder.read("known.json").contains("unreadable"));
}

#[test]
fn a_file_that_is_no_baseline_is_told() {
    let folder = known();
    for (text, told) in [
        ("{}", "missing field `version`"),
        ("{\"version\": 9, \"findings\": []}", "its version is 9, not 1"),
        ("a", "is no baseline"),
    ] {
        folder.write("known.json", text);
        let ran = lint(&folder, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains(told) && ran.stderr.contains("--write-baseline"), "{ran:?}");
    }
    fs::remove_file(folder.file("known.json")).unwrap();
    assert_eq!(lint(&folder, &[]).code, 2);
    let ran = folder.lint_texts(&["--write-baseline", &folder.path("missing/known.json")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("error: cannot write the baseline to `"), "{ran:?}");
}
