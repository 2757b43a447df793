//! The judge behind the admission door: an engine that can be replaced while reviews go on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::admission::{self, Malformed, Reviewed, Stage};
use crate::document::json;
use crate::engine::{Budget, Engine, Facts, Status, Subject};

use super::Review;

/// Answers reviews with the policy set in force.
///
/// A review keeps the engine that it started with.
#[derive(Debug)]
pub struct Judge {
    engine: ArcSwap<Engine>,
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
    pub fn new(engine: Engine) -> Result<Self, Unfit> {
        try_out(&engine)?;
        Ok(Self { engine: ArcSwap::from_pointee(engine) })
    }

    /// Puts another engine in force, in one step.
    ///
    /// # Errors
    ///
    /// It fails on an ordinary object, and the one in force stays.
    pub fn replace(&self, engine: Engine) -> Result<(), Unfit> {
        try_out(&engine)?;
        self.engine.store(Arc::new(engine));
        Ok(())
    }

    /// The digest of the policy set in force.
    pub fn digest(&self) -> Arc<str> {
        Arc::clone(self.engine.load().digest())
    }
}

impl Review for Judge {
    fn review(&self, stage: Stage, body: &[u8]) -> Result<Reviewed, Malformed> {
        admission::review(&self.engine.load(), &facts(), stage, body)
    }

    fn overdue(&self, stage: Stage, body: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
        admission::overdue(&self.engine.load(), &facts(), stage, body, reason)
    }
}

/// What is known outside a cluster: the time.
fn facts() -> Facts<'static> {
    Facts { now: Some(Timestamp::now()), ..Facts::default() }
}

fn try_out(engine: &Engine) -> Result<(), Unfit> {
    for sample in SAMPLES {
        let Ok(document) = json::read(sample) else { continue };
        let Some(subject) = Subject::of_object(&document.value) else { continue };
        let mut outcomes = engine.changes(&subject, &facts(), Budget::default()).outcomes;
        outcomes.extend(engine.evaluate(&subject, &facts(), Budget::default()).outcomes);
        if let Some(failed) = outcomes.into_iter().find(|it| it.status == Status::Error) {
            return Err(Unfit {
                policy: failed.policy.to_string(),
                entry: failed.entry.to_string(),
                kind: subject.identity.kind,
                reason: failed.reason.unwrap_or_default(),
            });
        }
    }
    Ok(())
}
