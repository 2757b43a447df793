//! Artefacts in traces.

use opentelemetry_proto::tonic::trace::v1::Span;

use super::door::{Setup, component};
use super::stand::Stand;
use crate::traces::{Collector, field};

#[test]
fn an_artefact_is_traced_from_the_hook_to_the_verdict() {
    let (collector, stand) = (Collector::start(), Stand::start());
    let setup = Setup::new(&stand, "", "work: {settleMilliseconds: 0}\n");
    let path = "x/thing-1.0.0.txt";
    let id = stand.push("raw-internal", path, b"canary");
    let _door = setup.start_with(&["--traces", &collector.url()]);
    assert!(setup.deliver(&component(&id, path), "1"));
    let hook = collector.until("the hook", |it| it.name == "hook");
    assert_eq!(field(&hook, "result"), Some("kept"));
    let judged = |it: &Span| it.name == "artefact" && field(it, "outcome") == Some("fail");
    let artefact = collector.until("the artefact", judged);
    assert_eq!(field(&artefact, "repository"), Some("raw-internal"));
    for name in ["look", "examine", "act"] {
        let is_it = |it: &Span| it.name == name && it.parent_span_id == artefact.span_id;
        collector.until(name, is_it);
    }
    assert!(!collector.holds("canary"));
}
