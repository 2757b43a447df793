use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};

declare_rule! {
    /// Flags a pod that shares the processes, the memory or the network of its node.
    ///
    /// ## Why
    ///
    /// A pod in the node's process namespace sees, and may kill, everything on the node. One in
    /// its network reaches what listens on localhost there, sees other pods' traffic, and takes
    /// ports that another pod wants.
    ///
    /// ## Fields
    ///
    /// `hostPID`, `hostIPC` and `hostNetwork` of a pod or pod template: absent or `false` is
    /// allowed.
    ///
    /// ## Parameters
    ///
    /// - `namespaces`: which are flagged, of `pid`, `ipc` and `network`. The default is all.
    ///
    /// ## Fix
    ///
    /// None: the program was written to need it.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: capture
    /// spec:
    ///   hostPID: true
    ///   hostNetwork: true
    ///   containers:
    ///     - name: capture
    ///       image: artefact.skao.int/ska-cbf-capture:0.1.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {namespaces: [pid, ipc]}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: capture
    /// spec:
    ///   hostPID: false
    ///   hostNetwork: true
    ///   containers:
    ///     - name: capture
    ///       image: artefact.skao.int/ska-cbf-capture:0.1.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/): baseline
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   `hostIPC` and `hostPID` are not available, `hostNetwork` needs agreement
    pub(crate) static HOST_NAMESPACE = {
        id: "host-namespace",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["pods"],
        check: HostNamespace,
    }
}

struct HostNamespace {
    namespaces: Vec<Namespace>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Which are flagged.
    #[serde(default = "all")]
    #[schemars(length(min = 1))]
    namespaces: Vec<Namespace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Namespace {
    Pid,
    Ipc,
    Network,
}

impl Configure for HostNamespace {
    type Parameters = Parameters;

    fn configure(Parameters { namespaces }: Parameters) -> Result<Self, ParameterError> {
        if namespaces.is_empty() {
            return Err(ParameterError::new("namespaces", "must name at least one namespace"));
        }
        Ok(Self { namespaces })
    }
}

impl Check for HostNamespace {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(spec) = cx.pod().map(|pod| pod.get("spec")) else { return Ok(()) };
        for namespace in &self.namespaces {
            let (field, what) = namespace.field();
            if let Some(shares) = spec.find(&[field]).filter(|it| it.as_bool() == Some(true)) {
                cx.report(shares, format!("pod shares {what} of its node"))
                    .help(format!("leave `{field}` out, or agree on it and write a waiver"));
            }
        }
        Ok(())
    }
}

impl Namespace {
    fn field(self) -> (&'static str, &'static str) {
        match self {
            Self::Pid => ("hostPID", "the processes"),
            Self::Ipc => ("hostIPC", "the memory between processes"),
            Self::Network => ("hostNetwork", "the network"),
        }
    }
}

fn all() -> Vec<Namespace> {
    vec![Namespace::Pid, Namespace::Ipc, Namespace::Network]
}
