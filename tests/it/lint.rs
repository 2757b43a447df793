//! `portcullis lint`: odd input, exit codes, flags.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cli::run;
use crate::folder::{Folder, policy_about_config_maps};

/// A policy with one plain rule, so that these tests don't rest on what is shipped.
fn policy() -> String {
    policy_about_config_maps(&[
        "{rule: field-required, params: {field: 'metadata.labels[\"app\"]'}}",
    ])
}

const BAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bad\n";
const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n  labels: {app: a}\n";

#[test]
fn the_exit_code_says_what_the_cluster_would_say() {
    let folder = Folder::with_policy(&policy());
    let (bad, good) = (folder.write("bad.yaml", BAD), folder.write("good.yaml", GOOD));
    assert_eq!(folder.lint(&[&good]).code, 0);
    let ran = folder.lint(&[&bad, &good]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("2 objects in 2 files: 1 deny"), "{ran:?}");
}

#[test]
fn nothing_but_comments_is_no_object_and_no_mistake() {
    let folder = Folder::with_policy(&policy());
    for text in ["", "\n\n", "# nothing\n", "---\n# nothing\n---\n", "\u{feff}# a\r\n"] {
        let ran = folder.lint_with(&["-"], text);
        assert_eq!(ran.code, 0, "{text:?} {ran:?}");
        assert!(ran.stdout.contains("0 objects"), "{text:?} {ran:?}");
    }
}

#[test]
fn a_run_without_any_object_could_not_run() {
    let folder = Folder::with_policy(&policy());
    let values = folder.write("values.yaml", "image: {tag: 1.0.0}\n");
    let ran = folder.lint(&[&values]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("--allow-empty"), "{ran:?}");
    assert_eq!(folder.lint(&["--allow-empty", &values]).code, 0);
    fs::create_dir(folder.file("empty")).unwrap();
    assert_eq!(folder.lint(&[&folder.path("empty")]).code, 2);
}

#[test]
fn what_can_not_be_read_is_a_placed_finding_and_the_rest_is_judged() {
    let folder = Folder::with_policy(&policy());
    let broken = folder.write("broken.yaml", format!("{BAD}---\na: [1\n---\n{GOOD}"));
    let ran = folder.lint(&["--format", "json", &broken]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let json = ran.json();
    assert_eq!(json["summary"]["objects"], 2);
    let rules: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["field-required", "document-unreadable"]);
    let line = json["findings"][1]["location"]["line"].as_u64().unwrap();
    assert!((6..=7).contains(&line), "{line}");
}

#[test]
fn a_binary_file_is_a_placed_finding() {
    let folder = Folder::with_policy(&policy());
    for bytes in [&b"apiVersion: v1\nkind: \xff\xfe\n"[..], b"a\0b", b"\x7fELF\x01\x02\x00\x00"] {
        let binary = folder.write("binary.yaml", bytes);
        let good = folder.write("good.yaml", GOOD);
        let ran = folder.lint(&["--format", "json", &binary, &good]);
        assert_eq!(ran.code, 2, "{ran:?}");
        let json = ran.json();
        assert_eq!(json["findings"][0]["rule"], "document-unreadable", "{ran:?}");
        assert!(json["findings"][0]["location"]["file"].as_str().unwrap().ends_with("binary.yaml"));
        assert_eq!(json["summary"]["objects"], 1);
    }
}

#[test]
fn a_path_that_is_not_there_is_told_and_the_rest_is_judged() {
    let folder = Folder::with_policy(&policy());
    let bad = folder.write("bad.yaml", BAD);
    let ran = folder.lint(&["--format", "concise", &folder.path("missing.yaml"), &bad]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("missing.yaml:1:1: deny[document-unreadable]"), "{ran:?}");
    assert!(ran.stdout.contains("bad.yaml:"), "{ran:?}");
    let ran = folder.lint(&[&folder.path("*.nothing")]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_file_without_permission_is_told_and_the_rest_is_judged() {
    let folder = Folder::with_policy(&policy());
    let secret = folder.write("secret.yaml", GOOD);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&secret).is_ok() {
        // The superuser reads everything; a directory in place of a file fails for everyone.
        fs::remove_file(&secret).unwrap();
        std::os::unix::fs::symlink("/nonexistent", &secret).unwrap();
    }
    let bad = folder.write("bad.yaml", BAD);
    let ran = folder.lint(&["--format", "concise", &secret, &bad]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("secret.yaml:1:1: deny[document-unreadable]"), "{ran:?}");
    assert!(ran.stdout.contains("1 object in 1 file"), "{ran:?}");
}

#[test]
fn odd_but_legal_texts_are_judged_as_plain_ones() {
    let folder = Folder::with_policy(&policy());
    let json = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bad"}}"#;
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {json}\n- {json}\n");
    let odd = [
        ("annotations: null", BAD.replace("  name", "  annotations: null\n  name"), 1),
        ("labels: null", format!("{BAD}  labels: null\n"), 1),
        ("a tab", BAD.replace("name: bad", "name:\tbad\t"), 1),
        ("CRLF", BAD.replace('\n', "\r\n"), 1),
        ("a BOM", format!("\u{feff}{BAD}"), 1),
        ("JSON", json.to_owned(), 1),
        ("JSON, tabs", json.replace(", ", ",\n\t"), 1),
        ("a list", list, 2),
        ("an anchor", BAD.replace("name: bad", "name: &n bad\n  generateName: *n"), 1),
    ];
    for (what, text, findings) in odd {
        let ran = folder.lint_with(&["--format", "json", "-"], &text);
        assert_eq!(ran.code, 1, "{what}: {ran:?}");
        let json = ran.json();
        let found = json["findings"].as_array().unwrap();
        assert_eq!(found.len(), findings, "{what}: {ran:?}");
        assert!(found.iter().all(|it| it["rule"] == "field-required"), "{what}");
        assert_eq!(json["summary"]["objects"], findings, "{what}");
    }
}

#[test]
fn an_item_of_a_list_has_its_own_place() {
    let folder = Folder::with_policy(&policy());
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: one\n    labels: {app: a}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: two\n    labels: {other: a}\n";
    let ran = folder.lint_with(&["--format", "json", "-"], list);
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["path"], "/metadata/labels/app");
    assert_eq!(finding["subject"]["name"], "two");
    assert_eq!(
        (&finding["location"]["line"], &finding["location"]["column"]),
        (&13.into(), &5.into())
    );
    assert_eq!(finding["location"]["exact"], false);
}

#[test]
fn half_an_object_is_a_finding() {
    let folder = Folder::with_policy(&policy());
    let ran = folder.lint_with(&["--format", "concise", "-"], "kind: ConfigMap\nmetadata: {}\n");
    assert!(ran.stdout.contains("the object has no `apiVersion`"), "{ran:?}");
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_key_that_stands_twice_is_a_finding() {
    let folder = Folder::with_policy(&policy());
    let text = GOOD.replace("  name: good\n", "  name: good\n  name: better\n");
    let ran = folder.lint_with(&["--format", "json", "-"], text);
    assert_eq!(ran.code, 0, "{ran:?}");
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["rule"], "duplicate-key");
    assert_eq!(finding["location"]["line"], 5);
    assert_eq!(finding["subject"]["name"], "better");
}

#[test]
fn the_bar_can_be_lowered() {
    let folder = Folder::with_policy(&policy());
    folder.write("policy.yaml", policy().replace("spec:\n", "spec:\n  enforcement: Warn\n"));
    let bad = folder.write("bad.yaml", BAD);
    assert_eq!(folder.lint(&[&bad]).code, 0);
    assert_eq!(folder.lint(&["--fail-on", "warn", &bad]).code, 1);
    assert_eq!(folder.lint(&["--fail-on", "audit", &bad]).code, 1);
    assert_eq!(folder.lint(&["--fail-on", "medium", &bad]).code, 1);
    assert_eq!(folder.lint(&["--fail-on", "critical", &bad]).code, 0);
}

#[test]
fn a_missing_fact_is_printed_and_strict_fails() {
    let folder = Folder::with_policy(&policy());
    let scoped = policy().replace("{kinds: [ConfigMap]}", "{kinds: [ConfigMap], tiers: [ci]}");
    folder.write("policy.yaml", scoped);
    let bad = folder.write("bad.yaml", BAD);
    let ran = folder.lint(&[&bad]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("tier not known"), "{ran:?}");
    assert_eq!(folder.lint(&["--strict", &bad]).code, 1);
    assert_eq!(folder.lint(&["--tier", "ci", &bad]).code, 1);
    assert_eq!(folder.lint(&["--tier", "production", &bad]).code, 0);
}

#[test]
fn a_namespace_in_the_set_tells_its_labels() {
    let folder = Folder::with_policy(&policy());
    let scoped = policy().replace(
        "{kinds: [ConfigMap]}",
        "{kinds: [ConfigMap], namespaceSelector: {matchLabels: {team: a}}}",
    );
    folder.write("policy.yaml", scoped);
    let namespace =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: here, labels: {team: a}}\n---\n";
    let ran = folder.lint_with(&["--namespace", "here", "-"], format!("{namespace}{BAD}"));
    assert_eq!(ran.code, 1, "{ran:?}");
    folder.write("apart/bad.yaml", BAD);
    folder.write("apart/namespace.yaml", namespace);
    let ran = folder.lint(&["--namespace", "here", &folder.path("apart")]);
    assert_eq!(ran.code, 1, "in a file that is read later: {ran:?}");
    let labels = ["--namespace", "here", "--namespace-labels", "team=b,x=y", "-"];
    assert_eq!(folder.lint_with(&labels, BAD).code, 0);
    let labels = ["--namespace", "here", "--namespace-labels", "team=a", "-"];
    assert_eq!(folder.lint_with(&labels, BAD).code, 1);
}

#[test]
fn a_directory_is_searched_for_manifests() {
    let folder = Folder::with_policy(&policy());
    folder.write("tree/a/bad.yaml", BAD);
    folder.write("tree/b/bad.yml", BAD.replace("bad", "worse"));
    folder.write("tree/c/bad.json", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}"#);
    folder.write("tree/readme.md", "nothing");
    folder.write("tree/.hidden/bad.yaml", BAD);
    let ran = folder.lint(&["--format", "json", &folder.path("tree")]);
    assert_eq!(ran.json()["summary"]["objects"], 3, "{ran:?}");
    let ran = folder.lint(&["--format", "json", &folder.path("tree/*/bad.y*ml")]);
    assert_eq!(ran.json()["summary"]["objects"], 2, "{ran:?}");
}

#[test]
fn findings_stand_in_the_promised_order_and_twice_the_same() {
    let folder = Folder::with_policy(&policy());
    for name in ["b.yaml", "a.yaml"] {
        folder.write(&format!("tree/{name}"), format!("{BAD}---\n{BAD}"));
    }
    let tree = folder.path("tree");
    let first = folder.lint(&["--format", "json", &tree]);
    let places: Vec<(String, u64)> = first.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let at = &it["location"];
            let file = Path::new(at["file"].as_str().unwrap()).file_name().unwrap();
            (file.to_str().unwrap().to_owned(), at["line"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(places.len(), 4);
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(first.stdout, folder.lint(&["--format", "json", &tree]).stdout);
}

/// The object that comes first counts, wherever the other copies are.
#[test]
fn a_related_place_is_found_in_any_file() {
    let rule = "{rule: unique, params: {field: data.port}}";
    let folder = Folder::with_policy(&policy_about_config_maps(&[rule]));
    let object = |name: &str, namespace: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             data:\n  port: \"1\"\n"
        )
    };
    folder.write("tree/a.yaml", object("other", "there").replace('1', "2"));
    folder.write("tree/b.yaml", format!("# one\n{}", object("one", "here")));
    folder.write("tree/c.yaml", object("two", "here"));
    folder.write("tree/d.yaml", object("two", "here").replace('1', "3"));
    let ran = folder.lint(&["--format", "json", &folder.path("tree")]);
    let report = ran.json();
    let places: Vec<(&str, &str, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let related = &finding["related"][0];
            let file = related["location"]["file"].as_str().unwrap();
            let name = related["subject"]["name"].as_str().unwrap();
            (&file[file.len() - 6..], name, related["location"]["line"].as_u64().unwrap())
        })
        .collect();
    // What two have in common is told once, at the later of them.
    assert_eq!(places, [("b.yaml", "one", 7)], "{ran:?}");
}

#[test]
fn a_broken_policy_is_told_with_its_line_and_nothing_is_judged() {
    let folder = Folder::with_policy(&policy());
    folder.write("policy.yaml", policy().replace("rule: field-required", "rule: field-requird"));
    let bad = folder.write("bad.yaml", BAD);
    let ran = folder.lint(&[&bad]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("policy.yaml:7:"), "{ran:?}");
    assert!(ran.stderr.contains("did you mean `field-required`?"), "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_wrong_flag_says_what_is_right() {
    let ran = run(&["lint", "--fail-on", "sometimes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("possible values"), "{ran:?}");
    assert_eq!(run(&["--version"]).code, 0);
}

#[test]
fn the_exact_reader_alone_finds_the_same() {
    let lint = |flags: &[&str]| {
        run(&[&["lint", "tests/fixtures/manifests", "--format", "json"], flags].concat())
    };
    let (both, exact) = (lint(&[]), lint(&["--exact-reader"]));
    assert!(both.json()["findings"].as_array().unwrap().len() > 50, "{both:?}");
    assert_eq!(both.stdout, exact.stdout);
}

/// A file is judged before others are known, and again where they make a difference.
#[test]
fn objects_are_judged_alike_in_one_file_and_in_files_of_their_own() {
    let read = |name| fs::read_to_string(format!("tests/fixtures/manifests/{name}.yaml")).unwrap();
    let mut texts =
        ["classic", "conventions", "networks", "operator", "platform"].map(read).to_vec();
    // With devices that are defined twice.
    texts.push(read("classic").replace("name: ", "name: other-"));
    let folder = Folder::new();
    let whole = folder.write("whole.yaml", texts.join("\n---\n"));
    let apart = texts.iter().flat_map(|text| text.split("\n---"));
    for (rank, document) in apart.enumerate() {
        folder.write(&format!("apart/{rank:03}.yaml"), document);
    }
    let flags = ["--no-config", "--format", "json", "--namespace", "ska"];
    let lint = |path: &str| {
        let ran = run(&[&["lint"], &flags[..], &[path]].concat());
        let mut report = ran.json();
        let findings = report["findings"].as_array_mut().unwrap();
        // What a person sees in a file of its own: lines, who owns it, what stands twice in it.
        findings.retain(|finding| finding["rule"] != "duplicate-object");
        let mut related = 0;
        for finding in &mut *findings {
            let finding = finding.as_object_mut().unwrap();
            finding.remove("location");
            finding.remove("owner");
            for other in finding["related"].as_array_mut().unwrap() {
                related += usize::from(other["location"].take().is_object());
            }
        }
        findings.sort_by_key(ToString::to_string);
        assert!(related > 3, "{ran:?}");
        (findings.clone(), report["summary"]["skipped"].clone(), related)
    };
    let (whole, apart) = (lint(&whole), lint(&folder.path("apart")));
    assert!(whole.0.len() > 60);
    assert_eq!(whole, apart);
}

/// Texts that there is no room for are read again to be judged, for places in them, and to be fixed.
#[test]
fn what_is_left_in_its_files_is_judged_as_what_is_held() {
    let rules = policy_about_config_maps(&[
        "{rule: unique, params: {field: data.port}}",
        "{rule: field-required, params: {field: data.owner}}",
        "{rule: field-default, mutate: true, params: {field: data.level, value: info}}",
    ]);
    let settings = "apiVersion: portcullis.skao.int/v1alpha1\nkind: PolicySet\n\
                    spec: {trustRepositoryWaivers: true}\n---\n";
    let folder = Folder::with_policy(&format!("{settings}{rules}"));
    let waiver = "---\napiVersion: portcullis.skao.int/v1alpha1\nkind: Waiver\nmetadata: {name: c}\n\
                  spec:\n  policy: [plain]\n  rule: [field-required]\n  \
                  object: {kind: [ConfigMap], namespace: [ska], name: [c]}\n  \
                  owner: team-x\n  reason: old\n  ticket: SKA-1\n  until: 2999-01-01\n";
    let object = |name: &str| {
        let more = if name == "c" { waiver } else { "" };
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: ska}}\n\
             data:\n  port: \"1\"\n{more}"
        )
    };
    let margin = format!("# {}\n", "-".repeat(97)).repeat(15_000);
    let lint = |margin: &str| {
        for name in ["a", "b", "c", "d", "e", "f"] {
            folder.write(&format!("texts/{name}.yaml"), object(name) + margin);
        }
        let report = folder.lint_texts(&["--format", "json"]).stdout;
        let difference = folder.lint_texts(&["--diff"]).stdout;
        assert_eq!(difference.matches("+  level: info").count(), 6, "{difference}");
        assert!(folder.lint_texts(&["--fix"]).stderr.contains("wrote 6 fixes into 6 files"));
        (
            report,
            ["a", "f"].map(|name| folder.read(&format!("texts/{name}.yaml")).replace(margin, "")),
        )
    };
    let held = lint("# a line behind it\n");
    assert!(held.0.contains("\"waived\"") && held.0.contains("\"unique\""), "{held:?}");
    assert!(held == lint(&margin));
}
