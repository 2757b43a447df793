//! What still works when Portcullis does not, in part or at all, and when the API server does not.

use std::thread;
use std::time::Duration;

use serde_json::json;

use super::admit::pod;
use super::api::until;
use super::load::Load;
use super::release::{DENY, NAME, NAMESPACE, Release};
use super::strict::{PREFIX, create, denied_for, forget, require};

const BOOTSTRAP: &str = "{policySet: {maxEnforcement: Deny, bootstrapNamespaces: [early]}}";

fn scale(release: &Release, replicas: usize) {
    let replicas = format!("--replicas={replicas}");
    let place = ["--namespace", NAMESPACE, "deployment", NAME];
    let ran = release.plane.kubectl(&[&["scale", &replicas][..], &place].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn without_a_replica_the_cluster_starts_works_and_recovers() {
    let release = Release::with(BOOTSTRAP);
    let plane = release.plane;
    plane.kubectl(&["create", "namespace", "early"]);
    let namespace = plane.namespace("closed");
    // Pods and namespaces fail closed.
    plane.apply(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: closed}\nspec:\n  \
         onError: Deny\n  rules: [{rule: image-tag}, {rule: namespace-name}]\n  \
         scope: {kinds: [pods, v1/Namespace]}\n",
    );
    let image = "artefact.skao.int/ska-web:1.0.0";
    let dry = |namespace: &str| {
        let arguments = ["create", "--dry-run=server", "--filename=-"];
        plane.kubectl_with(&arguments, &pod(namespace, "tried", image))
    };
    let fails_closed = || {
        let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
        let one = release.api().get(&format!("{path}/{NAME}")).ok()?;
        let fails = one["webhooks"].as_array()?.iter().find(|it| it["failurePolicy"] == "Fail")?;
        fails["rules"].to_string().contains("\"pods\"").then_some(())
    };
    until("pods fail closed", fails_closed);
    thread::sleep(Duration::from_secs(1));
    scale(&release, 0);
    until("the pods are gone", || release.pods().is_empty().then_some(()));

    until("other pods are refused", || (dry(&namespace).code != Some(0)).then_some(()));
    for spared in ["kube-system", NAMESPACE, "early"] {
        until("the namespace has a service account", || {
            release.api().get(&format!("/api/v1/namespaces/{spared}/serviceaccounts/default")).ok()
        });
        let ran = dry(spared);
        assert_eq!(ran.code, Some(0), "{spared}: {ran:?}");
    }
    let node = json!({"metadata": {"name": "late"}});
    release.api().post("/api/v1/nodes", &node).unwrap();
    release.api().delete("/api/v1/nodes/late").unwrap();
    let lease = json!({"metadata": {"name": "late"}, "spec": {"holderIdentity": "x"}});
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    release.api().post(leases, &lease).unwrap();
    release.api().delete(&format!("{leases}/late")).unwrap();
    let ran = plane.kubectl(&["delete", "namespace", &namespace, "--timeout=30s"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    // Break-glass is one line that needs nobody.
    let kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
    let ran = plane.kubectl(&["delete", kinds, "-l", "app.kubernetes.io/name=portcullis"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    until("all pods can be created", || (dry("default").code == Some(0)).then_some(()));

    plane.kubectl(&["delete", "policy", "closed"]);
    scale(&release, 2);
    release.until_ready();
    release.discard();
}

#[test]
fn a_replica_that_is_killed_takes_no_more_with_it_than_its_connections() {
    let release = Release::with(DENY);
    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let load = Load::start(release.api(), &namespace, &["first"]);
    thread::sleep(Duration::from_secs(2));
    let victim = release.ready_pods()[0].clone();
    let address = release.plane.kubelet.addresses()[&victim];
    let before = release.plane.connections.of(address);
    release.plane.kubelet.signal(&victim, "KILL");
    thread::sleep(Duration::from_secs(5));
    let outcome = load.end();
    let after = release.plane.connections.of(address);
    let died = before.open + after.refused - before.refused;
    assert!(outcome.failed.len() <= died, "{died} connections died: {outcome:?}");
    assert!(outcome.created > 100, "{outcome:?}");
    release.until_ready();
    forget(&release);
}

#[test]
fn a_rolling_restart_fails_no_request() {
    let release = Release::with(DENY);
    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let load = Load::start(release.api(), &namespace, &["first"]);
    let before = release.ready_pods();
    let deployment = format!("deployment/{NAME}");
    let ran = release.plane.kubectl(&["rollout", "restart", "--namespace", NAMESPACE, &deployment]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    until("all pods are others", || {
        let now = release.ready_pods();
        (now.len() == 2 && now.iter().all(|pod| !before.contains(pod))).then_some(())
    });
    release.until_ready();
    thread::sleep(Duration::from_secs(1));
    load.end().must_be_clean();
    forget(&release);
}

#[test]
fn when_the_api_server_comes_back_policies_and_facts_are_followed_again() {
    let release = Release::with(DENY);
    let plane = release.plane;
    let namespace = plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let pods = release.ready_pods();
    plane.stop_server();
    thread::sleep(Duration::from_secs(3));
    for pod in &pods {
        assert!(release.metrics(pod).is_some(), "{pod} has ended");
    }
    plane.start_server();
    until("reviews are answered again", || denied_for(&release, &namespace, "first"));
    assert_eq!(release.ready_pods().len(), 2);

    // Both what is said and what is known changed since.
    let policy = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: teams}\n\
        spec:\n  onError: Deny\n  rules: [{rule: label-required, params: {labels: [second]}}]\n  scope:\n    \
        kinds: [v1/ConfigMap]\n    namespaceSelector: {matchLabels: {team: sky}}\n";
    plane.apply(policy);
    let ran = plane.kubectl(&["label", "namespace", &namespace, "team=sky"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    until("the new label of the namespace counts", || {
        let refused = create(&release, &namespace, &["first"]).err()?;
        refused.message.contains("`second`").then_some(())
    });
    plane.kubectl(&["label", "namespace", &namespace, "team-"]);
    until("that it is gone counts too", || create(&release, &namespace, &["first"]).ok());
    plane.kubectl(&["delete", "policy", "teams"]);
    forget(&release);
}
