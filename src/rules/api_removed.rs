use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};

declare_rule! {
    /// Flags an object of an API version that Kubernetes has removed.
    ///
    /// ## Why
    ///
    /// A chart that was written for an older cluster installs nothing on a newer one: the API
    /// server does not know the kind. Helm finds out after it has removed what was there.
    ///
    /// ## Fields
    ///
    /// `apiVersion` and `kind`, against the versions that Kubernetes' deprecation guide lists.
    ///
    /// ## Parameters
    ///
    /// - `target`: the version of Kubernetes that the objects are for. The default is `1.36`.
    ///
    /// ## Fix
    ///
    /// None: between two versions fields change too.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1beta1
    /// kind: Ingress
    /// metadata:
    ///   name: tango-rest
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {target: '1.21'}
    /// apiVersion: networking.k8s.io/v1beta1
    /// kind: Ingress
    /// metadata:
    ///   name: tango-rest
    /// ```
    ///
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata:
    ///   name: nightly
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Deprecated API migration guide](https://kubernetes.io/docs/reference/using-api/deprecation-guide/)
    pub(crate) static API_REMOVED = {
        id: "api-removed",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &[
            "extensions/*/*",
            "apps/*/*",
            "admissionregistration.k8s.io/*/*",
            "apiextensions.k8s.io/*/*",
            "apiregistration.k8s.io/*/*",
            "autoscaling/*/*",
            "batch/*/*",
            "certificates.k8s.io/*/*",
            "discovery.k8s.io/*/*",
            "flowcontrol.apiserver.k8s.io/*/*",
            "networking.k8s.io/*/*",
            "node.k8s.io/*/*",
            "policy/*/*",
            "rbac.authorization.k8s.io/*/*",
            "scheduling.k8s.io/*/*",
            "storage.k8s.io/*/*",
        ],
        check: ApiRemoved,
    }
}

/// What was removed: group, version, kind (or `*` for all others of it), in which minor version of
/// Kubernetes 1, and what to write instead.
const REMOVED: &[(&str, &str, &str, u32, &str)] = &[
    ("extensions", "v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    ("extensions", "v1beta1", "NetworkPolicy", 16, "networking.k8s.io/v1"),
    ("extensions", "v1beta1", "PodSecurityPolicy", 16, ""),
    ("extensions", "v1beta1", "*", 16, "apps/v1"),
    ("apps", "v1beta1", "*", 16, "apps/v1"),
    ("apps", "v1beta2", "*", 16, "apps/v1"),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "MutatingWebhookConfiguration",
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "ValidatingWebhookConfiguration",
        22,
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io", "v1beta1", "*", 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io", "v1beta1", "*", 22, "apiregistration.k8s.io/v1"),
    ("autoscaling", "v2beta1", "*", 25, "autoscaling/v2"),
    ("autoscaling", "v2beta2", "*", 26, "autoscaling/v2"),
    ("batch", "v1beta1", "CronJob", 25, "batch/v1"),
    ("certificates.k8s.io", "v1beta1", "CertificateSigningRequest", 22, "certificates.k8s.io/v1"),
    ("discovery.k8s.io", "v1beta1", "*", 25, "discovery.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", "*", 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io", "v1beta2", "*", 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io", "v1beta3", "*", 32, "flowcontrol.apiserver.k8s.io/v1"),
    ("networking.k8s.io", "v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    ("networking.k8s.io", "v1beta1", "IngressClass", 22, "networking.k8s.io/v1"),
    ("node.k8s.io", "v1beta1", "*", 25, "node.k8s.io/v1"),
    ("policy", "v1beta1", "PodDisruptionBudget", 25, "policy/v1"),
    ("policy", "v1beta1", "PodSecurityPolicy", 25, ""),
    ("rbac.authorization.k8s.io", "v1alpha1", "*", 22, "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io", "v1beta1", "*", 22, "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io", "v1beta1", "*", 22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io", "v1beta1", "CSIStorageCapacity", 27, "storage.k8s.io/v1"),
    ("storage.k8s.io", "v1beta1", "CSIDriver", 22, "storage.k8s.io/v1"),
    ("storage.k8s.io", "v1beta1", "CSINode", 22, "storage.k8s.io/v1"),
    ("storage.k8s.io", "v1beta1", "StorageClass", 22, "storage.k8s.io/v1"),
    ("storage.k8s.io", "v1beta1", "VolumeAttachment", 22, "storage.k8s.io/v1"),
];

struct ApiRemoved {
    /// The minor version of Kubernetes 1.
    target: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The version of Kubernetes that the objects are for.
    #[serde(default = "current")]
    target: String,
}

impl Configure for ApiRemoved {
    type Parameters = Parameters;

    fn configure(Parameters { target }: Parameters) -> Result<Self, ParameterError> {
        let minor = target.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        let problem =
            || ParameterError::new("target", "must be a version such as `1.36`, in quotes");
        Ok(Self { target: minor.ok_or_else(problem)? })
    }
}

impl Check for ApiRemoved {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let identity = &cx.subject().identity;
        // A version without `beta` or `alpha` is never removed.
        if !identity.version.contains('a') {
            return Ok(());
        }
        let row = REMOVED.iter().find(|(group, version, kind, ..)| {
            *group == identity.group
                && *version == identity.version
                && (*kind == "*" || *kind == identity.kind)
        });
        let Some((group, version, _, minor, instead)) = row else { return Ok(()) };
        if *minor <= self.target {
            let kind = &identity.kind;
            let message = format!("`{group}/{version}` has no {kind} since Kubernetes 1.{minor}");
            let help = match *instead {
                "" => "remove the object".to_owned(),
                instead => format!("write `{instead}`, and adapt the fields"),
            };
            cx.report(cx.object().get("apiVersion"), message).help(help);
        }
        Ok(())
    }
}

fn current() -> String {
    "1.36".to_owned()
}
