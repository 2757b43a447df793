//! The chart, and what plays around it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::api::{until, within};
use super::release::{DENY, NAME, NAMESPACE, Release};
use crate::chart::tool;
use crate::cli::run;

/// Values that switch on all that is optional.
const ALL: &str = "{networkPolicy: {enabled: true, metricsFrom: [{namespaceSelector: {}}]}, \
    serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}, \
    certificates: {source: cert-manager, issuerRef: {name: a}}, policyFiles: {a.yaml: 'x: y'}, \
    image: {digest: 'sha256:4a5573037f358b6cdfa2f3e8a9c33a5cf11bcd1675ca72ca76fbe5bd77d0d682'}, \
    imagePullSecrets: [{name: a}], podLabels: {a: b}, podAnnotations: {c: d}, reports: {kind: openreports}, \
    traces: {collector: 'http://collector:4318', share: 0.1, headersSecret: a}, \
    nodeSelector: {e: f}, tolerations: [{operator: Exists}], defaultPolicies: false}";

fn chart() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/portcullis").to_str().unwrap().to_owned()
}

#[test]
fn the_chart_is_in_order_for_helm_and_for_our_own_policies() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.yaml");
    std::fs::write(&all, ALL).unwrap();
    let all = all.to_str().unwrap();
    let (helm, chart) = (tool("helm"), chart());
    for values in [&["--values", all][..], &[]] {
        let mut lint = std::process::Command::new(&helm);
        let ran = lint.args(["lint", "--strict", &chart]).args(values).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        let program = format!("--helm={helm}");
        let ran = run(&[&["lint", &program, "--fail-on", "audit", &chart], values].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains(" 0 deny, 0 warn, 0 audit"), "{ran:?}");
    }
}

#[test]
fn values_that_the_chart_does_not_know_are_refused() {
    for wrong in ["policySet.maxEnforcement=Block", "replica=3", "breakGlass.hold=soon"] {
        let mut template = std::process::Command::new(tool("helm"));
        let ran = template.args(["template", &chart(), "--set", wrong]).output().unwrap();
        let error = String::from_utf8(ran.stderr).unwrap();
        assert!(!ran.status.success() && error.contains("values don't meet"), "{wrong}: {error}");
    }
}

#[test]
fn pods_of_others_are_played_too() {
    let release = Release::none();
    let plane = release.plane;
    let image = "--image=artefact.skao.int/ska-web:1.0.0";
    for kind in ["deployment", "job"] {
        let ran = plane.kubectl(&["create", kind, "played", image]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    for (what, state) in [("deployment/played", "available"), ("job/played", "complete")] {
        let state = format!("--for=condition={state}");
        let ran = plane.kubectl(&["wait", "--timeout=30s", &state, what]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let ran = plane.kubectl(&["delete", "deployment/played", "job/played"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let gone = || plane.api.list("/api/v1/namespaces/default/pods").is_empty().then_some(());
    within(Duration::from_secs(30), gone).expect("the pods go");
}

#[test]
fn the_chart_brings_the_definitions_that_the_program_writes() {
    let written = run(&["schema", "crd"]);
    let brought = std::fs::read_to_string(format!("{}/files/definitions.yaml", chart())).unwrap();
    assert!(written.stdout == brought, "`portcullis schema crd` is to be written there again");
}

#[test]
fn a_correct_chart_is_let_in_by_the_whole_set_twice() {
    let release = Release::with(DENY);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cluster/correct");
    for _ in 0..2 {
        let namespace = release.plane.namespace("correct");
        let fixture = fixture.to_str().unwrap();
        let ran = release.helm(&["install", "correct", fixture, "--namespace", &namespace]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let ran = release.helm(&["status", "correct", "--namespace", &namespace]);
        assert!(ran.stdout.contains("STATUS: deployed"), "{ran:?}");
    }
}

/// The metrics that alerts and the dashboard ask for.
fn metrics_asked_for() -> BTreeSet<String> {
    let files = ["templates/prometheus-rule.yaml", "files/dashboard.json"];
    let texts = files.map(|file| std::fs::read_to_string(format!("{}/{file}", chart())).unwrap());
    let words = texts.iter().flat_map(|text| {
        text.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter_map(|word| {
            let word = word.strip_suffix("_total").unwrap_or(word);
            let word = word.strip_suffix("_bucket").unwrap_or(word);
            word.starts_with("portcullis_").then(|| word.to_owned())
        })
    });
    words.collect()
}

#[test]
fn alerts_and_the_dashboard_ask_for_metrics_that_there_are() {
    let registered = [
        include_str!("../../../src/server/metrics.rs"),
        include_str!("../../../src/cluster/metrics.rs"),
        include_str!("../../../src/cluster/audit/counts.rs"),
    ];
    let asked = metrics_asked_for();
    assert!(asked.len() > 8, "{asked:?}");
    for metric in asked {
        let name = format!("\"{}\"", metric.trim_start_matches("portcullis_"));
        assert!(registered.iter().any(|text| text.contains(&name)), "{metric}");
    }
}

#[test]
fn a_release_is_tested_upgraded_and_goes_with_all_that_it_registered() {
    let mut release = Release::with("{}");
    let ran = release.helm(&["test", NAME, "--namespace", NAMESPACE, "--timeout", "30s"]);
    assert_eq!(ran.code, Some(0), "{ran:?} {}", release.plane.kubelet.logs());
    let configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let ours = || {
        let all = release.api().list(configurations);
        all.into_iter().find(|it| it["metadata"]["name"] == NAME)
    };
    until("it has registered", ours);

    // With another cap on enforcement, nothing restarts: the set is read while the pods run.
    let before = release.ready_pods();
    release.upgrade(DENY);
    until("it is shown that policies deny", || {
        let policy = "/apis/portcullis.skao.int/v1alpha1/policies/tango-devices";
        let policy = release.api().get(policy).ok()?;
        (policy["status"]["enforcement"] == "Deny").then_some(())
    });
    assert_eq!(release.ready_pods(), before);

    release.uninstall();
    let ours = || {
        let all = release.api().list(configurations);
        all.into_iter().find(|it| it["metadata"]["name"] == NAME)
    };
    until("nothing is registered", || ours().is_none().then_some(()));
    let ran = release.plane.kubectl(&["get", "crd", "policies.portcullis.skao.int"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}
