//! What a replica counts of its part in the cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::assembly::{Assembly, Standing};
use super::facts::Facts;
use crate::engine::Enforcement;

/// The gauges of one replica.
pub(super) struct Metrics {
    pub(super) facts: Arc<Facts>,
    parts: Family<ByStanding, Gauge>,
    policy_set: Family<ByDigest, Gauge>,
    policy_set_time: Gauge,
    max_enforcement: Family<ByEnforcement, Gauge>,
    leads: Gauge,
    broken_glass: Gauge,
    unserved: Gauge,
    waivers: Family<ByName, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStanding {
    kind: &'static str,
    standing: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByName {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDigest {
    digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEnforcement {
    enforcement: &'static str,
}

/// How much is known of other objects, asked when somebody looks.
struct Extent(Arc<Facts>);

impl fmt::Debug for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extent").field(&self.0.size()).finish()
    }
}

impl Collector for Extent {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(size) = self.0.size() else { return Ok(()) };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let gauges = [
            ("facts_kinds", "Kinds that are followed for rules", count(size.kinds)),
            ("facts_namespaces", "Namespaces whose labels are known", count(size.namespaces)),
            ("facts_objects", "Objects of which rules noted something", count(size.objects)),
            ("facts_bytes", "What was noted, roughly, in memory", count(size.bytes)),
            (
                "facts_gaps",
                "Kinds that rules want to know of and can't",
                count(self.0.gaps().len()),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge: ConstGauge<i64> = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let silent: ConstGauge<f64> = ConstGauge::new(size.silent.as_secs_f64());
        let help = "How long the API server has said nothing of a kind that is followed";
        let kind = silent.metric_type();
        silent.encode(encoder.encode_descriptor("facts_silent_seconds", help, None, kind)?)
    }
}

impl Metrics {
    pub(super) fn new(facts: Arc<Facts>) -> Self {
        Self {
            facts,
            parts: Family::default(),
            policy_set: Family::default(),
            policy_set_time: Gauge::default(),
            max_enforcement: Family::default(),
            leads: Gauge::default(),
            broken_glass: Gauge::default(),
            unserved: Gauge::default(),
            waivers: Family::default(),
        }
    }

    /// Names every metric.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(Extent(Arc::clone(&self.facts))));
        registry.register(
            "policy_resources",
            "Policies and waivers in the cluster, by how they stand",
            self.parts.clone(),
        );
        registry.register(
            "policy_set_info",
            "The policy set in force: one series at a time",
            self.policy_set.clone(),
        );
        registry.register(
            "policy_set_timestamp_seconds",
            "When the policy set in force came into force",
            self.policy_set_time.clone(),
        );
        registry.register(
            "max_enforcement",
            "What caps the enforcement of the policy set: one series at a time",
            self.max_enforcement.clone(),
        );
        registry.register("leads", "Whether this replica writes", self.leads.clone());
        registry.register(
            "break_glass",
            "Whether the webhook configurations were deleted and are not restored yet",
            self.broken_glass.clone(),
        );
        registry.register(
            "unserved_kinds",
            "Kinds that policies name and the cluster does not serve",
            self.unserved.clone(),
        );
        registry.register(
            "waiver_end_timestamp_seconds",
            "When each waiver in force ends, or has ended",
            self.waivers.clone(),
        );
    }

    /// Takes in what is in force since `seconds` after 1970.
    pub(super) fn in_force(&self, assembly: &Assembly, seconds: i64) {
        let digest = assembly.engine.digest().to_string();
        let label = ByDigest { digest };
        if self.policy_set.get(&label).is_none() {
            self.policy_set.clear();
            self.policy_set.get_or_create(&label).set(1);
            self.policy_set_time.set(seconds);
        }
        let cap = assembly.set.settings.max_enforcement.unwrap_or(Enforcement::Deny);
        self.max_enforcement.clear();
        self.max_enforcement.get_or_create(&ByEnforcement { enforcement: cap.as_str() }).set(1);
        self.waivers.clear();
        for waiver in &assembly.set.waivers {
            if let Some(end) = waiver.end() {
                let label = ByName { name: waiver.name.clone() };
                self.waivers.get_or_create(&label).set(end.as_second());
            }
        }
        let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for kind in ["Policy", "Waiver"] {
            for standing in ["InForce", "FromFile", "BrokenKept", "BrokenLeftOut"] {
                counts.insert((kind, standing), 0);
            }
        }
        for (key, standing) in &assembly.standings {
            let standing = match standing {
                Standing::InForce => "InForce",
                Standing::Mirror | Standing::Stale => "FromFile",
                Standing::Broken { kept: true, .. } => "BrokenKept",
                Standing::Broken { kept: false, .. } => "BrokenLeftOut",
            };
            *counts.entry((key.kind.as_str(), standing)).or_default() += 1;
        }
        for ((kind, standing), count) in counts {
            self.parts.get_or_create(&ByStanding { kind, standing }).set(count);
        }
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    pub(super) fn break_glass(&self, broken: bool) {
        self.broken_glass.set(i64::from(broken));
    }

    pub(super) fn unserved(&self, kinds: usize) {
        self.unserved.set(i64::try_from(kinds).unwrap_or(i64::MAX));
    }
}
