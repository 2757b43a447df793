//! Webhook configurations are repaired; their deletion is break-glass.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::admit::bad_device_server;
use super::api::{until, within};
use super::certificate::number;
use super::release::{DENY, NAME, NAMESPACE, Release};
use super::strict;

const VALUES: &str = "{policySet: {maxEnforcement: Deny}, breakGlass: {hold: 6s}}";
const HOLD: Duration = Duration::from_secs(6);

fn configurations() -> [String; 2] {
    ["validating", "mutating"].map(|kind| {
        format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{NAME}")
    })
}

fn all_there(release: &Release) -> Option<()> {
    configurations().iter().all(|path| release.api().get(path).is_ok()).then_some(())
}

#[test]
fn an_edited_configuration_is_repaired_and_a_deleted_one_stays_away_for_the_hold() {
    let release = Release::with(VALUES);
    let plane = release.plane;
    until("the configurations are there", || all_there(&release));
    let strict_about = plane.namespace(strict::PREFIX);
    strict::require(&release, &strict_about, &["kept"]);
    let [validating, _] = configurations();
    // It acts on what is asked about anyway before it is registered itself.
    let registered = until("the policy is registered", || {
        let webhooks = release.api().get(&validating).ok()?["webhooks"].clone();
        let fails = |it: &Json| it["failurePolicy"] == "Fail";
        webhooks.as_array()?.iter().any(fails).then_some(webhooks)
    });
    release.api().patch(&validating, &json!({"webhooks": []})).unwrap();
    until("the configuration is repaired", || {
        let now = release.api().get(&validating).ok()?;
        (now["webhooks"] == registered).then_some(())
    });

    let label = "app.kubernetes.io/name=portcullis";
    let kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
    let deleted = Instant::now();
    let ran = plane.kubectl(&["delete", kinds, "--selector", label]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let namespace = plane.namespace("glass");
    let bad = bad_device_server(&namespace);
    until("nothing is judged", || {
        let ran = plane.kubectl_with(&["create", "--filename=-"], &bad);
        (ran.code == Some(0)).then_some(())
    });
    until("an Event tells it", || {
        let ran = plane.kubectl(&["get", "events", "--namespace", NAMESPACE]);
        ran.stdout.contains("BreakGlass").then_some(())
    });
    until("a metric tells it", || {
        let pages = release.ready_pods();
        let pages = pages.iter().filter_map(|pod| release.metrics(pod));
        pages.map(|page| number(&page, "portcullis_break_glass")).find(|it| *it == 1.0)
    });

    // With the webhook away a policy can be broken. The set in force stays.
    strict::spoil(&release);
    let why = until("its status says why", || {
        let policy = release.api().get(strict::PATH).ok()?;
        let conditions = policy["status"]["conditions"].as_array()?.clone();
        conditions.into_iter().find(|it| it["type"] == "Ready" && it["status"] == "False")
    });
    assert!(why["message"].as_str().unwrap().contains("image-tagg"), "{why}");

    within(Duration::from_secs(30), || all_there(&release)).expect("they are restored");
    assert!(deleted.elapsed() > HOLD, "{:?}", deleted.elapsed());
    until("it is judged again", || {
        plane.kubectl_with(&["delete", "--filename=-"], &bad);
        let ran = plane.kubectl_with(&["create", "--filename=-"], &bad);
        ran.stderr.contains("tango-device-name").then_some(())
    });
    until("the policy acts as before it was broken", || {
        strict::denied_for(&release, &strict_about, "kept")
    });
    strict::forget(&release);
}

/// Garbage collection takes its time: what goes with an earlier release is there for a while.
#[test]
fn what_an_earlier_release_remembers_breaks_no_glass() {
    let mut release = Release::none();
    release.uninstall();
    let plane = release.plane;
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = json!({"metadata": {"name": "earlier"}, "rules": []});
    let role = release.api().post(roles, &role).unwrap();
    _ = plane.kubectl(&["create", "namespace", NAMESPACE]);
    let maps = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    let map = format!("{maps}/{NAME}-policy-set");
    until("the map of the release before is gone", || release.api().get(&map).err());
    let uid = role["metadata"]["uid"].as_str().unwrap();
    let owner = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "name": "earlier", "uid": uid});
    let registered = "portcullis.skao.int/registered";
    let metadata = json!({"name": format!("{NAME}-policy-set"), "ownerReferences": [owner],
        "annotations": {registered: "true", "example.com/of": "an earlier release"}});
    release.api().post(&maps, &json!({"metadata": metadata})).unwrap();

    release.upgrade(DENY);
    release.until_ready();
    until("the configurations are there", || all_there(&release));
    let taken_over = until("the map goes with the new release", || {
        let metadata = release.api().get(&map).ok()?["metadata"].clone();
        let annotations = metadata["annotations"].as_object()?;
        (metadata["ownerReferences"][0]["name"] == NAME && annotations.contains_key(registered))
            .then_some(metadata)
    });
    assert_eq!(taken_over["ownerReferences"].as_array().map(Vec::len), Some(1), "{taken_over}");
    assert!(taken_over["annotations"]["example.com/of"].is_null(), "{taken_over}");
    release.api().delete(&format!("{roles}/earlier")).unwrap();
}
