//! From a hook to a page: an image that a real client pushed to a real registry, a door with nothing
//! configured that it does not need, and a browser.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::door::{Setup, until};
use super::lookup::showing;
use super::stand::{PASSWORD, Stand, USER};
use crate::inspect::build::METADATA;
use crate::inspect::registry::{AMD64, Layout, Registry, layer};

#[test]
fn a_pushed_image_is_judged_and_a_browser_shows_the_verdict() {
    let registry = Registry::start();
    let layout = Layout::new(&registry.folder, "image");
    let image = layout.image(AMD64, &METADATA, &layer(10));
    layout.close(std::slice::from_ref(&image));
    registry.push("image", "thing:1.0.0");

    let stand = Stand::start();
    let id = stand.push_image("docker-internal", "thing", image["digest"].as_str().unwrap());
    let mut setup = Setup::new(&stand, "", "");
    setup.database = String::new();
    setup.folder.write(
        "artefacts.yaml",
        format!(
            "
servers:
  - name: nexus
    url: http://{}/nexus
    credentials: {{usernameFile: user, passwordFile: password}}
    privateAddresses: true
repositories:
  - {{name: docker-internal, server: nexus, format: docker, registry: 'http://{}'}}
hooks: {{secretFiles: [secret]}}
",
            stand.address, registry.host
        ),
    );
    let _door = setup.start();
    assert!(setup.deliver(&pushed(&id), "1"));

    let address = format!("http://{}", showing(&setup));
    let there = || page(&format!("{address}/")).contains("/verdicts/1\"");
    assert!(until("the verdict", Duration::from_secs(60), there), "{}", setup.log());
    let verdict = page(&format!("{address}/verdicts/1"));
    for part in [
        "docker-internal/thing:1.0.0",
        "of the artefact does not begin with <code>ska-</code>",
        METADATA[0].0,
    ] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shown");
    fs::create_dir_all(&pictures).unwrap();
    for (name, path) in [("front.png", "/"), ("verdict.png", "/verdicts/1")] {
        let picture = pictures.join(name);
        browser(&[&format!("--screenshot={}", picture.display()), &format!("{address}{path}")]);
        assert!(fs::metadata(picture).unwrap().len() > 1000);
    }
    assert!(!setup.log().contains(PASSWORD) && !setup.log().contains(USER));
}

/// The event that Nexus sends for an image.
fn pushed(id: &str) -> String {
    json!({
        "timestamp": jiff::Timestamp::now().to_string(),
        "initiator": "gitlab/10.0.0.1",
        "repositoryName": "docker-internal",
        "action": "CREATED",
        "component": {"id": "4f1bbcdd", "componentId": id, "format": "docker",
            "name": "thing", "version": "1.0.0"},
    })
    .to_string()
}

/// A page as a browser has it, once it is there.
fn page(address: &str) -> String {
    browser(&["--dump-dom", address])
}

fn browser(arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .output()
        .expect("there is no `chromium`: `make packages` installs it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
