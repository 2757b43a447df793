use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};

declare_rule! {
    /// Flags an object without a namespace whose name is the same in every release.
    ///
    /// ## Why
    ///
    /// A PersistentVolume or ClusterRole is one for the whole cluster. A chart that gives it a
    /// fixed name can be installed once: the second release fails, or takes the object over from
    /// the first and deletes it when it goes.
    ///
    /// ## Fields
    ///
    /// `metadata.name` of PersistentVolumes, ClusterRoles and ClusterRoleBindings against the
    /// release and the namespace that Helm writes: the labels `app.kubernetes.io/instance` and
    /// `release`, and the annotations `meta.helm.sh/release-name` and
    /// `meta.helm.sh/release-namespace`. Objects that have none of these are not judged.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: others refer to the object by its name.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata:
    ///   name: tangodb
    ///   labels:
    ///     release: test
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata:
    ///   name: tangodb-test
    ///   labels:
    ///     release: test
    /// ```
    ///
    /// ## References
    ///
    /// - Helm, [Chart best practices](https://helm.sh/docs/chart_best_practices/). The rule is ours.
    pub(crate) static CLUSTER_NAME_COLLIDES = {
        id: "cluster-name-collides",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &[
            "v1/PersistentVolume",
            "rbac.authorization.k8s.io/*/ClusterRole",
            "rbac.authorization.k8s.io/*/ClusterRoleBinding",
        ],
        check: ClusterNameCollides,
    }
}

struct ClusterNameCollides;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for ClusterNameCollides {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for ClusterNameCollides {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let metadata = cx.object().get("metadata");
        let place = metadata.get("name");
        let Some(name) = place.as_str() else { return Ok(()) };
        let (labels, annotations) = (metadata.get("labels"), metadata.get("annotations"));
        let whose: Vec<Node<'s>> = [
            labels.get("app.kubernetes.io/instance"),
            labels.get("release"),
            annotations.get("meta.helm.sh/release-name"),
            annotations.get("meta.helm.sh/release-namespace"),
        ]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect();
        let is_in_name = |it: &Node<'_>| it.as_str().is_some_and(|text| name.contains(text));
        let Some(release) = whose.first().filter(|_| !whose.iter().any(is_in_name)) else {
            return Ok(());
        };
        let kind = &cx.subject().identity.kind;
        let message = format!("the {kind} {} has the same name in every release", place.shown());
        cx.report(place, message)
            .help("put the release or the namespace into the name")
            .related_here(*release, "whose it is");
        Ok(())
    }
}
