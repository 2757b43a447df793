use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Kinds, Missing, Observer, ParameterError};

declare_rule! {
    /// Flags a custom resource whose definition is nowhere.
    ///
    /// ## Why
    ///
    /// A cluster takes a custom resource only if somebody has installed its definition. A chart
    /// that brings one without the other installs on its author's cluster alone.
    ///
    /// ## Fields
    ///
    /// `apiVersion` and `kind` of objects that are none of Kubernetes' own, against the
    /// CustomResourceDefinitions among the other objects.
    ///
    /// ## Parameters
    ///
    /// - `known`: globs of groups that the clusters have. The default, which is ours, is those that
    ///   SKA's charts use: TANGO, Multus, Vault, cert-manager, Flux, Prometheus, Traefik, Gateway
    ///   API, Cluster API, Rook, Strimzi and Kyverno.
    ///
    /// ## Fix
    ///
    /// None: the definition has to be installed.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {complete: true}
    /// apiVersion: example.org/v1
    /// kind: Antenna
    /// metadata:
    ///   name: ska001
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: antennas.example.org}, spec: {group: example.org, names: {kind: Antenna}}}'}
    /// apiVersion: example.org/v1
    /// kind: Antenna
    /// metadata:
    ///   name: ska001
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Custom resources](https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/)
    pub(crate) static DEFINITION_MISSING = {
        id: "definition-missing",
        category: Reliability,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: DefinitionMissing,
    }
}

struct DefinitionMissing {
    known: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of groups that the clusters have.
    #[serde(default = "of_ska")]
    known: Globs,
}

impl Configure for DefinitionMissing {
    type Parameters = Parameters;

    fn configure(Parameters { known }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { known })
    }
}

impl Check for DefinitionMissing {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let identity = &cx.subject().identity;
        if cx.object().schema().built_in(&identity.group) || self.known.matches(&identity.group) {
            return Ok(());
        }
        if cx.others(&format!("{}/{}", identity.group, identity.kind))?.next().is_some() {
            return Ok(());
        }
        let known =
            if cx.knows_all_others()? { "no definition" } else { "no definition that is known" };
        cx.report(cx.object().get("kind"), format!("there is {known} of kind `{}`", identity.kind))
            .help("install the CustomResourceDefinition first")
            .rests_on_absence();
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&["apiextensions.k8s.io/*/CustomResourceDefinition"]).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let spec = observer.object().get("spec");
        let kind = spec.at(&["names", "kind"]);
        if let (Some(group), Some(name)) = (spec.get("group").as_str(), kind.as_str()) {
            observer.note(format!("{group}/{name}"), kind);
        }
    }
}

fn of_ska() -> Globs {
    let groups = [
        "tango.tango-controls.org",
        "*.cni.cncf.io",
        "secrets.hashicorp.com",
        "*cert-manager.io",
        "*.fluxcd.io",
        "*.coreos.com",
        "traefik.io",
        "traefik.containo.us",
        "gateway.networking.k8s.io",
        "*.cluster.x-k8s.io",
        "*.rook.io",
        "*.strimzi.io",
        "kyverno.io",
    ];
    Globs::new(groups).unwrap_or_default()
}
