//! The Kubernetes API by its paths, for a test's own thread.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use hyper::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, Error};
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(crate) struct Api(Client);

/// What the server says of a request that it refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The HTTP status; 0 if there was no answer.
    pub(crate) code: u16,
    pub(crate) message: String,
}

impl Api {
    pub(crate) fn new(kubeconfig: &Path) -> Self {
        RUNTIME.block_on(async {
            // The program does the same when it starts; one of them comes first.
            _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let file = Kubeconfig::read_from(kubeconfig).unwrap();
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(file, &options).await.unwrap();
            Self(Client::try_from(config).unwrap())
        })
    }

    /// For what asks by itself.
    pub(crate) fn client(&self) -> Client {
        self.0.clone()
    }

    /// Waits for what goes on beside the tests, and lets what it starts go on.
    pub(crate) fn wait<T>(ending: impl Future<Output = T>) -> T {
        RUNTIME.block_on(ending)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Json, Refused> {
        self.send("GET", path, "application/json", Vec::new())
    }

    /// Whatever the server answers, as text.
    pub(crate) fn text(&self, path: &str) -> Result<String, Refused> {
        let request = Request::get(path).body(Vec::new()).unwrap();
        RUNTIME.block_on(self.0.request_text(request)).map_err(Refused::of)
    }

    pub(crate) fn list(&self, path: &str) -> Vec<Json> {
        match self.get(path).unwrap_or_else(|refused| panic!("{path}: {refused:?}")) {
            Json::Object(mut list) => match list.remove("items") {
                Some(Json::Array(items)) => items,
                _ => panic!("{path} is no list"),
            },
            _ => panic!("{path} is no list"),
        }
    }

    pub(crate) fn post(&self, path: &str, object: &Json) -> Result<Json, Refused> {
        self.send("POST", path, "application/json", object.to_string().into_bytes())
    }

    /// A JSON Merge Patch.
    pub(crate) fn patch(&self, path: &str, patch: &Json) -> Result<Json, Refused> {
        let body = patch.to_string().into_bytes();
        self.send("PATCH", path, "application/merge-patch+json", body)
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Json, Refused> {
        self.send("DELETE", path, "application/json", Vec::new())
    }

    /// The same at once, as the kubelet does when a pod has ended.
    pub(crate) fn delete_now(&self, path: &str) -> Result<Json, Refused> {
        let options = json!({"gracePeriodSeconds": 0});
        self.send("DELETE", path, "application/json", options.to_string().into_bytes())
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Result<Json, Refused> {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(body).unwrap();
        RUNTIME.block_on(self.0.request(request)).map_err(Refused::of)
    }
}

impl Refused {
    fn of(error: Error) -> Self {
        match error {
            Error::Api(status) => Self { code: status.code, message: status.message },
            other => Self { code: 0, message: other.to_string() },
        }
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("in vain: {what}"))
}

/// The same for at most this long.
pub(crate) fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match ask() {
            None if start.elapsed() < patience => std::thread::sleep(Duration::from_millis(50)),
            answer => return answer,
        }
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
