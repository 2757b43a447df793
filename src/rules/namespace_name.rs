use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};
use crate::resource::phrase;

declare_rule! {
    /// Flags a namespace whose name does not say what it is for.
    ///
    /// ## Why
    ///
    /// Pipelines, the namespace manager and the dashboards go by the name: what begins with `ci-`
    /// is of one pipeline and is deleted, `integration-…` and `staging-…` are shared, and the
    /// processing namespace of SDP is that of its control components with `-sdp` behind it. A
    /// namespace with another name is kept or deleted by mistake.
    ///
    /// ## Fields
    ///
    /// `metadata.name` of a Namespace.
    ///
    /// ## Parameters
    ///
    /// No guideline lists the names; the defaults are ours, from those that are seen.
    ///
    /// - `tiers`: the words that a name may begin with, alone or with `-` and more behind it. The
    ///   default is `ci`, `dev`, `integration`, `prod`, `sdp`, `shared`, `staging` and `test`.
    /// - `allowed`: globs of further names, of the platform and of teams. The default is `default`,
    ///   `kube-*`, `flux-*`, `ska-*`, `gitlab*`, `cert-manager`, `ingress-nginx`, `monitoring`,
    ///   `logging` and `vault`.
    ///
    /// ## Fix
    ///
    /// None: a namespace can't be renamed.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: my-tests
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: integration-dish-lmc-ska001-sdp
    /// ```
    ///
    /// ```yaml
    /// # params: {allowed: [team-*]}
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: team-sky
    /// ```
    ///
    /// ## References
    ///
    /// - ska-cicd-makefile, `k8s.mk` and `resources/namespace_auth.sh`; ska-namespace-manager;
    ///   ska-mid-itf environments
    pub(crate) static NAMESPACE_NAME = {
        id: "namespace-name",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["v1/Namespace"],
        check: NamespaceName,
    }
}

struct NamespaceName {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The words that a name may begin with.
    #[serde(default = "tiers")]
    tiers: Vec<String>,
    /// Globs of further names.
    #[serde(default = "platform")]
    allowed: Globs,
}

impl Configure for NamespaceName {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        if parameters.tiers.is_empty() && parameters.allowed.is_empty() {
            return Err(ParameterError::new("tiers", "must have a word if `allowed` is empty"));
        }
        Ok(Self { parameters })
    }
}

impl Check for NamespaceName {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["metadata", "name"]);
        let Some(name) = place.as_str() else { return Ok(()) };
        let Parameters { tiers, allowed } = &self.parameters;
        let is_of = |tier: &String| {
            name.strip_prefix(tier.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        if !tiers.iter().any(is_of) && !allowed.matches(name) {
            let message =
                format!("the name {} does not say what the namespace is for", place.shown());
            cx.report(place, message).help(format!("begin it with {}", phrase::either(tiers)));
        }
        Ok(())
    }
}

fn tiers() -> Vec<String> {
    ["ci", "dev", "integration", "prod", "sdp", "shared", "staging", "test"]
        .map(str::to_owned)
        .to_vec()
}

fn platform() -> Globs {
    let names = [
        "default",
        "kube-*",
        "flux-*",
        "ska-*",
        "gitlab*",
        "cert-manager",
        "ingress-nginx",
        "monitoring",
        "logging",
        "vault",
    ];
    Globs::new(names).unwrap_or_default()
}
