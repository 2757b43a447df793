use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};

declare_rule! {
    /// Flags a ClusterRole or ClusterRoleBinding.
    ///
    /// ## Why
    ///
    /// Rights on the whole cluster reach into every other team's namespace. Such objects lie in no
    /// namespace, so two releases of a chart collide, and what one leaves behind stays. A Role in
    /// the namespace is enough for nearly everything.
    ///
    /// ## Fields
    ///
    /// `metadata.name` of every ClusterRole and ClusterRoleBinding.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: globs of names that are allowed: those of system components and operators.
    ///   The default is what Kubernetes itself makes: `system:*`, `kubeadm:*`, `cluster-admin`,
    ///   `admin`, `edit` and `view`.
    ///
    /// ## Fix
    ///
    /// None: a Role can give less, so somebody has to look.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata:
    ///   name: ska-sdp-helmdeploy
    /// rules:
    ///   - apiGroups: ['']
    ///     resources: [pods]
    ///     verbs: [list]
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {allowed: ['ska-tango-operator-*']}
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata:
    ///   name: ska-tango-operator-manager
    /// roleRef:
    ///   apiGroup: rbac.authorization.k8s.io
    ///   kind: ClusterRole
    ///   name: ska-tango-operator-manager
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   no ClusterRole, apart from system components and operators
    pub(crate) static CLUSTER_ROLE = {
        id: "cluster-role",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &[
            "rbac.authorization.k8s.io/*/ClusterRole",
            "rbac.authorization.k8s.io/*/ClusterRoleBinding",
        ],
        check: ClusterRole,
    }
}

struct ClusterRole {
    allowed: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of names that are allowed.
    #[serde(default = "of_kubernetes")]
    allowed: Globs,
}

impl Configure for ClusterRole {
    type Parameters = Parameters;

    fn configure(Parameters { allowed }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { allowed })
    }
}

impl Check for ClusterRole {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let identity = &cx.subject().identity;
        if !self.allowed.matches(&identity.name) {
            let name = cx.object().at(&["metadata", "name"]);
            cx.report(name, format!("the {} gives rights on the whole cluster", identity.kind))
                .help("use a Role and a RoleBinding in the namespace");
        }
        Ok(())
    }
}

fn of_kubernetes() -> Globs {
    let names = ["system:*", "kubeadm:*", "cluster-admin", "admin", "edit", "view"];
    Globs::new(names).unwrap_or_default()
}
