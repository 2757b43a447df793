//! The files of a control plane, and its processes.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::program::{program, start};

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
pub(crate) const API_PORT: u16 = 6443;

/// The folder of a control plane, and what is started from it.
pub(crate) struct Files<'a> {
    pub(crate) root: &'a Path,
    pub(crate) address: Ipv4Addr,
}

impl Files<'_> {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes certificates, keys, tokens and kubeconfigs.
    pub(crate) fn write(&self) {
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

    pub(crate) fn kubeconfig(&self, credentials: &str, namespace: &str) -> String {
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

    pub(crate) fn start_etcd(&self) -> Child {
        let client = format!("http://{}:{CLIENT_PORT}", self.address);
        let peer = format!("http://{}:{}", self.address, CLIENT_PORT + 1);
        let mut etcd = Command::new(program("etcd"));
        etcd.arg("--data-dir").arg(self.path("etcd")).arg("--unsafe-no-fsync");
        etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        etcd.args(["--initial-cluster", &format!("default={peer}")]);
        start(&mut etcd, &self.path("etcd.log"))
    }

    pub(crate) fn start_server(&self, services: &str) -> Child {
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

    pub(crate) fn start_controllers(&self) -> Child {
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

    pub(crate) fn start_kwok(&self) -> Child {
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
