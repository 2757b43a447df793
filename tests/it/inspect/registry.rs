//! A registry as Debian has it, filled by the programs that people push with.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::build::{self, METADATA, run};
use super::{Checked, check, judge};
use crate::folder::Folder;

/// A registry on a port of its own, and what is pushed to it.
pub(crate) struct Registry {
    child: Child,
    pub(crate) host: String,
    pub(crate) folder: Folder,
}

impl Registry {
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// The same with more settings.
    pub(crate) fn start_with(more: &str) -> Self {
        let folder = Folder::new();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: '{host}'}}\n{more}",
            folder.path("storage")
        );
        let settings = folder.write("registry.yml", settings);
        let child = Command::new("docker-registry")
            .args(["serve", &settings])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is no `docker-registry`: `make packages` installs it");
        let registry = Self { child, host, folder };
        let begin = Instant::now();
        while std::net::TcpStream::connect(&registry.host).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(30), "the registry does not answer");
            std::thread::yield_now();
        }
        registry
    }

    /// Pushes an OCI layout by skopeo.
    pub(crate) fn push(&self, layout: &str, reference: &str) {
        let from = format!("oci:{}", self.folder.path(layout));
        let to = format!("docker://{}/{reference}", self.host);
        let arguments =
            ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", &from, &to];
        run(self.folder.root(), "skopeo", &arguments);
    }

    pub(super) fn check(&self, reference: &str, more: &[&str]) -> Checked {
        check(&format!("{}/{reference}", self.host), "docker-internal", more)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// An OCI layout that is being written.
pub(crate) struct Layout<'f> {
    folder: &'f Folder,
    name: &'f str,
}

impl<'f> Layout<'f> {
    pub(crate) fn new(folder: &'f Folder, name: &'f str) -> Self {
        folder.write(&format!("{name}/oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#);
        Self { folder, name }
    }

    fn blob(&self, sort: &str, bytes: &[u8]) -> Json {
        let hash = Sha256::digest(bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.write(&format!("{}/blobs/sha256/{hex}", self.name), bytes);
        let media = format!("application/vnd.oci.image.{sort}");
        json!({"mediaType": media, "digest": format!("sha256:{hex}"), "size": bytes.len()})
    }

    /// An image for a platform, with metadata and one layer.
    pub(crate) fn image(
        &self,
        platform: (&str, &str),
        metadata: &[(&str, &str)],
        layer: &[u8],
    ) -> Json {
        let packing = if layer.starts_with(&ZSTD) { "zstd" } else { "gzip" };
        let labels: serde_json::Map<String, Json> =
            metadata.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let (os, architecture) = platform;
        let config = json!({"os": os, "architecture": architecture, "config": {"Labels": labels},
                            "rootfs": {"type": "layers", "diff_ids": []}});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob("config.v1+json", config.to_string().as_bytes()),
            "layers": [self.blob(&format!("layer.v1.tar+{packing}"), layer)],
        });
        let mut blob = self.blob("manifest.v1+json", manifest.to_string().as_bytes());
        blob["platform"] = json!({"os": os, "architecture": architecture});
        blob
    }

    /// What the layout's one reference leads to: an image, or an index of several.
    pub(crate) fn close(&self, manifests: &[Json]) {
        let top = match manifests {
            [one] => one.clone(),
            several => {
                let index = json!({"schemaVersion": 2, "manifests": several,
                                   "mediaType": "application/vnd.oci.image.index.v1+json"});
                self.blob("index.v1+json", index.to_string().as_bytes())
            }
        };
        let index = json!({"schemaVersion": 2, "manifests": [top]});
        self.folder.write(&format!("{}/index.json", self.name), index.to_string());
    }
}

/// A layer of so many zeros.
pub(crate) fn layer(bytes: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let piece = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let some = left.min(piece.len());
        packed.write_all(&piece[..some]).unwrap();
        left -= some;
    }
    packed.finish().unwrap()
}

/// How a stream of Zstandard begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A layer of zeros by Zstandard: a frame of blocks that say one byte 128 KiB times (RFC 8878).
fn zstd_layer(blocks: usize) -> Vec<u8> {
    // No size and no sum, and a window of 128 KiB.
    let mut frame = [&ZSTD[..], &[0, 0x38]].concat();
    frame.extend([2, 0, 0x10, 0].repeat(blocks));
    frame.extend([3, 0, 0x10, 0]);
    frame
}

pub(crate) const AMD64: (&str, &str) = ("linux", "amd64");
pub(crate) const ARM64: (&str, &str) = ("linux", "arm64");

#[test]
fn images_are_read_on_every_platform() {
    let registry = Registry::start();
    let small = layer(1_024);
    let layout = Layout::new(&registry.folder, "good");
    let both = [layout.image(AMD64, &METADATA, &small), layout.image(ARM64, &METADATA, &small)];
    layout.close(&both);
    registry.push("good", "ska-thing:1.0.0");
    let good = registry.check("ska-thing:1.0.0", &ALONE);
    assert_eq!(good.itself(), Vec::<String>::new());
    assert_eq!(good.code, 0);

    let layout = Layout::new(&registry.folder, "bare");
    let both =
        [layout.image(AMD64, &METADATA, &small), layout.image(ARM64, &METADATA[..20], &small)];
    layout.close(&both);
    registry.push("bare", "ska-thing:1.0.1");
    let found = registry.check("ska-thing:1.0.1", &ALONE);
    assert_eq!(found.itself(), ["artefact-metadata: metadata lack `GITLAB_USER_ID`"]);
    assert_eq!(found.json["findings"][0]["path"], "/parts/1/metadata");

    let layout = Layout::new(&registry.folder, "single");
    layout.close(&[layout.image(AMD64, &[], &small)]);
    registry.push("single", "thing:latest");
    let found = registry.check("thing:latest", &[]).itself();
    for expected in [
        "artefact-metadata: the artefact has no metadata".to_owned(),
        "artefact-version: version `latest` names no fixed artefact".to_owned(),
        format!(
            "image-tag: the artefact is image `{}/thing:latest`, whose tag moves",
            registry.host
        ),
    ] {
        assert!(found.contains(&expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_platform_that_nobody_has_and_a_layer_that_is_a_bomb_are_told() {
    let registry = Registry::start();
    let layout = Layout::new(&registry.folder, "odd");
    let images = [
        layout.image(AMD64, &METADATA, &layer(512 << 20)),
        layout.image(("toaster", "z80"), &METADATA, &layer(10)),
    ];
    layout.close(&images);
    registry.push("odd", "ska-thing:1.0.0");
    let found = registry.check("ska-thing:1.0.0", &ALONE).itself();
    assert_eq!(found.len(), 2, "{found:?}");
    let platform = "artefact-broken: `toaster/z80` is a platform that nobody has";
    assert!(found.iter().any(|it| it == platform), "{found:?}");
    let is_bomb = |it: &String| it.ends_with("` it unpacks to more than 200 times its size");
    assert!(found.iter().any(is_bomb), "{found:?}");
}

#[test]
fn large_layers_and_those_of_zstandard_are_read_as_they_come_in() {
    let registry = Registry::start();
    let layout = Layout::new(&registry.folder, "good");
    // Beyond what is read at once of anything; the second half is a second stream.
    let mut random: Vec<u8> =
        (0..20_u32 << 20).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let packed = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let mut large = packed(&random);
    random.reverse();
    large.extend(packed(&random));
    assert!(large.len() > 40 << 20);
    layout.close(&[
        layout.image(AMD64, &METADATA, &large),
        layout.image(ARM64, &METADATA, &zstd_layer(10)),
    ]);
    registry.push("good", "ska-thing:1.0.0");
    let good = registry.check("ska-thing:1.0.0", &ALONE);
    assert_eq!((good.itself(), good.code), (Vec::new(), 0));

    let layout = Layout::new(&registry.folder, "bombs");
    layout.close(&[
        // 35 GiB in as many MiB.
        layout.image(AMD64, &METADATA, &layer(16 << 20).repeat(2_200)),
        layout.image(ARM64, &METADATA, &zstd_layer(4_000)),
    ]);
    registry.push("bombs", "ska-thing:1.0.1");
    let found = registry.check("ska-thing:1.0.1", &ALONE).itself();
    let is_bomb = |it: &&String| it.ends_with("` it unpacks to more than 200 times its size");
    assert_eq!(found.iter().filter(is_bomb).count(), 2, "{found:?}");
}

#[test]
fn a_chart_that_helm_pushes_is_judged_with_what_it_renders() {
    let registry = Registry::start();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: thing\nspec:\n  containers:\n    \
               - {name: thing, image: 'nginx:latest'}\n";
    let chart = build::chart(&registry.folder, pod);
    let to = format!("oci://{}", registry.host);
    let helm = crate::chart::tool("helm");
    run(registry.folder.root(), &helm, &["push", "--plain-http", &chart, &to]);
    let checked = registry.check("ska-thing:1.0.0", &["--repository=helm-internal"]);
    assert_eq!(checked.itself(), Vec::<String>::new());
    let pod = checked.findings("Pod");
    assert!(pod.iter().any(|it| it.starts_with("image-tag: container `thing`")), "{pod:?}");
}

#[test]
fn a_reference_that_leads_nowhere_is_told() {
    let registry = Registry::start();
    let reference = format!("{}/ska-thing:1.0.0", registry.host);
    let output = judge(&[&reference]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("error: the registry has no `{reference}`\n"));
    assert_eq!(output.status.code(), Some(2));
}

/// One entry, and the same finding for a pod at admission, in lint, and for what is pushed.
#[test]
fn one_entry_about_images_finds_the_same_at_every_door() {
    let registry = Registry::start();
    let layout = Layout::new(&registry.folder, "moving");
    layout.close(&[layout.image(AMD64, &METADATA, &layer(10))]);
    registry.push("moving", "ska-thing:latest");
    let image = format!("{}/ska-thing:latest", registry.host);
    let policy = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: ours}\n\
                  spec: {enforcement: Deny, rules: [{rule: image-tag}]}\n";
    let policy = registry.folder.write("ours/policy.yaml", policy);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"},
                     "spec": {"containers": [{"name": "c", "image": image}]}});
    let manifest = registry.folder.write("pod.json", pod.to_string());
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE",
        "namespace": "b", "name": "a", "userInfo": {"username": "u"}, "object": pod}});
    let review = registry.folder.write("review.json", review.to_string());

    let only = ["--no-default-policies", "--policy", &policy];
    let pushed = registry.check("ska-thing:latest", &only);
    let linted = crate::cli::run(&[&["lint", "--format=json", &manifest], &only[..]].concat());
    let admitted = crate::cli::run(&[&["review", &review], &only[..]].concat());

    let finding = |json: &Json| -> Vec<String> {
        let [finding] = json["findings"].as_array().unwrap().as_slice() else { panic!("{json}") };
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        let told = text("message").rsplit_once("image `").unwrap().1.to_owned();
        vec![text("policy"), text("entry"), text("rule"), text("severity"), told]
    };
    assert_eq!(finding(&pushed.json), finding(&linted.json()));
    let answer = admitted.json();
    let told = answer["response"]["status"]["message"].as_str().unwrap();
    assert!(told.contains(&finding(&pushed.json)[4]), "{told}");
    assert!(told.contains("ours/image-tag"), "{told}");
}

/// The policies about artefacts alone: images may come from the registry of a test.
const ALONE: [&str; 3] = [
    "--no-default-policies",
    "--policy",
    concat!(env!("CARGO_MANIFEST_DIR"), "/policies/artefacts.yaml"),
];
