//! From a request for something to read to its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout};

use super::Lookup;
use super::guard::Guard;
use super::metrics::LookupMetrics;
use crate::artefact::lookup::{Answer, Ask, Kind};
use crate::server::connection::Service;
use crate::server::gate::Gate;
use crate::server::routes::plain;

/// Every path: what is there is for the lookup to say.
#[derive(Clone)]
pub(super) struct Routes(Arc<Shared>);

struct Shared {
    lookup: Arc<dyn Lookup>,
    guard: Guard,
    gate: Gate,
    patience: Duration,
    metrics: LookupMetrics,
}

impl Routes {
    pub(super) fn new(
        lookup: Arc<dyn Lookup>,
        guard: Guard,
        gate: Gate,
        patience: Duration,
        metrics: LookupMetrics,
    ) -> Self {
        Self(Arc::new(Shared { lookup, guard, gate, patience, metrics }))
    }
}

impl Service for Routes {
    async fn call(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let start = Instant::now();
        let mut response = self.respond(&request).await;
        self.0.metrics.answered(response.status(), start.elapsed());
        let headers = response.headers_mut();
        for (name, value) in [
            // A page says the rest of its policy itself.
            (CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl Routes {
    async fn respond(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let Shared { lookup, guard, gate, patience, .. } = &*self.0;
        let uri = request.uri();
        if !guard.lets_in(request.headers(), uri.host()) {
            return refusal(guard);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let text = "only GET is understood here".to_owned();
            return with(ALLOW, "GET, HEAD", plain(StatusCode::METHOD_NOT_ALLOWED, text));
        }
        let Ok(_place) = gate.enter() else {
            let text = "too many questions are asked at once".to_owned();
            return with(RETRY_AFTER, "1", plain(StatusCode::SERVICE_UNAVAILABLE, text));
        };
        let ask = Ask { path: uri.path(), query: uri.query().unwrap_or_default() };
        match timeout(*patience, lookup.answer(ask)).await {
            Ok(answer) => written(answer),
            Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "it takes too long".to_owned()),
        }
    }
}

fn refusal(guard: &Guard) -> Response<Full<Bytes>> {
    match guard {
        Guard::Token(_) => {
            let text = "the token is missing or wrong".to_owned();
            let challenge = "Basic realm=\"portcullis\", charset=\"UTF-8\"";
            with(WWW_AUTHENTICATE, challenge, plain(StatusCode::UNAUTHORIZED, text))
        }
        Guard::Machine => {
            let text = "call this machine by a name of its own, such as localhost".to_owned();
            plain(StatusCode::FORBIDDEN, text)
        }
    }
}

fn written(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = match answer.kind {
        Kind::Found => StatusCode::OK,
        Kind::Unknown => StatusCode::NOT_FOUND,
        Kind::Wrong => StatusCode::BAD_REQUEST,
        Kind::Unable => StatusCode::SERVICE_UNAVAILABLE,
    };
    with(CONTENT_TYPE, answer.media_type, response)
}

fn with(
    name: hyper::header::HeaderName,
    value: &'static str,
    mut response: Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
