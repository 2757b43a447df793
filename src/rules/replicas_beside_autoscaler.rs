use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Applicability, Check, Configure, Context, Fix, Kinds, Missing, Observer, ParameterError,
};
use crate::resource::nearby;
use crate::resource::phrase;

declare_rule! {
    /// Flags a number of replicas that an autoscaler sets too.
    ///
    /// ## Why
    ///
    /// The autoscaler writes `spec.replicas` as the load asks for it, and each `helm upgrade` writes
    /// it back: pods are started and ended for nothing, under load at the worst moment. A number
    /// beyond what the autoscaler allows is corrected at once, and `0` switches it off.
    ///
    /// ## Fields
    ///
    /// `spec.replicas` of a workload that a HorizontalPodAutoscaler of its namespace names: any number
    /// but 1, which the API server writes where there is none. In an object that is stored already,
    /// which its `resourceVersion` shows, a number may be the autoscaler's own: there only one
    /// beyond `minReplicas` and `maxReplicas` is flagged.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// Removes `replicas`. Unsafe: the first upgrade without it makes the number 1, until the
    /// autoscaler acts.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: mid}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 5}}'}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: web
    ///   namespace: mid
    /// spec:
    ///   replicas: 3
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: mid}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 5}}'}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: web
    ///   namespace: mid
    /// spec:
    ///   template: {}
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Migrating Deployments and StatefulSets to horizontal autoscaling](https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling)
    pub(crate) static REPLICAS_BESIDE_AUTOSCALER = {
        id: "replicas-beside-autoscaler",
        category: Reliability,
        severity: Low,
        since: "0.1.0",
        kinds: &["apps/*/Deployment", "apps/*/ReplicaSet", "apps/*/StatefulSet"],
        check: ReplicasBesideAutoscaler,
    }
}

struct ReplicasBesideAutoscaler;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for ReplicasBesideAutoscaler {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for ReplicasBesideAutoscaler {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["spec", "replicas"]);
        let Some(replicas) = place.as_int().filter(|it| *it != 1 && place.is_written()) else {
            return Ok(());
        };
        let identity = &cx.subject().identity;
        let scaled = nearby::find(cx, &format!("{} {}", identity.kind, identity.name))?;
        let Some(autoscaler) = scaled.first() else { return Ok(()) };
        let bounds = autoscaler.text.split_once(' ');
        let bounds: Option<(i64, i64)> =
            bounds.and_then(|(least, most)| Some((least.parse().ok()?, most.parse().ok()?)));
        let Some((least, most)) = bounds else { return Ok(()) };
        let exists = cx.subject().object.at(&["metadata", "resourceVersion"]).is_some();
        let name = phrase::line(&autoscaler.subject.name);
        let message = if replicas == 0 {
            format!("no replicas, which switches HorizontalPodAutoscaler `{name}` off")
        } else if !(least..=most).contains(&replicas) {
            format!(
                "{replicas} replicas beside HorizontalPodAutoscaler `{name}`, which allows {least} to {most}"
            )
        } else if !exists {
            format!(
                "{replicas} replicas beside HorizontalPodAutoscaler `{name}`, which sets them too"
            )
        } else {
            return Ok(());
        };
        let fix = Fix::remove("leave the number to the autoscaler", Applicability::Unsafe, place);
        cx.report(place, message)
            .help("leave `replicas` out")
            .related_to(autoscaler, "the autoscaler")
            .fix(fix);
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&["autoscaling/*/HorizontalPodAutoscaler"]).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let spec = observer.object().get("spec");
        let target = spec.get("scaleTargetRef");
        let least = spec.get("minReplicas").as_int().unwrap_or(1);
        if let (Some(kind), Some(name), Some(most)) = (
            target.get("kind").as_str(),
            target.get("name").as_str(),
            spec.get("maxReplicas").as_int(),
        ) {
            nearby::note(observer, &format!("{kind} {name}"), target, &format!("{least} {most}"));
        }
    }
}
