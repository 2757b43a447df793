//! The ways in which a pod can be judged, each in a namespace of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::document::yaml;
use serde_json::{Value as Json, json};

use super::plane::address::Block;
use super::plane::api::{Api, until};
use super::plane::program::start;

pub(crate) struct Way {
    /// Its namespace, and its name in the table.
    pub(crate) namespace: &'static str,
    /// Which servers are asked, by name: first who may change the pod, then who judges it.
    mutates: Option<&'static str>,
    validates: Option<&'static str>,
}

pub(crate) const WAYS: [Way; 6] = [
    Way { namespace: "nothing", mutates: None, validates: None },
    Way { namespace: "null", mutates: None, validates: Some("null") },
    Way { namespace: "portcullis", mutates: None, validates: Some("portcullis") },
    // `native.yaml` selects this one.
    Way { namespace: "native", mutates: None, validates: None },
    Way { namespace: "null-twice", mutates: Some("null"), validates: Some("null") },
    Way {
        namespace: "portcullis-twice",
        mutates: Some("portcullis"),
        validates: Some("portcullis"),
    },
];

/// Where all servers listen, and their Services too.
const PORT: u16 = 8443;
/// Policies that judge and policies that change.
const PACKS: [&str; 2] = ["pod-security-restricted", "pod-defaults"];

/// Starts the servers, makes the namespaces, and registers everything.
pub(crate) fn set_up(api: &Api, root: &Path, block: &Block) -> [Child; 2] {
    let services = block.services();
    let address = |number: u8| services.replace(".0/24", &format!(".{number}"));
    let (null, portcullis) = (address(77), address(78));
    api.post("/api/v1/namespaces", &named("Namespace", "bench")).unwrap();
    for (name, address) in [("null", &null), ("portcullis", &portcullis)] {
        let mut service = named("Service", name);
        service["spec"] = json!({"clusterIP": address, "ports": [{"port": PORT}]});
        api.post("/api/v1/namespaces/bench/services", &service).unwrap();
    }
    let servers = [
        start(&mut null_server(root, &null), &root.join("null.log")),
        start(&mut portcullis_server(root, &portcullis), &root.join("portcullis.log")),
    ];
    for way in &WAYS {
        api.post("/api/v1/namespaces", &named("Namespace", way.namespace)).unwrap();
        let account = named("ServiceAccount", "default");
        let accounts = format!("/api/v1/namespaces/{}/serviceaccounts", way.namespace);
        // The controllers that would make it don't run.
        _ = api.post(&accounts, &account);
    }
    for document in yaml::read(include_str!("native.yaml")) {
        let document = document.unwrap();
        if document.empty {
            continue;
        }
        let object = serde_json::to_value(&document.value).unwrap();
        let plural = match object["kind"].as_str().unwrap() {
            "ValidatingAdmissionPolicy" => "validatingadmissionpolicies",
            _ => "validatingadmissionpolicybindings",
        };
        api.post(&format!("{ADMISSION}/{plural}"), &object).unwrap();
    }
    for name in ["null", "portcullis"] {
        let authority =
            until("a server has its certificate", || fs::read(root.join(name).join("ca.crt")).ok());
        register(api, name, &authority);
    }
    servers
}

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";

fn named(kind: &str, name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})
}

fn null_server(root: &Path, address: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["null", &format!("{address}:{PORT}"), "null.bench.svc"]).arg(root.join("null"));
    command
}

fn portcullis_server(root: &Path, address: &str) -> Command {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/packs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--no-default-policies", "--tls-host", "portcullis.bench.svc"]);
    command.args(["--listen", &format!("{address}:{PORT}"), "--management", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(root.join("portcullis"));
    for pack in PACKS {
        command.arg("--policy").arg(packs.join(format!("{pack}.yaml")));
    }
    command
}

/// Registers one server for the namespaces of the ways that ask it.
fn register(api: &Api, server: &str, authority: &[u8]) {
    let webhook = |stage: &str, asks: fn(&Way) -> Option<&'static str>| {
        let namespaces: Vec<&str> =
            WAYS.iter().filter(|way| asks(way) == Some(server)).map(|way| way.namespace).collect();
        json!([{
            "name": format!("{stage}.{server}.example.org"),
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 5,
            "clientConfig": {
                "caBundle": STANDARD.encode(authority),
                "service": {
                    "namespace": "bench", "name": server, "port": PORT, "path": format!("/{stage}"),
                },
            },
            "namespaceSelector": {"matchExpressions": [{
                "key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces,
            }]},
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["CREATE"], "resources": ["pods"],
            }],
        }])
    };
    for (kind, plural, webhooks) in [
        ("Validating", "validatingwebhookconfigurations", webhook("validate", |it| it.validates)),
        ("Mutating", "mutatingwebhookconfigurations", webhook("mutate", |it| it.mutates)),
    ] {
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": format!("{kind}WebhookConfiguration"),
            "metadata": {"name": server},
            "webhooks": webhooks,
        });
        api.post(&format!("{ADMISSION}/{plural}"), &configuration).unwrap();
    }
}
