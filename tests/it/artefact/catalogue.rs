//! A registry that sends no hooks: the sweep finds what is in it.

use std::time::Duration;

use super::door::{Setup, until};
use super::stand::Stand;
use crate::inspect::registry::{AMD64, Layout, Registry, layer};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_holds_is_found_by_the_sweep() {
    let (stand, registry) = (Stand::start(), Registry::start());
    let image = Layout::new(&registry.folder, "image");
    image.close(&[image.image(AMD64, &[], &layer(1))]);
    for name in ["production/thing", "production/ska-thing", "elsewhere/thing"] {
        registry.push("image", &format!("{name}:1.0.0"));
    }
    let setup = Setup::new(
        &stand,
        "",
        "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {settleMilliseconds: 0}
actions: {dryRun: false, deny: [author]}
",
    );
    let text = std::fs::read_to_string(setup.folder.file("artefacts.yaml")).unwrap();
    let server = format!(
        "servers:\n  - {{name: harbor, kind: oci, url: 'http://{}', privateAddresses: true}}",
        registry.host
    );
    let text = text.replace("servers:", &server).replace(
        "repositories:",
        "repositories:\n  - {name: production, server: harbor, format: docker}",
    );
    setup.folder.write("artefacts.yaml", text);
    let _door = setup.start();
    let told = || stand.state().issues.len() == 1;
    assert!(until("the author", PATIENCE, told), "{}", setup.log());
    let judged = || setup.log().matches("outcome=").count() == 2;
    assert!(until("both verdicts", PATIENCE, judged), "{}", setup.log());
    assert_eq!(stand.state().issues[0]["title"], "thing 1.0.0 is not accepted");
}
