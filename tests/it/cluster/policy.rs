//! Policies change while the cluster works.

use std::thread;
use std::time::{Duration, Instant};

use super::api::until;
use super::load::Load;
use super::release::{DENY, Release};
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
