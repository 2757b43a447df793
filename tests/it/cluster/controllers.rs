//! Kubernetes' controllers go on with what was there before the policies.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::api::{until, within};
use super::plane::Plane;
use super::program::start;
use super::release::{DENY, NAMESPACE, Release};

/// Denies pods without a label, in namespaces of these tests, and fills in what containers request.
const LATE: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: late}
spec:
  onError: Deny
  scope: {kinds: [pods], namespaces: [late-*]}
  rules:
    - {rule: label-required, params: {labels: [late]}}
    - rule: field-default
      mutate: true
      params: {field: container.resources.requests.cpu, value: 65m}
";

const IMAGE: &str = "--image=artefact.skao.int/ska-web:1.0.0";

/// Runs `kubectl` in a namespace, and fails if it does.
fn kubectl(plane: &Plane, namespace: &str, arguments: &[&str]) -> String {
    let ran = plane.kubectl(&[&["--namespace", namespace], arguments].concat());
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    ran.stdout
}

fn pods(plane: &Plane, namespace: &str, label: &str) -> Vec<Json> {
    let selector = format!("?labelSelector={}", label.replace('=', "%3D"));
    plane.api.list(&format!("/api/v1/namespaces/{namespace}/pods{selector}"))
}

fn names(pods: &[Json]) -> Vec<String> {
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// Waits until every replica denies a bare pod without the label.
fn until_denied(release: &Release, namespace: &str) {
    until("the policy acts", || {
        let run = ["--namespace", namespace, "run", "bare", IMAGE, "--dry-run=server"];
        release.plane.kubectl(&run).stderr.contains("late/label-required").then_some(())
    });
    release.until_agreed();
}

#[test]
fn what_is_older_than_the_policies_goes_on_and_can_go() {
    let release = Release::with(DENY);
    let plane = release.plane;
    let namespace = plane.namespace("late");
    kubectl(plane, &namespace, &["create", "deployment", "old", IMAGE]);
    kubectl(plane, &namespace, &["create", "job", "old", IMAGE]);
    kubectl(plane, &namespace, &["run", "old", IMAGE]);
    let wait = ["wait", "--for=condition=available", "deployment/old", "--timeout=30s"];
    kubectl(plane, &namespace, &wait);
    plane.apply(LATE);
    until_denied(&release, &namespace);

    // One ReplicaSet stays one, whatever happens to its Deployment.
    kubectl(plane, &namespace, &["annotate", "deployment/old", "edited=yes"]);
    kubectl(plane, &namespace, &["scale", "deployment/old", "--replicas=3"]);
    kubectl(plane, &namespace, &wait);
    until("there are three pods", || (pods(plane, &namespace, "app=old").len() == 3).then_some(()));
    let sets = format!("/apis/apps/v1/namespaces/{namespace}/replicasets");
    assert_eq!(plane.api.list(&sets).len(), 1);

    // Pods that break a convention come again when they are deleted: they are judged at their owner.
    let before = names(&pods(plane, &namespace, "app=old"));
    kubectl(plane, &namespace, &["delete", "pods", "--selector=app=old", "--timeout=30s"]);
    until("the pods are there again", || {
        let now = names(&pods(plane, &namespace, "app=old"));
        (now.len() == 3 && now.iter().all(|pod| !before.contains(pod))).then_some(())
    });

    // Who only says that a controller owns his pod is no controller.
    let set = plane.api.list(&sets).remove(0);
    let forged = json!({
        "metadata": {
            "name": "forged",
            "labels": {
                "app": "old",
                "app.kubernetes.io/managed-by": "DeviceServerController",
                "app.kubernetes.io/name": "deviceserver",
            },
            "ownerReferences": [{
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": set["metadata"]["name"],
                "uid": set["metadata"]["uid"],
                "controller": true,
            }],
        },
        "spec": {"containers": [{"name": "a", "image": "artefact.skao.int/ska-web:1.0.0"}]},
    });
    let pods = format!("/api/v1/namespaces/{namespace}/pods");
    let refused = plane.api.post(&pods, &forged).unwrap_err();
    assert!(refused.message.contains("late/label-required"), "{refused:?}");

    // What is old is changed without a word, and goes with its namespace.
    kubectl(plane, &namespace, &["annotate", "job/old", "edited=yes"]);
    kubectl(plane, &namespace, &["label", "pod/old", "edited=yes"]);
    let ran = plane.kubectl(&["delete", "namespace", &namespace, "--timeout=40s"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    plane.kubectl(&["delete", "policy", "late"]);
}

#[test]
fn a_waiver_of_a_deployment_covers_the_pods_of_its_replica_set() {
    let release = Release::with(DENY);
    let plane = release.plane;
    let namespace = plane.namespace("guarded");
    let deployment = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
             spec: {{containers: [{{name: a, image: 'artefact.skao.int/ska-capture:1.0.0', \
             securityContext: {{privileged: true}}}}]}}\n"
        )
    };
    plane.apply(&format!(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Waiver\nmetadata: {{name: guarded, namespace: {NAMESPACE}}}\nspec:\n  \
         policy: [security]\n  rule: [privileged-container]\n  object: {{kind: [Deployment], \
         namespace: [{namespace}], name: [capture-*]}}\n  owner: Karoo\n  reason: it reads a card\n  \
         ticket: ST-1\n  until: 2099-12-31\n"
    ));
    let try_out = |name: &str| {
        let arguments = ["create", "--dry-run=server", "--filename=-"];
        plane.kubectl_with(&arguments, &deployment(name))
    };
    until("policy and waiver act", || {
        let refused = try_out("other").stderr.contains("security/privileged-container");
        (refused && try_out("capture-a").code == Some(0)).then_some(())
    });
    release.until_agreed();

    // A pod that is made before anybody has heard of its ReplicaSet waits for that, and need not be
    // tried again. A machine that is busy with other things may be late once or twice.
    let comes_at_once = |name: &str| {
        plane.apply(&deployment(name));
        let available = format!("deployment/{name}");
        let wait = ["wait", "--for=condition=available", &available, "--timeout=30s"];
        kubectl(plane, &namespace, &wait);
        let events = plane.api.list(&format!("/api/v1/namespaces/{namespace}/events"));
        let is_about = |it: &Json| it["involvedObject"]["name"].as_str().unwrap().starts_with(name);
        !events.iter().any(|it| it["reason"] == "FailedCreate" && is_about(it))
    };
    assert!(["capture-a", "capture-b", "capture-c"].into_iter().any(comes_at_once));
    plane.kubectl(&["--namespace", NAMESPACE, "delete", "waiver", "guarded"]);
    plane.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
}

#[test]
fn a_sidecar_that_a_later_webhook_adds_gets_its_defaults() {
    let release = Release::with(DENY);
    let plane = release.plane;
    let namespace = plane.namespace("late");
    plane.apply(LATE);
    until_denied(&release, &namespace);
    let mut injector = Injector::start(plane);
    let arguments = ["create", "--dry-run=server", "--output=json", "--filename=-"];
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: meshed, namespace: {namespace}, labels: {{late: x}}}}\n\
         spec: {{containers: [{{name: web, image: 'artefact.skao.int/ska-web:1.0.0'}}]}}\n"
    );
    let meshed: Json = until("the sidecar is added", || {
        let ran = plane.kubectl_with(&arguments, &pod);
        let pod: Json = serde_json::from_str(&ran.stdout).ok()?;
        pod["spec"]["initContainers"].is_array().then_some(pod)
    });
    for list in ["containers", "initContainers"] {
        let requests = &meshed["spec"][list][0]["resources"]["requests"];
        assert_eq!(requests["cpu"], "65m", "{list}: {meshed}");
    }
    injector.end(plane);
    plane.kubectl(&["delete", "policy", "late"]);
}

/// Another webhook, called after ours because of its name, that adds a sidecar to pods. It is the
/// same program outside the cluster, so nothing is registered by a Service here.
struct Injector(std::process::Child);

const INJECTOR: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

impl Injector {
    fn start(plane: &Plane) -> Self {
        let folder = plane.path("injector");
        fs::create_dir_all(&folder).unwrap();
        let policy = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: mesh}\nspec:\n  \
            rules:\n  - rule: field-default\n    mutate: true\n    scope: {kinds: [v1/Pod]}\n    params:\n      \
            field: spec.initContainers\n      \
            value: [{name: mesh, image: 'artefact.skao.int/ska-mesh:1.0.0', restartPolicy: Always}]\n";
        fs::write(folder.join("policy.yaml"), policy).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.current_dir(&folder).env_clear();
        command.args(["serve", "--no-default-policies", "--policy=policy.yaml", "--data-dir=data"]);
        command.args(["--management=127.0.0.1:0", &format!("--listen={free}")]);
        let child = start(&mut command, &folder.join("log"));
        let authority =
            within(super::api::PATIENCE, || fs::read(folder.join("data/ca.crt")).ok()).unwrap();
        let configuration = json!({
            "metadata": {"name": "zz-injector"},
            "webhooks": [{
                "name": "injector.example.org",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "clientConfig": {
                    "url": format!("https://{free}/mutate"),
                    "caBundle": STANDARD.encode(authority),
                },
                "namespaceSelector": {"matchExpressions": [{
                    "key": "kubernetes.io/metadata.name",
                    "operator": "NotIn",
                    "values": [super::release::NAMESPACE],
                }]},
                "rules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                }],
            }],
        });
        plane.api.post(INJECTOR, &configuration).unwrap();
        Self(child)
    }

    fn end(&mut self, plane: &Plane) {
        plane.api.delete(&format!("{INJECTOR}/zz-injector")).unwrap();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
