//! Traces, as a collector gets them: a stand-in that decodes what OTLP says it is sent.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustls::pki_types::ServerName;

use crate::folder::Folder;
use crate::server::harness::client_config;

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
    head: String,
    body: Vec<u8>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || take(stream.unwrap(), &kept));
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
        let read = |call: &Call| ExportTraceServiceRequest::decode(&*call.body).unwrap();
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

/// One connection: a call after another, each answered with an empty response of OTLP.
fn take(mut stream: TcpStream, kept: &Mutex<Vec<Call>>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let head_ends = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some(at) = head_ends {
            let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
            let length = header(&head, "content-length").map_or(0, |it| it.parse().unwrap());
            if bytes.len() >= at + 4 + length {
                let body = bytes[at + 4..at + 4 + length].to_vec();
                bytes.drain(..at + 4 + length);
                kept.lock().unwrap().push(Call { head, body });
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer.as_bytes()).unwrap();
                continue;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A field of a span that is a text.
pub(crate) fn field<'s>(span: &'s Span, key: &str) -> Option<&'s str> {
    let value = span.attributes.iter().find(|it| it.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// `portcullis serve` as a process, ended with the test.
struct Process {
    child: Child,
    folder: Folder,
}

impl Process {
    fn start(flags: &[&str], headers: &str) -> Self {
        let folder = Folder::new();
        let log = std::fs::File::create(folder.file("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"])
            .args(["--data-dir", "data", "--drain-delay", "0"])
            .args(flags)
            .current_dir(folder.root())
            .env_clear()
            .env("OTEL_EXPORTER_OTLP_HEADERS", headers)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap()
    }

    fn until(&self, what: &str) -> String {
        let begin = Instant::now();
        while !self.log().contains(what) {
            assert!(begin.elapsed() < PATIENCE, "no `{what}`: {}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
        self.log()
    }

    /// Asks for a review, and returns the status line.
    fn review(&self, headers: &str) -> String {
        let log = self.until("serving reviews on ");
        let address = log.split_once("serving reviews on ").unwrap().1;
        let address = address.split([' ', ',', '\n']).next().unwrap();
        let config = client_config(&self.folder.file("data/ca.crt"), rustls::ALL_VERSIONS);
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tcp = TcpStream::connect(address).unwrap();
        let mut tls = rustls::Stream::new(&mut client, &mut tcp);
        write!(
            tls,
            "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{REVIEW}",
            REVIEW.len()
        )
        .unwrap();
        let mut text = Vec::new();
        // Whoever closes need not say goodbye.
        _ = tls.read_to_end(&mut text);
        String::from_utf8(text).unwrap().lines().next().unwrap_or_default().to_owned()
    }

    fn end(&mut self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test passed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_review_is_a_part_of_the_trace_of_who_asks_and_holds_no_secret() {
    let collector = Collector::start();
    let flags = ["--traces", &collector.url(), "--traces-share", "0"];
    let mut process = Process::start(&flags, "x-tenant=ska");
    // Nobody traces this one, and a share of none is wanted.
    assert!(process.review("").ends_with(" 200 OK"));
    let header = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    assert!(process.review(&header).ends_with(" 200 OK"));
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
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert_eq!(self::header(head, "x-tenant"), Some("ska"));
    }
    drop(calls);
    assert!(collector.holds("portcullis") && !collector.holds("canary"));
}

#[test]
fn a_collector_that_is_away_is_told_once_and_delays_nothing() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut process = Process::start(&["--traces", &format!("http://{nobody}")], "");
    for _ in 0..3 {
        assert!(process.review("").ends_with(" 200 OK"));
    }
    process.until("traces are lost");
    process.end();
    assert_eq!(process.log().matches("|traces are lost").count(), 1, "{}", process.log());
}

#[test]
fn flags_that_can_t_be_are_refused() {
    for (flags, expected) in [
        (vec!["--traces", "collector:4318"], "`collector:4318` is no base address of a collector"),
        (vec!["--traces", "http://me:pass@a"], "holds no user and no password"),
        (vec!["--traces", "http://a", "--traces-share", "2"], "a share of `2` is not between"),
        (vec!["--traces", "http://a", "--traces-ca", "nowhere.pem"], "cannot read `nowhere.pem`"),
        (vec!["--traces-share", "1"], "--traces"),
    ] {
        let mut process = Process::start(&flags, "");
        assert_eq!(process.child.wait().unwrap().code(), Some(2));
        assert!(process.log().contains(expected), "{}", process.log());
        assert!(!process.log().contains("pass@"), "{}", process.log());
    }
}
