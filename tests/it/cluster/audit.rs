//! The audit of a real cluster, by the command that a person types.

use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value as Json, json};

use super::api::{Api, until};
use super::plane::Plane;
use super::release::{NAMESPACE, Release};
use crate::cli::{Ran, run};

/// How many objects the large audit judges.
const MANY: usize = 5000;

/// The definitions of the reports: stand-ins that know of no more than the names, since what is in
/// a report is checked against the published schema elsewhere.
fn definitions(group: &str, version: &str, kinds: [&str; 2]) -> String {
    let one = |kind: &str, scope: &str| {
        let plural = kind.to_lowercase() + "s";
        format!(
            "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
             metadata: {{name: {plural}.{group}, annotations: {{api-approved.kubernetes.io: unapproved}}}}\n\
             spec:\n  group: {group}\n  scope: {scope}\n  names: {{kind: {kind}, plural: {plural}}}\n\
             \x20 versions:\n  - name: {version}\n    served: true\n    storage: true\n    schema: {{openAPIV3Schema: \
             {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n"
        )
    };
    let [in_namespace, in_cluster] = kinds;
    one(in_namespace, "Namespaced") + &one(in_cluster, "Cluster")
}

/// A policy about ConfigMaps and what runs in a namespace.
const POLICY: &str = "apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: audited}
spec:
  enforcement: Warn
  scope: {namespaces: [NAMESPACE]}
  rules:
  - {rule: label-required, scope: {kinds: [v1/ConfigMap]}, params: {labels: [team]}}
  - {rule: host-namespace, enforcement: Deny}
  - {rule: unique, scope: {kinds: [v1/ConfigMap]}, params: {field: data.port, within: namespace}}
";

/// An audit by that policy alone.
struct Audit {
    plane: &'static Plane,
    policy: PathBuf,
    _folder: tempfile::TempDir,
}

impl Audit {
    fn of(plane: &'static Plane, policy: &str, namespace: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, policy.replace("NAMESPACE", namespace)).unwrap();
        Self { plane, policy: path, _folder: folder }
    }

    fn run(&self, flags: &[&str]) -> Ran {
        self.run_as(&self.plane.kubeconfig(), flags)
    }

    fn run_as(&self, kubeconfig: &Path, flags: &[&str]) -> Ran {
        let policy = self.policy.to_str().unwrap();
        let own = ["audit", "--no-default-policies", "--policy", policy];
        let whence = ["--requests-per-second=0", "--kubeconfig", kubeconfig.to_str().unwrap()];
        run(&[&own[..], &whence, flags].concat())
    }
}

/// The definitions are there, and no webhook is in the way.
fn quiet() -> Release {
    let mut release = Release::none();
    release.uninstall();
    let kinds = ["PolicyReport", "ClusterPolicyReport"];
    release.plane.apply(&definitions("wgpolicyk8s.io", "v1alpha2", kinds));
    until("reports are served", || {
        release.plane.api.get("/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports").ok()
    });
    release
}

fn namespace(api: &Api, name: &str) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    api.post("/api/v1/namespaces", &object).unwrap();
}

fn config_map(name: &str, labels: &Json, port: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels}, "data": {"port": port},
    })
}

fn reports(api: &Api, namespace: &str) -> Vec<Json> {
    let path = format!("/apis/wgpolicyk8s.io/v1alpha2/namespaces/{namespace}/policyreports");
    api.list(&path)
}

#[test]
#[expect(clippy::print_stdout, reason = "what it takes is wanted with `--nocapture`")]
fn thousands_of_objects_are_audited_and_nothing_is_written_twice() {
    let release = quiet();
    let api = &release.plane.api;
    namespace(api, "audit-many");
    thread::scope(|scope| {
        for part in 0..8 {
            scope.spawn(move || {
                for rank in (0..MANY).filter(|rank| rank % 8 == part) {
                    let labels = if rank % 20 == 0 { json!({}) } else { json!({"team": "a"}) };
                    let object = config_map(&format!("c{rank}"), &labels, &rank.to_string());
                    api.post("/api/v1/namespaces/audit-many/configmaps", &object).unwrap();
                }
            });
        }
    });
    let audit = Audit::of(release.plane, POLICY, "audit-many");
    let flags = ["--format=stats", "--write-reports=policyreport"];
    let first = audit.run(&flags);
    println!("first audit:\n{}", first.stderr);
    assert_eq!(first.code, 0, "{first:?}");
    // One of them is the certificate authority, which a controller publishes.
    let wrong = MANY / 20 + 1;
    assert!(first.stdout.contains(&format!(" 0 deny, {wrong} warn")), "{}", first.stdout);
    assert!(first.stderr.contains(&format!("{wrong} created, 0 changed, ")), "{}", first.stderr);
    assert_eq!(reports(api, "audit-many").len(), wrong);

    let second = audit.run(&flags);
    println!("second audit:\n{}", second.stderr);
    assert!(second.stderr.contains("0 created, 0 changed, 0 deleted"), "{second:?}");

    // What is put right has no report any more, and what goes takes its own with it.
    let labelled = json!({"metadata": {"labels": {"team": "b"}}});
    api.patch("/api/v1/namespaces/audit-many/configmaps/c0", &labelled).unwrap();
    api.delete("/api/v1/namespaces/audit-many/configmaps/c20").unwrap();
    let third = audit.run(&flags);
    assert!(third.stderr.contains("0 created, 0 changed"), "{third:?}");
    until("two reports are gone", || (reports(api, "audit-many").len() == wrong - 2).then_some(()));
    api.delete("/api/v1/namespaces/audit-many").unwrap();
}

#[test]
fn what_an_object_owns_is_told_at_the_object() {
    let release = quiet();
    let api = &release.plane.api;
    namespace(api, "audit-owned");
    let made = release.plane.apply(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: audit-owned}, \
          spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: \
          {app: web}}, spec: {hostNetwork: true, containers: [{name: web, image: example.org/web:1}]}}}}",
    );
    assert_eq!(made.code, Some(0));
    until("the pods are there", || {
        let pods = api.list("/api/v1/namespaces/audit-owned/pods");
        (pods.len() == 2).then_some(())
    });
    let deployment = api.get("/apis/apps/v1/namespaces/audit-owned/deployments/web").unwrap();
    let alone = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"},
        "spec": {"hostNetwork": true, "containers": [{"name": "a", "image": "example.org/a:1"}]},
    });
    api.post("/api/v1/namespaces/audit-owned/pods", &alone).unwrap();

    let audit = Audit::of(release.plane, POLICY, "audit-owned");
    let flags = ["--namespace=audit-owned", "--write-reports=policyreport"];
    let ran = audit.run(&[&flags[..], &["--format=concise"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let denied: Vec<&str> = ran.stdout.lines().filter(|it| it.contains(": deny[")).collect();
    let [deployment_line, alone_line] = denied[..] else { panic!("{ran:?}") };
    assert!(
        deployment_line.starts_with("Deployment audit-owned/web /spec/template/spec/hostNetwork: ")
    );
    assert!(alone_line.starts_with("Pod audit-owned/alone /spec/hostNetwork: "), "{ran:?}");

    let reports = reports(api, "audit-owned");
    let of = |name: &str| {
        let it = reports.iter().find(|it| it["scope"]["name"] == name);
        it.unwrap_or_else(|| panic!("{reports:#?}"))
    };
    let web = of("web");
    assert_eq!(web["metadata"]["ownerReferences"][0]["uid"], deployment["metadata"]["uid"]);
    assert_eq!(web["summary"]["fail"], 1, "{web:#}");
    assert_eq!(web["results"][0]["severity"], "high", "{web:#}");
    assert_eq!(of("alone")["summary"]["fail"], 1);
    assert!(reports.iter().all(|it| it["scope"]["kind"] != "ReplicaSet"), "{reports:#?}");
    api.delete("/api/v1/namespaces/audit-owned").unwrap();
}

#[test]
fn what_a_policy_would_deny_is_shown_and_nothing_else() {
    let release = quiet();
    let api = &release.plane.api;
    namespace(api, "audit-what-if");
    for (name, labels) in [("wrong", json!({})), ("right", json!({"team": "a"}))] {
        let object = config_map(name, &labels, name);
        api.post("/api/v1/namespaces/audit-what-if/configmaps", &object).unwrap();
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "denied"},
        "spec": {"hostNetwork": true, "containers": [{"name": "a", "image": "example.org/a:1"}]},
    });
    until("the namespace has a service account", || {
        api.post("/api/v1/namespaces/audit-what-if/pods", &pod).ok()
    });
    let audit = Audit::of(release.plane, POLICY, "audit-what-if");
    let tried = audit.policy.to_str().unwrap();
    let flags = ["--namespace=audit-what-if", "--format=concise", "--what-if", tried];
    let ran = audit.run(&flags);
    let found: Vec<&str> = ran.stdout.lines().filter(|it| it.contains('[')).collect();
    // The pod is denied already.
    let names = ["ConfigMap audit-what-if/kube-root-ca.crt", "ConfigMap audit-what-if/wrong"];
    assert_eq!(found.len(), names.len(), "{ran:?}");
    for (line, name) in found.iter().zip(names) {
        assert!(line.starts_with(name) && line.contains(": deny[label-required]"), "{line}");
    }
    assert_eq!(ran.code, 1);
    api.delete("/api/v1/namespaces/audit-what-if").unwrap();
}

#[test]
fn what_must_not_be_listed_is_said_and_secrets_never_are() {
    let release = quiet();
    let plane = release.plane;
    plane.apply(
        "{apiVersion: v1, kind: Namespace, metadata: {name: audit-rights}}\n---\n\
         {apiVersion: v1, kind: ServiceAccount, metadata: {name: auditor, namespace: audit-rights}}\n---\n\
         {apiVersion: v1, kind: Secret, metadata: {name: untold, namespace: audit-rights}}\n---\n\
         {apiVersion: v1, kind: ConfigMap, metadata: {name: seen, namespace: audit-rights}}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: auditor, namespace: \
         audit-rights}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [list]}]}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: auditor, \
         namespace: audit-rights}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: \
         auditor}, subjects: [{kind: ServiceAccount, name: auditor, namespace: audit-rights}]}\n",
    );
    let limited = limited(plane, "audit-rights", "auditor");
    let policy = "apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: audited}
spec:
  scope: {namespaces: [NAMESPACE]}
  rules: [{rule: label-required, scope: {kinds: ['*']}, params: {labels: [team]}}]
";
    let audit = Audit::of(plane, policy, "audit-rights");
    let flags = ["--namespace=audit-rights", "--format=concise"];
    let all = audit.run(&flags);
    assert!(all.stdout.contains("ServiceAccount audit-rights/auditor"), "{all:?}");
    assert!(!all.stdout.contains("Secret"), "{all:?}");

    let some = audit.run_as(&limited, &flags);
    assert!(some.stdout.contains("ConfigMap audit-rights/seen"), "{some:?}");
    assert!(!some.stdout.contains("ServiceAccount audit-rights/"), "{some:?}");
    let told = "not judged: there is no right to list and watch `v1/ServiceAccount`";
    assert!(some.stdout.contains(told), "{some:?}");
    let strict =
        audit.run_as(&limited, &[&flags[..], &["--fail-on=critical", "--strict"]].concat());
    assert_eq!(strict.code, 1, "{strict:?}");

    let none = audit.run_as(&limited, &["--namespace=default", "--format=concise"]);
    assert_eq!(none.code, 2, "{none:?}");
    let unwritten =
        audit.run_as(&limited, &[&flags[..], &["--write-reports=openreports"]].concat());
    assert_eq!(unwritten.code, 2, "{unwritten:?}");
    let told =
        "no report is written: the API server does not serve `openreports.io/v1alpha1/Report`";
    assert!(unwritten.stderr.contains(told), "{unwritten:?}");
    plane.api.delete("/api/v1/namespaces/audit-rights").unwrap();
}

/// The kubeconfig of a service account.
pub(super) fn limited(plane: &Plane, namespace: &str, account: &str) -> PathBuf {
    let token = until("there is a token", || {
        let ran = plane.kubectl(&["create", "token", account, "--namespace", namespace]);
        (ran.code == Some(0)).then_some(ran.stdout)
    });
    let text = std::fs::read_to_string(plane.kubeconfig()).unwrap();
    let path = plane.path(&format!("{namespace}-{account}.kubeconfig"));
    std::fs::write(&path, text.replace("admin-token", token.trim())).unwrap();
    path
}

#[test]
fn the_replica_that_leads_audits_again_and_again() {
    quiet();
    let release = Release::with("{audit: {interval: 1s}}");
    let api = &release.plane.api;
    namespace(api, "audit-leader");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shared"},
        "spec": {"hostNetwork": true, "containers": [{"name": "a", "image": "example.org/a"}]},
    });
    until("the pod is made", || api.post("/api/v1/namespaces/audit-leader/pods", &pod).ok());
    let report = until("there is a report", || {
        let all = reports(api, "audit-leader");
        all.into_iter().find(|it| it["scope"]["name"] == "shared")
    });
    let found = |it: &Json| it["rule"] == "image-tag" && it["result"] == "warn";
    assert!(report["results"].as_array().unwrap().iter().any(found), "{report:#}");
    api.delete_now("/api/v1/namespaces/audit-leader/pods/shared").unwrap();
    until("the report goes with the pod", || {
        reports(api, "audit-leader").iter().all(|it| it["scope"]["name"] != "shared").then_some(())
    });
    api.delete("/api/v1/namespaces/audit-leader").unwrap();
}

#[test]
fn reports_without_a_definition_are_a_condition_and_an_event() {
    let release = Release::with("{audit: {interval: 1s}, reports: {kind: openreports}}");
    let api = &release.plane.api;
    let told = |status: &str| {
        until("the condition", || {
            let path = "/apis/portcullis.skao.int/v1alpha1/policies/tango-devices";
            let conditions = api.get(path).ok()?["status"]["conditions"].as_array()?.clone();
            let is_it = |it: &Json| it["type"] == "ReportsWritten" && it["status"] == status;
            conditions.into_iter().find(is_it)
        })
    };
    let missing = told("False");
    assert_eq!(missing["reason"], "ReportsNotServed");
    let kind = "does not serve `openreports.io/v1alpha1/Report`";
    assert!(missing["message"].as_str().unwrap().contains(kind), "{missing}");
    until("the Event", || {
        let events = api.list(&format!("/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"));
        let is_it = |it: &&Json| it["reason"] == "ReportsNotServed" && it["type"] == "Warning";
        events.iter().find(is_it).map(|_| ())
    });

    release.plane.apply(&definitions("openreports.io", "v1alpha1", ["Report", "ClusterReport"]));
    assert_eq!(told("True")["reason"], "Written");
    release.plane.undefine("openreports.io", &["reports", "clusterreports"]);
    release.discard();
}
