//! What a replica counts of its audits.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::periodic::Last;

/// The gauges of the last audit that this replica made.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Counts {
    time: Gauge,
    milliseconds: Gauge,
    failed: Gauge,
    objects: Gauge,
    requests: Gauge,
    unlisted: Gauge,
    findings: Family<ByEffect, Gauge>,
    passed: Family<ByNamespace, Gauge>,
    reports: Gauge,
    bytes: Gauge,
    left_out: Gauge,
    unwritten: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEffect {
    effect: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByNamespace {
    namespace: String,
}

impl Counts {
    /// Names every metric.
    pub(in crate::cluster) fn register(&self, registry: &mut Registry) {
        let gauges = [
            ("audit_timestamp_seconds", "When the last audit began", &self.time),
            ("audit_duration_milliseconds", "How long the last audit took", &self.milliseconds),
            ("audit_failed", "Whether the last audit came to nothing", &self.failed),
            ("audit_objects", "Objects that the last audit judged", &self.objects),
            ("audit_requests", "Requests that the last audit made", &self.requests),
            ("audit_unlisted_kinds", "Kinds that the last audit could not list", &self.unlisted),
            ("audit_reports", "Reports of the last audit in the cluster", &self.reports),
            ("audit_report_bytes", "How large all these are", &self.bytes),
            ("audit_reports_left_out", "Reports that there was no room for", &self.left_out),
            (
                "audit_reports_unwritten",
                "Whether reports of the last audit could not be written",
                &self.unwritten,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let findings = self.findings.clone();
        registry.register("audit_findings", "Findings of the last audit by effect", findings);
        let help = "Rules that had nothing to say in the last audit, by namespace";
        registry.register("audit_passed_rules", help, self.passed.clone());
    }

    /// Takes in what came of an audit. Of one that failed nothing else is known than that.
    pub(super) fn take(&self, last: &Last) {
        self.failed.set(i64::from(last.scan.is_err()));
        let Ok(scan) = &last.scan else { return };
        self.time.set(last.at.as_second());
        self.milliseconds.set(i64::try_from(last.took.as_millis()).unwrap_or(i64::MAX));
        self.objects.set(number(scan.objects));
        self.requests.set(number(scan.requests));
        self.unlisted.set(number(scan.gaps.len()));
        for (effect, count) in ["deny", "warn", "audit"].into_iter().zip(last.findings) {
            self.findings.get_or_create(&ByEffect { effect }).set(number(count));
        }
        self.passed.clear();
        for (namespace, passed) in &scan.passed {
            let namespace = namespace.clone();
            self.passed.get_or_create(&ByNamespace { namespace }).set(number(*passed));
        }
        let Some(reports) = &last.reports else { return };
        let written = reports.as_ref().ok();
        self.unwritten.set(i64::from(written.is_none_or(|it| it.failed > 0)));
        self.reports.set(number(written.map_or(0, |it| it.reports)));
        self.bytes.set(number(written.map_or(0, |it| it.bytes)));
        self.left_out.set(number(written.map_or(0, |it| it.left_out)));
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
