//! A registry that sends no hooks: the sweep finds what is in it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::door::{Setup, until};
use super::stand::Stand;
use crate::folder::Folder;

const PATIENCE: Duration = Duration::from_secs(60);

/// Debian's registry, with nothing in it.
struct Registry {
    child: Child,
    address: SocketAddr,
    _folder: Folder,
}

impl Registry {
    fn start() -> Self {
        let folder = Folder::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let storage = folder.path("storage");
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\n\
             http: {{addr: '{address}'}}\n"
        );
        let settings = folder.write("registry.yml", settings);
        let child = Command::new("docker-registry")
            .args(["serve", &settings])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is no `docker-registry`: `make packages` installs it");
        let started = Self { child, address, _folder: folder };
        assert!(until("the registry", PATIENCE, || TcpStream::connect(address).is_ok()));
        started
    }

    /// Pushes an image without layers.
    async fn push(&self, name: &str, tag: &str) {
        let client = reqwest::Client::new();
        let base = format!("http://{}/v2/{name}", self.address);
        let config =
            r#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}"#;
        let hash: String = Sha256::digest(config).iter().map(|it| format!("{it:02x}")).collect();
        let begun = client.post(format!("{base}/blobs/uploads/")).send().await.unwrap();
        let location = begun.headers()["location"].to_str().unwrap();
        let join = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{join}digest=sha256:{hash}");
        let stored = client.put(url).body(config).send().await.unwrap();
        assert_eq!(stored.status(), 201);
        let media = "application/vnd.oci.image.manifest.v1+json";
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{media}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{hash}","size":{}}},"layers":[]}}"#,
            config.len()
        );
        let url = format!("{base}/manifests/{tag}");
        let put = client.put(url).header("content-type", media).body(manifest);
        assert_eq!(put.send().await.unwrap().status(), 201);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_holds_is_found_by_the_sweep() {
    let (stand, registry) = (Stand::start(), Registry::start());
    registry.push("production/thing", "1.0.0").await;
    registry.push("production/ska-thing", "1.0.0").await;
    registry.push("elsewhere/thing", "1.0.0").await;
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
        registry.address
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
