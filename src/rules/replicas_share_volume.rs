use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Node, Observer, ParameterError};
use crate::resource::nearby;

declare_rule! {
    /// Flags several replicas that share a volume which one node can have.
    ///
    /// ## Why
    ///
    /// A claim that is `ReadWriteOnce` can be mounted on one node, so that the second replica waits
    /// without end on another. A path of the node is another directory on each. Either works as
    /// long as there is one replica, and fails when somebody, or an autoscaler, asks for two.
    ///
    /// ## Fields
    ///
    /// `spec.replicas` of a Deployment, ReplicaSet or StatefulSet, or `spec.maxReplicas` of the
    /// HorizontalPodAutoscaler that scales it, and among the template's `volumes` those with a
    /// `hostPath`, or with a claim in the namespace whose access modes are `ReadWriteOnce` or
    /// `ReadWriteOncePod` alone. Each pod of a StatefulSet has its own claim by
    /// `volumeClaimTemplates`; those pass.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: whether the storage or the number is wrong is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: archive, namespace: mid}, spec: {accessModes: [ReadWriteOnce]}}'}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: archiver
    ///   namespace: mid
    /// spec:
    ///   replicas: 2
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: archiver
    ///           image: artefact.skao.int/ska-tango-archiver:2.8.1
    ///       volumes:
    ///         - name: archive
    ///           persistentVolumeClaim:
    ///             claimName: archive
    ///         - name: cache
    ///           hostPath:
    ///             path: /var/cache/archiver
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: archive, namespace: mid}, spec: {accessModes: [ReadWriteMany]}}'}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: archiver
    ///   namespace: mid
    /// spec:
    ///   replicas: 2
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: archiver
    ///           image: artefact.skao.int/ska-tango-archiver:2.8.1
    ///       volumes:
    ///         - name: archive
    ///           persistentVolumeClaim:
    ///             claimName: archive
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Persistent volumes: access modes](https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes)
    pub(crate) static REPLICAS_SHARE_VOLUME = {
        id: "replicas-share-volume",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["apps/*/Deployment", "apps/*/ReplicaSet", "apps/*/StatefulSet"],
        check: ReplicasShareVolume,
    }
}

struct ReplicasShareVolume;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for ReplicasShareVolume {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for ReplicasShareVolume {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        let shared: Vec<Node<'s>> = pod
            .at(&["spec", "volumes"])
            .items()
            .flat_map(|it| [it.get("hostPath"), it.at(&["persistentVolumeClaim", "claimName"])])
            .filter(|place| !place.is_empty())
            .collect();
        if shared.is_empty() || !has_several(cx)? {
            return Ok(());
        }
        for place in shared {
            if place.key() == "hostPath" {
                cx.report(place, "each of several replicas finds another directory here")
                    .help("use a claim that is `ReadWriteMany`");
                continue;
            }
            let claim = format!("claim {}", place.as_str().unwrap_or_default());
            let claims = nearby::find(cx, &claim)?;
            if let Some(claim) = claims.first().filter(|it| &*it.text == "one") {
                let message =
                    format!("several replicas share claim {}, which one node has", place.shown());
                cx.report(place, message)
                    .help("make the claim `ReadWriteMany`, or run one replica")
                    .related_to(claim, "the access modes");
            }
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        let kinds = ["v1/PersistentVolumeClaim", "autoscaling/*/HorizontalPodAutoscaler"];
        Kinds::parse(&kinds).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        let spec = object.get("spec");
        if object.identity().kind == "PersistentVolumeClaim" {
            let modes = spec.get("accessModes");
            let is_one = |mode: Node<'_>| {
                matches!(mode.as_str(), Some("ReadWriteOnce" | "ReadWriteOncePod"))
            };
            let text = if !modes.is_empty() && modes.items().all(is_one) { "one" } else { "" };
            if let Some(name) = object.at(&["metadata", "name"]).as_str() {
                nearby::note(observer, &format!("claim {name}"), modes, text);
            }
            return;
        }
        let most = spec.get("maxReplicas");
        let target = spec.get("scaleTargetRef");
        if let (Some(kind), Some(name)) = (target.get("kind").as_str(), target.get("name").as_str())
            && most.as_int().is_some_and(|most| most > 1)
        {
            nearby::note(observer, &format!("scaled {kind} {name}"), most, "");
        }
    }
}

/// Whether there are several replicas, or may be.
fn has_several(cx: &Context<'_>) -> Result<bool, Missing> {
    if cx.object().at(&["spec", "replicas"]).as_int().is_some_and(|replicas| replicas > 1) {
        return Ok(true);
    }
    let identity = &cx.subject().identity;
    let scaled = nearby::find(cx, &format!("scaled {} {}", identity.kind, identity.name))?;
    Ok(!scaled.is_empty())
}
