//! More work than fits: what does not fit is refused at once, and what fits is not disturbed.

use std::sync::Arc;
use std::time::Duration;

use portcullis::admission::Stage;
use portcullis::server::Limits;
use tokio::net::TcpStream;

use super::harness::{Server, until};

#[tokio::test(flavor = "multi_thread")]
async fn reviews_beyond_the_bound_are_shed_until_one_is_answered() {
    let server = Arc::new(Server::start(Limits { in_flight: 2, ..Limits::default() }).await);
    let held: Vec<_> = (0..2).map(|_| spawn_post(&server, "hold".into())).collect();
    until("both are held", async || server.judge.held() == 2).await;

    let mut http1 = server.http1().await;
    let shed = http1.post("/validate", "allow").await.unwrap();
    assert_eq!((shed.status.as_u16(), shed.header("retry-after")), (503, "1"));
    assert_eq!(server.metric("portcullis_admission_in_flight").await, Some(2.0));

    server.judge.release();
    for held in held {
        assert_eq!(held.await.unwrap(), 200);
    }
    assert_eq!(http1.post("/validate", "allow").await.unwrap().status, 200);
    let reason = "portcullis_admission_refused_total{reason=\"reviews_in_flight\"}";
    assert_eq!(server.metric(reason).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_the_bound_are_shed_until_they_are_free() {
    let limits = Limits { in_flight_bytes: 3 << 20, ..Limits::default() };
    let server = Arc::new(Server::start(limits).await);
    let mut body = b"hold ".to_vec();
    body.resize(2 << 20, b'x');
    let held = spawn_post(&server, body.clone());
    until("it is held", async || server.judge.held() == 1).await;
    let bytes = "portcullis_admission_in_flight_bytes";
    assert_eq!(server.metric(bytes).await, Some(f64::from(2 << 20)));

    let shed = server.post("/validate", body.clone()).await;
    assert_eq!((shed.status.as_u16(), shed.header("retry-after")), (503, "1"));
    assert_eq!(server.post("/validate", "allow").await.status, 200);

    server.judge.release();
    assert_eq!(held.await.unwrap(), 200);
    until("its bytes are free", async || server.metric(bytes).await == Some(0.0)).await;
    assert_eq!(server.post("/validate", body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_some_large_bodies_are_judged_at_once() {
    let server = Arc::new(Server::start(Limits { values_at_once: 1, ..Limits::default() }).await);
    let mut body = b"hold ".to_vec();
    body.resize(1 << 20, b'x');
    let held: Vec<_> = (0..3).map(|_| spawn_post(&server, body.clone())).collect();
    let in_flight = "portcullis_admission_in_flight";
    until("all are read", async || server.metric(in_flight).await == Some(3.0)).await;
    until("one is held", async || server.judge.held() == 1).await;
    assert_eq!(server.post("/validate", "allow").await.status, 200);
    assert_eq!(server.judge.held(), 1);
    server.judge.release();
    for held in held {
        assert_eq!(held.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_bound_wait_their_turn() {
    let server = Server::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.http1().await;
    assert_eq!(first.post("/validate", "allow").await.unwrap().status, 200);

    let second = TcpStream::connect(server.admission).await.unwrap();
    let mut second = Box::pin(server.shake_hands(second, &["http/1.1"]));
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(waited.is_err(), "the second connection was served beside the first");
    drop(first);
    second.await.unwrap();
}

/// Posts from a task of its own, and says with which status it was answered.
fn spawn_post(server: &Arc<Server>, body: Vec<u8>) -> tokio::task::JoinHandle<u16> {
    let server = Arc::clone(server);
    tokio::spawn(async move { server.post("/validate", body).await.status.as_u16() })
}

#[test]
fn a_body_of_nothing_but_small_values_is_not_built() {
    let policies = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: p}
spec:
  rules:
  - {rule: field-required, enforcement: Deny, onError: Deny, params: {field: data.x}}";
    let door = crate::door::Door::open(policies);
    for (item, reason) in [("0", "too many values"), (r#""a value of a usual length""#, "data.x")] {
        let items = vec![item; (3 << 20) / (item.len() + 1)].join(",");
        let body = format!(
            r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{
                "uid": "u", "kind": {{"group": "", "version": "v1", "kind": "ConfigMap"}},
                "operation": "CREATE", "object": {{"data": {{"list": [{items}]}}}}}}}}"#
        );
        let answer = door.ask(Stage::Validate, body.as_bytes());
        assert!(answer.denials().join(" ").contains(reason), "{answer:?}");
    }
}
