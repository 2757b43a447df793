//! The one container of a pod, as a process: its arguments and its environment, with the paths and
//! addresses of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value as Json;

use super::program::start;
use super::volume::field;

/// Where a pod finds the token of its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What a container needs of this machine.
pub(crate) struct Ground<'a> {
    /// The folder of each volume.
    pub(crate) volumes: &'a BTreeMap<String, PathBuf>,
    pub(crate) address: Ipv4Addr,
    /// The pod's own folder.
    pub(crate) root: &'a Path,
    /// Makes a kubeconfig of credentials and a namespace.
    pub(crate) kubeconfig: &'a dyn Fn(&str, &str) -> String,
}

/// Runs the container of a pod.
pub(crate) fn run(pod: &Json, ground: &Ground<'_>) -> Child {
    let container = container(pod);
    let mounts = mounts(container, ground.volumes);
    let here = |text: &str| {
        let address = format!("{}:", ground.address);
        let text = text.replace("0.0.0.0:", &address).replace("[::]:", &address);
        // What was moved is not moved again: a folder of this machine may lie below a mount's path.
        let mut moved = mounts.iter().map(|(path, folder)| relocate(&text, path, folder));
        moved.find(|it| *it != text).unwrap_or(text)
    };
    let environment = environment(container, pod);
    let words = |key: &str| {
        let words = container[key].as_array().cloned().unwrap_or_default();
        let word = |it: &Json| here(&expand(it.as_str().unwrap(), &environment));
        words.iter().map(word).collect::<Vec<_>>()
    };
    // The image's entry point is the program, and its only one.
    let mut words = [words("command"), words("args")].concat();
    if container["command"].is_array() {
        assert!(words.remove(0).ends_with("portcullis"), "{container}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    // Nothing can be written there, as in an image whose root is read-only.
    command.args(words).env_clear().current_dir("/proc");
    command.envs(environment.iter().map(|(name, value)| (name, here(value))));
    if let Some(folder) = mounts.iter().find(|(path, _)| path == ACCOUNT).map(|(_, it)| it) {
        let token = format!("tokenFile: '{}'", folder.join("token").display());
        let namespace = pod["metadata"]["namespace"].as_str().unwrap();
        let file = ground.root.join("kubeconfig");
        fs::write(&file, (ground.kubeconfig)(&token, namespace)).unwrap();
        command.env("KUBECONFIG", file);
    }
    start(&mut command, &ground.root.join("log"))
}

/// Whether the container's readiness probe succeeds.
pub(crate) fn probe(pod: &Json, address: Ipv4Addr) -> bool {
    let container = container(pod);
    let wanted = &container["readinessProbe"]["httpGet"];
    if wanted.is_null() {
        return true;
    }
    let port = port(container, &wanted["port"]);
    answers(SocketAddr::from((address, port)), wanted["path"].as_str().unwrap_or("/"))
}

/// A port by its number or by its name.
pub(crate) fn port(container: &Json, wanted: &Json) -> u16 {
    let named = || {
        let all = container["ports"].as_array()?;
        all.iter().find(|it| it["name"] == *wanted)?["containerPort"].as_u64()
    };
    let port = wanted.as_u64().or_else(named);
    port.unwrap_or_else(|| panic!("the container has no port {wanted}")).try_into().unwrap()
}

/// The one container of a pod.
pub(crate) fn container(pod: &Json) -> &Json {
    assert_eq!(pod["spec"]["containers"].as_array().unwrap().len(), 1, "{pod}");
    &pod["spec"]["containers"][0]
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || {
        let patience = Duration::from_secs(1);
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, std::io::Error>(status)
    };
    ask().is_ok_and(|status| status.starts_with(b"HTTP/1.1 2"))
}

/// Where the container has its volumes, longest path first.
fn mounts(container: &Json, volumes: &BTreeMap<String, PathBuf>) -> Vec<(String, PathBuf)> {
    let all = container["volumeMounts"].as_array().cloned().unwrap_or_default();
    let mount = |it: &Json| {
        assert!(it["subPath"].is_null(), "the player knows no `subPath`");
        let folder = volumes[it["name"].as_str().unwrap()].clone();
        (it["mountPath"].as_str().unwrap().trim_end_matches('/').to_owned(), folder)
    };
    let mut mounts: Vec<_> = all.iter().map(mount).collect();
    mounts.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    mounts
}

/// A text with each mention of a path, or of something below it, moved into a folder.
fn relocate(text: &str, path: &str, folder: &Path) -> String {
    let mut moved = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(path) {
        let (before, after) = (&rest[..at], &rest[at + path.len()..]);
        let ends = after.is_empty() || after.starts_with(['/', ',']);
        moved.push_str(before);
        moved.push_str(if ends { folder.to_str().unwrap() } else { path });
        rest = after;
    }
    moved + rest
}

fn environment(container: &Json, pod: &Json) -> Vec<(String, String)> {
    let all = container["env"].as_array().cloned().unwrap_or_default();
    let mut known: Vec<(String, String)> = Vec::new();
    for it in &all {
        let value = match &it["valueFrom"]["fieldRef"] {
            Json::Null => expand(it["value"].as_str().unwrap_or_default(), &known),
            reference => field(pod, reference),
        };
        known.push((it["name"].as_str().unwrap().to_owned(), value));
    }
    known
}

/// Puts the values in where a text names variables as `$(NAME)`.
fn expand(text: &str, environment: &[(String, String)]) -> String {
    let put =
        |text: String, (name, value): &(String, String)| text.replace(&format!("$({name})"), value);
    environment.iter().fold(text.to_owned(), put)
}
