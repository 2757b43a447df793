//! No secret leaves: a canary in every place where secrets are put, and every output searched.

use std::fmt::Write as _;
use std::fs;

use portcullis::admission::{self, Stage};
use portcullis::engine::{Engine, Facts};
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::cli::{Ran, run_with};
use crate::support::{parse, parse_all};

/// A plain word, so that no output is clean only because the word looks like a secret.
pub(crate) const CANARY: &str = "birdsong";

/// Where a secret can be, and how it is written there. The first line says what it is.
const PLACES: &[&str] = &[
    include_str!("../fixtures/canary/variables.yaml"),
    include_str!("../fixtures/canary/commands.yaml"),
    include_str!("../fixtures/canary/configuration.yaml"),
    include_str!("../fixtures/canary/secrets.yaml"),
    include_str!("../fixtures/canary/odd.yaml"),
];

/// Rules that find something on and around every one of those places.
const POLICY: &str = include_str!("../fixtures/canary/policy.yaml");

/// What must be in no output: the canary, a part of it (its first letter may be an escape), and
/// what base64 makes of it wherever it begins.
fn needles() -> Vec<String> {
    let part = &CANARY[1..];
    let mut needles = vec![part.to_owned(), part.to_uppercase()];
    for before in 0..3 {
        let encoded = base64(&[&vec![b'.'; before], CANARY.as_bytes()].concat());
        // The first and last letters depend on what stands around the canary.
        let whole = encoded.trim_end_matches('=');
        let from = [0, 2, 3][before];
        needles.push(whole[from..whole.len() - 1].to_owned());
    }
    needles
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Fails if the canary is in an output.
pub(crate) fn assert_silent(what: &str, output: &str) {
    for needle in needles() {
        if let Some(line) = output.lines().find(|line| line.contains(&needle)) {
            panic!("{what}: `{needle}` is in `{line}`");
        }
    }
}

/// The documents of the fixtures with a place in each, one text each.
fn texts() -> Vec<String> {
    let documents = PLACES.iter().flat_map(|file| file.split("\n---\n"));
    let texts: Vec<String> = documents.map(|it| format!("{}\n", it.trim())).collect();
    assert!(texts.iter().all(|it| it.starts_with('#')), "a document does not say what it is");
    texts
}

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

struct Folder(TempDir);

impl Folder {
    /// A folder with these texts in files of their own, and with the policy.
    fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("policy.yaml"), POLICY).unwrap();
        fs::create_dir(folder.path("texts")).unwrap();
        for (rank, text) in texts.into_iter().enumerate() {
            fs::write(folder.path(&format!("texts/{rank}.yaml")), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn lint(&self, format: &str) -> Ran {
        let (policy, texts) = (self.path("policy.yaml"), self.path("texts"));
        run_with(&["lint", "--format", format, "--policy", &policy, &texts], "")
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
        for format in ["full", "concise", "json"] {
            let ran = self.lint(format);
            assert_ne!(ran.code, 0, "{ran:?}");
            assert_silent(format, &ran.stdout);
            assert_silent(format, &ran.stderr);
        }
    }
}

#[test]
fn no_secret_is_in_a_report() {
    let texts = texts();
    Folder::new(texts.iter().map(String::as_str)).assert_silent();
    let others: Vec<String> = texts.iter().flat_map(|text| other_forms(text)).collect();
    assert!(others.len() > 2 * texts.len());
    Folder::new(others.iter().map(String::as_str)).assert_silent();
}

/// Otherwise the test above would see nothing: of each place a report shows the line.
#[test]
fn a_report_shows_the_lines_on_which_the_secrets_stand() {
    let texts = texts();
    let folder = Folder::new(texts.iter().map(String::as_str));
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
    let hidden = folder.lint("full").stdout.matches("•••").count();
    assert!(hidden > 3 * texts.len(), "{hidden}");
}

/// A review of an object, as the API server sends it.
fn review(object: &Json, operation: &str) -> String {
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
pub(crate) fn reviews() -> Vec<String> {
    let objects = texts();
    let objects =
        objects.iter().flat_map(|text| parse_all(text).iter().map(Json::from).collect::<Vec<_>>());
    objects.flat_map(|it| [review(&it, "CREATE"), review(&it, "UPDATE")]).collect()
}

/// The shipped policies and those of the fixtures.
pub(crate) fn engine() -> Engine {
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
    let folder = Folder::new([]);
    for stage in [&["review", "-"][..], &["review", "--mutate", "-"]] {
        let policy = folder.path("policy.yaml");
        let ran = run_with(&[stage, &["--policy", &policy]].concat(), &reviews()[0]);
        assert_eq!(ran.code, u8::from(stage.len() == 2), "{ran:?}");
        assert_silent("answer", &ran.stdout);
        assert_silent("answer", &ran.stderr);
    }
}

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
    ];
    let texts: Vec<String> = broken
        .iter()
        .flat_map(|it| [it.clone(), format!("{good}---\n{it}"), it.replace('\n', "\r\n")])
        .collect();
    let folder = Folder::new(texts.iter().map(String::as_str));
    folder.assert_silent();
    for (text, findings) in texts.iter().zip(folder.findings(texts.len())) {
        let told = findings.iter().any(|it| it["rule"] == "document-unreadable");
        assert!(told, "{text}: {findings:?}");
    }
}

/// Bodies that are no review, with the canary where it makes them none.
pub(crate) fn malformed() -> Vec<String> {
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

/// A secret that is long or odd is hidden wherever else it stands.
#[test]
fn a_secret_is_hidden_in_its_repetitions_too() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    \
        - name: a\n      image: b  # as deployed with Corvus-77x\n      env:\n        \
        - {name: DB_PASSWORD, value: Corvus-77x}\n        \
        - {name: Corvus-77x, value: 1}  # Corvus-77x\n";
    let ran = Folder::new([text]).lint("full");
    assert!(!ran.stdout.contains("Corvus"), "{}", ran.stdout);
    assert!(ran.stdout.contains("image: b  # as deployed with •••"), "{}", ran.stdout);
    assert!(ran.stdout.contains("{name: •••, value: 1}  # •••"), "{}", ran.stdout);
}

/// What is no secret stays readable, beside a secret too.
#[test]
fn what_is_no_secret_is_shown() {
    let text = include_str!("../fixtures/canary/harmless.yaml");
    let ran = Folder::new([text]).lint("full");
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

#[test]
fn the_fixtures_are_what_they_are_for() {
    for text in texts() {
        for object in parse_all(&text) {
            let json = Json::from(&object).to_string();
            let found = needles().iter().any(|needle| json.contains(needle));
            assert!(found || text.contains("not in the tree"), "{text}");
        }
    }
    let _policy = parse(POLICY.split("\n---\n").next().unwrap());
}
