//! The linter's reports.

use std::fmt::Write as _;
use std::fs;

use portcullis::report::FORMATS;
use serde_json::Value as Json;

use super::{CANARY, POLICY, assert_silent, needles, texts};
use crate::cli::{Ran, run_with};
use crate::folder::Folder;
use crate::support::parse_all;

/// The same as texts of other forms: the objects in a list, in flow style, in JSON on one line.
fn other_forms(text: &str) -> Vec<String> {
    let json: Vec<Json> = parse_all(text).iter().map(Json::from).collect();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": json});
    let indented = text.lines().fold(String::new(), |mut list, line| {
        if !line.starts_with('#') {
            let dash = if line.starts_with("apiVersion") { "- " } else { "  " };
            _ = writeln!(list, "{dash}{line}");
        }
        list
    });
    if text.contains(" &") {
        // Without the alias nothing says that the anchored text is a secret.
        return vec![text.replace('\n', "\r\n")];
    }
    let mut forms = vec![
        list.to_string(),
        serde_json::to_string_pretty(&list).unwrap(),
        json.iter().map(Json::to_string).collect::<String>(),
    ];
    if !text.contains("\n\napiVersion") {
        forms.push(format!("apiVersion: v1\nkind: List\nitems:\n{indented}"));
        forms.push(text.replace('\n', "\r\n"));
    }
    forms
}

/// A folder with these texts in files of their own, judged by the shipped policies and ours.
struct Texts(Folder);

impl Texts {
    fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let folder = Folder::with_policy(POLICY);
        for (rank, text) in texts.into_iter().enumerate() {
            folder.write(&format!("texts/{rank}.yaml"), text);
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path(name)
    }

    fn lint(&self, format: &str) -> Ran {
        self.lint_with(&["--format", format])
    }

    fn lint_with(&self, flags: &[&str]) -> Ran {
        let (policy, texts) = (self.path("policy.yaml"), self.path("texts"));
        run_with(&[&["lint", "--policy", &policy, &texts], flags].concat(), "")
    }

    /// The findings of the JSON report on each text.
    fn findings(&self, texts: usize) -> Vec<Vec<Json>> {
        let report = self.lint("json").json();
        let of_text = |rank: usize| {
            let file = self.path(&format!("texts/{rank}.yaml"));
            let findings = report["findings"].as_array().unwrap().iter();
            findings.filter(|it| it["location"]["file"] == file.as_str()).cloned().collect()
        };
        (0..texts).map(of_text).collect()
    }

    /// Fails if the canary is in any report.
    fn assert_silent(&self) {
        for format in FORMATS {
            let ran = self.lint(format.name);
            assert_ne!(ran.code, 0, "{ran:?}");
            assert_silent(format.name, &ran.stdout);
            assert_silent(format.name, &ran.stderr);
        }
        for flags in [&["--diff"][..], &["--diff", "--unsafe"]] {
            let ran = self.lint_with(flags);
            assert_silent("difference", &ran.stdout);
            assert_silent("difference", &ran.stderr);
        }
        let baseline = self.path("baseline");
        let ran = self.lint_with(&["--write-baseline", &baseline]);
        assert_silent("full, with all that is known", &ran.stdout);
        assert_silent("baseline", &fs::read_to_string(baseline).unwrap());
    }
}

#[test]
fn no_secret_is_in_a_report() {
    let texts = texts();
    Texts::new(texts.iter().map(String::as_str)).assert_silent();
    let others: Vec<String> = texts.iter().flat_map(|text| other_forms(text)).collect();
    assert!(others.len() > 2 * texts.len());
    Texts::new(others.iter().map(String::as_str)).assert_silent();
}

/// Otherwise the test above would see nothing: of each place a report shows the line.
#[test]
fn a_report_shows_the_lines_on_which_the_secrets_stand() {
    let texts = texts();
    let folder = Texts::new(texts.iter().map(String::as_str));
    for (text, findings) in texts.iter().zip(folder.findings(texts.len())) {
        let lines: Vec<&str> = text.lines().collect();
        let shown = findings.iter().any(|finding| {
            let at = |key: &str| finding["location"][key].as_u64().unwrap() as usize;
            let last = at("endLine").min(at("line") + 2).min(lines.len());
            let mut lines = lines[at("line") - 1..last].iter();
            lines.any(|line| needles().iter().any(|needle| line.contains(needle)))
        });
        assert!(shown, "no finding is on the line of\n{text}");
    }
    let policy = folder.path("policy.yaml");
    let ran =
        run_with(&["lint", "--diff", "--unsafe", "--policy", &policy, &folder.path("texts")], "");
    assert!(ran.stdout.matches("•••").count() > texts.len(), "{ran:?}");
    let hidden = folder.lint("full").stdout.matches("•••").count();
    assert!(hidden > 3 * texts.len(), "{hidden}");
}

/// Values on the line of an object may be whatever somebody keeps there.
#[test]
fn what_is_no_object_is_not_quoted() {
    let folder = Texts::new([&*format!("{OBJECT}{{\"greeting\": \"{CANARY}\"}}\n")]);
    folder.assert_silent();
    assert!(folder.lint("full").stdout.contains(&format!("{OBJECT}•••\n")));
}

/// An object on one line, with many findings.
const OBJECT: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}"#;

#[test]
fn what_can_not_be_read_is_not_quoted() {
    let good = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    let broken = [
        format!("password: {CANARY}: x\n"),
        format!("password: \"{CANARY}\n"),
        format!("data: {{password: {CANARY}\n"),
        format!("data: {{password: {CANARY}]\n"),
        format!("data: &{CANARY} [*{CANARY}]\n"),
        format!("data: !!int {CANARY}\n"),
        format!("data: !!float '{CANARY}'\n"),
        format!("data: !!binary '{CANARY}!'\n"),
        format!("data: \"\\q{CANARY}\"\n"),
        format!("data: *{CANARY}\n"),
        format!("data:\n\tpassword: {CANARY}\n"),
        format!("data: `{CANARY}`\n"),
        format!("? [{CANARY}]\n: {CANARY}\n"),
        format!("%{CANARY}\n--- {CANARY}\n"),
        format!("data: {CANARY}\u{7}\n"),
        format!("... {CANARY}\n"),
        format!("{{\"data\": \"a\" {CANARY}}}\n"),
        format!("{{\"data\": \"{CANARY}\n"),
        format!("{{\"data\": \"{CANARY}\\q\"}}\n"),
        format!("kind: {CANARY}\nmetadata: {{name: a}}\n"),
        // Behind an object that is shown, on its line.
        format!("{}{{\"data\": \"{CANARY}\n", OBJECT),
    ];
    let texts: Vec<String> = broken
        .iter()
        .flat_map(|it| [it.clone(), format!("{good}---\n{it}"), it.replace('\n', "\r\n")])
        .collect();
    let folder = Texts::new(texts.iter().map(String::as_str));
    folder.assert_silent();
    for (text, findings) in texts.iter().zip(folder.findings(texts.len())) {
        let told = findings.iter().any(|it| it["rule"] == "document-unreadable");
        assert!(told, "{text}: {findings:?}");
    }
}

/// A secret that is long or odd is hidden wherever else it stands.
#[test]
fn a_secret_is_hidden_in_its_repetitions_too() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    \
        - name: a\n      image: b  # as deployed with Corvus-77x\n      env:\n        \
        - {name: DB_PASSWORD, value: Corvus-77x}\n        \
        - {name: Corvus-77x, value: 1}  # Corvus-77x\n";
    let ran = Texts::new([text]).lint("full");
    assert!(!ran.stdout.contains("Corvus"), "{}", ran.stdout);
    assert!(ran.stdout.contains("image: b  # as deployed with •••"), "{}", ran.stdout);
    assert!(ran.stdout.contains("{name: •••, value: 1}  # •••"), "{}", ran.stdout);
}

/// The same where only a part of a value is secret, where it is written with escapes, and where the
/// API server keeps it in another form.
#[test]
fn a_secret_is_hidden_however_it_is_repeated() {
    let pod = |name: &str, value: &str, comment: &str| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata: {{name: a}}\n  spec:\n    containers:\n    \
             - name: a\n      image: b  # {comment}\n      env:\n      \
             - {{name: {name}, value: {value}}}\n"
        )
    };
    let secret =
        "- {apiVersion: v1, kind: Secret, metadata: {name: b}, stringData: {c: Corvus-77x}}\n";
    for (name, value, comment, beside) in [
        ("A_URL", "postgres://ska:Corvus-77x@db", "Corvus-77x", ""),
        ("A_TOKEN", "postgres://ska:Corvus-77x@db", "Corvus-77x", ""),
        ("A_TOKEN", r#""Cor\u0076us-77x""#, "Corvus-77x", ""),
        ("A_TOKEN", r#""Cor\u0076us-77x""#, r"Cor\u0076us-77x", ""),
        ("A_TOKEN", "$(NAME)", "Corvus-77x", secret),
        ("A_TOKEN", "$(NAME)", "Q29ydnVzLTc3eA==", secret),
    ] {
        let text =
            format!("apiVersion: v1\nkind: List\nitems:\n{beside}{}", pod(name, value, comment));
        let ran = Texts::new([&*text]).lint("full");
        assert!(ran.stdout.contains("image: b  # •••\n"), "{text}{}", ran.stdout);
    }
}

/// A change that a policy makes below a key that holds a secret is told without it, and so is what
/// it writes there.
#[test]
fn a_change_does_not_say_where_the_secret_is() {
    let policy = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: fill}\n\
                  spec:\n  scope: {kinds: [Custom]}\n  rules:\n  - rule: field-default\n    \
                  mutate: true\n    params: {field: 'spec.of[*].port', value: 80}\n";
    let text = format!(
        "apiVersion: example.org/v1\nkind: Custom\nmetadata: {{name: a}}\n\
         spec: {{of: {{'a://b:{CANARY}@c': {{host: d}}}}}}\n"
    );
    let folder = Texts::new([&*text]);
    folder.0.write("policy.yaml", policy);
    for format in FORMATS {
        let ran = folder.lint(format.name);
        assert_silent(format.name, &ran.stdout);
    }
    let changes = &folder.lint("json").json()["changes"];
    assert_eq!(changes[0]["path"], "/spec/of/a:~1~1b:•••@c/port");
    assert_eq!(changes[0]["fix"]["patch"], serde_json::json!([]));
}

/// An edit says what is there before it and what is after it.
#[test]
fn a_fix_of_a_secret_is_not_told() {
    let policy = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: none}\n\
                  spec: {rules: [{rule: field-forbidden, scope: {kinds: [Pod]}, \
                  params: {field: 'container.env[*].value'}}]}\n";
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  \
                - name: a\n    env:\n    - name: A_NAME\n      value: b\n    \
                - name: A_TOKEN\n      value: birdsong\n";
    let folder = Texts::new([text]);
    folder.0.write("policy.yaml", policy);
    let sarif = folder.lint("sarif").json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let fixes = |line: u64| {
        let on_line = |it: &&Json| {
            it["ruleId"] == "field-forbidden"
                && it["locations"][0]["physicalLocation"]["region"]["startLine"] == line
        };
        let result = results.iter().find(on_line).unwrap();
        result["fixes"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((fixes(9), fixes(11)), (1, 0), "{results:#?}");
}

/// The column is that of the file, whatever is hidden before it or cut off.
#[test]
fn the_place_behind_a_secret_is_the_right_one() {
    let long = "x".repeat(500);
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    \
         - {{name: a, env: [{{name: A_TOKEN, value: {CANARY}}}], image: \"b\"}}\n    \
         - {{name: c, env: [{{name: A, value: {long}}}], image: \"b\"}}\n"
    );
    let folder = Texts::new([&*text]);
    let file = folder.path("texts/0.yaml");
    let (full, concise) = (folder.lint("full").stdout, folder.lint("concise").stdout);
    for (line, source) in (1..).zip(text.lines()) {
        if let Some(at) = source.find("\"b\"") {
            assert!(full.contains(&format!("--> {file}:{line}:{}\n", at + 1)), "{full}");
        }
    }
    for line in concise.lines().filter(|line| line.starts_with(&file)) {
        let place = line.split(": ").next().unwrap();
        assert!(full.contains(&format!("--> {place}\n")), "{place}");
    }
}

/// What is no secret stays readable, beside a secret too.
#[test]
fn what_is_no_secret_is_shown() {
    let text = include_str!("../../fixtures/canary/harmless.yaml");
    let ran = Texts::new([text]).lint("full");
    for shown in [
        "value: tango-databaseds.demo.svc.cluster.local:10000",
        "{name: TANGO_HOST, value: \"tango-databaseds:10000\"}",
        "image: artefact.skao.int/ska-tango-images-tango-db:11.0.2",
        "image: busybox@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "- --port=10000",
        "\"mid-dish/dish-manager/SKA001\": {",
        "\"Address\": [\"10.20.30.40\"]",
        "value: tango  # the user, not the password",
        "value: •••  # of the database",
        "LOG_LEVEL: debug",
        "{name: SHELL, value: /bin/bash}, {name: API_TOKEN, value: •••}",
        "secretName: archiver-tls",
    ] {
        assert!(ran.stdout.contains(shown), "`{shown}` is not in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("value: •••  # the user"), "{}", ran.stdout);
}
