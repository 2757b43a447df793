//! A stand-in for a Nexus: it answers as a real one does that was recorded. Pages of 100, 500 for a
//! bad token, 404 with nothing for an id that is gone, uploads without an id.

use std::collections::BTreeMap;
use std::io::Read as _;

use http_body_util::Full;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::stand::{Answer, Stand, State, json_of, status};

/// What a repository calls one upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Component {
    pub repository: String,
    pub format: String,
    pub group: String,
    pub name: String,
    pub version: String,
    /// By path, without a leading slash.
    pub files: BTreeMap<String, File>,
    /// The digest of the manifest, if it is an image, which a registry holds.
    pub manifest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub bytes: Vec<u8>,
    sha256: String,
}

impl Component {
    fn is_called(&self, other: &Self) -> bool {
        self.repository == other.repository
            && self.group == other.group
            && self.name == other.name
            && self.version == other.version
    }
}

impl Stand {
    /// Uploads a raw file, as an author does, and returns the component's id.
    pub(super) fn push(&self, repository: &str, path: &str, bytes: &[u8]) -> String {
        self.state().put(raw(repository, path), path, bytes)
    }

    /// Uploads a file of another format by its name alone, as its tools do.
    pub(super) fn push_as(
        &self,
        format: &str,
        repository: &str,
        file: &str,
        bytes: &[u8],
    ) -> String {
        let (component, path) = placed(format, repository, file, bytes).unwrap();
        self.state().put(component, &path, bytes)
    }

    /// Says that a registry holds version 1.0.0 of an image, and returns the component's id.
    pub(super) fn push_image(&self, repository: &str, name: &str, digest: &str) -> String {
        let mut state = self.state();
        let id = state.put(raw(repository, name), name, b"");
        let component = state.components.get_mut(&id).unwrap();
        component.manifest = Some(digest.trim_start_matches("sha256:").to_owned());
        id
    }

    /// How many components a repository holds.
    pub(super) fn count(&self, repository: &str) -> usize {
        self.state().components.values().filter(|it| it.repository == repository).count()
    }

    /// The paths of a repository's files.
    pub(super) fn paths(&self, repository: &str) -> Vec<String> {
        let state = self.state();
        let all = state.components.values().filter(|it| it.repository == repository);
        let mut paths: Vec<String> = all.flat_map(|it| it.files.keys().cloned()).collect();
        paths.sort();
        paths
    }
}

impl State {
    pub(super) fn nexus(
        &mut self,
        method: &Method,
        path: &[&str],
        queries: &BTreeMap<String, String>,
        media_type: &str,
        body: &[u8],
    ) -> Answer {
        let repository = queries.get("repository").cloned().unwrap_or_default();
        match (method.as_str(), path) {
            ("GET", ["service", "rest", "v1", "components"]) => {
                self.page(&repository, queries.get("continuationToken"))
            }
            ("POST", ["service", "rest", "v1", "components"]) => {
                let Some((component, path, bytes)) = uploaded(&repository, media_type, body) else {
                    return status(StatusCode::BAD_REQUEST);
                };
                self.put(component, &path, &bytes);
                status(StatusCode::NO_CONTENT)
            }
            ("GET", ["service", "rest", "v1", "components", id]) => {
                match self.components.get(*id) {
                    Some(component) => json_of(StatusCode::OK, &shown(id, component)),
                    None => status(StatusCode::NOT_FOUND),
                }
            }
            ("DELETE", ["service", "rest", "v1", "components", id]) => {
                let gone = self.components.remove(*id).is_some();
                status(if gone { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
            }
            ("GET", ["repository", repository, path @ ..]) => {
                if let Some(redirect) = &self.redirect {
                    let mut response = status(StatusCode::FOUND);
                    response.headers_mut().insert("location", redirect.parse().unwrap());
                    return response;
                }
                self.file(repository, &path.join("/"))
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    fn file(&self, repository: &str, path: &str) -> Answer {
        let mut all = self.components.values().filter(|it| it.repository == repository);
        match all.find_map(|it| it.files.get(path)) {
            Some(file) => Response::new(Full::new(file.bytes.clone().into())),
            None => status(StatusCode::NOT_FOUND),
        }
    }

    fn page(&self, repository: &str, token: Option<&String>) -> Answer {
        let start = match token.map(|it| it.parse::<usize>()) {
            None => 0,
            Some(Ok(start)) => start,
            Some(Err(_)) => return status(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let all: Vec<_> =
            self.components.iter().filter(|(_, it)| it.repository == repository).collect();
        let items: Vec<Json> =
            all.iter().skip(start).take(100).map(|(id, it)| shown(id, it)).collect();
        let next = (start + 100 < all.len()).then(|| (start + 100).to_string());
        json_of(StatusCode::OK, &json!({"items": items, "continuationToken": next}))
    }

    /// Puts a file into a component, which may be there already with others.
    fn put(&mut self, component: Component, path: &str, bytes: &[u8]) -> String {
        let path = path.trim_start_matches('/').to_owned();
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let file = File { bytes: bytes.to_vec(), sha256 };
        let same = self.components.iter_mut().find(|(_, it)| it.is_called(&component));
        if let Some((id, there)) = same {
            there.files.insert(path, file);
            return id.clone();
        }
        self.next += 1;
        use base64::Engine as _;
        let id = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(format!("{}:{:08x}", component.repository, self.next));
        let files = BTreeMap::from([(path, file)]);
        self.components.insert(id.clone(), Component { files, ..component });
        id
    }
}

/// The component as REST shows it.
fn shown(id: &str, component: &Component) -> Json {
    let Component { repository, format, group, name, version, files, manifest } = component;
    if let Some(sha256) = manifest {
        return json!({"id": id, "repository": repository, "format": "docker", "group": null,
            "name": name.trim_start_matches('/'), "version": "1.0.0", "assets": [{
                "path": format!("v2{name}/manifests/1.0.0"), "id": id, "repository": repository,
                "format": "docker", "checksum": {"sha256": sha256}, "uploader": "gitlab",
                "fileSize": 500}]});
    }
    let asset = |(path, file): (&String, &File)| {
        let path = if format == "raw" { format!("/{path}") } else { path.clone() };
        json!({"path": path, "id": id, "repository": repository, "format": format,
            "checksum": {"sha256": file.sha256}, "uploader": "admin",
            "fileSize": file.bytes.len()})
    };
    let assets: Vec<Json> = files.iter().map(asset).collect();
    let group = if group.is_empty() { Json::Null } else { json!(group) };
    json!({"id": id, "repository": repository, "format": format, "group": group, "name": name,
        "version": version, "assets": assets})
}

/// The component of a raw file: its name is its path, and it has no version.
fn raw(repository: &str, path: &str) -> Component {
    let path = path.trim_start_matches('/');
    Component {
        repository: repository.to_owned(),
        format: "raw".to_owned(),
        group: format!("/{}", path.rsplit_once('/').map_or("", |(group, _)| group)),
        name: format!("/{path}"),
        ..Component::default()
    }
}

/// Where Nexus puts a file of a format that says itself what it is called.
fn placed(format: &str, repository: &str, file: &str, bytes: &[u8]) -> Option<(Component, String)> {
    let (group, name, version, path) = match format {
        "helm" => {
            let (name, version) = file.strip_suffix(".tgz")?.rsplit_once('-')?;
            (String::new(), name.to_owned(), version.to_owned(), file.to_owned())
        }
        "pypi" => {
            let mut parts = file.strip_suffix(".tar.gz").unwrap_or(file).split('-');
            let (name, version) = (parts.next()?.replace('_', "-"), parts.next()?.to_owned());
            let path = format!("packages/{name}/{version}/{file}");
            (String::new(), name, version, path)
        }
        "npm" => {
            let about = package_json(bytes)?;
            let (version, whole) = (about["version"].as_str()?, about["name"].as_str()?);
            let (group, name) =
                whole.strip_prefix('@').map_or(Some(("", whole)), |it| it.split_once('/'))?;
            let path = format!("{whole}/-/{name}-{version}.tgz");
            (group.to_owned(), name.to_owned(), version.to_owned(), path)
        }
        _ => return None,
    };
    let (repository, format) = (repository.to_owned(), format.to_owned());
    Some((Component { repository, format, group, name, version, ..Component::default() }, path))
}

/// What an npm package says of itself.
fn package_json(bytes: &[u8]) -> Option<Json> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        if entry.path().ok()?.ends_with("package.json") {
            let mut text = String::new();
            entry.read_to_string(&mut text).ok()?;
            return serde_json::from_str(&text).ok();
        }
    }
    None
}

/// The component, the path and the bytes of an upload, whose fields say the format.
fn uploaded(
    repository: &str,
    media_type: &str,
    body: &[u8],
) -> Option<(Component, String, Vec<u8>)> {
    let boundary = media_type.split_once("boundary=")?.1.trim_matches('"');
    let mark = format!("--{boundary}");
    let mut fields = BTreeMap::new();
    let mut sent = None;
    for part in split(body, mark.as_bytes()) {
        let Some(at) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..at]).into_owned();
        let content = part[at + 4..].strip_suffix(b"\r\n")?.to_vec();
        let quoted = |key: &str| Some(head.split(key).nth(1)?.split('"').next()?.to_owned());
        let name = quoted(" name=\"")?;
        match quoted("filename=\"") {
            Some(file) => sent = Some((name, file, content)),
            None => drop(fields.insert(name, String::from_utf8(content).ok()?)),
        }
    }
    let (part, file, bytes) = sent?;
    if part == "raw.asset1" {
        let directory = fields.get("raw.directory")?.trim_end_matches('/');
        let path = format!("{directory}/{}", fields.get("raw.asset1.filename")?);
        return Some((raw(repository, &path), path, bytes));
    }
    let (component, path) = placed(part.strip_suffix(".asset")?, repository, &file, &bytes)?;
    Some((component, path, bytes))
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, word)
}

fn split<'a>(mut text: &'a [u8], word: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(text, word) {
        parts.push(&text[..at]);
        text = &text[at + word.len()..];
    }
    parts
}
