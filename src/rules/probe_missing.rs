use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::phrase;
use crate::resource::workload::{PROBES, containers, is_finite};

declare_rule! {
    /// Flags a container that keeps running and that nobody asks whether it is well.
    ///
    /// ## Why
    ///
    /// Without a readiness probe a pod counts as ready as soon as its process exists: a Service
    /// sends it requests too early, and a rollout replaces the last pod that worked. SDP takes the
    /// state of a deployment from it. Without a liveness probe a process that hangs hangs until
    /// somebody looks.
    ///
    /// ## Fields
    ///
    /// `livenessProbe` and `readinessProbe` of containers and sidecars. Init and ephemeral
    /// containers, Jobs, CronJobs, and pods with a `restartPolicy` of `Never` or `OnFailure` are
    /// left alone: they end by themselves. One finding names all that is missing.
    ///
    /// ## Parameters
    ///
    /// - `probes`: the probes that are asked for, of `liveness`, `readiness` and `startup`. The
    ///   default is `liveness` and `readiness`.
    /// - `withPorts`: whether only containers are judged that name a port in `ports`. The default
    ///   is `false`.
    ///
    /// ## Fix
    ///
    /// None: what shows that a program is well, only its authors know.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: ptt-services
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: rest
    ///           image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    ///           readinessProbe:
    ///             httpGet:
    ///               path: /health
    ///               port: 5000
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: databaseds
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: databaseds
    ///           image: artefact.skao.int/ska-tango-images-tango-cpp:9.5.0
    ///           readinessProbe:
    ///             tcpSocket:
    ///               port: 10000
    ///           livenessProbe:
    ///             tcpSocket:
    ///               port: 10000
    /// ```
    ///
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: configure
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers:
    ///         - name: dsconfig
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    /// ```
    ///
    /// Nobody connects to a container that has no port:
    ///
    /// ```yaml
    /// # params: {withPorts: true}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: volume-admin
    /// spec:
    ///   containers:
    ///     - name: volume-admin
    ///       image: artefact.skao.int/ska-alpine:3.12.0
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   liveness and readiness probes where possible
    pub(crate) static PROBE_MISSING = {
        id: "probe-missing",
        category: Reliability,
        severity: Low,
        since: "0.1.0",
        kinds: &["pods"],
        check: ProbeMissing,
    }
}

struct ProbeMissing {
    probes: Vec<Probe>,
    with_ports: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The probes that are asked for.
    #[serde(default = "liveness_and_readiness")]
    #[schemars(length(min = 1))]
    probes: Vec<Probe>,
    /// Whether only containers are judged that name a port.
    #[serde(default)]
    with_ports: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Probe {
    Liveness,
    Readiness,
    Startup,
}

impl Configure for ProbeMissing {
    type Parameters = Parameters;

    fn configure(Parameters { probes, with_ports }: Parameters) -> Result<Self, ParameterError> {
        if probes.is_empty() {
            return Err(ParameterError::new("probes", "must name at least one probe"));
        }
        Ok(Self { probes, with_ports })
    }
}

impl Check for ProbeMissing {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod().filter(|pod| !is_finite(*pod)) else { return Ok(()) };
        for container in containers(pod).filter(|it| it.keeps_running()) {
            if self.with_ports && container.node.get("ports").is_empty() {
                continue;
            }
            let missing: Vec<(&str, &str)> = self
                .probes
                .iter()
                .map(|probe| probe.field())
                .filter(|(field, _)| container.node.get(field).is_empty())
                .collect();
            let Some((first, _)) = missing.first() else { continue };
            let place = container.node.get(first);
            let names: Vec<&str> = missing.iter().map(|(_, name)| *name).collect();
            cx.report(place, format!("{container} has no {}", phrase::any(&names)))
                .help("ask the program itself, over HTTP where it can answer");
        }
        Ok(())
    }
}

impl Probe {
    fn field(self) -> (&'static str, &'static str) {
        let [liveness, readiness, startup] = PROBES;
        match self {
            Self::Liveness => liveness,
            Self::Readiness => readiness,
            Self::Startup => startup,
        }
    }
}

fn liveness_and_readiness() -> Vec<Probe> {
    vec![Probe::Liveness, Probe::Readiness]
}
