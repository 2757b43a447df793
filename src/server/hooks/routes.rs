//! From a call of a webhook to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument as _, debug, info_span, warn};

use super::Hooks;
use super::metrics::HookMetrics;
use crate::artefact::{Hook, Received, Sender, delivery, signature};
use crate::server::body::{self, Unread};
use crate::server::connection::Service;
use crate::server::gate::Gate;
use crate::server::limits::Limits;
use crate::server::routes::plain;

/// Who calls where.
const PATHS: [(&str, Sender); 3] = [
    ("/hooks/harbor", Sender::Harbor),
    ("/hooks/nexus", Sender::Nexus),
    ("/hooks/registry", Sender::Registry),
];
/// The longest header that is read.
const LONGEST: usize = 1024;

/// The paths of all senders.
#[derive(Clone)]
pub(super) struct Routes(Arc<Shared>);

struct Shared {
    hooks: Arc<dyn Hooks>,
    gate: Gate,
    limits: Arc<Limits>,
    metrics: HookMetrics,
}

/// What a call came to: its name in the metrics, and its answer.
struct Ended {
    name: &'static str,
    status: StatusCode,
    text: String,
    rest: Rest,
}

/// What is left of a body.
#[derive(Clone, Copy)]
enum Rest {
    Nothing,
    /// More is coming, or may be.
    More,
    /// It does not come.
    Stuck,
}

impl Service for Routes {
    async fn call(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Shared { limits, metrics, .. } = &*self.0;
        let start = Instant::now();
        let span = info_span!("hook", otel.kind = "server", result = Empty);
        let ended = self.take(&mut request, start).instrument(span.clone()).await;
        span.record("result", ended.name);
        metrics.ended(ended.name);
        if ended.status.is_success() {
            metrics.kept(start.elapsed());
            debug!(result = ended.name, "hook");
        } else {
            warn!(result = ended.name, "hook: {}", ended.text);
        }
        let keep = match ended.rest {
            Rest::Nothing => true,
            Rest::More => body::discard(request.body_mut(), limits).await,
            Rest::Stuck => false,
        };
        let mut response = plain(ended.status, ended.text);
        let headers = response.headers_mut();
        match ended.status {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        if !keep && request.version() < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Routes {
    pub(super) fn new(
        hooks: Arc<dyn Hooks>,
        gate: Gate,
        limits: Arc<Limits>,
        metrics: HookMetrics,
    ) -> Self {
        Self(Arc::new(Shared { hooks, gate, limits, metrics }))
    }

    async fn take(&self, request: &mut Request<Incoming>, start: Instant) -> Ended {
        let Shared { hooks, gate, limits, .. } = &*self.0;
        let path = request.uri().path();
        let Some((_, sender)) = PATHS.into_iter().find(|(it, _)| *it == path) else {
            let paths = PATHS.map(|(path, _)| path).join(", ");
            let text = format!("only {paths} are here");
            return Ended::early("path", StatusCode::NOT_FOUND, &text);
        };
        if request.method() != Method::POST {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Ended::early("method", status, "only POST is understood here");
        }
        let id = header(request.headers(), delivery::ID_HEADER);
        let proof = match sender {
            Sender::Nexus => header(request.headers(), signature::HEADER),
            Sender::Harbor | Sender::Registry => header(request.headers(), AUTHORIZATION.as_str()),
        };
        let Ok(mut place) = gate.enter() else { return Ended::unread(Unread::NoRoom) };
        let deadline = start + limits.body;
        let body = match body::read(request.body_mut(), &mut place, limits, deadline).await {
            Ok(body) => body,
            Err(unread) => return Ended::unread(unread),
        };
        let hook = Hook { sender, id: &id, proof: &proof, body: &body };
        let received = timeout_at(start + limits.review, hooks.receive(hook)).await;
        Ended::of(received.unwrap_or_else(|_| Received::Full("it takes too long".to_owned())))
    }
}

impl Ended {
    fn early(name: &'static str, status: StatusCode, text: &str) -> Self {
        Self { name, status, text: text.to_owned(), rest: Rest::More }
    }

    fn of(received: Received) -> Self {
        let (name, status, text) = match received {
            Received::Kept { repeated: true, .. } => {
                ("repeated", StatusCode::OK, "known".to_owned())
            }
            Received::Kept { late: true, .. } => ("late", StatusCode::OK, "kept".to_owned()),
            Received::Kept { .. } => ("kept", StatusCode::OK, "kept".to_owned()),
            Received::Elsewhere => {
                ("elsewhere", StatusCode::OK, "nothing of it is judged".to_owned())
            }
            Received::Forged => (
                "forged",
                StatusCode::UNAUTHORIZED,
                "no known secret or token vouches for it".to_owned(),
            ),
            Received::Malformed(why) => ("malformed", StatusCode::BAD_REQUEST, why),
            Received::Full(why) => ("full", StatusCode::SERVICE_UNAVAILABLE, why),
        };
        Self { name, status, text, rest: Rest::Nothing }
    }

    fn unread(unread: Unread) -> Self {
        let (name, status, text) = match unread {
            Unread::TooLarge => (
                "too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is larger than an event can be",
            ),
            Unread::NoRoom => {
                ("crowded", StatusCode::SERVICE_UNAVAILABLE, "too many hooks are in flight")
            }
            Unread::Slow => {
                ("slow_body", StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
            }
            Unread::Broken => ("broken_body", StatusCode::BAD_REQUEST, "the body cannot be read"),
        };
        let rest = match unread {
            Unread::Slow | Unread::Broken => Rest::Stuck,
            Unread::TooLarge | Unread::NoRoom => Rest::More,
        };
        Self { rest, ..Self::early(name, status, text) }
    }
}

/// A header as text; empty if it is not there, or too long to be one of a hook.
fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if value.len() > LONGEST { String::new() } else { value.to_owned() }
}
