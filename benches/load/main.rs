//! How many reviews a second the admission door answers, against a null server of the same stack:
//! hyper and rustls, which reads each body and answers a constant.
//!
//! Both serve from processes of their own on loopback, and take turns: what else the machine does
//! hits both. The door is the program with the shipped policies. The last line is the median of the
//! rounds' ratios for a Pod, which an API server asks about most; a Deployment with a long history
//! of managers comes before.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures and stops"
)]

mod client;
mod null;
mod tls;

use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use bytes::Bytes;
use client::Client;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is asked about: a name, and the body as the API server sends it. The last one counts.
const REVIEWS: [(&str, &[u8]); 2] =
    [("Deployment", include_bytes!("../review.json")), ("Pod", include_bytes!("../pod.json"))];
/// About as long as an answer that allows.
const ANSWER: &[u8] = br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true,"auditAnnotations":{"policy-set":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}}"#;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_secs(1);
/// What the program logs before the address where reviews come in.
const SERVING: &str = "|serving reviews on ";

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "null", directory] => {
            let authority = Path::new(directory).join("null.crt");
            null::serve("127.0.0.1:0", "localhost", &authority, |_| Bytes::from_static(ANSWER));
        }
        _ => measure(),
    }
}

fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let null = Server::null(directory.path());
    let validate = Server::validate(directory.path());
    let mut ratio = 0.0;
    for (kind, body) in REVIEWS {
        println!("a {kind} of {} bytes over {CONNECTIONS} connections", body.len());
        let null = Client::new(null.address, &directory.path().join("null.crt"), body);
        let validate = Client::new(validate.address, &directory.path().join("ca.crt"), body);
        ratio = compare(&null, &validate);
        println!("validate/null for a {kind}: {ratio:.3}");
    }
    println!("peak memory of validate: {}", validate.peak_memory());
    println!("validate/null requests per second: {ratio:.3}");
}

/// The median of the ratios of what both answer in a round.
fn compare(null: &Client, validate: &Client) -> f64 {
    // The first requests find cold caches, and buffers that have yet to grow.
    for client in [null, validate] {
        client.answers_a_second(CONNECTIONS, ROUND / 2);
    }
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let null = null.answers_a_second(CONNECTIONS, ROUND);
        let validate = validate.answers_a_second(CONNECTIONS, ROUND);
        let ratio = validate / null;
        println!("round {round}: null {null:.0}/s, validate {validate:.0}/s, ratio {ratio:.3}");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ROUNDS / 2]
}

/// A server in a process of its own, which ends with this value.
struct Server {
    process: Child,
    address: SocketAddr,
    /// What it goes on to print. A pipe that nobody holds would end it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn null(directory: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg("null").arg(directory);
        Self::start(command, "")
    }

    fn validate(directory: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(directory);
        Self::start(command, SERVING)
    }

    /// Starts a server that prints its address after `before`.
    fn start(mut command: Command, before: &str) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = output.find_map(|line| Some(line.unwrap().split_once(before)?.1.to_owned()));
        let line = line.unwrap();
        let end = line.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
        let address = line[..end.unwrap_or(line.len())].parse().unwrap();
        Self { process, address, _output: output }
    }

    /// The most memory that it ever had, where the system says so.
    fn peak_memory(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap_or("unknown").trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
