use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};

declare_rule! {
    /// Flags a name that is too long once controllers have added their parts to it.
    ///
    /// ## Why
    ///
    /// The API server takes a StatefulSet with a name of 60 characters. Its controller then writes
    /// the name and a hash into a label, which holds 63, and no pod ever starts. The same happens
    /// to a `DeviceServer`, from which the operator makes a StatefulSet with a longer name.
    ///
    /// ## Fields
    ///
    /// `metadata.name`, or `metadata.generateName` with the five characters that the API server
    /// adds.
    ///
    /// ## Parameters
    ///
    /// - `limits`: the most characters that a name of each kind may have, besides the default:
    ///
    ///   | kind | limit | because |
    ///   | --- | --- | --- |
    ///   | StatefulSet | 52 | a label holds the name, a `-` and a hash of 10 |
    ///   | DeviceServer | 39 | its StatefulSet is `deviceserver-NAME` |
    ///   | DatabaseDS | 33 | its StatefulSet is `databaseds-tangodb-NAME` |
    ///   | CronJob | 52 | its Jobs add 11 characters |
    ///   | Job | 63 | a label holds the name |
    ///   | Service | 63 | it is a DNS label |
    ///   | Namespace | 63 | it is a DNS label |
    ///
    /// ## Fix
    ///
    /// None: others know the object by its name.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: subarray-leaf-node-science-data-processor-01
    /// ```
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: ska-telescope-monitoring-and-control-subarray-leaf-node-01
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: subarray-leaf-node-sdp-01
    /// ```
    ///
    /// ```yaml
    /// # params: {limits: {StatefulSet: 60}}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: ska-telescope-monitoring-and-control-subarray-leaf-node-01
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [issue 64023](https://github.com/kubernetes/kubernetes/issues/64023):
    ///   StatefulSets with long names start no pods
    /// - Kubernetes, [CronJob](https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/):
    ///   names of up to 52 characters
    /// - The names that the TANGO operator makes are those seen in ska-tangoctl and the Headlamp
    ///   plugin; the limits for its kinds follow from them and are ours.
    pub(crate) static NAME_TOO_LONG = {
        id: "name-too-long",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["*"],
        check: NameTooLong,
    }
}

/// The most characters of a name, and why.
const LIMITS: [(&str, usize, &str); 7] = [
    ("CronJob", 52, "its Jobs add 11 characters"),
    ("DatabaseDS", 33, "the operator makes a StatefulSet `databaseds-tangodb-NAME` from it"),
    ("DeviceServer", 39, "the operator makes a StatefulSet `deviceserver-NAME` from it"),
    ("Job", 63, "a label of its pods holds the name"),
    ("Namespace", 63, "it is a DNS label"),
    ("Service", 63, "it is a DNS label"),
    ("StatefulSet", 52, "a label of its pods holds the name and a hash"),
];

/// What the API server adds to a `generateName`.
const GENERATED: usize = 5;

struct NameTooLong {
    limits: BTreeMap<String, usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The most characters that a name of each kind may have.
    #[serde(default)]
    limits: BTreeMap<String, usize>,
}

impl Configure for NameTooLong {
    type Parameters = Parameters;

    fn configure(Parameters { limits }: Parameters) -> Result<Self, ParameterError> {
        if let Some((kind, _)) = limits.iter().find(|(_, limit)| **limit == 0) {
            return Err(ParameterError::new(
                "limits",
                format!("lets `{kind}` have no name at all"),
            ));
        }
        Ok(Self { limits })
    }
}

impl Check for NameTooLong {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let metadata = cx.object().get("metadata");
        let kind = cx.subject().identity.kind.as_str();
        let known = LIMITS.iter().find(|(name, ..)| *name == kind);
        let limit = self.limits.get(kind).copied().or(known.map(|(_, limit, _)| *limit));
        let Some(limit) = limit else { return Ok(()) };
        let (name, added) = match metadata.get("name") {
            name if name.is_empty() => (metadata.get("generateName"), GENERATED),
            name => (name, 0),
        };
        let length = name.as_str().unwrap_or_default().chars().count() + added;
        if length > limit {
            let message = format!("name of the {kind} has {length} characters, more than {limit}");
            let draft = cx.report(name, message);
            match known {
                Some((.., reason)) => draft.help(format!("shorten it: {reason}")),
                None => draft.help("shorten it"),
            };
        }
        Ok(())
    }
}
