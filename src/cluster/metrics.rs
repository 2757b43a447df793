//! What a replica counts of its part in the cluster.

use std::collections::BTreeMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::assembly::{Assembly, Standing};
use crate::engine::Enforcement;

/// The gauges of one replica.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    parts: Family<ByStanding, Gauge>,
    policy_set: Family<ByDigest, Gauge>,
    policy_set_time: Gauge,
    max_enforcement: Family<ByEnforcement, Gauge>,
    leads: Gauge,
    broken_glass: Gauge,
    unserved: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStanding {
    kind: &'static str,
    standing: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDigest {
    digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEnforcement {
    enforcement: &'static str,
}

impl Metrics {
    /// Names every metric.
    pub(super) fn register(&self, registry: &mut Registry) {
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
