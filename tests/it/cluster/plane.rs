//! A control plane of real programs: etcd, kube-apiserver, kube-controller-manager, and kwok, which
//! plays the kubelet of the node `kwok`.

use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::address::Block;
use super::api::{Api, PATIENCE, until, within};
use super::kubelet::Kubelet;
use super::node;
use super::program::{folder, program, start};
use super::proxy::{self, Counts};

/// The controllers of Kubernetes that the tests need. Those of endpoints are left out, since they
/// refuse loopback addresses, and so is that of nodes, since nobody renews their leases.
const CONTROLLERS: &[&str] = &[
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
];

const CLIENT_PORT: u16 = 2379;
const API_PORT: u16 = 6443;

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

/// The folder of a control plane, and what is started from it.
struct Files<'a> {
    root: &'a Path,
    address: Ipv4Addr,
}

impl Files<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes certificates, keys, tokens and kubeconfigs.
    fn write(&self) {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let key = KeyPair::generate().unwrap();
        let names = [self.address.to_string(), "kubernetes.default.svc".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let accounts = KeyPair::generate().unwrap();
        let write = |name: &str, text: &str| fs::write(self.path(name), text).unwrap();
        write("ca.crt", &authority.pem());
        write("server.crt", &leaf.pem());
        write("server.key", &key.serialize_pem());
        write("accounts.key", &accounts.serialize_pem());
        write("accounts.pub", &accounts.public_key_pem());
        write(
            "tokens.csv",
            "admin-token,admin,admin,system:masters\n\
             controllers-token,system:kube-controller-manager,controllers\n",
        );
        for user in ["admin", "controllers"] {
            let text = self.kubeconfig(&format!("token: {user}-token"), "default");
            write(&format!("{user}.kubeconfig"), &text);
        }
    }

    fn kubeconfig(&self, credentials: &str, namespace: &str) -> String {
        let (authority, address) = (self.path("ca.crt"), self.address);
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: 'https://{address}:{API_PORT}', \
             certificate-authority: '{}'}}}}]\n\
             users: [{{name: test, user: {{{credentials}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: test, namespace: {namespace}}}}}]\n",
            authority.display()
        )
    }

    fn start_etcd(&self) -> Child {
        let client = format!("http://{}:{CLIENT_PORT}", self.address);
        let peer = format!("http://{}:{}", self.address, CLIENT_PORT + 1);
        let mut etcd = Command::new(program("etcd"));
        etcd.arg("--data-dir").arg(self.path("etcd")).arg("--unsafe-no-fsync");
        etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        etcd.args(["--initial-cluster", &format!("default={peer}")]);
        start(&mut etcd, &self.path("etcd.log"))
    }

    fn start_server(&self, services: &str) -> Child {
        let flag = |name: &str, file: &str| format!("--{name}={}", self.path(file).display());
        let mut server = Command::new(program("kube-apiserver"));
        server.args([
            format!("--etcd-servers=http://{}:{CLIENT_PORT}", self.address),
            format!("--bind-address={}", self.address),
            format!("--advertise-address={}", self.address),
            format!("--secure-port={API_PORT}"),
            format!("--service-cluster-ip-range={services}"),
            flag("cert-dir", "certificates"),
            flag("tls-cert-file", "server.crt"),
            flag("tls-private-key-file", "server.key"),
            flag("token-auth-file", "tokens.csv"),
            flag("service-account-signing-key-file", "accounts.key"),
            flag("service-account-key-file", "accounts.pub"),
        ]);
        server.args([
            "--service-account-issuer=https://kubernetes.default.svc",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            "--shutdown-delay-duration=0s",
        ]);
        start(&mut server, &self.path("kube-apiserver.log"))
    }

    fn start_controllers(&self) -> Child {
        let flag = |name: &str, file: &str| format!("--{name}={}", self.path(file).display());
        let mut manager = Command::new(program("kube-controller-manager"));
        manager.args([
            flag("kubeconfig", "controllers.kubeconfig"),
            flag("service-account-private-key-file", "accounts.key"),
            flag("root-ca-file", "ca.crt"),
            format!("--controllers={}", CONTROLLERS.join(",")),
        ]);
        manager.args([
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]);
        start(&mut manager, &self.path("kube-controller-manager.log"))
    }

    fn start_kwok(&self) -> Child {
        let mut kwok = Command::new(program("kwok"));
        kwok.arg("--kubeconfig").arg(self.path("admin.kubeconfig"));
        kwok.args([
            "--manage-all-nodes=false",
            "--manage-nodes-with-label-selector=played-by=kwok",
            "--config",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cluster/stages.yaml"),
        ]);
        start(&mut kwok, &self.path("kwok.log"))
    }
}
