//! One component of a repository, as it is there at the moment: what there is to judge.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Coordinates;

/// A component and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    pub coordinates: Coordinates,
    /// The id by which the repository finds and deletes the component.
    pub component: String,
    /// Its files, by path.
    pub assets: Vec<Asset>,
    /// Whether the bytes are the same: `sha256:` and hex digits, of the one file or of the list of
    /// several. The same version with another digest is another artefact.
    pub digest: String,
}

/// One file of a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asset {
    /// Where it is in the repository, without a leading slash.
    pub path: String,
    /// The id by which the repository finds it.
    pub id: String,
    /// Hex digits of its SHA-256, in lower case.
    pub sha256: String,
    pub size_bytes: u64,
    /// Who uploaded it, as the repository knows them; empty if it does not.
    pub uploader: String,
}

/// A page of the list of a repository's components.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub pushes: Vec<Push>,
    /// How many can't be read, since their files are still on their way.
    pub unread: usize,
    /// What to ask for the next page with; none on the last.
    pub token: Option<String>,
}

/// Why a component can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the repository describes the component in no way that is known: {0}")]
    Shape(String),
    #[error("file `{0}` of the component has no SHA-256 yet")]
    Checksum(String),
    #[error("the component has no files yet")]
    Empty,
}

impl Push {
    /// Reads what Nexus says of one component.
    ///
    /// # Errors
    ///
    /// It is no such description, or its files are still on their way.
    pub fn read(json: &[u8]) -> Result<Self, Malformed> {
        let written: Written =
            serde_json::from_slice(json).map_err(|error| Malformed::Shape(error.to_string()))?;
        Self::of(written)
    }

    /// Whether the repository's own list agrees with the manifest of an image that was read; one
    /// that lists no manifests does.
    pub fn lists(&self, digest: &str) -> bool {
        let is_manifest = |asset: &&Asset| asset.path.contains("/manifests/");
        let mut manifests = self.assets.iter().filter(is_manifest).peekable();
        manifests.peek().is_none()
            || manifests.any(|it| digest.strip_prefix("sha256:") == Some(it.sha256.as_str()))
    }

    fn of(written: Written) -> Result<Self, Malformed> {
        let Written { id, repository, format, group, name, version, assets } = written;
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        let coordinates =
            Coordinates::of(&repository, &format, &text(&group), &name, &text(&version));
        let mut read = assets.into_iter().map(Asset::of).collect::<Result<Vec<_>, _>>()?;
        read.sort();
        let digest = digest(&read).ok_or(Malformed::Empty)?;
        Ok(Self { coordinates, component: id, assets: read, digest })
    }
}

impl Page {
    /// Reads what Nexus lists.
    ///
    /// # Errors
    ///
    /// It is no such page.
    pub fn read(json: &[u8]) -> Result<Self, Malformed> {
        let page: WrittenPage =
            serde_json::from_slice(json).map_err(|error| Malformed::Shape(error.to_string()))?;
        let all = page.items.len();
        let pushes: Vec<_> = page.items.into_iter().filter_map(|it| Push::of(it).ok()).collect();
        let token = page.continuation_token.filter(|token| !token.is_empty());
        Ok(Self { unread: all - pushes.len(), pushes, token })
    }
}

impl Asset {
    fn of(written: WrittenAsset) -> Result<Self, Malformed> {
        let path = written.path.trim_start_matches('/').to_owned();
        let sha256 = written.checksum.and_then(|it| it.sha256).unwrap_or_default();
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Malformed::Checksum(path));
        }
        Ok(Self {
            path,
            id: written.id,
            sha256: sha256.to_ascii_lowercase(),
            size_bytes: written.file_size.unwrap_or_default(),
            uploader: written.uploader.unwrap_or_default(),
        })
    }
}

/// One file's own digest; of several, that of the list of their digests and paths.
fn digest(assets: &[Asset]) -> Option<String> {
    match assets {
        [] => None,
        [one] => Some(format!("sha256:{}", one.sha256)),
        several => {
            let list: String =
                several.iter().map(|it| format!("{}  {}\n", it.sha256, it.path)).collect();
            let hash = Sha256::digest(list.as_bytes());
            Some(hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}")))
        }
    }
}

/// A page as Nexus writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPage {
    items: Vec<Written>,
    continuation_token: Option<String>,
}

/// A component as Nexus writes it.
#[derive(Deserialize)]
struct Written {
    id: String,
    repository: String,
    format: String,
    group: Option<String>,
    name: String,
    version: Option<String>,
    assets: Vec<WrittenAsset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenAsset {
    path: String,
    id: String,
    checksum: Option<Checksum>,
    uploader: Option<String>,
    file_size: Option<u64>,
}

#[derive(Deserialize)]
struct Checksum {
    sha256: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"id":"cmF3","repository":"raw-internal","format":"raw","group":"/a",
        "name":"/a/ska-thing-0.1.0.tar.gz","version":"","assets":[{"path":"/a/ska-thing-0.1.0.tar.gz",
        "id":"cmF4","uploader":"admin","fileSize":6,"checksum":{"sha256":
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}}]}"#;

    #[test]
    fn a_component_of_one_file_has_its_digest() {
        let push = Push::read(ONE.as_bytes()).unwrap();
        assert_eq!(push.coordinates.to_string(), "raw-internal/a/ska-thing-0.1.0.tar.gz");
        assert_eq!(push.digest, format!("sha256:{}", push.assets[0].sha256));
        assert_eq!((push.assets[0].size_bytes, &*push.assets[0].uploader), (6, "admin"));
    }

    #[test]
    fn the_order_of_files_is_no_part_of_the_digest_but_their_names_are() {
        let asset = |path: &str| {
            let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
            format!(r#"{{"path":"{path}","id":"x","checksum":{{"sha256":"{sum}"}}}}"#)
        };
        let digest = |paths: [&str; 2]| {
            let assets = paths.map(asset).join(",");
            let text = format!(
                r#"{{"id":"c","repository":"r","format":"pypi","name":"n","assets":[{assets}]}}"#
            );
            Push::read(text.as_bytes()).unwrap().digest
        };
        assert_eq!(digest(["a", "b"]), digest(["/b", "a"]));
        assert_ne!(digest(["a", "b"]), digest(["a", "c"]));
    }

    #[test]
    fn what_is_not_all_there_yet_says_so() {
        let empty = r#"{"id":"c","repository":"r","format":"pypi","name":"n","assets":[]}"#;
        assert_eq!(Push::read(empty.as_bytes()), Err(Malformed::Empty));
        let open = ONE.replace("sha256", "md5");
        assert_eq!(
            Push::read(open.as_bytes()),
            Err(Malformed::Checksum("a/ska-thing-0.1.0.tar.gz".to_owned()))
        );
        assert!(matches!(Push::read(b"[]"), Err(Malformed::Shape(_))));
        assert_eq!(Page::read(br#"{"items":[],"continuationToken":null}"#), Ok(Page::default()));
    }
}
