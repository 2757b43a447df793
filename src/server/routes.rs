//! From a request to a response: three paths, each with one question for the judge.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, debug, info, info_span, warn};

use super::body::{self, Unread};
use super::connection::Service;
use super::desk::{Desk, Judged};
use super::gate::{Gate, NoRoom};
use super::limits::Limits;
use super::metrics::Metrics;
use super::patience;
use crate::admission::{Answer, Malformed, Reviewed, Stage, Summary};
use crate::telemetry::follow_caller;

/// The admission door's paths: `/validate`, `/mutate` and `/policies`.
#[derive(Clone)]
pub(super) struct Routes(Arc<Shared>);

struct Shared {
    desk: Desk,
    gate: Gate,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
}

/// Why a request was not answered with a review.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    Path,
    Method,
    MediaType,
    Timeout(String),
    Malformed(Malformed),
    Unread(Unread),
    /// Too many reviews are in flight.
    Crowded,
    /// The judge and its `onError` are both stuck.
    Stuck,
}

impl Service for Routes {
    async fn call(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Shared { limits, metrics, .. } = &*self.0;
        let span = span();
        follow_caller(&span, request.headers());
        match self.admit(&mut request, &span).instrument(span.clone()).await {
            Ok(reviewed) => json(reviewed.body),
            Err(refusal) => {
                span.record("refused", refusal.name());
                metrics.refused(refusal.name());
                let version = request.version();
                let all_read = match &refusal {
                    Refusal::Unread(Unread::Slow | Unread::Broken) => false,
                    _ => Box::pin(body::discard(request.body_mut(), limits)).await,
                };
                let mut response = refusal.response();
                if !all_read && version < Version::HTTP_2 {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
        }
    }
}

impl Routes {
    pub(super) fn new(desk: Desk, gate: Gate, limits: Arc<Limits>, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared { desk, gate, limits, metrics }))
    }

    async fn admit(
        &self,
        request: &mut Request<Incoming>,
        span: &Span,
    ) -> Result<Reviewed, Refusal> {
        let Shared { desk, gate, limits, metrics } = &*self.0;
        let start = Instant::now();
        let stage = Stage::of_path(request.uri().path()).ok_or(Refusal::Path)?;
        if request.method() != Method::POST {
            return Err(Refusal::Method);
        }
        if !request.headers().get(CONTENT_TYPE).is_some_and(is_json) {
            return Err(Refusal::MediaType);
        }
        let granted = patience::granted(request.uri().query())
            .map_err(|text| Refusal::Timeout(text.chars().take(32).collect()))?;
        let deadline = start + patience::deadline(granted, limits);

        let mut place = gate.enter().map_err(|NoRoom| Refusal::Crowded)?;
        let until = deadline.min(start + limits.body);
        let body = body::read(request.body_mut(), &mut place, limits, until);
        let body = body.instrument(info_span!("body")).await.map_err(Refusal::Unread)?;
        let judged = desk.judge(stage, body, place, deadline).instrument(info_span!("judge"));
        let reviewed = match judged.await {
            Judged::Answer(reviewed) => reviewed,
            Judged::Overdue(reviewed) => {
                metrics.overdue(stage);
                reviewed
            }
            Judged::Malformed(malformed) => return Err(Refusal::Malformed(malformed)),
            Judged::Nothing => return Err(Refusal::Stuck),
        };
        let took = start.elapsed();
        metrics.answered(stage, &reviewed.summary, took);
        log(stage, &reviewed.summary, took);
        trace(span, stage, &reviewed.summary);
        Ok(reviewed)
    }
}

impl Refusal {
    /// Its name in the metrics.
    const fn name(&self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Method => "method",
            Self::MediaType => "media_type",
            Self::Timeout(_) => "timeout",
            Self::Malformed(_) => "malformed",
            Self::Unread(Unread::TooLarge) => "too_large",
            Self::Unread(Unread::NoRoom) => "bytes_in_flight",
            Self::Unread(Unread::Slow) => "slow_body",
            Self::Unread(Unread::Broken) => "broken_body",
            Self::Crowded => "reviews_in_flight",
            Self::Stuck => "stuck",
        }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let (status, text) = self.says();
        let mut response = plain(status, text);
        let headers = response.headers_mut();
        match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }

    fn says(&self) -> (StatusCode, String) {
        let (status, text) = match self {
            Self::Path => (StatusCode::NOT_FOUND, "only /validate, /mutate and /policies are here"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "only POST is understood here"),
            Self::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
            }
            Self::Timeout(text) => {
                let text = format!("timeout `{text}` is not a duration such as 10s");
                return (StatusCode::BAD_REQUEST, text);
            }
            Self::Malformed(malformed) => return (StatusCode::BAD_REQUEST, malformed.to_string()),
            Self::Unread(Unread::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than a review can be")
            }
            Self::Unread(Unread::NoRoom) => {
                (StatusCode::SERVICE_UNAVAILABLE, "too many bytes are in flight")
            }
            Self::Unread(Unread::Slow) => {
                (StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
            }
            Self::Unread(Unread::Broken) => (StatusCode::BAD_REQUEST, "the body cannot be read"),
            Self::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "too many reviews are in flight"),
            Self::Stuck => (StatusCode::SERVICE_UNAVAILABLE, "reviews are stuck"),
        };
        (status, text.to_owned())
    }
}

/// A line of text for people.
pub(super) fn plain(status: StatusCode, mut text: String) -> Response<Full<Bytes>> {
    text.push('\n');
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

fn json(body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Whether a content type is `application/json`, with or without parameters.
fn is_json(value: &HeaderValue) -> bool {
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// The span of a review, of which nothing is known yet.
fn span() -> Span {
    info_span!(
        "review",
        otel.kind = "server",
        stage = Empty,
        uid = Empty,
        kind = Empty,
        namespace = Empty,
        name = Empty,
        operation = Empty,
        decision = Empty,
        policy_set = Empty,
        refused = Empty,
    )
}

/// The same as the line of the log.
fn trace(span: &Span, stage: Stage, summary: &Summary) {
    let Summary { uid, kind, namespace, name, operation, answer, policy_set, .. } = summary;
    for (field, value) in [
        ("stage", stage.as_str()),
        ("uid", uid.as_str()),
        ("kind", kind.as_str()),
        ("namespace", namespace.as_str()),
        ("name", name.as_str()),
        ("operation", operation.as_str()),
        ("decision", answer.as_str()),
        ("policy_set", policy_set),
    ] {
        span.record(field, value);
    }
}

/// One line for a review: what was asked and what came of it, and never what was in it.
fn log(stage: Stage, summary: &Summary, took: Duration) {
    let Summary { uid, kind, namespace, name, operation, answer, policy_set, .. } = summary;
    macro_rules! line {
        ($level:ident) => {
            $level!(
                stage = stage.as_str(),
                uid,
                kind,
                namespace,
                name,
                operation = operation.as_str(),
                decision = answer.as_str(),
                policy_set = &**policy_set,
                milliseconds = took.as_secs_f64() * 1e3,
                "review"
            )
        };
    }
    match answer {
        // Most are: an API server's audit log has them already.
        Answer::Allow => line!(debug),
        Answer::Warn | Answer::Deny => line!(info),
        Answer::Error => line!(warn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_media_type() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/jsonp", false),
            ("application/yaml", false),
            ("", false),
        ] {
            assert_eq!(is_json(&HeaderValue::from_static(value)), json, "{value}");
        }
    }
}
