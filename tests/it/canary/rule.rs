//! Every rule, on what its page calls invalid, with the canary put into it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use portcullis::admission::{self, Stage};
use portcullis::document::Location;
use portcullis::engine::{Facts, Finding, Report, Rule};
use portcullis::report::{Appearance, FORMATS, Run, Shown};
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};
use serde_json::{Value as Json, json};

use super::poison::{commented, variants};
use super::review::review;
use super::{CANARY, assert_silent};
use crate::cli::run_with;
use crate::rule_docs::{Example, examples};
use crate::support::{engine, find, parse, parse_all, subject};

fn is_about_artefacts(rule: &Rule) -> bool {
    rule.kinds.iter().all(|kind| kind.starts_with("artefacts"))
}

/// The object of an example in as many versions as it has places for the canary, and so each of the
/// others that it is judged beside; and the namespaces that are known.
fn objects(example: &Example) -> Vec<Json> {
    let others = parse_all(&example.world.objects);
    let all = [parse(&example.text)].into_iter().chain(others);
    let namespaces = example.world.namespaces.iter().flatten().map(|(name, labels)| {
        let metadata = json!({"name": name, "labels": labels});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    });
    all.flat_map(|object| variants(&Json::from(&object))).chain(namespaces).collect()
}

/// A policy of one entry, about kinds that the example is of.
fn policy(rule: &Rule, example: &Example) -> String {
    let value = parse(&example.text);
    let scope = match rule.kinds.contains(&"*") {
        true => format!("scope: {{kinds: [{}]}}, ", subject(&value).identity.kind),
        false => String::new(),
    };
    format!(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {{name: poisoned}}\n\
         spec: {{{scope}rules: [{{rule: {}, params: {}}}]}}\n",
        rule.id, example.params
    )
}

/// The linter's reports on some texts, by format.
fn reports(policy: &str, texts: &[String]) -> BTreeMap<&'static str, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("policy.yaml"), policy).unwrap();
    fs::create_dir(path("texts")).unwrap();
    for (rank, text) in texts.iter().enumerate() {
        fs::write(path(&format!("texts/{rank}.yaml")), text).unwrap();
    }
    let outputs = FORMATS.iter().map(|it| format!("--output={}={}", it.name, path(it.name)));
    let (outputs, policy, texts): (Vec<String>, _, _) =
        (outputs.collect(), path("policy.yaml"), path("texts"));
    let mut arguments = vec!["lint", "--no-default-policies", "--policy", &policy, &texts];
    arguments.extend(outputs.iter().map(String::as_str));
    let ran = run_with(&arguments, "");
    assert!(ran.code <= 1 && ran.stderr.is_empty(), "{ran:?}");
    let difference = run_with(&[&arguments[..5], &["--diff", "--unsafe"]].concat(), "").stdout;
    let read = |name: &'static str| (name, fs::read_to_string(path(name)).unwrap());
    FORMATS.iter().map(|format| read(format.name)).chain([("difference", difference)]).collect()
}

/// Fails if an answer to a review of one of the objects has the canary in it.
fn assert_answers_silent(policy: &str, objects: &[Json]) {
    let source = policyfile::Source::new("policy.yaml", policy);
    let engine = policyfile::load(&[source], rules::ALL, &KUBERNETES).unwrap().engine;
    for object in objects {
        for operation in ["CREATE", "UPDATE"] {
            let review = review(object, operation);
            let answer = |stage| {
                admission::review(&engine, &Facts::default(), stage, review.as_bytes()).unwrap()
            };
            for body in [answer(Stage::Validate).body, answer(Stage::Mutate).body] {
                assert_silent(policy, std::str::from_utf8(&body).unwrap());
            }
        }
    }
}

/// Rules that find something at places where no text can stand that holds a secret.
const OF_NO_TEXT: &[&str] = &[
    "api-removed",
    "autoscaler-without-requests",
    "cluster-name-collides",
    "cluster-role",
    "container-resources",
    "default-token-mounted",
    "definition-missing",
    "field-default",
    "field-required",
    "host-namespace",
    "image-pull-policy",
    "label-default",
    "label-set-incomplete",
    "name-too-long",
    "namespace-name",
    "privileged-container",
    "probe-missing",
    "replicas-beside-autoscaler",
    "replicas-share-volume",
    "resources-absurd",
    "selector-selects-nothing",
    "service-exposed",
    "tango-database-duplicate",
    "tango-port",
    "topology-spread-default",
    "variable-default",
];

#[test]
fn no_rule_says_what_it_must_not_show() {
    let mut of_no_text = Vec::new();
    for rule in rules::ALL.iter().filter(|rule| !is_about_artefacts(rule)) {
        let mut sensitive = 0;
        for example in examples(rule, "Invalid") {
            let objects = objects(&example);
            let policy = policy(rule, &example);
            assert_answers_silent(&policy, &objects);
            let in_one_line = |object: &Json| format!("{object}\n");
            // The second form tells little that the first does not: some of it is enough.
            for (form, step) in [(commented as fn(&Json) -> String, 1), (in_one_line, 5)] {
                let texts: Vec<String> = objects.iter().step_by(step).map(form).collect();
                let reports = reports(&policy, &texts);
                for (format, report) in &reports {
                    assert_silent(&format!("{} as {format}", rule.id), report);
                }
                // On every line of the first form, and beside everything in the second.
                let json: Json = serde_json::from_str(&reports["json"]).unwrap();
                let findings = json["findings"].as_array().unwrap();
                let found = findings.iter().any(|it| it["rule"] == rule.id);
                assert!(found || step > 1, "{}", rule.id);
                for finding in findings.iter() {
                    // A patch may say what its path or its finding does not.
                    let is_masked = finding["path"].as_str().unwrap().contains("•••");
                    assert!(!is_masked || finding["sensitive"] == true, "{finding}");
                    assert!(finding["sensitive"] == false || finding["fix"].is_null(), "{finding}");
                }
                sensitive += findings.iter().filter(|it| it["sensitive"] == true).count();
            }
        }
        if sensitive == 0 {
            of_no_text.push(rule.id);
        }
    }
    assert_eq!(of_no_text, OF_NO_TEXT);
}

/// The linter takes no artefacts, so that their reports are made by hand.
#[test]
fn no_rule_about_artefacts_says_what_it_must_not_show() {
    for rule in rules::ALL.iter().filter(|rule| is_about_artefacts(rule)) {
        for example in examples(rule, "Invalid") {
            let engine = engine(rule.id, &example.params);
            let mut found = 0;
            for artefact in objects(&example) {
                let text = artefact.to_string();
                let value = parse(&text);
                let report = example.world.judge_subject(&engine, &subject(&value));
                found += report.findings.len();
                let run = run_of(report);
                for format in FORMATS {
                    let rendered = (format.render)(&run, Appearance::default());
                    assert_silent(&format!("{} as {}", rule.id, format.name), &rendered);
                }
            }
            assert!(found > 0, "{}", rule.id);
        }
    }
}

/// A report as a door of lines would hand it on.
fn run_of(report: Report) -> Run {
    let subject = report.subject;
    let shown = |finding: Finding| Shown {
        subject: Some(Arc::clone(&subject)),
        location: Location {
            file: "artefact.json".into(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            exact: false,
        },
        related: Vec::new(),
        owner: None,
        snippet: None,
        edits: Vec::new(),
        rendered: None,
        finding,
    };
    let mut run = Run::default();
    run.findings.extend(report.findings.into_iter().map(shown));
    run
}

/// What a rule says of a value may tell a letter of it.
#[test]
fn of_a_secret_only_that_it_is_wrong_is_said() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{{name}: Bird}}}}\n\
             spec: {{containers: [{{name: a, env: [{{name: {name}, value: Bird}}]}}]}}\n"
        )
    };
    let params = "{field: 'container.env[*].value', format: dns-label}";
    let said = |name: &str| find("field-matches", params, &pod(name))[0].clone();
    assert!(
        said("A_NAME").ends_with("is `Bird`, which is not a DNS label: it has upper-case letters"),
        "{}",
        said("A_NAME")
    );
    assert!(said("A_TOKEN").ends_with("is `•••`, which is not a DNS label"), "{}", said("A_TOKEN"));
}

/// A name that the policy lets stand for any is whatever somebody wrote.
#[test]
fn a_name_that_holds_a_secret_is_not_said() {
    let variable = format!("a://b:{CANARY}@c");
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n\
         spec: {{containers: [{{name: a, env: [{{name: '{variable}', value: 10.0.0.1:10000}}]}}]}}\n"
    );
    let found = find("tango-host-form", "{names: ['*']}", &pod);
    assert_eq!(
        found,
        ["/spec/containers/0/env/0/value: `a://b:•••@c` is an IP address, which does not stay"]
    );
}
