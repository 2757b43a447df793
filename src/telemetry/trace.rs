//! Traces of what the doors do, sent to an OpenTelemetry collector by OTLP over HTTP.
//!
//! A trace says what a log says: uid, kind, namespace, name, operation and decision, and how long
//! each step took. Only spans of this program go out, and no event: what an event says of an error
//! is for the log alone.
//!
//! Sources: <https://opentelemetry.io/docs/specs/otlp/>, <https://www.w3.org/TR/trace-context/>

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Url};
use tracing::{Dispatch, Span, Subscriber, info, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::resource::secret;

/// Where traces go, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Traces {
    /// The base address of the collector: `http://collector:4318`.
    pub collector: String,
    /// The share of what comes in that is traced, from 0 to 1. An API server that has a trace of its
    /// own says itself whether that goes on here.
    pub share: f64,
    /// A file of certificates to trust beside the usual ones, as PEM.
    pub authority: Option<PathBuf>,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is no base address of a collector, such as `http://collector:4318`")]
    Address(String),
    #[error("the address of a collector holds no user and no password")]
    Credentials,
    #[error("a share of `{0}` is not between 0 and 1")]
    Share(f64),
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("there is no client for the collector")]
    Client(#[from] reqwest::Error),
    #[error("there is no exporter for the collector")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// How long one call to the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take at the end of the process.
const FAREWELL: Duration = Duration::from_secs(5);

/// Sends spans for as long as it lives, and what is left at its end.
#[derive(Debug)]
pub(super) struct Sending(SdkTracerProvider);

impl Sending {
    /// Must not be called in an asynchronous runtime: the calls go out from a thread of their own.
    pub(super) fn start(traces: &Traces) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&traces.share) {
            return Err(Error::Share(traces.share));
        }
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(address(&traces.collector)?)
            .with_timeout(PATIENCE)
            .with_http_client(client(traces)?)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        // What else `OTEL_RESOURCE_ATTRIBUTES` says of the process is said too.
        let resource = Resource::builder().with_service_name("portcullis").with_attribute(version);
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.share)));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_sampler(sampler)
            .with_batch_exporter(Watched { inner: exporter, fails: AtomicBool::new(false) });
        Ok(Self(provider.build()))
    }

    /// What takes the spans of this program.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("portcullis"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|it| it.is_span() && it.target().starts_with("portcullis")))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            warn!("the last traces are lost: {error}");
        }
    }
}

/// What takes events as `subscriber` does, and the spans if they are sent.
pub(super) fn traced<S>(subscriber: S, sending: Option<&Sending>) -> Dispatch
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    match sending {
        Some(sending) => subscriber.with(sending.layer()).into(),
        // A layer that is `None` would ask for every span.
        None => subscriber.into(),
    }
}

/// Makes a span a part of the trace that a caller names, if it names one.
pub fn follow_caller(span: &Span, headers: &HeaderMap) {
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&Headers(headers));
        // Without a collector there is nothing that it could be a part of.
        _ = span.set_parent(caller);
    }
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

/// Tells once that spans can't be sent, and once that they can again: the library tells nobody.
#[derive(Debug)]
struct Watched<E> {
    inner: E,
    fails: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.inner.export(batch).await;
        let failed = self.fails.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !failed => warn!("traces are lost: {error}"),
            Ok(()) if failed => info!("traces are sent again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Where a collector takes traces.
fn address(base: &str) -> Result<String, Error> {
    // It may hold a password all the same.
    let wrong = || Error::Address(secret::mask(base).into_owned());
    let url: Url = base.parse().map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Credentials);
    }
    let is_base = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    is_base.then(|| format!("{}/v1/traces", url.as_str().trim_end_matches('/'))).ok_or_else(wrong)
}

fn client(traces: &Traces) -> Result<Client, Error> {
    let client = Client::builder().timeout(PATIENCE).no_proxy().redirect(Policy::none());
    let Some(path) = &traces.authority else { return Ok(client.build()?) };
    let pem = fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
    Ok(client.tls_certs_merge(Certificate::from_pem_bundle(&pem)?).build()?)
}

#[cfg(test)]
mod tests {
    use tracing::dispatcher::with_default;
    use tracing::info_span;

    use super::*;
    use crate::telemetry::{Format, subscriber};

    #[test]
    fn no_span_is_made_where_nobody_traces() {
        let log = subscriber(Format::Ska, "trace", std::io::sink).unwrap();
        with_default(&traced(log, None), || {
            assert!(info_span!("review", uid = "0df28fbd").is_disabled());
        });
    }

    #[test]
    fn a_collector_is_a_base_address_and_nothing_else() {
        for (base, expected) in [
            ("http://collector:4318", Some("http://collector:4318/v1/traces")),
            ("https://collector/otlp/", Some("https://collector/otlp/v1/traces")),
            ("collector:4318", None),
            ("", None),
            ("ftp://collector", None),
            ("http://collector?a=b", None),
            ("http://me:pass@collector", None),
        ] {
            assert_eq!(address(base).ok().as_deref(), expected, "{base}");
        }
        for base in ["http://me:hunter2@collector", "http://me:hunter2@", "me:hunter2@collector"] {
            let told = address(base).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
