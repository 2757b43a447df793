use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::quantity::Quantity;
use crate::resource::scalar::Scalar;
use crate::resource::workload::runs;

declare_rule! {
    /// Flags an amount of memory or processors that nobody can have meant.
    ///
    /// ## Why
    ///
    /// `memory: 128m` is 0.128 bytes: the kernel ends the container as soon as it starts. A request
    /// for more than any node has keeps a pod waiting without end.
    ///
    /// ## Fields
    ///
    /// `resources.requests` and `resources.limits` of containers, init containers and a
    /// `DeviceServer`: `memory` and `cpu`.
    ///
    /// ## Parameters
    ///
    /// The defaults are ours.
    ///
    /// - `leastMemory`: less is absurd. The default is `1Mi`.
    /// - `mostMemory`: more is absurd. The default is `2Ti`.
    /// - `mostCpu`: more is absurd. The default is `256`.
    ///
    /// ## Fix
    ///
    /// None: what was meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       resources:
    ///         limits:
    ///           cpu: 1000
    ///           memory: 128m
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       resources:
    ///         limits:
    ///           cpu: 1000m
    ///           memory: 128Mi
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Resource units](https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-units-in-kubernetes)
    pub(crate) static RESOURCES_ABSURD = {
        id: "resources-absurd",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer"],
        check: ResourcesAbsurd,
    }
}

struct ResourcesAbsurd {
    given: Parameters,
    least_memory: Quantity,
    most_memory: Quantity,
    most_cpu: Quantity,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Less is absurd.
    #[serde(default = "least_memory")]
    least_memory: Scalar,
    /// More is absurd.
    #[serde(default = "most_memory")]
    most_memory: Scalar,
    /// More is absurd.
    #[serde(default = "most_cpu")]
    most_cpu: Scalar,
}

impl Configure for ResourcesAbsurd {
    type Parameters = Parameters;

    fn configure(given: Parameters) -> Result<Self, ParameterError> {
        let read = |name: &str, text: &Scalar| {
            let problem = |error| ParameterError::new(name, format!("is no quantity: {error}"));
            Quantity::parse(text.as_str()).map_err(problem)
        };
        Ok(Self {
            least_memory: read("leastMemory", &given.least_memory)?,
            most_memory: read("mostMemory", &given.most_memory)?,
            most_cpu: read("mostCpu", &given.most_cpu)?,
            given,
        })
    }
}

impl Check for ResourcesAbsurd {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let Some(resources) = container.node.find(&["resources"]) else { continue };
            for name in ["memory", "cpu"] {
                let mut limit = None;
                for list in ["limits", "requests"] {
                    let Some(place) = resources.find(&[list, name]) else { continue };
                    let amount = place.value().and_then(|value| Quantity::of(value).ok());
                    // Where only a limit is written, the request is the limit.
                    if amount.is_none() || amount == limit {
                        continue;
                    }
                    limit = amount;
                    let Some(bound) = amount.and_then(|amount| self.bound(name, &amount)) else {
                        continue;
                    };
                    let what = if list == "limits" { "limit" } else { "request" };
                    let message =
                        format!("{container} has a {name} {what} of {}, {bound}", place.shown());
                    cx.report(place, message)
                        .help("check the unit: `m` is a thousandth, `Mi` is 2²⁰");
                }
            }
        }
        Ok(())
    }
}

impl ResourcesAbsurd {
    /// Which bound the amount is beyond, in words.
    fn bound(&self, name: &str, amount: &Quantity) -> Option<String> {
        let Parameters { least_memory, most_memory, most_cpu } = &self.given;
        let less = |bound: &Scalar| Some(format!("less than `{}`", bound.as_str()));
        let more = |bound: &Scalar| Some(format!("more than `{}`", bound.as_str()));
        match name {
            // Zero says that there is no limit.
            "memory" if amount.is_zero() => None,
            "memory" if *amount < self.least_memory => less(least_memory),
            "memory" if *amount > self.most_memory => more(most_memory),
            "cpu" if *amount > self.most_cpu => more(most_cpu),
            _ => None,
        }
    }
}

fn least_memory() -> Scalar {
    Scalar::from("1Mi")
}

fn most_memory() -> Scalar {
    Scalar::from("2Ti")
}

fn most_cpu() -> Scalar {
    Scalar::from("256")
}
