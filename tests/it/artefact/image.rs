//! Images that are not accepted leave their registry: a real one, and what real clients pushed.

use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use super::door::{Setup, until};
use super::stand::Stand;
use crate::inspect::build::run;
use crate::inspect::registry::{AMD64, ARM64, Layout, Registry, layer};

const PATIENCE: Duration = Duration::from_secs(120);

const FAST: &str = "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {workers: 1, leaseSeconds: 2, settleMilliseconds: 0, backoffMilliseconds: 50}
actions: {dryRun: false, deny: [quarantine]}
";

/// Pushes an image for two platforms whose layers nothing else has, and returns its digest.
fn push(registry: &Registry, layout: &str, reference: &str, size: usize) -> String {
    let image = Layout::new(&registry.folder, layout);
    let both = [image.image(AMD64, &[], &layer(size)), image.image(ARM64, &[], &layer(size + 1))];
    image.close(&both);
    registry.push(layout, reference);
    registry.digest(reference).unwrap()
}

/// A door to a registry that is no Nexus: what is below `production` is judged.
fn plain(stand: &Stand, registry: &Registry) -> Setup {
    let setup = Setup::new(stand, "", FAST);
    setup.judge_registry(&registry.host, ", quarantine: quarantine/images");
    setup
}

#[test]
fn an_image_is_moved_within_a_registry_with_all_platforms_and_no_other_tag() {
    let (stand, registry) = (Stand::start(), Registry::start());
    let bad = push(&registry, "bad", "production/thing:1.0.0", 10);
    registry.push("bad", "production/thing:1.0.1");
    let good = push(&registry, "good", "production/ska-thing:1.0.0", 20);
    let setup = plain(&stand, &registry);
    let _door = setup.start();
    let gone = || registry.tags("production/thing").is_empty();
    assert!(until("the quarantine", PATIENCE, gone), "{}", setup.log());
    for tag in ["1.0.0", "1.0.1"] {
        let there = format!("quarantine/images/thing:{tag}");
        assert_eq!(registry.digest(&there).as_ref(), Some(&bad));
        registry.pull(&there, &format!("pulled-{tag}"));
    }
    assert_eq!(registry.digest(&format!("production/thing@{bad}")), None);
    assert_eq!(registry.digest("production/ska-thing:1.0.0"), Some(good));
    assert!(!setup.log().contains("needs a person"), "{}", setup.log());
}

#[test]
fn an_image_of_a_nexus_is_sent_to_the_registry_of_its_quarantine() {
    let (stand, registry, other) = (Stand::start(), Registry::start(), Registry::start());
    let digest = push(&registry, "bad", "thing:1.0.0", 10);
    stand.push_image("docker-internal", "thing", &digest);
    let setup = Setup::new(&stand, "", FAST);
    let repository = format!(
        "repositories:\n  - {{name: docker-internal, server: nexus, format: docker, registry: \
         'http://{}', quarantine: docker-quarantine, quarantineRegistry: 'http://{}'}}",
        registry.host, other.host
    );
    setup.change(&[("repositories:", &repository)]);
    let _door = setup.start();
    let gone = || stand.count("docker-internal") == 0;
    assert!(until("the quarantine", PATIENCE, gone), "{}", setup.log());
    assert_eq!(other.digest("thing:1.0.0"), Some(digest));
    other.pull("thing:1.0.0", "pulled");
}

#[test]
fn a_door_that_dies_again_and_again_moves_every_image_once() {
    let (stand, registry) = (Stand::start(), Registry::start());
    let all: Vec<String> = (0..6)
        .map(|rank| {
            let name = if rank % 3 == 0 { "ska-thing" } else { "thing" };
            let reference = format!("{name}:1.0.{rank}");
            push(
                &registry,
                &format!("image-{rank}"),
                &format!("production/{reference}"),
                10 + rank,
            );
            reference
        })
        .collect();
    let setup = plain(&stand, &registry);
    for pause in [300, 500, 700, 900] {
        let door = setup.start();
        std::thread::sleep(Duration::from_millis(pause));
        door.kill();
    }
    let _door = setup.start();
    let gone = || registry.tags("production/thing").is_empty();
    assert!(until("the quarantine", PATIENCE, gone), "{}", setup.log());
    assert_eq!(registry.tags("production/ska-thing"), ["1.0.0", "1.0.3"]);
    for reference in all.iter().filter(|it| it.starts_with("thing")) {
        registry.pull(&format!("quarantine/images/{reference}"), &format!("pulled-{reference}"));
    }
}

impl Registry {
    /// What a reference leads to, as a client sees it.
    fn digest(&self, reference: &str) -> Option<String> {
        let reference = format!("docker://{}/{reference}", self.host);
        let inspect = ["inspect", "--raw", "--tls-verify=false", &reference];
        let output = Command::new("skopeo").args(inspect).output().unwrap();
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(&output.stdout);
        let digest = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        output.status.success().then(|| format!("sha256:{digest}"))
    }

    fn tags(&self, name: &str) -> Vec<String> {
        let name = format!("docker://{}/{name}", self.host);
        let list = ["list-tags", "--tls-verify=false", &name];
        let output = Command::new("skopeo").args(list).output().unwrap();
        let tags: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let tags = tags["Tags"].as_array().cloned().unwrap_or_default();
        tags.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    /// Fetches all platforms and all layers: a client checks every digest.
    fn pull(&self, reference: &str, layout: &str) {
        let from = format!("docker://{}/{reference}", self.host);
        let to = format!("oci:{}", self.folder.path(&layout.replace(':', "-")));
        let copy = ["--insecure-policy", "copy", "--all", "--src-tls-verify=false", &from, &to];
        run(self.folder.root(), "skopeo", &copy);
    }
}
