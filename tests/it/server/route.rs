//! What is answered to whom.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use portcullis::server::Limits;

use super::harness::{Response, Sent, Server};

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_and_both_stages_get_their_answer() {
    let server = Server::start(Limits::default()).await;
    let mut http1 = server.http1().await;
    let mut http2 = server.http2().await;
    for stage in ["validate", "mutate"] {
        let path = format!("/{stage}?timeout=10s");
        let answers =
            [http1.post(&path, "allow").await.unwrap(), http2.post(&path, "allow").await.unwrap()];
        for answer in answers {
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (200, "application/json")
            );
            assert_eq!(answer.text, format!("{stage} 5 bytes"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_offers_both_protocols_gets_http2_and_one_that_offers_none_http1() {
    let server = Server::start(Limits::default()).await;
    let both = server.connect(&["h2", "http/1.1"]).await;
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(server.connect(&[]).await.get_ref().1.alpn_protocol(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_review_is_refused_with_a_reason() {
    let server = Server::start(Limits::default()).await;
    let send = async |method: &str, path: &str, content_type: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", content_type)
            .body(Sent::from("allow"))
            .unwrap();
        let response = server.http1().await.0.send_request(request).await.unwrap();
        Response::of(response).await
    };
    let json = "application/json";
    for (method, path, content_type, status, text) in [
        ("POST", "/", json, 404, "only /validate, /mutate and /policies are here\n"),
        ("POST", "/validate/", json, 404, "only /validate, /mutate and /policies are here\n"),
        ("GET", "/validate", json, 405, "only POST is understood here\n"),
        ("POST", "/validate", "text/plain", 415, "the content type must be application/json\n"),
        (
            "POST",
            "/validate?timeout=ten",
            json,
            400,
            "timeout `ten` is not a duration such as 10s\n",
        ),
        ("POST", "/mutate", "application/json; charset=utf-8", 200, "mutate 5 bytes"),
    ] {
        let response = send(method, path, content_type).await;
        assert_eq!((response.status.as_u16(), response.text.as_str()), (status, text), "{path}");
    }
    assert_eq!(send("PUT", "/mutate", json).await.header("allow"), "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_review_is_the_callers_fault() {
    let server = Server::start(Limits::default()).await;
    let response = server.post("/validate", "malformed").await;
    assert_eq!(response.status, 400);
    assert_eq!(response.text, "the body is no AdmissionReview\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_connection_usable() {
    let server = Server::start(Limits::default()).await;
    let mut http1 = server.http1().await;
    assert_eq!(http1.post("/elsewhere", vec![b'x'; 1 << 20]).await.unwrap().status, 404);
    assert_eq!(http1.post("/validate", "allow").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_judged_and_a_larger_one_refused() {
    // A machine that is busy with other tests is slow to read what is thrown away.
    let limits = Limits { discard: Duration::from_secs(10), ..Limits::default() };
    let largest = limits.body_bytes;
    let server = Server::start(limits).await;
    let whole = |length| Sent::from(vec![b'x'; length]);
    let chunked = |length: usize| {
        let mut chunks = vec![Bytes::from(vec![b'x'; 64 << 10]); length / (64 << 10)];
        chunks.push(Bytes::from(vec![b'x'; length % (64 << 10)]));
        Sent::Chunks(chunks)
    };
    for body in [whole, chunked] {
        for (length, status) in [(largest, 200), (largest + 1, 413), (largest + (1 << 20), 413)] {
            let mut http1 = server.http1().await;
            let response = http1.post("/validate", body(length)).await.unwrap();
            assert_eq!(response.status, status, "{length}");
            let mut http2 = server.http2().await;
            let response = http2.post("/validate", body(length)).await.unwrap();
            assert_eq!(response.status, status, "{length}");
        }
    }
}
