//! Stand-ins for a Nexus, a GitLab and a chat, at one address: `/nexus`, `/gitlab`, `/chat`.
//!
//! The Nexus answers as a real one does that was recorded: pages of 100, 500 for a bad token, 404
//! with nothing for an id that is gone, uploads without an id.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::paths::{decoded, query};

pub(super) const USER: &str = "quarantiner";
pub(super) const PASSWORD: &str = "correct horse";
pub(super) const TOKEN: &str = "glpat-0123456789";
pub(super) const PLATFORM: &str = "ska-telescope/platform";

/// All stand-ins, until it is dropped with the test's process.
#[derive(Clone)]
pub(super) struct Stand {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What the stand-ins hold.
#[derive(Default)]
pub(super) struct State {
    /// Components by id.
    pub components: BTreeMap<String, Component>,
    next: u64,
    /// The descriptions of issues, and the branches of merge requests.
    pub issues: Vec<Json>,
    pub merge_requests: Vec<Json>,
    pub branches: Vec<String>,
    pub notices: Vec<String>,
    /// Calls as `METHOD PATH`, in order.
    pub calls: Vec<String>,
    /// Projects by number and path.
    pub projects: Vec<Json>,
    /// While set, every call to Nexus is answered with this.
    pub broken: Option<StatusCode>,
    /// While set, downloads wait.
    pub held: bool,
    /// Answers downloads by a redirect to this.
    pub redirect: Option<String>,
}

#[derive(Clone)]
pub(super) struct Component {
    pub repository: String,
    pub path: String,
    pub bytes: Vec<u8>,
    /// The digest of the manifest, if it is an image, which a registry holds.
    pub manifest: Option<String>,
}

impl Stand {
    pub(super) fn start() -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().unwrap().projects = vec![
            json!({"id": 1, "path_with_namespace": PLATFORM, "default_branch": "main",
                "web_url": format!("https://gitlab.com/{PLATFORM}")}),
            json!({"id": 42, "path_with_namespace": "ska-telescope/ska-thing",
                "default_branch": "main", "web_url": "https://gitlab.com/ska-telescope/ska-thing"}),
        ];
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let state = Arc::clone(&shared);
                    tokio::spawn(async move {
                        let answer = service_fn(|request| answer(Arc::clone(&state), request));
                        let http = hyper::server::conn::http1::Builder::new();
                        // A door that is killed breaks its connections.
                        let _ = http.serve_connection(TokioIo::new(stream), answer).await;
                    });
                }
            });
        });
        Self { address: receiver.recv().unwrap(), state }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Uploads a raw file, as an author does, and returns the component's id.
    pub(super) fn push(&self, repository: &str, path: &str, bytes: &[u8]) -> String {
        self.state().put(repository, path, bytes)
    }

    /// Says that a registry holds version 1.0.0 of an image, and returns the component's id.
    pub(super) fn push_image(&self, repository: &str, name: &str, digest: &str) -> String {
        let mut state = self.state();
        let id = state.put(repository, name, b"");
        let component = state.components.get_mut(&id).unwrap();
        component.manifest = Some(digest.trim_start_matches("sha256:").to_owned());
        id
    }

    /// How many components a repository holds.
    pub(super) fn count(&self, repository: &str) -> usize {
        self.state().components.values().filter(|it| it.repository == repository).count()
    }
}

impl State {
    fn put(&mut self, repository: &str, path: &str, bytes: &[u8]) -> String {
        let path = path.trim_start_matches('/').to_owned();
        let same = |(_, it): &(&String, &Component)| it.repository == repository && it.path == path;
        let id = match self.components.iter().find(same) {
            Some((id, _)) => id.clone(),
            None => {
                self.next += 1;
                use base64::Engine as _;
                base64::engine::general_purpose::URL_SAFE_NO_PAD
                    .encode(format!("{repository}:{:08x}", self.next))
            }
        };
        let repository = repository.to_owned();
        let component = Component { repository, path, bytes: bytes.to_vec(), manifest: None };
        self.components.insert(id.clone(), component);
        id
    }
}

/// The component as REST shows it.
fn shown(id: &str, component: &Component) -> Json {
    let Component { repository, path, bytes, manifest } = component;
    if let Some(sha256) = manifest {
        return json!({"id": id, "repository": repository, "format": "docker", "group": null,
            "name": path, "version": "1.0.0", "assets": [{
                "path": format!("v2/{path}/manifests/1.0.0"), "id": id, "repository": repository,
                "format": "docker", "checksum": {"sha256": sha256}, "uploader": "gitlab",
                "fileSize": 500}]});
    }
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    json!({"id": id, "repository": repository, "format": "raw", "group": format!("/{group}"),
        "name": format!("/{path}"), "version": "", "assets": [{
            "path": format!("/{path}"), "id": id, "repository": repository, "format": "raw",
            "checksum": {"sha256": sha256}, "uploader": "admin", "fileSize": bytes.len()}]})
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(status(StatusCode::BAD_REQUEST)) };
    let body = body.to_bytes();
    let path: Vec<String> = parts.uri.path().split('/').skip(1).map(decoded).collect();
    let queries = query(parts.uri.query().unwrap_or_default());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    state.lock().unwrap().calls.push(format!("{} {}", parts.method, parts.uri.path()));
    let header = |name: &str| {
        parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    while path.contains(&"repository") && state.lock().unwrap().held {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut state = state.lock().unwrap();
    // What stands before `nexus` says which replica calls.
    let from = path.iter().position(|it| ["nexus", "gitlab", "chat"].contains(it));
    let Some(rest) = from.and_then(|at| path.get(at..)) else {
        return Ok(status(StatusCode::NOT_FOUND));
    };
    Ok(match rest {
        ["nexus", rest @ ..] => {
            use base64::Engine as _;
            let login =
                base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
            if header("authorization") != format!("Basic {login}") {
                return Ok(status(StatusCode::UNAUTHORIZED));
            }
            if let Some(broken) = state.broken {
                return Ok(status(broken));
            }
            state.nexus(&parts.method, rest, &queries, &header("content-type"), &body)
        }
        ["gitlab", "api", "v4", rest @ ..] => {
            if header("private-token") != TOKEN {
                return Ok(status(StatusCode::UNAUTHORIZED));
            }
            state.gitlab(&parts.method, rest, &queries, &body)
        }
        ["chat", "secret-hook"] => {
            let text: Json = serde_json::from_slice(&body).unwrap();
            state.notices.push(text["text"].as_str().unwrap().to_owned());
            status(StatusCode::OK)
        }
        _ => status(StatusCode::NOT_FOUND),
    })
}

impl State {
    fn nexus(
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
                let Some((path, bytes)) = uploaded(media_type, body) else {
                    return status(StatusCode::BAD_REQUEST);
                };
                self.put(&repository, &path, &bytes);
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
                let path = path.join("/");
                let same = |it: &&Component| it.repository == *repository && it.path == path;
                match self.components.values().find(same) {
                    Some(component) => Response::new(Full::new(component.bytes.clone().into())),
                    None => status(StatusCode::NOT_FOUND),
                }
            }
            _ => status(StatusCode::NOT_FOUND),
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

    fn gitlab(
        &mut self,
        method: &Method,
        path: &[&str],
        queries: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Answer {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| queries.get(name).cloned().unwrap_or_default();
        match (method.as_str(), path) {
            ("GET", ["projects", id]) => {
                let same = |it: &&Json| {
                    it["id"].as_u64() == id.parse().ok() || it["path_with_namespace"] == **id
                };
                match self.projects.iter().find(same) {
                    Some(project) => json_of(StatusCode::OK, project),
                    None => status(StatusCode::NOT_FOUND),
                }
            }
            ("GET", ["projects", _, "issues"]) => {
                let word = text("search");
                let holds = |it: &&Json| it["description"].as_str().unwrap().contains(&word);
                let found: Vec<&Json> = self.issues.iter().filter(holds).collect();
                json_of(StatusCode::OK, &json!(found))
            }
            ("POST", ["projects", project, "issues"]) => {
                let number = self.issues.len() + 1;
                let url = format!("https://gitlab.com/{project}/-/issues/{number}");
                let issue = json!({"web_url": url, "title": body["title"], "project": project,
                    "description": body["description"]});
                self.issues.push(issue.clone());
                json_of(StatusCode::CREATED, &issue)
            }
            ("POST", ["projects", _, "repository", "branches"]) => {
                if self.branches.contains(&text("branch")) {
                    let message = json!({"message": "Branch already exists"});
                    return json_of(StatusCode::BAD_REQUEST, &message);
                }
                self.branches.push(text("branch"));
                json_of(StatusCode::CREATED, &json!({"name": text("branch")}))
            }
            ("GET", ["projects", _, "merge_requests"]) => {
                let of = |it: &&Json| it["source_branch"] == *text("source_branch");
                let found: Vec<&Json> = self.merge_requests.iter().filter(of).collect();
                json_of(StatusCode::OK, &json!(found))
            }
            ("POST", ["projects", project, "merge_requests"]) => {
                let mut request = body;
                let number = self.merge_requests.len() + 1;
                request["web_url"] =
                    json!(format!("https://gitlab.com/{project}/-/merge_requests/{number}"));
                self.merge_requests.push(request.clone());
                json_of(StatusCode::CREATED, &request)
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }
}

/// The path and the bytes of an upload to a raw repository.
fn uploaded(media_type: &str, body: &[u8]) -> Option<(String, Vec<u8>)> {
    let boundary = media_type.split_once("boundary=")?.1.trim_matches('"');
    let mark = format!("--{boundary}");
    let mut fields = BTreeMap::new();
    let mut bytes = None;
    for part in split(body, mark.as_bytes()) {
        let Some(at) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..at]).into_owned();
        let content = part[at + 4..].strip_suffix(b"\r\n")?.to_vec();
        let name = head.split("name=\"").nth(1)?.split('"').next()?.to_owned();
        if name == "raw.asset1" {
            bytes = Some(content);
        } else {
            fields.insert(name, String::from_utf8(content).ok()?);
        }
    }
    let directory = fields.get("raw.directory")?;
    let file = fields.get("raw.asset1.filename")?;
    Some((format!("{}/{file}", directory.trim_end_matches('/')), bytes?))
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn split<'a>(mut text: &'a [u8], word: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(text, word) {
        parts.push(&text[..at]);
        text = &text[at + word.len()..];
    }
    parts
}

fn status(code: StatusCode) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}

fn json_of(code: StatusCode, value: &Json) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = code;
    response
}
