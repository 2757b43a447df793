//! Policies change while the cluster works.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::api::until;
use super::load::Load;
use super::release::{DENY, NAMESPACE, Release};
use super::strict::{PREFIX, create, forget, require, write};

#[test]
fn a_changed_policy_is_in_force_within_two_seconds_and_no_request_fails() {
    const LABELS: [&str; 4] = ["first", "second", "third", "fourth"];
    let release = Release::with(DENY);
    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &LABELS[..1]);
    let load = Load::start(release.api(), &namespace, &LABELS);
    thread::sleep(Duration::from_secs(4));
    let start = Instant::now();
    // A machine that is busy with other things may be late once or twice.
    let took: Vec<Duration> = (1..LABELS.len())
        .map(|known| in_force_after(&release, &namespace, &LABELS, known))
        .collect();
    thread::sleep(Duration::from_secs(10).saturating_sub(start.elapsed()));
    load.end().must_be_clean();
    assert!(took.iter().any(|it| *it < Duration::from_secs(2)), "{took:?}");
    forget(&release);
}

/// How long it takes until a policy that asks for so many of the labels asks for one more.
fn in_force_after(release: &Release, namespace: &str, labels: &[&str], known: usize) -> Duration {
    let changed = Instant::now();
    write(release, &labels[..=known]);
    let lacking = format!("`{}`", labels[known]);
    let mut denied = 0;
    let mut since = None;
    // Every replica has it when enough creations in a row are denied.
    until("the changed policy acts", || {
        match create(release, namespace, &labels[..known]) {
            Err(refused) if refused.message.contains(&lacking) => {
                since.get_or_insert_with(|| changed.elapsed());
                denied += 1;
            }
            _ => (denied, since) = (0, None),
        }
        (denied >= 20).then_some(())
    });
    since.unwrap()
}

#[test]
fn a_broken_policy_is_refused_when_it_is_applied() {
    let release = Release::with(DENY);
    let broken = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: broken}\n\
        spec: {rules: [{rule: image-tagg}]}\n";
    let refused = until("it is refused", || {
        let ran = release.plane.kubectl_with(&["create", "--filename=-"], broken);
        if ran.code == Some(0) {
            release.plane.kubectl(&["delete", "policy", "broken"]);
        }
        (ran.code != Some(0)).then_some(ran.stderr)
    });
    assert!(refused.contains("image-tagg") && refused.contains("image-tag`"), "{refused}");
}

#[test]
fn a_waiver_says_of_itself_that_it_ends_soon_or_has_ended() {
    let release = Release::with(DENY);
    let waivers = format!("/apis/portcullis.skao.int/v1alpha1/namespaces/{NAMESPACE}/waivers");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let after = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap();
    for (name, days, word, expected) in [
        ("long", 300, "True", "Holds"),
        ("soon", 3, "True", "EndsSoon"),
        ("over", -3, "False", "Ended"),
    ] {
        let last_day = after(days).to_string();
        let waiver = json!({
            "apiVersion": "portcullis.skao.int/v1alpha1",
            "kind": "Waiver",
            "metadata": {"name": name},
            "spec": {
                "policy": ["security"], "rule": ["host-path"], "owner": "karoo", "ticket": "ST-1",
                "object": {"kind": ["Pod"], "namespace": ["nowhere"], "name": ["p"]},
                "reason": "it says so", "until": last_day,
            },
        });
        release.api().post(&waivers, &waiver).unwrap();
        let condition = until("the condition is there", || {
            let waiver = release.api().get(&format!("{waivers}/{name}")).ok()?;
            let conditions = waiver["status"]["conditions"].as_array()?.clone();
            conditions.into_iter().find(|it| it["type"] == "Waives")
        });
        assert_eq!((&condition["status"], &condition["reason"]), (&json!(word), &json!(expected)));
        let events = format!("/api/v1/namespaces/{NAMESPACE}/events");
        let told = || {
            let events = release.api().list(&events);
            let is_it =
                |it: &Json| it["involvedObject"]["name"] == name && it["reason"] == expected;
            events.into_iter().find(is_it)
        };
        if expected == "Holds" {
            assert!(told().is_none());
        } else {
            let event = until("the event is there", told);
            let note = event["message"].as_str().unwrap();
            assert!(note.starts_with(&format!("waiver `{name}` of karoo end")), "{note}");
        }
        let metric = format!("portcullis_waiver_end_timestamp_seconds{{name=\"{name}\"}} ");
        let pod = release.ready_pods().remove(0);
        until("the metric is there", || release.metrics(&pod)?.contains(&metric).then_some(()));
        release.api().delete(&format!("{waivers}/{name}")).unwrap();
    }
}

#[test]
fn a_status_that_stays_the_same_is_not_written_again() {
    const POLICIES: &str = "/apis/portcullis.skao.int/v1alpha1/policies";
    let release = Release::with(DENY);
    // The status of the last one is all that changes from then on. It is told before the other.
    for (name, kind) in [("gadgets", "status.example/*/Gadget"), ("aside", "v1/ConfigMap")] {
        release.plane.apply(&format!(
            "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {{name: {name}}}\nspec:\n  \
             scope: {{kinds: [{kind}], namespaces: [nowhere]}}\n  \
             rules: [{{rule: label-required, params: {{labels: [a]}}}}]\n",
        ));
    }
    let get = |name: &str| release.api().get(&format!("{POLICIES}/{name}")).ok();
    let served = |name: &str, expected: &str| {
        let conditions = get(name)?["status"]["conditions"].as_array()?.clone();
        let served = conditions.into_iter().find(|it| it["type"] == "KindsServed")?;
        let since = served["lastTransitionTime"].as_str()?.parse::<jiff::Timestamp>().ok()?;
        (served["status"] == expected).then_some(since)
    };
    let since = until("it is told", || served("aside", "True"));
    until("the kind is missed", || served("gadgets", "False"));
    let before = get("aside").unwrap();
    // Times in a status have no fractions.
    until("a status would have another time", || {
        (jiff::Timestamp::now().as_second() > since.as_second() + 1).then_some(())
    });
    release.plane.apply(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {name: gadgets.status.example}\nspec:\n  group: status.example\n  scope: Namespaced\n  \
         names: {kind: Gadget, plural: gadgets}\n  versions: [{name: v1, served: true, storage: true, \
         schema: {openAPIV3Schema: {type: object}}}]\n",
    );
    until("the kind is served", || served("gadgets", "True"));
    assert_eq!(get("aside").unwrap(), before);
    release.plane.undefine("status.example", &["gadgets"]);
    release.plane.kubectl(&["delete", "policy", "gadgets", "aside"]);
}
