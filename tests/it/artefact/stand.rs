//! Stand-ins for a Nexus, a GitLab and a chat, at one address: `/nexus`, `/gitlab`, `/chat`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

use super::nexus::Component;
use super::paths::{decoded, query};
use crate::stand_in;

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
    pub next: u64,
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

impl Stand {
    pub(super) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().unwrap().projects = vec![
            json!({"id": 1, "path_with_namespace": PLATFORM, "default_branch": "main",
                "web_url": format!("https://gitlab.com/{PLATFORM}")}),
            json!({"id": 42, "path_with_namespace": "ska-telescope/ska-thing",
                "default_branch": "main", "web_url": "https://gitlab.com/ska-telescope/ska-thing"}),
        ];
        let shared = Arc::clone(&state);
        let address = stand_in::serve(move |request| answer(Arc::clone(&shared), request));
        Self { address, state }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

pub(super) type Answer = Response<Full<Bytes>>;

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

pub(super) fn status(code: StatusCode) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}

pub(super) fn json_of(code: StatusCode, value: &Json) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = code;
    response
}
