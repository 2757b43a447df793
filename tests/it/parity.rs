//! One verdict: a manifest as it is written and the object as a webhook receives it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use portcullis::admission::{self, Stage};
use portcullis::engine::{Engine, Facts, Finding, Namespaces, PolicySet, Report};
use portcullis::manifest::Manifest;
use portcullis::resource::KUBERNETES;
use portcullis::{policyfile, rules};
use serde_json::Value as Json;

use crate::{rule_docs, support};

/// What must be equal: everything that a person reads of a finding.
type Verdict = Vec<(String, String, String, String, String)>;

#[test]
fn a_manifest_and_the_object_made_from_it_get_one_verdict() {
    for engine in [shipped(), every_rule()] {
        let mut compared = 0;
        for folder in folders() {
            for name in pairs(&folder) {
                let read = |ending: &str| fs::read(folder.join(format!("{name}{ending}"))).unwrap();
                let manifest = String::from_utf8(read(".yaml")).unwrap();
                let mutating = read(".mutating.json");
                let validating = read(".validating.json");
                let as_written = lint(&engine, &manifest, &validating);
                let as_received = admit(&engine, &mutating, &validating);
                let only = |one: &Verdict, other: &Verdict| -> Verdict {
                    one.iter().filter(|it| !other.contains(it)).cloned().collect()
                };
                let differ = (only(&as_written, &as_received), only(&as_received, &as_written));
                assert_eq!(differ, (Vec::new(), Vec::new()), "{name}: lint, /validate");
                assert_eq!(as_written.len(), as_received.len(), "{name}");
                compared += 1;
            }
        }
        assert!(compared >= 3, "{compared}");
    }
}

#[test]
fn the_order_of_policies_changes_no_byte() {
    let mut files = policyfile::shipped().to_vec();
    let folder = &folders()[0];
    let validating = fs::read(folder.join("pod.validating.json")).unwrap();
    let answer = |files: &[policyfile::Source<'_>]| {
        let engine = policyfile::load(files, rules::ALL, &KUBERNETES).unwrap().engine;
        let reviewed = admission::review(&engine, &Facts::default(), Stage::Validate, &validating);
        reviewed.unwrap()
    };
    let first = answer(&files);
    files.reverse();
    assert_eq!(first, answer(&files));
    let middle = files.len() / 2;
    files.rotate_left(middle);
    assert_eq!(first, answer(&files));
}

/// The shipped policies, all that they find.
fn shipped() -> Engine {
    policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap().engine
}

/// Every rule with every parameters of its page, on whatever it can judge; rules about fields
/// that the API server drops, rewrites or fills; and changes.
fn every_rule() -> Engine {
    let pages = rules::ALL.iter().flat_map(|rule| {
        rule_docs::parameters(rule).into_iter().map(|params| (rule.id.to_owned(), params))
    });
    let fields = [
        "pod.spec.hostNetwork",
        "pod.spec.initContainers",
        "pod.spec.nodeSelector",
        "container.args",
        "container.env",
        "container.env[*].value",
        "container.livenessProbe",
        "container.resources.limits",
        "container.resources.requests.cpu",
        "container.securityContext.privileged",
        "metadata.annotations",
        "metadata.labels",
        "spec.selector",
        "data",
    ];
    let presence = ["field-required", "field-forbidden"]
        .into_iter()
        .flat_map(|rule| fields.map(|field| (rule.to_owned(), format!("{{field: '{field}'}}"))));
    let quantities = ["container.resources.limits.cpu", "container.resources.requests.memory"]
        .map(|field| ("field-matches".to_owned(), format!("{{field: {field}, max: '1'}}")));
    let words = [
        ("pod.spec.restartPolicy", "Never"),
        ("pod.spec.dnsPolicy", "Default"),
        ("pod.spec.serviceAccountName", "robot"),
        ("container.imagePullPolicy", "Never"),
        ("container.terminationMessagePath", "/tmp/log"),
        ("container.ports[*].protocol", "UDP"),
        ("spec.type", "LoadBalancer"),
        ("spec.sessionAffinity", "ClientIP"),
    ]
    .map(|(field, word)| {
        ("field-matches".to_owned(), format!("{{field: '{field}', oneOf: [{word}]}}"))
    });
    let judging = pages.chain(presence).chain(quantities).chain(words);
    let mut rules = String::new();
    for (index, (rule, params)) in judging.enumerate() {
        rules.push_str(&format!("  - {{id: e{index}, rule: {rule}, params: {params}}}\n"));
    }
    let filling = [
        ("container.securityContext.readOnlyRootFilesystem", "true"),
        ("pod.metadata.annotations[\"skao.int/checked\"]", "'yes'"),
        ("container.workingDir", "/work"),
    ];
    for (index, (field, value)) in filling.iter().enumerate() {
        let params = format!("{{field: '{field}', value: {value}}}");
        rules.push_str(&format!(
            "  - {{id: f{index}, rule: field-default, mutate: true, params: {params}}}\n"
        ));
    }
    let spec = format!("enforcement: Warn\nrules:\n{rules}");
    let set = PolicySet { policies: vec![support::policy("every", &spec)], ..PolicySet::default() };
    let entries = set.policies[0].rules.len();
    // What a rule refuses to judge, since no door could, is left out.
    let refused = |set: &PolicySet| match Engine::compile(set, rules::ALL, &KUBERNETES) {
        Ok(_) => Vec::new(),
        Err(flaws) => flaws,
    };
    let mut set = set;
    for flaw in refused(&set).iter().rev() {
        let index = match flaw.path.steps.get(1) {
            Some(portcullis::document::Step::Index(index)) => *index as usize,
            other => panic!("{other:?} {flaw:?}"),
        };
        set.policies[0].rules.remove(index);
    }
    assert!(set.policies[0].rules.len() * 10 > entries * 9, "{:?}", refused(&set));
    support::compile(&set)
}

/// Our own pairs, and the recorded ones where they are at hand.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = [root.join("tests/fixtures/pairs"), root.join("../shared/reviews/pairs")];
    all.into_iter().filter(|folder| folder.exists()).collect()
}

fn pairs(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.to_str()?.strip_suffix(".yaml")?.to_owned())).collect();
    names.sort();
    names
}

/// What lint says: completed with the namespace that the review names, changed, judged.
fn lint(engine: &Engine, text: &str, validating: &[u8]) -> Verdict {
    let review: Json = serde_json::from_slice(validating).unwrap();
    let manifest = Manifest::read("manifest.yaml", text);
    assert_eq!(manifest.items.len(), 1);
    let item = &manifest.items[0];
    let mut subject = manifest.subject(item);
    if review["request"]["object"]["metadata"]["namespace"].is_string() {
        let namespace = review["request"]["namespace"].as_str().map(str::to_owned);
        let identity = Arc::make_mut(&mut subject.identity);
        identity.namespace = identity.namespace.take().or(namespace);
    }
    let namespaces = Namespaces::default();
    let facts = Facts { namespaces: Some(&namespaces), ..Facts::default() };
    let changed = engine.changes(&subject, &facts, Default::default());
    let report = match &changed.object {
        None => engine.evaluate(&subject, &facts, Default::default()),
        Some(object) => engine.evaluate(&subject.with_object(object), &facts, Default::default()),
    };
    verdict(&report)
}

/// What the webhook says: the patch of `/mutate` applied, then `/validate`.
fn admit(engine: &Engine, mutating: &[u8], validating: &[u8]) -> Verdict {
    let namespaces = Namespaces::default();
    let facts = Facts { namespaces: Some(&namespaces), ..Facts::default() };
    let mutated = admission::review(engine, &facts, Stage::Mutate, mutating).unwrap();
    let answer: Json = serde_json::from_slice(&mutated.body).unwrap();
    let mut review: Json = serde_json::from_slice(validating).unwrap();
    if let Some(patch) = answer["response"]["patch"].as_str() {
        let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
    }
    let body = review.to_string();
    let report = admission::report(engine, &facts, body.as_bytes()).unwrap();
    report.as_ref().map(verdict).unwrap_or_default()
}

fn verdict(report: &Report) -> Verdict {
    let one = |it: &Finding| {
        (
            it.path.to_string(),
            format!("{}/{}", it.policy, it.entry),
            it.message.clone(),
            it.enforcement.as_str().to_owned(),
            it.id.to_string(),
        )
    };
    let mut all: Verdict = report.findings.iter().map(one).collect();
    let counts = report.outcomes.iter().fold(BTreeMap::new(), |mut counts, it| {
        *counts
            .entry((it.policy.to_string(), it.entry.to_string(), it.status.as_str()))
            .or_insert(0) += 1;
        counts
    });
    if report.passed > 0 {
        let (passed, none) = (report.passed.to_string(), String::new);
        all.push((none(), "passed".to_owned(), passed, none(), none()));
    }
    all.extend(counts.into_iter().map(|((policy, entry, status), count)| {
        (
            String::new(),
            format!("{policy}/{entry}"),
            status.to_owned(),
            count.to_string(),
            String::new(),
        )
    }));
    all.sort();
    all
}
