//! Traces, as a collector gets them: a stand-in that decodes what OTLP says it is sent.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response, http};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::folder::Folder;
use crate::process::Process;
use crate::server::harness::ask_with;
use crate::stand_in;

const PATIENCE: Duration = Duration::from_secs(60);

/// A Secret that is created, with a value that nobody is to see.
const REVIEW: &str = r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
    "uid": "0df28fbd-5f5f-11e8-bc74-36e6bb280816", "operation": "CREATE",
    "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
    "resource": {"group": "", "version": "v1", "resource": "configmaps"},
    "namespace": "ska-test", "name": "settings", "userInfo": {"username": "canary-hunter2"},
    "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings",
    "namespace": "ska-test"}, "data": {"password": "canary-hunter2"}}}}"#;

/// The trace that the API server has begun, and its span there.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Takes calls, and keeps what they bring.
pub(crate) struct Collector {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

struct Call {
    head: http::request::Parts,
    body: Bytes,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let kept = Arc::clone(&calls);
        let address = stand_in::serve(move |request: Request<Incoming>| {
            let kept = Arc::clone(&kept);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                kept.lock().unwrap().push(Call { head, body });
                // An empty answer of OTLP.
                Ok::<_, Infallible>(Response::default())
            }
        });
        Self { address, calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether anything that came has this in it.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let calls = self.calls.lock().unwrap();
        calls.iter().any(|it| memchr::memmem::find(&it.body, text.as_bytes()).is_some())
    }

    /// All spans so far.
    fn spans(&self) -> Vec<Span> {
        let calls = self.calls.lock().unwrap();
        let read = |call: &Call| ExportTraceServiceRequest::decode(call.body.clone()).unwrap();
        let resources = calls.iter().map(read).flat_map(|it| it.resource_spans);
        resources.flat_map(|it| it.scope_spans).flat_map(|it| it.spans).collect()
    }

    pub(crate) fn until(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let begin = Instant::now();
        loop {
            if let Some(span) = self.spans().into_iter().find(&is_it) {
                return span;
            }
            assert!(begin.elapsed() < PATIENCE, "no span: {what}: {:?}", self.spans());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A field of a span that is a text.
pub(crate) fn field<'s>(span: &'s Span, key: &str) -> Option<&'s str> {
    let value = span.attributes.iter().find(|it| it.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn start(flags: &[&str], environment: &[(&str, &str)]) -> Process {
    let fixed = ["--data-dir", "data", "--drain-delay", "0"];
    Process::start(Folder::new(), &[&fixed, flags].concat(), environment)
}

/// Asks for a review, which is answered.
fn review(process: &Process, headers: &[(&'static str, &str)]) {
    let (address, _) = process.addresses();
    let authority = process.folder.file("data/ca.crt");
    assert_eq!(ask_with(&authority, address, headers, REVIEW).status, 200);
}

#[test]
fn a_review_is_a_part_of_the_trace_of_who_asks_and_holds_no_secret() {
    let collector = Collector::start();
    let flags = ["--traces", &collector.url(), "--traces-share", "0"];
    let mut process = start(&flags, &[("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=ska")]);
    // Nobody traces this one, and a share of none is wanted.
    review(&process, &[]);
    review(&process, &[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]);
    // What has not gone out goes at the end.
    process.end();

    let review = collector.until("the review", |it| it.name == "review");
    let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((hex(&review.trace_id), hex(&review.parent_span_id)), (TRACE.into(), PARENT.into()));
    for (key, value) in [
        ("stage", "validate"),
        ("uid", "0df28fbd-5f5f-11e8-bc74-36e6bb280816"),
        ("namespace", "ska-test"),
        ("name", "settings"),
        ("operation", "CREATE"),
    ] {
        assert_eq!(field(&review, key), Some(value), "{review:?}");
    }
    assert!(field(&review, "decision").is_some() && field(&review, "refused").is_none());
    for name in ["body", "judge"] {
        let span = collector.until(name, |it| it.name == name);
        assert_eq!(span.parent_span_id, review.span_id);
    }
    let spans = collector.spans();
    assert!(spans.iter().all(|it| it.trace_id == review.trace_id && it.events.is_empty()));
    let calls = collector.calls.lock().unwrap();
    for Call { head, .. } in &*calls {
        assert_eq!((head.method.as_str(), head.uri.path()), ("POST", "/v1/traces"));
        assert_eq!(head.headers["x-tenant"], "ska");
    }
    drop(calls);
    assert!(collector.holds("portcullis") && !collector.holds("canary"));
}

#[test]
fn a_collector_that_is_away_is_told_once_and_delays_nothing() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut process = start(&["--traces", &format!("http://{nobody}")], &[]);
    for _ in 0..3 {
        review(&process, &[]);
    }
    process.stdout.until("traces are lost");
    process.end();
    let log = process.stdout.text();
    assert_eq!(log.matches("|traces are lost").count(), 1, "{log}");
}

#[test]
fn flags_that_can_t_be_are_refused() {
    for (flags, expected) in [
        (vec!["--traces", "collector:4318"], "`collector:4318` is no base address of a collector"),
        (vec!["--traces", "http://me:pass@a"], "holds no user and no password"),
        (vec!["--traces", "me:pass@a"], "is no base address of a collector"),
        (vec!["--traces", "http://a", "--traces-share", "2"], "a share of `2` is not between"),
        (vec!["--traces", "http://a", "--traces-ca", "nowhere.pem"], "cannot read `nowhere.pem`"),
        (vec!["--traces-share", "1"], "--traces"),
    ] {
        let mut process = start(&flags, &[]);
        assert_eq!(process.wait(), Some(2));
        let said = process.stderr.text();
        assert!(said.contains(expected) && !said.contains("pass@"), "{said}");
    }
}
