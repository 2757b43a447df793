//! `portcullis serve` as a process, from its first line to its last.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::cli::run;
use crate::folder::Folder;
use crate::process::Process;
use crate::server::harness::ask;

const REVIEW: &str = include_str!("../../src/cli/example-review.json");

/// Serves the shipped policies and those of `policies`.
fn start() -> Process {
    let folder = Folder::new();
    folder.write("policies/one.yaml", policy("one"));
    let flags = ["--data-dir", "data dir", "--policy", "policies", "--drain-delay", "2"];
    Process::start(folder, &flags, &[])
}

/// Puts a policy file in its place in one step.
fn put(folder: &Folder, name: &str, text: &str) {
    folder.write(name, text);
    fs::rename(folder.file(name), folder.file("policies").join(name)).unwrap();
}

/// What a shell in the folder makes of a line.
fn shell(folder: &Folder, line: &str) -> Output {
    Command::new("sh").args(["-c", line]).current_dir(folder.root()).output().unwrap()
}

/// A policy that says nothing of the example.
fn policy(name: &str) -> String {
    format!(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {{name: {name}}}\n\
         spec: {{rules: [{{rule: field-required, scope: {{kinds: [ConfigMap]}}, params: {{field: data}}}}]}}\n"
    )
}

/// A page of the management port, headers and all.
pub(crate) fn page(management: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(management).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn policy_set(answer: &Json) -> &str {
    answer["response"]["auditAnnotations"]["policy-set"].as_str().unwrap()
}

#[test]
fn a_server_serves_from_its_first_line_to_its_last() {
    let mut process = start();
    let (admission, management) = process.addresses();
    assert!(page(management, "/readyz").starts_with("HTTP/1.1 200 "));
    let authority = process.folder.file("data dir/ca.crt");
    let review = || -> Json { serde_json::from_str(&ask(&authority, admission, REVIEW)).unwrap() };

    // The line that is printed works as it stands, and is denied with a reason.
    let denied = review();
    let status = &denied["response"]["status"];
    assert_eq!((&denied["response"]["allowed"], &status["code"]), (&false.into(), &403.into()));
    assert!(status["message"].as_str().unwrap().contains("spec.containers[0].image: "));
    let invitation = process.stderr.until("curl ");
    if shell(&process.folder, "curl --version").status.success() {
        let printed = shell(&process.folder, &invitation);
        assert!(printed.status.success(), "{invitation} {printed:?}");
        assert_eq!(serde_json::from_slice::<Json>(&printed.stdout).unwrap(), denied);
    }
    let sent = process.folder.read("data dir/example-review.json");
    assert_eq!(sent, REVIEW);

    // A changed file comes into force.
    put(&process.folder, "two.yaml", &policy("two"));
    let line = process.stdout.until("in force");
    let changed = review();
    assert_ne!(policy_set(&changed), policy_set(&denied));
    assert!(line.contains(policy_set(&changed)), "{line}");

    // A broken one does not, and neither does one that is gone.
    put(&process.folder, "two.yaml", "kind: Policy\nspec: {rule: []}\n");
    let line = process.stdout.until("stays in force");
    assert!(line.contains("two.yaml:2:8: ") && line.contains(policy_set(&changed)), "{line}");
    assert_eq!(review(), changed);
    fs::rename(process.folder.file("policies"), process.folder.file("away")).unwrap();
    let line = process.stdout.until("stays in force");
    assert!(line.contains("cannot read `policies`"), "{line}");
    assert_eq!(review(), changed);
    fs::remove_file(process.folder.file("away/two.yaml")).unwrap();
    fs::rename(process.folder.file("away"), process.folder.file("policies")).unwrap();
    process.stdout.until("in force");
    assert_eq!(review(), denied);

    // It serves on for a while when it is to end, and says so.
    process.terminate();
    process.stdout.until("draining");
    assert!(page(management, "/readyz").starts_with("HTTP/1.1 503 "));
    assert_eq!(review(), denied);
    process.stdout.until("ended");
    assert_eq!(process.wait(), Some(0));
    assert!(TcpStream::connect(admission).is_err());
}

#[test]
fn what_can_not_be_served_is_said_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("broken.yaml");
    fs::write(&broken, "kind: Policy\n").unwrap();
    let absent = directory.path().join("absent.yaml");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (broken, absent) = (text(&broken), text(&absent));
    for (arguments, problem) in [
        (&["--policy", &broken][..], "broken.yaml:1:1: "),
        (&["--policy", &absent], "absent.yaml"),
        (&["--tls-cert", &broken], "--tls-key"),
        (&["--drain-delay=-1"], "`--drain-delay` must be"),
        (&["--listen", "nowhere"], "--listen"),
    ] {
        let ran = run(&[&["serve"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains(problem), "{ran:?}");
    }
}

#[test]
fn a_port_that_is_taken_ends_the_process() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["serve", "--listen", &address, "--management", "127.0.0.1:0"])
        .current_dir(directory.path())
        .env_clear()
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("cannot listen on `{address}`: ")), "{error}");
}
