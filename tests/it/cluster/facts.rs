//! Facts by watches on a real API server.

use std::sync::{Arc, Mutex};

use portcullis::cluster::Door;
use portcullis::cluster::discovery::Served;
use portcullis::cluster::facts::{Facts, Why};
use portcullis::engine::{self, Engine, Known, Subject};
use serde_json::json;

use super::api::{Api, until};
use super::audit::limited;
use super::release::Release;
use crate::support::{compile, parse, set};

/// A door that remembers what it was last told.
#[derive(Default)]
struct Ear(Mutex<Known>);

impl Door for Ear {
    fn replace(&self, _: Arc<Engine>, known: Known) -> Result<(), String> {
        *self.0.lock().unwrap() = known;
        Ok(())
    }

    fn learn(&self, _: &Arc<Engine>, known: Known) {
        *self.0.lock().unwrap() = known;
    }
}

impl Ear {
    /// What a ConfigMap of the namespace with this port is told, in a few words.
    fn says(&self, engine: &Engine, namespace: &str, port: &str) -> String {
        let known = self.0.lock().unwrap().clone();
        let text = format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: judged, namespace: {namespace}}}, \
             data: {{port: '{port}'}}}}"
        );
        let object = parse(&text);
        let facts = known.facts(jiff::Timestamp::now());
        let subject = Subject::of_object(&object).unwrap();
        let report = engine.evaluate(&subject, &facts, engine::Budget::default());
        let reasons = report.outcomes.iter().filter_map(|it| it.reason.clone());
        let findings = report.findings.iter().map(|it| it.message.clone());
        findings.chain(reasons).collect::<Vec<_>>().join("; ")
    }

    fn labels(&self, namespace: &str) -> Option<String> {
        let known = self.0.lock().unwrap().clone();
        known.namespaces?.labels.get(namespace)?.get("team").cloned()
    }
}

fn engine() -> Arc<Engine> {
    let spec =
        "{rules: [{rule: unique, params: {field: data.port}, scope: {kinds: [v1/ConfigMap]}}]}";
    Arc::new(compile(&set(&[("facts", spec)])))
}

fn config_map(name: &str, port: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"port": port},
    })
}

#[test]
fn facts_follow_the_cluster_through_a_restart_of_the_api_server() {
    let mut release = Release::none();
    release.uninstall();
    let (plane, path) = (release.plane, "/api/v1/namespaces/facts/configmaps");
    plane.apply("{apiVersion: v1, kind: Namespace, metadata: {name: facts, labels: {team: a}}}");
    plane.api.post(path, &config_map("first", "1")).unwrap();

    let (engine, ear) = (engine(), Arc::new(Ear::default()));
    let facts = Arc::new(Facts::new(plane.api.client()));
    let known = Api::wait(async {
        let served = Served::ask(plane.api.client()).await.unwrap();
        facts.prepare(&engine, &served).await
    });
    ear.replace(Arc::clone(&engine), known).unwrap();
    assert!(ear.says(&engine, "facts", "1").contains("as in ConfigMap `facts/first`"));
    assert_eq!(ear.labels("facts").as_deref(), Some("a"));
    assert_eq!(facts.gaps(), []);
    Api::wait(async { facts.follow(Arc::clone(&engine), Arc::clone(&ear) as Arc<dyn Door>) });

    plane.api.post(path, &config_map("second", "2")).unwrap();
    plane.api.delete(&format!("{path}/first")).unwrap();
    until("changes are told", || {
        let is_gone = ear.says(&engine, "facts", "1").is_empty();
        (is_gone && !ear.says(&engine, "facts", "2").is_empty()).then_some(())
    });

    plane.stop_server();
    assert!(!ear.says(&engine, "facts", "2").is_empty());
    plane.start_server();
    until("the server takes objects", || plane.api.post(path, &config_map("third", "3")).ok());
    plane.api.delete(&format!("{path}/second")).unwrap();
    let relabelled = json!({"metadata": {"labels": {"team": "b"}}});
    plane.api.patch("/api/v1/namespaces/facts", &relabelled).unwrap();
    until("what changed after the restart is told", || {
        let is_gone = ear.says(&engine, "facts", "2").is_empty();
        let is_known = !ear.says(&engine, "facts", "3").is_empty();
        (is_gone && is_known && ear.labels("facts").as_deref() == Some("b")).then_some(())
    });
    let size = facts.size().unwrap();
    assert!(size.objects >= 1 && size.bytes > 0 && size.kinds == 1, "{size:?}");
    plane.api.delete("/api/v1/namespaces/facts").unwrap();
}

#[test]
fn a_kind_that_is_forbidden_is_a_gap_until_it_is_allowed() {
    let mut release = Release::none();
    release.uninstall();
    let plane = release.plane;
    plane.apply(
        "{apiVersion: v1, kind: Namespace, metadata: {name: facts-rights}}\n---\n\
         {apiVersion: v1, kind: ServiceAccount, metadata: {name: reader, namespace: facts-rights}}\n---\n\
         {apiVersion: v1, kind: ConfigMap, metadata: {name: seen, namespace: facts-rights}, data: \
         {port: '9'}}\n",
    );
    let reader = Api::new(&limited(plane, "facts-rights", "reader"));
    let (engine, ear) = (engine(), Arc::new(Ear::default()));
    let facts = Arc::new(Facts::new(reader.client()));
    let known = Api::wait(async {
        let served = Served::ask(plane.api.client()).await.unwrap();
        facts.prepare(&engine, &served).await
    });
    ear.replace(Arc::clone(&engine), known).unwrap();
    Api::wait(async { facts.follow(Arc::clone(&engine), Arc::clone(&ear) as Arc<dyn Door>) });
    let kinds: Vec<_> = facts.gaps().into_iter().map(|gap| (gap.kind, gap.why)).collect();
    let forbidden = ["v1/ConfigMap", "v1/Namespace"];
    assert_eq!(kinds, forbidden.map(|kind| (kind.to_owned(), Why::Forbidden)));
    let skipped = ear.says(&engine, "facts-rights", "9");
    assert_eq!(skipped, "the other objects not known: there is no right to list `ConfigMap`");

    plane.apply(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: facts-reader}, \
         rules: [{apiGroups: [''], resources: [configmaps, namespaces], verbs: [list, watch]}]}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: \
         facts-reader}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \
         facts-reader}, subjects: [{kind: ServiceAccount, name: reader, namespace: facts-rights}]}\n",
    );
    until("the gap is closed", || {
        let is_known = ear.says(&engine, "facts-rights", "9").contains("facts-rights/seen");
        (is_known && facts.gaps().is_empty()).then_some(())
    });
    plane.api.delete("/api/v1/namespaces/facts-rights").unwrap();
    plane.kubectl(&["delete", "clusterrole,clusterrolebinding", "facts-reader"]);
}
