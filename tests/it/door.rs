//! The admission door as an API server meets it: a running server, TLS, and answers that
//! kube-core's types can read.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_core::admission::{AdmissionResponse, AdmissionReview};
use kube_core::response::{StatusCause, StatusSummary};
use kube_core::{DynamicObject, admission};
use portcullis::admission::Stage;
use portcullis::engine::Engine;
use portcullis::resource::KUBERNETES;
use portcullis::server::{self, Args, Judge, Limits, Running, Source};
use portcullis::{policyfile, rules};
use rustls::pki_types::ServerName;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use crate::server::harness::{Http1, client_config};

/// A server that judges by the policies of one test.
pub(crate) struct Door {
    runtime: Runtime,
    connection: RefCell<Http1>,
    _server: Running,
    _directory: TempDir,
}

/// What it says to one review.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    pub(crate) response: AdmissionResponse,
    pub(crate) patch: Option<json_patch::Patch>,
}

/// The engine of policy documents, as a file holds them.
pub(crate) fn engine(policies: &str) -> Engine {
    let source = policyfile::Source {
        name: "policies.yaml",
        text: policies,
        origin: policyfile::Origin::Policies,
    };
    let loaded = policyfile::load(&[source], rules::ALL, &KUBERNETES);
    loaded.unwrap_or_else(|problems| panic!("{problems:#?}")).engine
}

/// A review as an API server writes it: an operation on `object`, or on `old` if there is none.
pub(crate) fn review(operation: &str, object: &Json, old: &Json) -> Json {
    let known = if object.is_null() { old } else { object };
    let (group, version) = match known["apiVersion"].as_str().unwrap().split_once('/') {
        Some(group_and_version) => group_and_version,
        None => ("", known["apiVersion"].as_str().unwrap()),
    };
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": group, "version": version, "kind": known["kind"]},
        "name": known["metadata"]["name"],
        "namespace": known["metadata"]["namespace"],
        "operation": operation,
        "userInfo": {"username": "astronomer", "groups": ["system:authenticated"]},
        "object": object,
        "oldObject": old,
        "dryRun": false,
    }})
}

/// The same review by way of a subresource.
pub(crate) fn at(subresource: &str, mut review: Json) -> Json {
    review["request"]["subResource"] = subresource.into();
    review
}

/// The same review by another user.
pub(crate) fn by(user: &str, mut review: Json) -> Json {
    review["request"]["userInfo"]["username"] = user.into();
    review
}

impl Door {
    /// Serves these policies, with a connection that is kept as an API server keeps it.
    pub(crate) fn open(policies: &str) -> Self {
        Self::serving(engine(policies))
    }

    /// The same with an engine that may hold rules of a test.
    pub(crate) fn serving(engine: Engine) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let args = Args {
            listen: anywhere,
            management: anywhere,
            certificate: Source::Made { directory: directory.path().into(), hosts: Vec::new() },
            refresh: server::REFRESH,
            limits: Limits::default(),
            review: Arc::new(Judge::new(engine).unwrap()),
            registry: server::registry(),
            awaited: Arc::new(|| None),
        };
        let runtime = server::runtime().unwrap();
        let (server, connection) = runtime.block_on(async {
            let server = args.bind().await.unwrap().serve();
            let mut tls =
                client_config(&directory.path().join("ca.crt"), &[&rustls::version::TLS13]);
            // What the API server speaks to a Service.
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            let tcp = TcpStream::connect(server.addresses().admission).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let tls = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.unwrap();
            (server, Http1::over(tls).await)
        });
        let connection = RefCell::new(connection);
        Self { runtime, connection, _server: server, _directory: directory }
    }

    /// Asks about a review, and checks what must hold of every answer.
    pub(crate) fn ask(&self, stage: Stage, review: &[u8]) -> Answer {
        let path = format!("/{stage}?timeout=10s");
        let mut connection = self.connection.borrow_mut();
        let answer = self.runtime.block_on(connection.post(&path, review.to_vec())).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        let answer = Answer::read(&answer.text);
        let review: Json = serde_json::from_slice(review).unwrap();
        assert_eq!(review["request"]["uid"], answer.response.uid.as_str());
        if stage == Stage::Mutate {
            assert!(answer.allowed && answer.warnings().is_empty(), "{answer:?}");
        } else {
            assert!(answer.patch.is_none(), "{answer:?}");
        }
        answer
    }

    /// Asks about a review that a test wrote down.
    pub(crate) fn validate(&self, review: &Json) -> Answer {
        self.ask(Stage::Validate, review.to_string().as_bytes())
    }

    /// The same for a change.
    pub(crate) fn mutate(&self, review: &Json) -> Answer {
        self.ask(Stage::Mutate, review.to_string().as_bytes())
    }
}

impl Answer {
    /// Reads an answer with the types of kube-core.
    pub(crate) fn read(text: &str) -> Self {
        let mut raw: Json = serde_json::from_str(text).unwrap();
        let patch = raw["response"]["patch"].as_str().map(|it| STANDARD.decode(it).unwrap());
        assert_eq!(patch.is_some(), raw["response"]["patchType"] == "JSONPatch", "{text}");
        // The API writes bytes as base64; kube-core writes and reads them as a list of numbers.
        if let Some(bytes) = &patch {
            raw["response"]["patch"] = bytes.clone().into();
        }
        let review: AdmissionReview<DynamicObject> = serde_json::from_value(raw).unwrap();
        assert_eq!(review.types.kind, admission::META_KIND);
        assert_eq!(review.types.api_version, admission::META_API_VERSION_V1);
        assert!(review.request.is_none());
        let response = review.response.unwrap();
        let patch = patch.map(|bytes| serde_json::from_slice(&bytes).unwrap());
        let answer = Self { allowed: response.allowed, response, patch };
        answer.hold();
        answer
    }

    /// What the API server asks of every answer.
    fn hold(&self) {
        let status = &self.response.result;
        if self.allowed {
            assert_eq!((status.code, status.message.as_str()), (200, ""), "{self:?}");
            assert!(self.causes().is_empty());
        } else {
            assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"), "{self:?}");
            assert_eq!(status.status, Some(StatusSummary::Failure));
            // kubectl shows the message alone: it names every place that it has room for.
            let cut = status.message.ends_with(" more");
            for cause in self.causes() {
                assert!(cut || status.message.contains(&cause.field), "{self:?}");
            }
            assert!(!self.causes().is_empty() && !status.message.contains(char::is_control));
        }
        let mut annotations = self.response.audit_annotations.iter();
        assert!(annotations.all(|(key, value)| is_qualified_name(key) && !value.is_empty()));
        assert!(self.response.audit_annotations["policy-set"].starts_with("sha256:"));
        let all: usize = self.warnings().iter().map(|it| it.chars().count()).sum();
        assert!(all <= 4_096, "{self:?}");
        assert!(self.warnings().iter().all(|it| !it.is_empty() && !it.contains(char::is_control)));
    }

    pub(crate) fn causes(&self) -> &[StatusCause] {
        self.response.result.details.as_ref().map_or(&[], |it| &it.causes)
    }

    pub(crate) fn warnings(&self) -> &[String] {
        self.response.warnings.as_deref().unwrap_or_default()
    }

    /// The causes of a denial, each as `field: message`; a rule that could not judge has no field.
    pub(crate) fn denials(&self) -> Vec<String> {
        let show = |it: &StatusCause| match it.field.as_str() {
            "" => it.message.clone(),
            field => format!("{field}: {}", it.message),
        };
        self.causes().iter().map(show).collect()
    }

    /// The patch as JSON; an empty list if there is none.
    pub(crate) fn patch(&self) -> Json {
        self.patch.as_ref().map_or_else(|| Json::Array(Vec::new()), |it| json!(it))
    }
}

/// The part behind the webhook's name in the key of an audit annotation; the API server drops
/// an annotation with another key.
fn is_qualified_name(key: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    key.len() <= 63
        && edge(key.chars().next())
        && edge(key.chars().next_back())
        && key.chars().all(inner)
}
