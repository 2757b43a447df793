//! Registries that mean harm: they send elsewhere, lie, or never end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::judge;
use crate::folder::Folder;

/// Answers every call by what `answer` writes, and tells each call with its headers.
pub(super) fn serve(
    answer: impl Fn(&str, &mut TcpStream) + Send + 'static,
) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut call = String::new();
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                if line.is_empty() {
                    break;
                }
                call.push_str(&line);
                call.push('\n');
            }
            // Before the answer: whoever has that may look at once who called.
            let is_heard = tell.send(call.clone()).is_ok();
            answer(&call, &mut stream);
            if !is_heard {
                return;
            }
        }
    });
    (host, told)
}

/// What `artefact check` says of an image there, asked with a password.
fn said(host: &str) -> String {
    said_with(host, &[])
}

fn said_with(host: &str, more: &[&str]) -> String {
    let folder = Folder::new();
    let name = format!("--username-file={}", folder.write("name", "ada"));
    let password = format!("--password-file={}", folder.write("password", "hunter2"));
    let output = judge(&[&[&*name, &password, &format!("{host}/ska-thing:1.0.0")], more].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

pub(super) fn write(stream: &mut TcpStream, head: &str) {
    // Whoever has seen enough hangs up.
    _ = stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes());
}

#[test]
fn nobody_is_followed_elsewhere_and_gets_no_password() {
    let (elsewhere, calls) = serve(|_, stream| write(stream, "200 OK\r\nContent-Length: 0"));
    let places = [
        format!("http://{elsewhere}/v2/ska-thing/manifests/1.0.0"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for place in places {
        let to = place.clone();
        let (host, _calls) = serve(move |_, stream| {
            write(
                stream,
                &format!("307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: {to}"),
            );
        });
        let expected = "error: `127.0.0.1` leads elsewhere: 307 Temporary Redirect\n";
        assert_eq!(said(&host), expected, "{place}");
    }
    assert!(calls.try_recv().is_err(), "somebody called there");
}

#[test]
fn a_token_is_asked_of_nobody_else() {
    let (elsewhere, calls) = serve(|_, stream| write(stream, "200 OK\r\nContent-Length: 0"));
    let to = elsewhere.clone();
    let (host, _calls) = serve(move |_, stream| {
        let challenge = format!("Bearer realm=\"http://{to}/token\",service=\"a\"");
        let head =
            format!("401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: {challenge}");
        write(stream, &head);
    });
    let expected = format!(
        "error: `127.0.0.1` sends us to `http://{elsewhere}` for a token: only a `tokenServer` is \
         asked\n"
    );
    assert_eq!(said(&host), expected);
    assert!(calls.try_recv().is_err(), "somebody called there");
}

/// As GitLab and Docker Hub do: the password is for who gives the token, and the token for the
/// registry.
#[test]
fn a_token_server_that_is_named_gets_the_password_and_the_registry_does_not() {
    let (giver, asked) = serve(|_, stream| {
        let token = r#"{"token": "t0ken"}"#;
        write(stream, &format!("200 OK\r\nContent-Length: {}", token.len()));
        _ = stream.write_all(token.as_bytes());
    });
    let to = giver.clone();
    let (host, calls) = serve(move |call, stream| {
        if call.contains("authorization: Bearer t0ken") {
            write(stream, "404 Not Found\r\nContent-Length: 0");
        } else {
            let challenge = format!("Bearer realm=\"http://{to}/jwt/auth\",service=\"a\"");
            write(
                stream,
                &format!("401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: {challenge}"),
            );
        }
    });
    let server = format!("--token-server=http://{giver}/jwt");
    let expected = format!("error: the registry has no `{host}/ska-thing:1.0.0`\n");
    assert_eq!(said_with(&host, &[&server]), expected);
    let asked: Vec<String> = asked.try_iter().collect();
    let [call] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(call.starts_with("GET /jwt/auth?service=a&scope=repository%3Aska-thing%3Apull "));
    assert!(call.contains("authorization: Basic YWRhOmh1bnRlcjI="), "{call}");
    let calls: Vec<String> = calls.try_iter().collect();
    assert!(calls.len() == 2 && !calls.concat().contains("Basic"), "{calls:?}");
    // Another path of that server is none that was named.
    let other = format!("--token-server=http://{giver}/other");
    assert!(said_with(&host, &[&other]).contains("only a `tokenServer` is asked"));
}

#[test]
fn a_token_of_the_registry_itself_is_used() {
    let (host, calls) = serve(|call, stream| {
        let host = call.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        if call.starts_with("GET /token?service=a&scope=repository%3Aska-thing%3Apull") {
            let token = r#"{"token": "t0ken"}"#;
            write(stream, &format!("200 OK\r\nContent-Length: {}", token.len()));
            _ = stream.write_all(token.as_bytes());
        } else if call.contains("authorization: Bearer t0ken") {
            write(stream, "404 Not Found\r\nContent-Length: 0");
        } else {
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"a\"");
            write(
                stream,
                &format!("401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: {challenge}"),
            );
        }
    });
    let expected = format!("error: the registry has no `{host}/ska-thing:1.0.0`\n");
    assert_eq!(said(&host), expected);
    let calls: Vec<String> = calls.try_iter().collect();
    assert!(calls.iter().any(|call| call.contains("authorization: Basic YWRhOmh1bnRlcjI=")));
}

#[test]
fn an_answer_without_an_end_is_let_go() {
    let (host, _calls) = serve(|_, stream| {
        write(stream, "200 OK\r\nContent-Type: application/json");
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
    });
    assert_eq!(said(&host), "error: `127.0.0.1` answers without an end\n");
}

#[test]
fn what_is_no_manifest_is_a_finding() {
    let (host, _calls) = serve(|_, stream| {
        write(stream, "200 OK\r\nContent-Length: 6");
        _ = stream.write_all(b"<html>");
    });
    let reference = format!("{host}/ska-thing:1.0.0");
    let output = judge(&[&reference, "--format=concise", "--repository=docker-internal"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("`manifest` it is no manifest"), "{report}");
    assert_eq!(output.status.code(), Some(1));
}
