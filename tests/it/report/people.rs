//! Reports for people: repeats of one template told together, and counts.

use super::{Folder, POLICY};

/// Five objects of one template, one of another, one that no chart wrote.
fn folder() -> Folder {
    let folder = Folder::with_policy(POLICY);
    let object = |source: &str, name: &str| {
        format!("---\n{source}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    };
    let mut text = object("", "own");
    text += &object("# Source: dish/templates/b.yaml\n", "b");
    for name in ["a1", "a2", "a3", "a4", "a5"] {
        text += &object("# Source: dish/templates/a.yaml\n", name);
    }
    folder.write("texts/a.yaml", &text);
    folder
}

#[test]
fn repeats_of_one_template_are_told_together() {
    let full = folder().report("full");
    assert_eq!(full.matches("deny[field-required]").count(), 3, "{full}");
    assert_eq!(full.matches("= note: also at ").count(), 3, "{full}");
    assert!(full.contains("= note: and 1 more of this template; `--format concise`"), "{full}");
    assert!(full.contains("7 objects in 1 file: 7 deny"), "{full}");
    assert_eq!(folder().report("concise").matches("deny[field-required]").count(), 7);
}

#[test]
fn counts_are_by_rule_and_by_owner() {
    let folder = folder();
    let stats = folder.lint_texts(&["--stats"]).stdout;
    assert_eq!(stats, folder.report("stats"));
    let file = folder.path("texts/a.yaml");
    let rows: Vec<Vec<&str>> =
        stats.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["7", "0", "0", "0", "0", "field-required"]);
    assert_eq!(rows[4], ["6", "0", "0", "0", "0", "dish"]);
    assert_eq!(rows[5], ["1", "0", "0", "0", "0", &file]);
}

#[test]
fn two_wishes_for_one_report_are_one_too_many() {
    let ran = folder().lint(&["--stats", "--format", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
}
