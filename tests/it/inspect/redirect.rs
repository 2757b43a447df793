//! Where a server may send us on, and what is said there: never a credential to anybody else.

use std::io::Write as _;
use std::sync::mpsc::Receiver;

use portcullis::artefact::Verdict;
use portcullis::worker::examiner::Unexamined;

use super::examine::{bench_of, examine, push};
use super::hostile::{serve, write};
use crate::folder::Folder;

const BYTES: &[u8] = b"no archive";
/// `ada:hunter2`.
const LOGIN: &str = "authorization: Basic YWRhOmh1bnRlcjI=";
const PATH: &str = "ska-a-1.0.0.tar.gz";

fn send(stream: &mut std::net::TcpStream) {
    write(stream, &format!("200 OK\r\nContent-Length: {}", BYTES.len()));
    _ = stream.write_all(BYTES);
}

/// What comes of a file for which its server sends on to `to`, with the calls that the server had.
/// `{self}` in it is that server itself.
fn judged(to: &str, more: &str) -> (Result<Verdict, Unexamined>, Vec<String>) {
    let to = to.to_owned();
    let (host, calls) = serve(move |call, stream| {
        let host = call.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        if call.starts_with("GET /nexus/repository/") {
            let to = to.replace("{self}", &format!("http://{host}"));
            write(stream, &format!("302 Found\r\nContent-Length: 0\r\nLocation: {to}"));
        } else {
            send(stream);
        }
    });
    let folder = Folder::new();
    let (user, password) = (folder.write("user", "ada"), folder.write("password", "hunter2"));
    let server = format!(
        "url: 'http://{host}/nexus', credentials: {{usernameFile: '{user}', passwordFile: \
         '{password}'}}{more}"
    );
    let bench = bench_of("name: raw-internal, format: raw", &server, "");
    let judged = examine(&bench, &push("raw-internal", "raw", PATH, &[(PATH, BYTES)]), &[]);
    (judged, calls.try_iter().collect())
}

/// Another server, which sends the file to whoever asks.
fn other() -> (String, Receiver<String>) {
    serve(|_, stream| send(stream))
}

#[test]
fn below_the_base_address_a_redirect_is_followed_with_the_credential() {
    for to in ["/nexus/store/a", "{self}/nexus/store/a", "../../store/a"] {
        let (verdict, calls) = judged(to, "");
        assert!(verdict.is_ok(), "{to}: {verdict:?}");
        let [first, second] = calls.as_slice() else { panic!("{to}: {calls:?}") };
        assert!(first.contains(LOGIN) && second.contains(LOGIN), "{to}: {calls:?}");
        assert!(second.starts_with("GET /nexus/store/a "), "{to}: {second}");
    }
}

#[test]
fn elsewhere_it_is_not_followed() {
    let (host, calls) = other();
    let port = host.rsplit_once(':').unwrap().1;
    for to in [
        format!("http://{host}/nexus/a"),
        format!("http://localhost:{port}/nexus/a"),
        format!("//{host}/nexus/a"),
        "{self}/other/a".to_owned(),
        "{self}/nexus/../other".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let (refused, own) = judged(&to, "");
        let Err(Unexamined::Failed(why)) = refused else { panic!("{to}: {refused:?}") };
        assert_eq!(why, "`127.0.0.1` leads elsewhere: 302 Found", "{to}");
        assert_eq!(own.len(), 1, "{to}: {own:?}");
    }
    assert!(calls.try_recv().is_err(), "somebody called there");
}

#[test]
fn a_store_that_the_configuration_names_gets_no_credential() {
    let (host, calls) = other();
    let more = format!(", redirects: ['http://{host}/store']");
    let (verdict, _) = judged(&format!("http://{host}/store/a?signature=b"), &more);
    assert!(verdict.is_ok(), "{verdict:?}");
    let call = calls.try_recv().unwrap();
    assert!(call.starts_with("GET /store/a?signature=b "), "{call}");
    assert!(!call.to_ascii_lowercase().contains("authorization"), "{call}");
    let (refused, _) = judged(&format!("http://{host}/elsewhere"), &more);
    assert!(refused.is_err() && calls.try_recv().is_err());
}
