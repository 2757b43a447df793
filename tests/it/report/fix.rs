//! `--fix`: what is written into files, and what is left as it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{Folder, POLICY as HOSTILE};
use crate::cli::run_with;
use crate::folder::policy_about_config_maps;
use crate::support::parse_all;

/// Safe: a label, a level, and a change that the cluster would make itself. Unsafe: no note.
fn policy() -> String {
    let label = |name: &str| {
        format!(
            "{{id: {name}, rule: field-default, params: {{field: 'metadata.labels[\"{name}\"]', value: unknown}}}}"
        )
    };
    policy_about_config_maps(&[
        &label("team"),
        &label("app"),
        "{id: level, rule: field-default, mutate: true, params: {field: data.level, value: info}}",
        "{id: note, rule: field-forbidden, params: {field: data.note}}",
    ])
}

const BEFORE: &str = "\
# one
apiVersion: v1
kind: ConfigMap
metadata: # of it
  name: 'a'   # quoted
data:
  zeta: \"1\"
  # before the note
  note: x  # beside it
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, labels: {team: \"x\"}}
  data: {level: debug}
";

const AFTER: &str = "\
# one
apiVersion: v1
kind: ConfigMap
metadata: # of it
  name: 'a'   # quoted
  labels:
    app: unknown
    team: unknown
data:
  zeta: \"1\"
  # before the note
  note: x  # beside it
  level: info
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, labels: {team: \"x\", app: unknown}}
  data: {level: debug}
";

fn folder(text: &str) -> Folder {
    let folder = Folder::with_policy(&policy());
    folder.write("texts/a.yaml", text);
    folder
}

#[test]
fn safe_fixes_are_written_and_nothing_else_is_touched() {
    let folder = folder(BEFORE);
    let ran = folder.lint_texts(&["--fix", "--format", "json"]);
    assert_eq!(folder.read("texts/a.yaml"), AFTER);
    assert_eq!(ran.stderr, "wrote 4 fixes into 1 file\n");
    let report = ran.json();
    let left: Vec<&Json> =
        report["findings"].as_array().unwrap().iter().map(|it| &it["rule"]).collect();
    assert_eq!(left, ["field-forbidden"], "{ran:?}");
    assert_eq!(report["changes"].to_string(), "[]");
    assert_eq!(ran.code, 1);
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = folder(BEFORE);
    folder.lint_texts(&["--fix"]);
    let modified = fs::metadata(folder.file("texts/a.yaml")).unwrap().modified().unwrap();
    let ran = folder.lint_texts(&["--fix"]);
    assert_eq!((folder.read("texts/a.yaml").as_str(), ran.stderr.as_str()), (AFTER, ""));
    assert_eq!(fs::metadata(folder.file("texts/a.yaml")).unwrap().modified().unwrap(), modified);
    assert_eq!(folder.lint_texts(&["--diff"]).stdout, "");
}

#[test]
fn unsafe_ones_only_if_asked_for() {
    let folder = folder(BEFORE);
    let ran = folder.lint_texts(&["--fix", "--unsafe"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!folder.read("texts/a.yaml").contains("note: x"));
    assert!(folder.read("texts/a.yaml").contains("  # before the note\n"));
    assert_eq!(folder.lint_texts(&["--unsafe"]).code, 2);
    assert_eq!(folder.lint_texts(&["--fix", "--diff"]).code, 2);
}

#[test]
fn a_difference_is_shown_and_nothing_is_written() {
    let folder = folder(BEFORE);
    let ran = folder.lint_texts(&["--diff"]);
    let file = folder.path("texts/a.yaml");
    let expected = format!(
        "--- {file}\n+++ {file}\n@@ -3,15 +3,19 @@\n kind: ConfigMap\n metadata: # of it\n   \
         name: 'a'   # quoted\n+  labels:\n+    app: unknown\n+    team: unknown\n data:\n"
    );
    assert!(ran.stdout.starts_with(&expected), "{ran:?}");
    let flow = "-  metadata: {name: b, labels: {team: \"x\"}}\n+  metadata: {name: b, labels: {team: \"x\", app: unknown}}\n";
    assert!(ran.stdout.contains(flow), "{ran:?}");
    assert_eq!(folder.read("texts/a.yaml"), BEFORE);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_difference_hides_what_must_not_be_shown() {
    let secret = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  password: birdsong\n  token: \"birdsong-77\"\n";
    let ran = folder(secret).lint(&["--diff"]);
    assert!(ran.stdout.contains("+  level: info\n"), "{ran:?}");
    assert!(ran.stdout.contains("   password: •••\n"), "{ran:?}");
    assert!(!ran.stdout.contains("birdsong"), "{ran:?}");
}

#[test]
fn the_standard_input_is_never_fixed() {
    let folder = folder("");
    let policy = folder.path("policy.yaml");
    let fixed = ["lint", "--no-default-policies", "--policy", &policy, "-"];
    let ran = run_with(&[&fixed[..], &["--fix"]].concat(), BEFORE);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("can't be fixed"), "{ran:?}");
    let ran = run_with(&[&fixed[..], &["--diff"]].concat(), BEFORE);
    assert!(ran.stdout.starts_with("--- <stdin>\n"), "{ran:?}");
}

#[test]
fn what_could_be_written_in_two_ways_is_left_and_told() {
    let aliased = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: &m\n    name: a\n  data: {level: x}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: *m\n  data: {level: x}\n";
    let folder = folder(aliased);
    let ran = folder.lint_texts(&["--fix"]);
    assert!(ran.stderr.contains("not fixed, since there is no one way to write it: "), "{ran:?}");
    assert!(ran.stderr.contains("a.yaml:6:3: field-default\n"), "{ran:?}");
    assert!(folder.read("texts/a.yaml").contains("  metadata: *m\n"));
}

#[test]
fn fixes_that_undo_each_other_leave_the_file() {
    let policy = policy().replace("field: data.note", "field: data.level");
    let folder = Folder::with_policy(&policy.replace("      mutate: true\n", ""));
    folder.write("texts/a.yaml", BEFORE);
    let ran = folder.lint_texts(&["--fix", "--unsafe"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("undo each other; it is as it was"), "{ran:?}");
    assert_eq!(folder.read("texts/a.yaml"), BEFORE);
}

#[test]
fn what_is_waived_is_not_fixed() {
    let folder = Folder::with_policy(HOSTILE);
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: waived, namespace: demo, labels: {app: a}}\ndata:\n  note: x\n  k: v\n";
    folder.write("texts/a.yaml", text);
    folder.write("texts/b.yaml", text.replace("waived", "other"));
    folder.lint_texts(&["--fix", "--unsafe"]);
    assert_eq!(folder.read("texts/a.yaml"), text);
    assert_eq!(
        folder.read("texts/b.yaml"),
        text.replace("waived", "other").replace("  note: x\n", "")
    );
}

#[test]
fn a_file_that_can_not_be_written_is_told() {
    let folder = folder("");
    fs::remove_file(folder.file("texts/a.yaml")).unwrap();
    fs::create_dir(folder.file("texts/locked")).unwrap();
    folder.write("texts/locked/a.yaml", BEFORE);
    // A folder in place of the draft's every name: whoever runs the tests may write anywhere.
    for number in 0..100 {
        let draft = format!("texts/locked/.a.yaml.{}-{number}", std::process::id());
        fs::create_dir(folder.file(&draft)).unwrap();
    }
    let ran = folder.lint_texts(&["--fix"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("error: cannot write `"), "{ran:?}");
    assert_eq!(folder.read("texts/locked/a.yaml"), BEFORE);
}

/// Adds a field to every object, in a map that there is not and in one that there is.
const EVERYWHERE: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: everywhere}
spec:
  rules:
    - id: label
      rule: field-default
      scope: {kinds: ['*/*/*']}
      params: {field: 'metadata.annotations[\"skao.int/checked\"]', value: \"yes: # no\"}
    - id: token
      rule: field-default
      scope: {kinds: [pods]}
      params: {field: pod.spec.automountServiceAccountToken, value: false}
";

fn comments(text: &str) -> Vec<&str> {
    let comment = |line: &'_ str| line.find(" #").or((line.starts_with('#')).then_some(0));
    text.lines().filter_map(|line| line.get(comment(line)?..)).collect()
}

fn manifests(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "yaml" || it == "json"));
    files.sort();
    files
}

/// On our own manifests, and on the corpus where it is: comments stay, a second run is empty, and
/// the object is what the patches make of it.
#[test]
fn fixing_the_corpus_changes_what_the_patches_say_and_nothing_else() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["manifests", "canary", "pairs", "defaults"] {
        let found = manifests(&root.join("tests/fixtures").join(folder));
        assert!(!found.is_empty(), "{folder}");
        files.extend(found);
    }
    for corpus in ["../shared/corpus", "../../shared/corpus"] {
        files.extend(manifests(&root.join(corpus)));
    }
    let mut fixed = 0;
    for file in files {
        let before = fs::read_to_string(&file).unwrap();
        let folder = Folder::with_policy(EVERYWHERE);
        let name = format!("texts/{}", file.file_name().unwrap().to_str().unwrap());
        folder.write(&name, &before);
        let report = folder.lint_texts(&["--format", "json", "--allow-empty"]).json();
        let expected = patched(&before, &report);
        let ran = folder.lint_texts(&["--fix", "--allow-empty"]);
        let after = folder.read(&name);
        let wanted: Vec<&str> = comments(&before);
        let kept: Vec<&str> =
            comments(&after).into_iter().filter(|it| !it.contains("# no\"")).collect();
        assert_eq!(kept, wanted, "{name}");
        if !ran.stderr.contains("not fixed") {
            assert_eq!(objects(&after), expected, "{name}");
        }
        folder.lint_texts(&["--fix", "--allow-empty"]);
        assert_eq!(folder.read(&name), after, "{name}");
        fixed += usize::from(before != after);
    }
    assert!(fixed > 4, "{fixed}");
}

fn objects(text: &str) -> Vec<Json> {
    parse_all(text).iter().map(Json::from).collect()
}

/// The documents with the patches of a report's fixes.
fn patched(text: &str, report: &Json) -> Vec<Json> {
    let mut documents = objects(text);
    let mut all: Vec<(String, &mut Json)> = Vec::new();
    documents.iter_mut().for_each(|it| unfold("", it, &mut all));
    for finding in report["findings"].as_array().unwrap() {
        let Some(patch) = finding.get("fix").filter(|fix| !fix.is_null()) else { continue };
        let patch: json_patch::Patch = serde_json::from_value(patch["patch"].clone()).unwrap();
        let subject = &finding["subject"];
        let is_it = |(kind, object): &&mut (String, &mut Json)| {
            *kind == subject["kind"].as_str().unwrap()
                && object["metadata"]["name"].as_str().unwrap_or_default() == subject["name"]
                && object["metadata"]["namespace"] == subject["namespace"]
                && !has(object, &patch)
        };
        let (_, object) = all.iter_mut().find(is_it).unwrap_or_else(|| panic!("{finding}"));
        json_patch::patch(object, &patch).unwrap();
    }
    documents
}

/// The objects of a document with their kinds; in the list of one kind they may leave it out.
fn unfold<'j>(list: &str, object: &'j mut Json, all: &mut Vec<(String, &'j mut Json)>) {
    let kind = object["kind"].as_str().unwrap_or(list).to_owned();
    match kind.strip_suffix("List") {
        Some(list) if object["items"].is_array() => {
            let items = object["items"].as_array_mut().unwrap();
            items.iter_mut().for_each(|it| unfold(list, it, all));
        }
        _ => all.push((kind, object)),
    }
}

/// Whether a patch that adds has been applied already: two objects may have one name.
fn has(object: &Json, patch: &json_patch::Patch) -> bool {
    let mut again = object.clone();
    json_patch::patch(&mut again, patch).is_ok() && again == *object
}
