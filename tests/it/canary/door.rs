//! The running server: its answers, its metrics and its log.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portcullis::admission::Stage;
use portcullis::telemetry::{self, Format, Output};
use rustls::pki_types::ServerName;
use serde_json::Value as Json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::review::{malformed, reviews};
use super::{CANARY, POLICY, assert_silent};
use crate::door::Door;
use crate::folder::Folder;
use crate::odd_rules;
use crate::process::Process;
use crate::server::harness::{Http1, client_config};
use crate::support::{compile_with, set};

/// Says to this program that it is the one that another run of it asks for, and how to log.
const CHILD: &str = "PORTCULLIS_TEST_LOG_FORMAT";

/// `portcullis serve` with a log of all that there is to say.
fn start(log_format: &str) -> Process {
    let folder = Folder::new();
    folder.write("policy.yaml", POLICY);
    let log = ["--log", "trace", "--log-format", log_format];
    let fixed = ["--data-dir", "data", "--policy", "policy.yaml", "--drain-delay", "0"];
    Process::start(folder, &[log.as_slice(), &fixed].concat(), &[])
}

async fn connect(authority: &Path, address: SocketAddr) -> Http1 {
    let config = client_config(authority, rustls::ALL_VERSIONS);
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    Http1::over(TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()).await
}

/// Asks all that can be asked, and returns how many answers there were to reviews.
async fn ask_everything(process: &Process) -> usize {
    let (reviewing, managing) = process.addresses();
    let authority = process.folder.file("data/ca.crt");
    let mut connection = connect(&authority, reviewing).await;
    let mut answered = 0;
    for review in reviews() {
        for path in ["/validate?timeout=10s", "/mutate", "/validate?timeout=1ms"] {
            let answer = connection.post(path, &*review).await.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_silent(path, &answer.text);
            answered += 1;
        }
    }
    for body in malformed() {
        for path in ["/validate", "/mutate", "/elsewhere"] {
            let answer = connection.post(path, &*body).await.unwrap();
            assert_silent(path, &answer.text);
            answered += usize::from(answer.status == 200);
        }
    }
    // Bodies that are too large, that are no text, and that are not sent as they should be.
    let large = format!("{{\"data\": \"{}\"}}", CANARY.repeat(2 << 20));
    let answer = connection.post("/validate", &*large).await.unwrap();
    assert_eq!(answer.status, 413);
    assert_silent("too large", &answer.text);
    let mut connection = connect(&authority, reviewing).await;
    let binary = [CANARY.as_bytes(), &[0xff, 0xfe]].concat();
    let answer = connection.post("/mutate", binary).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_silent("no text", &answer.text);
    assert_silent("metrics", &crate::serve::page(managing, "/metrics"));
    answered
}

#[test]
fn no_secret_is_in_an_answer_of_the_server_nor_in_its_log() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for log_format in ["ska", "json"] {
        let mut process = start(log_format);
        let answered = runtime.block_on(ask_everything(&process));
        process.end();
        let (log, errors) = (process.stdout.text(), process.stderr.text());
        assert_silent("log", &log);
        assert_silent("standard error", &errors);
        let mentions = match log_format {
            "json" => log.lines().filter(|it| is_about_a_review(it)).count(),
            _ => log.lines().filter(|it| it.contains("|review name=")).count(),
        };
        assert_eq!(mentions, answered, "{log}");
        assert!(answered > 3 * 40, "{answered}");
    }
}

fn is_about_a_review(line: &str) -> bool {
    let line: Json = serde_json::from_str(line).unwrap();
    line["message"] == "review"
}

/// No rule of the program panics, so that nothing but its text shows that all commands are ready for
/// one that does.
#[test]
fn the_program_is_ready_for_a_panic_before_it_does_anything() {
    let main = include_str!("../../../src/main.rs").split("fn main()").nth(1).unwrap();
    let first = main.lines().nth(1).unwrap().trim();
    assert_eq!(first, "portcullis::telemetry::note_place_only();");
}

/// A panic says what it pleases to whoever listens, so a process of its own listens: the program's
/// log and its hook are the whole process's.
#[test]
fn a_rule_that_panics_says_nothing_of_the_object() {
    if let Ok(format) = std::env::var(CHILD) {
        return serve_panics(format.parse().unwrap());
    }
    for format in [Format::Ska, Format::Json] {
        let ran = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("canary::door::a_rule_that_panics_says_nothing_of_the_object")
            .env(CHILD, format.to_string())
            .output()
            .unwrap();
        let output = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
        assert!(ran.status.success(), "{output}");
        assert_silent("a panic", &output);
        let count = |what: &str| output.matches(what).count();
        let asked = reviews().len();
        // An update that is denied is judged once more, as it was before.
        assert_eq!(count("panicked at tests/it/odd_rules.rs:"), asked * 3 / 2, "{output}");
        assert_eq!(count("allowed: false"), asked, "{output}");
        assert!(count("the rule failed; this is a bug in it") >= asked, "{output}");
    }
}

/// Serves a rule that panics with the whole object in its words, and prints the answers.
#[expect(clippy::print_stdout, reason = "the run that asked for it reads it")]
fn serve_panics(format: Format) {
    let filter = "trace".to_owned();
    let arguments = telemetry::Args { format, output: Output::Stdout, filter, traces: None };
    let _log = telemetry::install(&arguments).unwrap();
    // A set that fails on the samples would not be served.
    let spec = "{enforcement: Deny, onError: Deny, scope: {excludeNamespaces: [sample]}, \
                rules: [{rule: odd-panics}]}";
    let engine = compile_with(&set(&[("test", spec)]), &odd_rules::all()).unwrap();
    let door = Door::serving(engine);
    for review in reviews() {
        println!("{:?}", door.ask(Stage::Validate, review.as_bytes()).response);
        println!("{:?}", door.ask(Stage::Mutate, review.as_bytes()).response);
    }
}
