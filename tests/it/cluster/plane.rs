//! A control plane of real programs: etcd, kube-apiserver, kube-controller-manager, and kwok, which
//! plays the kubelet of the node `kwok`.

use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value as Json, json};

use super::address::Block;
use super::api::{Api, PATIENCE, until, within};
use super::files::Files;
use super::kubelet::Kubelet;
use super::node;
use super::program::{folder, program};
use super::proxy::{self, Counts};

pub(crate) struct Plane {
    pub(crate) api: Api,
    pub(crate) kubelet: Kubelet,
    pub(crate) connections: Counts,
    services: String,
    address: Ipv4Addr,
    _block: Block,
    server: Mutex<Child>,
    _others: [Child; 3],
    directory: PathBuf,
}

/// What `kubectl`, `helm` or the program itself left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The one that all tests of a run share. It is made when it is first needed, and ends with the run.
pub(crate) fn shared() -> &'static Plane {
    static PLANE: LazyLock<Plane> = LazyLock::new(Plane::start);
    &PLANE
}

impl Plane {
    fn start() -> Self {
        let directory = folder();
        let block = Block::claim();
        let files = Files { root: &directory, address: block.plane() };
        files.write();
        let etcd = files.start_etcd();
        let server = files.start_server(&block.services());
        let api = Api::new(&files.path("admin.kubeconfig"));
        if within(PATIENCE, || api.text("/readyz").ok()).is_none() {
            let log = fs::read_to_string(files.path("kube-apiserver.log")).unwrap_or_default();
            panic!("the API server does not get ready:\n{log}");
        }
        let controllers = files.start_controllers();
        for node in ["kwok", "player"] {
            let labels = json!({"played-by": node, "kubernetes.io/hostname": node});
            let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": labels}});
            api.post("/api/v1/nodes", &node).unwrap();
        }
        let kwok = files.start_kwok();
        node::schedule(api.clone());
        let (home, address) = (directory.clone(), block.plane());
        let kubelet = Kubelet::start(
            api.clone(),
            &directory.join("pods"),
            Box::new(move |credentials, namespace| {
                Files { root: &home, address }.kubeconfig(credentials, namespace)
            }),
            Box::new(block.pods()),
        );
        let connections = proxy::start(api.clone());
        until("namespaces have a service account", || {
            api.get("/api/v1/namespaces/default/serviceaccounts/default").ok()
        });
        let plane = Self {
            api,
            kubelet,
            connections,
            services: block.services(),
            address: block.plane(),
            _block: block,
            server: Mutex::new(server),
            _others: [etcd, controllers, kwok],
            directory,
        };
        plane.apply(include_str!("../../fixtures/cluster/tango.yaml"));
        plane
    }

    /// Ends the API server as a crash does, and waits until it has.
    pub(crate) fn stop_server(&self) {
        let mut server = self.server.lock().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Starts the API server again, with what etcd kept.
    pub(crate) fn start_server(&self) {
        *self.server.lock().unwrap() = self.files().start_server(&self.services);
        until("the API server is ready again", || self.api.text("/readyz").ok());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A kubeconfig of the cluster's administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.path("admin.kubeconfig")
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Ran {
        self.kubectl_with(arguments, "")
    }

    /// `kubectl` with this on its standard input.
    pub(crate) fn kubectl_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        self.run(Command::new(program("kubectl")).args(arguments), stdin)
    }

    /// Applies manifests that nothing is to refuse.
    pub(crate) fn apply(&self, manifests: &str) -> Ran {
        let ran = self.kubectl_with(&["apply", "--filename=-"], manifests);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran
    }

    /// A new namespace, in which pods can be created.
    pub(crate) fn namespace(&self, name: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.api.post("/api/v1/namespaces", &object).unwrap();
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        until("the namespace has a service account", || self.api.get(&account).ok());
        name
    }

    /// Deletes definitions of a group, all that there are, and waits until discovery has forgotten
    /// it: the next test is not to see its kinds go.
    pub(crate) fn undefine(&self, group: &str, plurals: &[&str]) {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        for plural in plurals {
            self.api.delete(&format!("{path}/{plural}.{group}")).unwrap();
        }
        until("the group is served no more", || {
            let groups = self.api.get("/apis").ok()?;
            let named = |it: &Json| it["name"] == group;
            (!groups["groups"].as_array()?.iter().any(named)).then_some(())
        });
    }

    /// Runs a program as the cluster's administrator.
    pub(crate) fn run(&self, command: &mut Command, stdin: &str) -> Ran {
        let mut child = command
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // A program that ends early, or reads none of it, has its reasons.
        _ = input.write_all(stdin.as_bytes());
        drop(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn files(&self) -> Files<'_> {
        Files { root: &self.directory, address: self.address }
    }
}
