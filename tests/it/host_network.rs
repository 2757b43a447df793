use portcullis::declare_rule;
use portcullis::engine::{Applicability, Check, Configure, Context, Fix, Missing, ParameterError};
use schemars::JsonSchema;
use serde::Deserialize;

declare_rule! {
    /// Flags a pod that shares the network of its node.
    ///
    /// ## Why
    ///
    /// Such a pod takes ports from everybody on the node, and sees all that the node sends.
    ///
    /// ## Fields
    ///
    /// `spec.hostNetwork` of the pod or pod template: absent or `false`.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: names of objects that may.
    ///
    /// ## Fix
    ///
    /// Removes the field. Unsafe: the pod may listen on an address of its node.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   hostNetwork: true
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {allowed: [receiver]}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   hostNetwork: true
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/)
    pub(crate) static HOST_NETWORK = {
        id: "host-network",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["pods"],
        check: HostNetwork,
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct HostNetwork {
    /// Names of objects that may.
    allowed: Vec<String>,
}

impl Configure for HostNetwork {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for HostNetwork {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        let node = pod.at(&["spec", "hostNetwork"]);
        if node.as_bool() == Some(true) && !self.allowed.contains(&cx.subject().identity.name) {
            let fix = Fix::remove("use the pod network", Applicability::Unsafe, node);
            cx.report(node, "the pod shares the network of its node")
                .help("remove `hostNetwork`, and reach the pod by a Service")
                .fix(fix);
        }
        Ok(())
    }
}
