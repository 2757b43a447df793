use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::pod_security::{Level, violations};

declare_rule! {
    /// Flags what Kubernetes' Pod Security Standards do not allow a pod.
    ///
    /// ## Why
    ///
    /// The standards are what most clusters agree on: baseline keeps a pod from taking over its
    /// node, restricted is what a program needs that has nothing to do with the node. Kubernetes'
    /// own admission refuses a pod and says nothing to whoever wrote the Deployment; this judges
    /// the template, with the place of each field.
    ///
    /// ## Fields
    ///
    /// Those that the admission plugin of Kubernetes 1.36 reads, with its allowed values, of the
    /// pod and of regular, init and ephemeral containers:
    ///
    /// | control | level |
    /// | --- | --- |
    /// | `hostNetwork`, `hostPID`, `hostIPC` | baseline |
    /// | `privileged` | baseline |
    /// | `capabilities.add` | baseline; in restricted only `NET_BIND_SERVICE` |
    /// | `hostPath` volumes | baseline; in restricted all but nine types of volumes |
    /// | `hostPort` | baseline |
    /// | AppArmor profiles, as field and as annotation | baseline |
    /// | `seLinuxOptions` | baseline |
    /// | `procMount` | baseline, unless `hostUsers` is `false`; restricted always |
    /// | `seccompProfile` | baseline; in restricted one must be named |
    /// | `sysctls` | baseline |
    /// | `windowsOptions.hostProcess` | baseline |
    /// | `host` of probes and lifecycle handlers | baseline |
    /// | `allowPrivilegeEscalation` must be `false` | restricted |
    /// | `capabilities.drop` must have `ALL` | restricted |
    /// | `runAsNonRoot` must be `true`, `runAsUser` must not be 0 | restricted, unless `hostUsers` is `false` |
    ///
    /// As in Kubernetes, pods for Windows need neither profiles nor capabilities, and what all
    /// containers lack is said once, at the pod.
    ///
    /// ## Parameters
    ///
    /// - `level`: `baseline` or `restricted`, which contains baseline.
    ///
    /// ## Fix
    ///
    /// None: whether the program still runs has to be found out.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {level: baseline}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: capture
    /// spec:
    ///   hostNetwork: true
    ///   securityContext:
    ///     sysctls:
    ///       - name: net.core.rmem_max
    ///         value: "26214400"
    ///   containers:
    ///     - name: capture
    ///       image: artefact.skao.int/ska-cbf-capture:0.1.0
    ///       securityContext:
    ///         capabilities:
    ///           add: [NET_RAW]
    ///       livenessProbe:
    ///         tcpSocket:
    ///           host: 10.0.0.1
    ///           port: 80
    /// ```
    ///
    /// ```yaml
    /// # params: {level: restricted}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {level: baseline}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ```yaml
    /// # params: {level: restricted}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   securityContext:
    ///     runAsNonRoot: true
    ///     seccompProfile:
    ///       type: RuntimeDefault
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       securityContext:
    ///         allowPrivilegeEscalation: false
    ///         capabilities:
    ///           drop: [ALL]
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/)
    /// - k8s.io/pod-security-admission, `policy/check_*.go`, 1.36
    pub(crate) static POD_SECURITY = {
        id: "pod-security",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["pods"],
        check: PodSecurity,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PodSecurity {
    /// How much a pod may do.
    level: Level,
}

impl Configure for PodSecurity {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for PodSecurity {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        for violation in violations(pod, self.level) {
            cx.report(violation.place, violation.message).help(violation.help);
        }
        Ok(())
    }
}
