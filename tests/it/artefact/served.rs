//! What the door shows and reads besides: TLS, metrics, the reports of scanners.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use sha2::{Digest as _, Sha256};

use super::door::{SECRET, Setup, component, sign, until};
use super::lookup::showing;
use super::stand::Stand;
use crate::server::harness::client_config;

const PATIENCE: Duration = Duration::from_secs(60);
const FAST: &str = "work: {settleMilliseconds: 0, backoffMilliseconds: 50}\n";

#[test]
fn hooks_and_pages_go_over_tls() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST);
    let id = stand.push("raw-internal", "x/thing-1.0.0.txt", b"thing");
    let _door = setup.start_with(&["--hooks-tls", "--lookup-tls", "--data-dir", "data"]);
    let body = component(&id, "x/thing-1.0.0.txt");
    let call = format!(
        "POST /hooks/nexus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         X-Nexus-Webhook-Signature: {}\r\nContent-Length: {}\r\n\r\n{body}",
        sign(SECRET, &body),
        body.len()
    );
    let kept = over_tls(&setup, setup.address, &call);
    assert!(kept.starts_with("HTTP/1.1 200 ") && kept.ends_with("kept\n"), "{kept}");

    let pages: SocketAddr = showing(&setup).parse().unwrap();
    let get = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let shown = || over_tls(&setup, pages, get).contains("x/thing-1.0.0.txt");
    assert!(until("the page", PATIENCE, shown), "{}", setup.log());
    // Nothing is said to who speaks plainly.
    let mut plain = TcpStream::connect(setup.address).unwrap();
    plain.write_all(call.as_bytes()).unwrap();
    let mut answer = Vec::new();
    _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

fn over_tls(setup: &Setup, address: SocketAddr, call: &str) -> String {
    let config = client_config(&setup.folder.file("data/ca.crt"), rustls::ALL_VERSIONS);
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = TcpStream::connect(address).unwrap();
    let mut tls = rustls::Stream::new(&mut client, &mut tcp);
    tls.write_all(call.as_bytes()).unwrap();
    let mut text = Vec::new();
    // Whoever closes need not say goodbye.
    _ = tls.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn lookups_are_counted_on_the_management_port() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST);
    let _door = setup.start();
    let page = showing(&setup);
    for (path, host) in
        [("/", "localhost"), ("/verdicts/9", "localhost"), ("/?nmae=a", "localhost"), ("/", "evil")]
    {
        let mut stream = TcpStream::connect(&page).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        stream.read_to_string(&mut String::new()).unwrap();
    }
    let log = setup.log();
    let management = log.split_once("serving livez, readyz and metrics on ").unwrap().1;
    let management = management.lines().next().unwrap().parse().unwrap();
    let metrics = crate::serve::page(management, "/metrics");
    for result in ["found", "unknown", "wrong", "kept_out"] {
        let line = format!("portcullis_lookups_total{{result=\"{result}\"}} 1\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    assert!(metrics.contains("portcullis_lookup_duration_seconds_count 4\n"), "{metrics}");
}

#[test]
fn the_report_of_a_scanner_is_read_where_the_file_says() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", &format!("{FAST}vulnerabilityReports: reports\n"));
    let report = r#"{"SchemaVersion": 2, "Results": [{"Vulnerabilities": [{"PkgName": "openssl",
        "VulnerabilityID": "CVE-2026-0001", "Severity": "CRITICAL", "FixedVersion": "3.0.1"}]}]}"#;
    let hash: String = Sha256::digest(b"bad").iter().map(|byte| format!("{byte:02x}")).collect();
    setup.folder.write(&format!("reports/sha256-{hash}.json"), report);
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/packs/artefact-vulnerabilities.yaml");
    let _door = setup.start_with(&["--policy", pack]);
    for bytes in ["good", "bad"] {
        let path = format!("x/ska-{bytes}-1.0.0.txt");
        let id = stand.push("raw-internal", &path, bytes.as_bytes());
        assert!(setup.deliver(&component(&id, &path), bytes));
    }
    let judged = || setup.log().matches("outcome=").count() == 2;
    assert!(until("the verdicts", PATIENCE, judged), "{}", setup.log());
    let log = setup.log();
    let outcome = |name: &str| {
        let line = log.lines().find(|line| line.contains(name) && line.contains("outcome="));
        let rest = line.unwrap().split_once("outcome=").unwrap().1;
        rest.split(' ').next().unwrap().trim_matches('"').to_owned()
    };
    assert_eq!(outcome("ska-bad"), "fail", "{log}");
    assert_ne!(outcome("ska-good"), "fail", "{log}");
}
