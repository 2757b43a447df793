//! The judge behind the admission door: an engine that can be replaced while reviews go on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::admission::{self, Malformed, Reviewed, Stage};
use crate::document::json;
use crate::engine::{Budget, Engine, Known, Status, Subject};

use super::Review;

/// Answers reviews with the policy set in force, and what is known for it.
///
/// A review keeps the engine and the facts that it started with.
#[derive(Debug)]
pub struct Judge {
    current: ArcSwap<InForce>,
    news: watch::Sender<()>,
}

/// An engine and the facts that were gathered for it: they are replaced together.
#[derive(Clone, Debug)]
struct InForce {
    engine: Arc<Engine>,
    known: Known,
}

/// A policy set that judges nothing well: a rule fails on an ordinary object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}`: entry `{entry}` fails on a sample {kind}: {reason}")]
pub struct Unfit {
    policy: String,
    entry: String,
    kind: String,
    reason: String,
}

/// Ordinary objects. An engine that fails on one of them does not come into force.
const SAMPLES: &[&str] = &[
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"sample","namespace":"sample"},
        "spec":{"containers":[{"name":"sample","image":"registry.example/sample:1.0.0"}]}}"#,
    r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"sample","namespace":"sample"},
        "spec":{"selector":{"matchLabels":{"app":"sample"}},"template":{"metadata":{"labels":{"app":"sample"}},
        "spec":{"containers":[{"name":"sample","image":"registry.example/sample:1.0.0"}]}}}}"#,
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"sample","namespace":"sample"},
        "data":{"sample.json":"{}"}}"#,
    r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"sample","namespace":"sample"},
        "spec":{"ports":[{"port":80}]}}"#,
    r#"{"apiVersion":"tango.tango-controls.org/v1","kind":"DeviceServer",
        "metadata":{"name":"sample","namespace":"sample"},"spec":{"config":"{}"}}"#,
];

impl Judge {
    /// # Errors
    ///
    /// The engine fails on an ordinary object.
    pub fn new(engine: impl Into<Arc<Engine>>) -> Result<Self, Unfit> {
        let engine = engine.into();
        try_out(&engine)?;
        let in_force = InForce { engine, known: Known::default() };
        Ok(Self { current: ArcSwap::from_pointee(in_force), news: watch::Sender::default() })
    }

    /// Puts another engine in force, with what is known for it, in one step.
    ///
    /// # Errors
    ///
    /// It fails on an ordinary object, and the one in force stays.
    pub fn replace(&self, engine: impl Into<Arc<Engine>>, known: Known) -> Result<(), Unfit> {
        let engine = engine.into();
        try_out(&engine)?;
        self.current.store(Arc::new(InForce { engine, known }));
        self.news.send_replace(());
        Ok(())
    }

    /// Takes what is now known for an engine, unless another one has come into force.
    pub fn learn(&self, engine: &Arc<Engine>, known: &Known) {
        self.current.rcu(|current| match Arc::ptr_eq(&current.engine, engine) {
            true => Arc::new(InForce { engine: Arc::clone(engine), known: known.clone() }),
            false => Arc::clone(current),
        });
        self.news.send_replace(());
    }

    /// The engine in force.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.current.load().engine)
    }

    /// The digest of the policy set in force.
    pub fn digest(&self) -> Arc<str> {
        Arc::clone(self.current.load().engine.digest())
    }
}

impl Review for Judge {
    fn review(&self, stage: Stage, body: &[u8]) -> Result<Reviewed, Malformed> {
        let current = self.current.load();
        let facts = current.known.facts(Timestamp::now());
        admission::review(&current.engine, &facts, stage, body)
    }

    fn overdue(&self, stage: Stage, body: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
        let current = self.current.load();
        let facts = current.known.facts(Timestamp::now());
        admission::overdue(&current.engine, &facts, stage, body, reason)
    }

    fn news(&self) -> Option<watch::Receiver<()>> {
        Some(self.news.subscribe())
    }
}

fn try_out(engine: &Engine) -> Result<(), Unfit> {
    let nothing = Known::default();
    let facts = nothing.facts(Timestamp::now());
    for sample in SAMPLES {
        let Ok(document) = json::read(sample) else { continue };
        let Some(subject) = Subject::of_object(&document.value) else { continue };
        let mut outcomes = engine.changes(&subject, &facts, Budget::default()).outcomes;
        outcomes.extend(engine.evaluate(&subject, &facts, Budget::default()).outcomes);
        if let Some(failed) = outcomes.into_iter().find(|it| it.status == Status::Error) {
            return Err(Unfit {
                policy: failed.policy.to_string(),
                entry: failed.entry.to_string(),
                kind: subject.identity.kind.clone(),
                reason: failed.reason.unwrap_or_default(),
            });
        }
    }
    Ok(())
}
