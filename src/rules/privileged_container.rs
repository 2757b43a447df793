use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::workload::runs;

declare_rule! {
    /// Flags a container that runs with all the rights of its node.
    ///
    /// ## Why
    ///
    /// A privileged container can load kernel modules, read every disk and every other
    /// container's memory. Whoever breaks into it has the node.
    ///
    /// ## Fields
    ///
    /// `securityContext.privileged` of every container, init and ephemeral ones included, and of a
    /// `DeviceServer`: absent or `false` is allowed.
    ///
    /// ## Parameters
    ///
    /// None. Workloads that need it are named by a waiver.
    ///
    /// ## Fix
    ///
    /// None: which single rights the program needs has to be found out.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata:
    ///   name: capture
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: capture
    ///           image: artefact.skao.int/ska-cbf-capture:0.1.0
    ///           securityContext:
    ///             privileged: true
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata:
    ///   name: capture
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: capture
    ///           image: artefact.skao.int/ska-cbf-capture:0.1.0
    ///           securityContext:
    ///             privileged: false
    ///             capabilities:
    ///               add: [NET_RAW]
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/): baseline
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   no privileged containers
    pub(crate) static PRIVILEGED_CONTAINER = {
        id: "privileged-container",
        category: Security,
        severity: Critical,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer"],
        check: PrivilegedContainer,
    }
}

struct PrivilegedContainer;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for PrivilegedContainer {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for PrivilegedContainer {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let Some(privileged) = container.node.find(&["securityContext", "privileged"]) else {
                continue;
            };
            if privileged.as_bool() == Some(true) {
                cx.report(privileged, format!("{container} is privileged"))
                    .help("add only the capabilities that it needs");
            }
        }
        Ok(())
    }
}
