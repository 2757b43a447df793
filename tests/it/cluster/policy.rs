//! Policies change while the cluster works.

use std::thread;
use std::time::{Duration, Instant};

use super::api::until;
use super::load::Load;
use super::release::{DENY, Release};
use super::strict::{PREFIX, create, forget, require, write};

#[test]
fn a_changed_policy_is_in_force_within_two_seconds_and_no_request_fails() {
    let release = Release::with(DENY);
    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let load = Load::start(release.api(), &namespace, &["first", "second"]);
    thread::sleep(Duration::from_secs(4));
    let changed = Instant::now();
    write(&release, &["first", "second"]);
    let mut denied = 0;
    let mut since = None;
    // Every replica has it when enough creations in a row are denied.
    until("the changed policy acts", || {
        match create(&release, &namespace, &["first"]) {
            Err(refused) if refused.message.contains("`second`") => {
                since.get_or_insert_with(|| changed.elapsed());
                denied += 1;
            }
            _ => (denied, since) = (0, None),
        }
        (denied >= 20).then_some(())
    });
    let took = since.unwrap();
    thread::sleep(Duration::from_secs(10).saturating_sub(changed.elapsed()));
    load.end().must_be_clean();
    assert!(took < Duration::from_secs(2), "{took:?}");
    forget(&release);
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
