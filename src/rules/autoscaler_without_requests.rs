use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Node, Observer, ParameterError};
use crate::resource::limit_range;
use crate::resource::nearby;
use crate::resource::phrase;
use crate::resource::workload::containers;

declare_rule! {
    /// Flags an autoscaler that goes by a share of what nobody has requested.
    ///
    /// ## Why
    ///
    /// A HorizontalPodAutoscaler with a utilization compares what the pods use with what they
    /// request. If one container of them requests nothing of it, the autoscaler does nothing at all:
    /// it shows `<unknown>`, and the pods stay as many as they are.
    ///
    /// ## Fields
    ///
    /// `spec.metrics[*]` of a HorizontalPodAutoscaler of type `Resource` or `ContainerResource` with
    /// a utilization (`spec.targetCPUUtilizationPercentage` of `autoscaling/v1`), against the
    /// requests of the containers and sidecars of the workload that `spec.scaleTargetRef` names. A
    /// limit is a request too. What the pod as a whole requests, and what a LimitRange of the
    /// namespace fills in, counts for each container.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: how much a program needs has to be measured.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: mid}, spec: {template: {spec: {containers: [{name: web, resources: {requests: {memory: 64Mi}}}]}}}}'}
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata:
    ///   name: web
    ///   namespace: mid
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 3
    ///   metrics:
    ///     - type: Resource
    ///       resource:
    ///         name: cpu
    ///         target: {type: Utilization, averageUtilization: 80}
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: mid}, spec: {template: {spec: {containers: [{name: web, resources: {requests: {cpu: 100m}}}, {name: log}]}}}}'}
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata:
    ///   name: web
    ///   namespace: mid
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 3
    ///   metrics:
    ///     - type: ContainerResource
    ///       containerResource:
    ///         container: web
    ///         name: cpu
    ///         target: {type: Utilization, averageUtilization: 80}
    ///     - type: Resource
    ///       resource:
    ///         name: memory
    ///         target: {type: AverageValue, averageValue: 200Mi}
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Horizontal pod autoscaling: algorithm details](https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details)
    pub(crate) static AUTOSCALER_WITHOUT_REQUESTS = {
        id: "autoscaler-without-requests",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["autoscaling/*/HorizontalPodAutoscaler"],
        check: AutoscalerWithoutRequests,
    }
}

struct AutoscalerWithoutRequests;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for AutoscalerWithoutRequests {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

/// What an autoscaler goes by.
struct Measure<'s> {
    place: Node<'s>,
    resource: &'s str,
    /// Of all containers where it is none.
    container: Option<&'s str>,
}

impl Check for AutoscalerWithoutRequests {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let spec = cx.object().get("spec");
        let target = spec.get("scaleTargetRef");
        let (Some(kind), Some(name)) = (target.get("kind").as_str(), target.get("name").as_str())
        else {
            return Ok(());
        };
        for Measure { place, resource, container } in measures(spec) {
            let workloads = nearby::find(cx, &format!("{kind} {name}"))?;
            let Some(workload) = workloads.first() else { continue };
            if limit_range::fills(cx, &format!("{resource} request"))? {
                continue;
            }
            let lacking = workload.text.lines().filter_map(|line| {
                let (name, requested) = line.split_once(' ')?;
                let is_meant = container.is_none_or(|it| it == name);
                let requests = requested.split(' ').any(|it| it == resource);
                (is_meant && !requests).then_some(name)
            });
            let lacking: Vec<&str> = lacking.collect();
            if !lacking.is_empty() {
                let containers = phrase::named("container", &lacking);
                let verb = if lacking.len() == 1 { "requests" } else { "request" };
                let message = format!(
                    "{containers} of {kind} `{}` {verb} no `{}`, by which this scales",
                    phrase::line(name),
                    phrase::line(resource),
                );
                cx.report(place, message)
                    .help("request it, or scale by an average value")
                    .related_to(workload, "the containers");
            }
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        let kinds =
            ["apps/*/Deployment", "apps/*/ReplicaSet", "apps/*/StatefulSet", "v1/LimitRange"];
        Kinds::parse(&kinds).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let identity = observer.object().identity();
        if identity.kind == "LimitRange" {
            limit_range::note(observer);
            return;
        }
        if let Some(pod) = observer.pod().filter(|_| !observer.is_made_by_observed()) {
            let what = format!("{} {}", identity.kind, identity.name);
            let place = pod.at(&["spec", "containers"]);
            nearby::note(observer, &what, place, &requests(pod));
        }
    }
}

/// The shares by which an autoscaler scales.
fn measures(spec: Node<'_>) -> Vec<Measure<'_>> {
    let share = spec.get("targetCPUUtilizationPercentage");
    let mut measures: Vec<Measure<'_>> = Vec::new();
    if share.exists() {
        measures.push(Measure { place: share, resource: "cpu", container: None });
    }
    for metric in spec.get("metrics").items() {
        let place = match metric.get("type").as_str() {
            Some("Resource") => metric.get("resource"),
            Some("ContainerResource") => metric.get("containerResource"),
            _ => continue,
        };
        let is_share = place.at(&["target", "type"]).as_str() == Some("Utilization")
            // As `autoscaling/v2beta1` has it.
            || place.get("targetAverageUtilization").exists();
        if let (Some(resource), true) = (place.get("name").as_str(), is_share) {
            measures.push(Measure { place, resource, container: place.get("container").as_str() });
        }
    }
    measures
}

/// A line for each container that runs as long as the pod does: its name, and what it requests.
fn requests(pod: Node<'_>) -> String {
    let of_pod = pod.at(&["spec", "resources"]);
    let lines = containers(pod).filter(|it| it.keeps_running()).map(|container| {
        let resources = container.node.get("resources");
        let all =
            [resources, of_pod].into_iter().flat_map(|it| [it.get("requests"), it.get("limits")]);
        let names: Vec<&str> = all.flat_map(|it| it.fields().map(|(name, _)| name)).collect();
        format!("{} {}", container.name, names.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}
