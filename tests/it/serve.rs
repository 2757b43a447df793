//! `portcullis serve` as a process, from its first line to its last.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::cli::run;
use crate::server::harness::ask;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const REVIEW: &str = include_str!("../../src/cli/example-review.json");

/// A running process, ended with the test.
struct Process {
    child: Child,
    stdout: Lines,
    stderr: Lines,
    directory: TempDir,
}

/// The lines of a stream, as they come.
struct Lines(Receiver<String>);

impl Process {
    /// Serves the shipped policies and those of `policies` in a new directory, on free ports.
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("policies")).unwrap();
        fs::write(directory.path().join("policies/one.yaml"), policy("one")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"])
            .args(["--data-dir", "data dir", "--policy", "policies", "--drain-delay", "2"])
            .current_dir(directory.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr, directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a policy file in its place in one step.
    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::rename(self.path(name), self.path("policies").join(name)).unwrap();
    }

    /// What a shell in the process's directory makes of a line.
    fn shell(&self, line: &str) -> Output {
        Command::new("sh").args(["-c", line]).current_dir(self.directory.path()).output().unwrap()
    }

    fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the process does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test passed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Lines {
    fn of(stream: impl std::io::Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(stream).lines().map_while(Result::ok);
            lines.for_each(|line| _ = sender.send(line));
        });
        Self(receiver)
    }

    /// The next line that has this in it.
    fn until(&self, what: &str) -> String {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let line = self.0.recv_timeout(left);
            match line.unwrap_or_else(|_| panic!("no line with `{what}`")) {
                line if line.contains(what) => return line,
                _ => {}
            }
        }
    }
}

/// A policy that says nothing of the example.
fn policy(name: &str) -> String {
    format!(
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {{name: {name}}}\n\
         spec: {{rules: [{{rule: field-required, scope: {{kinds: [ConfigMap]}}, params: {{field: data}}}}]}}\n"
    )
}

/// The addresses that the first line of the log names.
fn addresses(line: &str) -> (SocketAddr, SocketAddr) {
    let words = line.split([' ', ',']);
    let mut addresses = words.filter_map(|word| word.parse().ok());
    (addresses.next().unwrap(), addresses.next().unwrap())
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
    let mut process = Process::start();
    let line = process.stdout.until("serving reviews on");
    let (admission, management) = addresses(&line);
    assert!(page(management, "/readyz").starts_with("HTTP/1.1 200 "));
    let authority = process.path("data dir/ca.crt");
    let review = || -> Json { serde_json::from_str(&ask(&authority, admission, REVIEW)).unwrap() };

    // The line that is printed works as it stands, and is denied with a reason.
    let denied = review();
    let status = &denied["response"]["status"];
    assert_eq!((&denied["response"]["allowed"], &status["code"]), (&false.into(), &403.into()));
    assert!(status["message"].as_str().unwrap().contains("spec.containers[0].image: "));
    let invitation = process.stderr.until("curl ");
    if process.shell("curl --version").status.success() {
        let printed = process.shell(&invitation);
        assert!(printed.status.success(), "{invitation} {printed:?}");
        assert_eq!(serde_json::from_slice::<Json>(&printed.stdout).unwrap(), denied);
    }
    let sent = fs::read_to_string(process.path("data dir/example-review.json")).unwrap();
    assert_eq!(sent, REVIEW);

    // A changed file comes into force.
    process.put("two.yaml", &policy("two"));
    let line = process.stdout.until("in force");
    let changed = review();
    assert_ne!(policy_set(&changed), policy_set(&denied));
    assert!(line.contains(policy_set(&changed)), "{line}");

    // A broken one does not, and neither does one that is gone.
    process.put("two.yaml", "kind: Policy\nspec: {rule: []}\n");
    let line = process.stdout.until("stays in force");
    assert!(line.contains("two.yaml:2:8: ") && line.contains(policy_set(&changed)), "{line}");
    assert_eq!(review(), changed);
    fs::rename(process.path("policies"), process.path("away")).unwrap();
    let line = process.stdout.until("stays in force");
    assert!(line.contains("cannot read `policies`"), "{line}");
    assert_eq!(review(), changed);
    fs::remove_file(process.path("away/two.yaml")).unwrap();
    fs::rename(process.path("away"), process.path("policies")).unwrap();
    process.stdout.until("in force");
    assert_eq!(review(), denied);

    // It serves on for a while when it is to end, and says so.
    let kill = process.shell(&format!("kill -TERM {}", process.child.id()));
    assert!(kill.status.success(), "{kill:?}");
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
