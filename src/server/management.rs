//! The port for whoever looks after the server: is it alive, is it ready, what does it count.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Awaited;
use super::connection::Service;
use super::drain::{Drain, Phase};
use super::gate::Gate;
use super::metrics::{MEDIA_TYPE, Metrics};
use super::routes::plain;

/// `/livez`, `/readyz` and `/metrics`.
#[derive(Clone)]
pub(super) struct Management {
    pub metrics: Arc<Metrics>,
    pub gate: Gate,
    /// The drain of the admission port, which this one outlives.
    pub drain: Drain,
    pub awaited: Awaited,
}

impl Management {
    fn waits_for(&self) -> Option<String> {
        match self.drain.has_reached(Phase::Draining) {
            true => Some("draining".to_owned()),
            false => (self.awaited)(),
        }
    }
}

impl Service for Management {
    async fn call(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let known = ["/livez", "/readyz", "/metrics"].contains(&request.uri().path());
        if known && !matches!(*request.method(), Method::GET | Method::HEAD) {
            let text = "only GET is understood here".to_owned();
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, text);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/livez" => plain(StatusCode::OK, "alive".to_owned()),
            "/readyz" => match self.waits_for() {
                None => plain(StatusCode::OK, "ready".to_owned()),
                Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}")),
            },
            "/metrics" => {
                let mut response = Response::new(Full::new(self.metrics.text(&self.gate).into()));
                let media_type = HeaderValue::from_static(MEDIA_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, media_type);
                response
            }
            _ => {
                let text = "only /livez, /readyz and /metrics are here".to_owned();
                plain(StatusCode::NOT_FOUND, text)
            }
        }
    }
}
