//! The chart, installed. Webhooks see the whole cluster, so one test at a time has a release.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::Value as Json;

use super::api::{Api, until};
use super::node::ready;
use super::plane::{Plane, Ran, shared};
use crate::chart::tool;

pub(crate) const NAMESPACE: &str = "portcullis-system";
pub(crate) const NAME: &str = "portcullis";

/// Values with which what is to be denied is denied.
pub(crate) const DENY: &str = "{policySet: {maxEnforcement: Deny}}";

/// What every test gives the chart: ports that any user may listen on, and a quick end.
const VALUES: &str = "{service: {port: 8443}, drainDelay: 2}";

/// The only release of the cluster, for as long as a test holds it.
pub(crate) struct Release {
    pub(crate) plane: &'static Plane,
    /// The values that are installed; none if nothing is, or if nobody knows.
    installed: MutexGuard<'static, Option<String>>,
}

impl Release {
    /// The chart with these values, in one line of YAML, all replicas ready. A release with the
    /// same values that the last test left is taken over.
    pub(crate) fn with(values: &str) -> Self {
        let mut release = Self::none();
        if release.installed.as_deref() != Some(values) {
            release.uninstall();
            release.upgrade(values);
        }
        release.until_ready();
        release
    }

    /// No release at all.
    pub(crate) fn none() -> Self {
        static INSTALLED: Mutex<Option<String>> = Mutex::new(None);
        let plane = shared();
        // After a test that failed nobody knows what is there.
        let poisoned = INSTALLED.is_poisoned();
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        INSTALLED.clear_poison();
        if poisoned {
            *installed = Some("?".to_owned());
        }
        Self { plane, installed }
    }

    /// Installs the chart or changes the values of the release.
    pub(crate) fn upgrade(&mut self, values: &str) {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/portcullis");
        let install = ["upgrade", "--install", NAME, chart.to_str().unwrap()];
        let place = ["--namespace", NAMESPACE, "--create-namespace"];
        let own = self.plane.path("values.yaml");
        std::fs::write(&own, VALUES).unwrap();
        let flags = ["--values", own.to_str().unwrap(), "--values", "-"];
        let ran = self.helm_with(&[&install[..], &place, &flags].concat(), values);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        *self.installed = Some(values.to_owned());
    }

    /// Ends the release for good: it is no more what its values say.
    pub(crate) fn discard(mut self) {
        self.uninstall();
    }

    /// Removes the release, and all policies.
    pub(crate) fn uninstall(&mut self) {
        if self.installed.take().is_some() {
            let ran = self.helm(&["uninstall", NAME, "--namespace", NAMESPACE]);
            assert!(ran.code == Some(0) || ran.stderr.contains("not found"), "{ran:?}");
        }
        until("the pods are gone", || self.pods().is_empty().then_some(()));
        // What the chart leaves: the next test is not to find it, nor to wait for its end.
        let policies = "/apis/portcullis.skao.int/v1alpha1/policies";
        let lease = format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}");
        for left in [policies, &lease] {
            _ = self.api().delete(left);
        }
    }

    pub(crate) fn helm(&self, arguments: &[&str]) -> Ran {
        self.helm_with(arguments, "")
    }

    fn helm_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        self.plane.run(Command::new(tool("helm")).args(arguments), stdin)
    }

    pub(crate) fn api(&self) -> &Api {
        &self.plane.api
    }

    pub(crate) fn pods(&self) -> Vec<Json> {
        let selector = super::node::OURS;
        self.api().list(&format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={selector}"))
    }

    /// The names of the pods that take reviews.
    pub(crate) fn ready_pods(&self) -> Vec<String> {
        let name = |pod: &Json| pod["metadata"]["name"].as_str().unwrap().to_owned();
        self.pods().iter().filter(|pod| ready(pod)).map(name).collect()
    }

    /// The metrics of a pod, unless it has gone.
    pub(crate) fn metrics(&self, pod: &str) -> Option<String> {
        let address = *self.plane.kubelet.addresses().get(pod)?;
        let mut stream = TcpStream::connect((address, 9443)).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        Some(page)
    }

    /// Waits until all replicas judge by one policy set: they hear of a change on their own.
    pub(crate) fn until_agreed(&self) {
        let set = |pod: &String| {
            let page = self.metrics(pod)?;
            page.lines().find(|it| it.starts_with("portcullis_policy_set_info{")).map(str::to_owned)
        };
        until("all replicas have one policy set", || {
            let sets: Option<Vec<String>> = self.ready_pods().iter().map(set).collect();
            sets?.windows(2).all(|pair| pair[0] == pair[1]).then_some(())
        });
    }

    /// Waits until the Deployment is as it is to be, and nothing of an older one is left.
    pub(crate) fn until_ready(&self) {
        let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}");
        until("all replicas are ready", || {
            let deployment = self.api().get(&path).ok()?;
            let (wanted, status) = (&deployment["spec"]["replicas"], &deployment["status"]);
            let seen = status["observedGeneration"] == deployment["metadata"]["generation"];
            let count = |key: &str| status[key].as_u64().unwrap_or_default();
            let wanted = wanted.as_u64().unwrap();
            let all = ["readyReplicas", "replicas", "updatedReplicas"];
            let done = seen && all.iter().all(|key| count(key) == wanted);
            (done && self.pods().len() as u64 == wanted).then_some(())
        });
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if thread::panicking() {
            // What the replicas said is what explains most failures.
            _ = io::stderr().write_all(self.plane.kubelet.logs().as_bytes());
        }
    }
}
