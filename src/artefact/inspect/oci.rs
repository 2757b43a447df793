//! Container images as a registry describes them: indexes, manifests, configurations.
//!
//! Sources: OCI image specification 1.1, `image-index.md`, `manifest.md`, `config.md`; Docker
//! image manifest version 2, schema 2. Bytes in; `worker::oci` fetches them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::limits::shown;
use super::manifest::pick;

/// Every type of manifest that is read, for the `Accept` of a request.
pub const ACCEPTED: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The configuration of what `helm push` puts into a registry, and the chart itself.
pub const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
pub const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// How many platforms one image may have.
const MOST_PLATFORMS: usize = 64;
/// How many layers are looked at: no engine takes more than 127.
const MOST_LAYERS: usize = 128;

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// One manifest for each platform.
    Index(Vec<Listed>),
    Manifest(Manifest),
}

/// A manifest of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub blob: Blob,
    /// `linux/arm64/v8`; `None` if the index does not say it.
    pub platform: Option<String>,
    /// Whether it is a statement about another one, such as how it was built, and runs nowhere.
    pub is_statement: bool,
}

/// What one image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub config: Blob,
    pub layers: Vec<Blob>,
}

/// Bytes in a registry, by their digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    #[serde(default)]
    pub media_type: String,
    /// `sha256:` and 64 hexadecimal digits, or of another algorithm.
    pub digest: String,
    /// In bytes.
    pub size: u64,
}

/// What a configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `linux/amd64`; empty if it does not say.
    pub platform: String,
    pub metadata: BTreeMap<String, String>,
}

/// Why bytes are no such document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it is no manifest: {0}")]
    Json(String),
    #[error("it is neither a manifest nor an index of manifests")]
    Neither,
    #[error("it names digest `{0}`, which is none")]
    Digest(String),
    #[error("it lists more than {0} {1}")]
    TooMany(usize, &'static str),
}

impl Document {
    /// # Errors
    ///
    /// It is no document that is known, or one that nobody could run.
    pub fn read(json: &[u8]) -> Result<Self, Malformed> {
        let Written { config, layers, manifests } = parse(json)?;
        match (manifests, config) {
            (Some(manifests), _) => {
                bounded(manifests.len(), MOST_PLATFORMS, "platforms")?;
                let listed = manifests.into_iter().map(Listed::of).collect::<Result<_, _>>()?;
                Ok(Self::Index(listed))
            }
            (None, Some(config)) => {
                let layers = layers.unwrap_or_default();
                bounded(layers.len(), MOST_LAYERS, "layers")?;
                config.check()?;
                layers.iter().try_for_each(Blob::check)?;
                Ok(Self::Manifest(Manifest { config, layers }))
            }
            (None, None) => Err(Malformed::Neither),
        }
    }
}

impl Config {
    /// # Errors
    ///
    /// It is no configuration of an image.
    pub fn read(json: &[u8]) -> Result<Self, Malformed> {
        let WrittenConfig { platform, config } = parse(json)?;
        let labels = config.and_then(|it| it.labels).unwrap_or_default();
        let pairs = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Ok(Self { platform: platform.name().unwrap_or_default(), metadata: pick(pairs) })
    }
}

impl Manifest {
    /// The chart, if what is stored is one.
    pub fn chart(&self) -> Option<&Blob> {
        let is_chart = self.config.media_type == CHART_CONFIG;
        self.layers.iter().find(|layer| is_chart && layer.media_type == CHART_LAYER)
    }
}

impl Blob {
    /// Whether the digest is one that leads somewhere and to one thing only.
    fn check(&self) -> Result<(), Malformed> {
        if is_digest(&self.digest) { Ok(()) } else { Err(Malformed::Digest(shown(&self.digest))) }
    }
}

impl Listed {
    fn of(written: WrittenListed) -> Result<Self, Malformed> {
        let WrittenListed { blob, platform, annotations } = written;
        blob.check()?;
        let annotations = annotations.unwrap_or_default();
        let is_statement = annotations.contains_key("vnd.docker.reference.type");
        Ok(Self { blob, platform: platform.and_then(|it| it.name()), is_statement })
    }
}

/// Whether a text is a digest of an algorithm that is checked.
pub fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix("sha256:").is_some_and(|it| it.len() == 64 && it.bytes().all(hex))
}

/// Whether something runs on it: the operating systems and architectures that Go knows.
pub fn is_known_platform(name: &str) -> bool {
    let mut parts = name.split('/');
    let system = parts.next().unwrap_or_default();
    let architecture = parts.next().unwrap_or_default();
    SYSTEMS.contains(&system) && ARCHITECTURES.contains(&architecture)
}

const SYSTEMS: [&str; 3] = ["freebsd", "linux", "windows"];
const ARCHITECTURES: [&str; 12] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "mipsle", "ppc64le",
    "riscv64", "s390x", "wasm",
];

/// Either document, as it is written.
#[derive(Deserialize)]
struct Written {
    config: Option<Blob>,
    layers: Option<Vec<Blob>>,
    manifests: Option<Vec<WrittenListed>>,
}

#[derive(Deserialize)]
struct WrittenListed {
    #[serde(flatten)]
    blob: Blob,
    platform: Option<Platform>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

#[derive(Deserialize)]
struct WrittenConfig {
    #[serde(flatten)]
    platform: Platform,
    config: Option<Run>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl Platform {
    fn name(&self) -> Option<String> {
        let parts = [&self.os, &self.architecture, &self.variant];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let name = parts.join("/");
        let name = name.trim_end_matches('/');
        (!name.is_empty()).then(|| shown(name))
    }
}

fn parse<'j, T: Deserialize<'j>>(json: &'j [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(json).map_err(|error| Malformed::Json(error.to_string()))
}

fn bounded(count: usize, most: usize, what: &'static str) -> Result<(), Malformed> {
    if count > most { Err(Malformed::TooMany(most, what)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn an_index_lists_platforms_and_statements_about_them() {
        let text = format!(
            r#"{{"manifests":[
                {{"digest":"{DIGEST}","size":1,"platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}},
                {{"digest":"{DIGEST}","size":1,"platform":{{"os":"unknown","architecture":"unknown"}},
                  "annotations":{{"vnd.docker.reference.type":"attestation-manifest"}}}}]}}"#
        );
        let Ok(Document::Index(listed)) = Document::read(text.as_bytes()) else { panic!() };
        let shown: Vec<_> =
            listed.iter().map(|it| (it.platform.as_deref(), it.is_statement)).collect();
        assert_eq!(shown, [(Some("linux/arm64/v8"), false), (Some("unknown/unknown"), true)]);
        assert!(is_known_platform("linux/arm64/v8"));
        assert!(!is_known_platform("unknown/unknown"));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let blob = |digest: &str| format!(r#"{{"digest":"{digest}","size":1}}"#);
        let many = vec![blob(DIGEST); 200].join(",");
        for (text, message) in [
            ("{}".to_owned(), "it is neither a manifest nor an index of manifests"),
            (
                format!(r#"{{"config":{}}}"#, blob("sha256:../../etc")),
                "it names digest `sha256:../../etc`, which is none",
            ),
            (
                format!(r#"{{"config":{},"layers":[{many}]}}"#, blob(DIGEST)),
                "it lists more than 128 layers",
            ),
            (format!(r#"{{"manifests":[{many}]}}"#), "it lists more than 64 platforms"),
        ] {
            assert_eq!(Document::read(text.as_bytes()).unwrap_err().to_string(), message);
        }
        assert!(matches!(Document::read(b"<html>"), Err(Malformed::Json(_))));
    }

    #[test]
    fn a_configuration_says_its_platform_and_known_labels() {
        let text = br#"{"os":"linux","architecture":"amd64","config":{"Labels":{"CI_JOB_ID":"42","x":"y"}}}"#;
        let config = Config::read(text).unwrap();
        assert_eq!(config.platform, "linux/amd64");
        assert_eq!(config.metadata.get("CI_JOB_ID").map(String::as_str), Some("42"));
        assert_eq!(config.metadata.len(), 1);
        assert_eq!(Config::read(br#"{"config":null}"#), Ok(Config::default()));
    }
}
