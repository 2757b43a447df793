//! What the workers count. Every label has a handful of values, and no artefact can add one.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::queue::Counts;
use super::trouble::Trouble;
use crate::artefact::Outcome;
use crate::policyfile::ActionKind;

/// All counters of the workers of one process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    verdicts: Family<ByOutcome, Counter>,
    actions: Family<ByKind, Counter>,
    troubles: Family<ByReason, Counter>,
    sweeps: Family<BySuccess, Counter>,
    waiting: Gauge,
    dead: Gauge,
    overdue: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySuccess {
    result: &'static str,
}

impl Metrics {
    /// Names them. A counter's name gets `_total` when it is written.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("artefact_verdicts", "Verdicts on artefacts", self.verdicts.clone());
        registry.register("artefact_actions", "Actions that ended", self.actions.clone());
        registry.register(
            "artefact_troubles",
            "Times that a component could not be worked off",
            self.troubles.clone(),
        );
        registry.register("artefact_sweeps", "Sweeps of a repository", self.sweeps.clone());
        registry.register("artefact_queue", "Components that wait", self.waiting.clone());
        registry.register(
            "artefact_dead",
            "Components that a person has to look at",
            self.dead.clone(),
        );
        registry.register(
            "artefact_overdue_seconds",
            "How long the component that was due first has been due",
            self.overdue.clone(),
        );
    }

    pub(super) fn judged(&self, outcome: Outcome) {
        self.verdicts.get_or_create(&ByOutcome { outcome: outcome.as_str() }).inc();
    }

    pub(super) fn acted(&self, kind: ActionKind, state: &'static str) {
        self.actions.get_or_create(&ByKind { kind: kind.as_str(), state }).inc();
    }

    pub(super) fn troubled(&self, trouble: &Trouble) {
        let reason = match trouble {
            Trouble::Away(_) => "away",
            Trouble::Failed(_) => "failed",
            Trouble::Changed => "changed",
            Trouble::Lost => "lost",
            Trouble::Database(_) => "database",
        };
        self.troubles.get_or_create(&ByReason { reason }).inc();
    }

    pub(super) fn swept(&self, well: bool) {
        let result = if well { "done" } else { "broken_off" };
        self.sweeps.get_or_create(&BySuccess { result }).inc();
    }

    pub(super) fn counted(&self, counts: Counts) {
        self.waiting.set(counts.waiting);
        self.dead.set(counts.dead);
        self.overdue.set(counts.overdue_milliseconds / 1000);
    }
}
