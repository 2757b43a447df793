//! The port for whoever looks after the server.

use hyper::Request;
use hyper_util::rt::TokioIo;
use portcullis::server::Limits;
use tokio::net::TcpStream;

use super::harness::{Response, Sent, Server};

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_are_plain_http_on_a_port_of_their_own() {
    let server = Server::start(Limits::default()).await;
    for (path, status, text) in [
        ("/livez", 200, "alive\n"),
        ("/readyz", 200, "ready\n"),
        ("/validate", 404, "only /livez, /readyz and /metrics are here\n"),
    ] {
        let page = server.page(path).await;
        assert_eq!((page.status.as_u16(), page.text.as_str()), (status, text), "{path}");
    }
    assert_eq!(server.post("/livez", "").await.status, 404);

    let tcp = TcpStream::connect(server.management).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.unwrap();
    tokio::spawn(connection);
    let post = Request::post("/readyz").header("host", "localhost").body(Sent::from("")).unwrap();
    let answer = Response::of(sender.send_request(post).await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_counted_by_stage_operation_kind_and_decision() {
    let server = Server::start(Limits::default()).await;
    for (path, body) in
        [("validate", "allow"), ("validate", "deny"), ("validate", "deny"), ("mutate", "allow")]
    {
        server.post(&format!("/{path}"), body).await;
    }
    for (stage, decision, count) in
        [("validate", "allow", 1.0), ("validate", "deny", 2.0), ("mutate", "allow", 1.0)]
    {
        let name = format!(
            "portcullis_admission_requests_total{{stage=\"{stage}\",operation=\"CREATE\",kind=\"DeviceServer\",decision=\"{decision}\"}}"
        );
        assert_eq!(server.metric(&name).await, Some(count), "{name}");
    }
    let count = "portcullis_admission_duration_seconds_count{stage=\"validate\"}";
    assert_eq!(server.metric(count).await, Some(3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_fail_are_counted_by_name() {
    let server = Server::start(Limits::default()).await;
    server.post("/validate", "error").await;
    let name = "portcullis_admission_rule_errors_total{rule=\"field-matches\"}";
    assert_eq!(server.metric(name).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_metrics_is_openmetrics_with_no_name_of_an_object_in_it() {
    let server = Server::start(Limits::default()).await;
    server.post("/validate", "deny").await;
    let page = server.page("/metrics").await;
    assert!(page.header("content-type").starts_with("application/openmetrics-text"));
    assert!(page.text.ends_with("# EOF\n"));
    for word in ["tango.test", "ska-test", "0df28fbd"] {
        assert!(!page.text.contains(word), "{word}");
    }
    assert!(page.text.lines().all(|line| line.starts_with('#') || line.starts_with("portcullis_")));
}
