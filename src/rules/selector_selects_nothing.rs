use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Kinds, LabelSelector, Missing, Node, Observer, ParameterError,
};
use crate::resource::nearby;
use crate::resource::selection::{label, label_lines, plain_selector, selector};

declare_rule! {
    /// Flags a selector that selects no pod.
    ///
    /// ## Why
    ///
    /// A Service whose selector is misspelt has an address and no answer behind it, a disruption
    /// budget protects nothing, and a network policy lets through what it should not. Nothing says
    /// so. A workload whose selector does not select the pods of its own template is refused by
    /// the API server.
    ///
    /// ## Fields
    ///
    /// `spec.selector` of a Service, of a PodDisruptionBudget and of workloads, and
    /// `spec.podSelector` of a NetworkPolicy, against the labels of the pods and pod templates in
    /// the same namespace. An empty selector passes, and so does a Service of type `ExternalName`.
    /// Clients create objects in an order of their own, so at admission a finding is at most a
    /// warning; what an operator makes of its own resources is not known to the linter.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: either side may be wrong.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: v1, kind: Pod, metadata: {name: rest-0, namespace: low, labels: {app: rest, component: rest}}}'}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: rest
    ///   namespace: low
    /// spec:
    ///   selector:
    ///     app: rest
    ///     component: api
    /// ```
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: rest
    /// spec:
    ///   selector:
    ///     matchLabels:
    ///       app: api
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app: rest
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: rest, namespace: low}, spec: {template: {metadata: {labels: {app: rest, component: rest}}}}}'}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: rest
    ///   namespace: low
    /// spec:
    ///   selector:
    ///     app: rest
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Labels and selectors](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/)
    pub(crate) static SELECTOR_SELECTS_NOTHING = {
        id: "selector-selects-nothing",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &[
            "v1/Service",
            "policy/*/PodDisruptionBudget",
            "networking.k8s.io/*/NetworkPolicy",
            "apps/*/Deployment",
            "apps/*/StatefulSet",
            "apps/*/DaemonSet",
            "apps/*/ReplicaSet",
        ],
        check: SelectorSelectsNothing,
    }
}

struct SelectorSelectsNothing;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for SelectorSelectsNothing {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

/// What the labels of pods are noted under.
const PODS: &str = "pods";

impl Check for SelectorSelectsNothing {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let spec = cx.object().get("spec");
        let (place, selector) = match cx.object().identity().kind.as_str() {
            "Service" if spec.get("type").as_str() == Some("ExternalName") => return Ok(()),
            "Service" => (spec.get("selector"), plain_selector(spec.get("selector"))),
            "NetworkPolicy" => (spec.get("podSelector"), selector(spec.get("podSelector"))),
            _ => (spec.get("selector"), selector(spec.get("selector"))),
        };
        let Some(selector) = selector else { return Ok(()) };
        if let Some(pod) = cx.pod() {
            let labels = pod.at(&["metadata", "labels"]);
            if !selects(&selector, &label_lines(labels)) {
                cx.report(place, "the selector does not select the pods of the template")
                    .about_key()
                    .help("use labels that the template has")
                    .related_here(labels, "the labels of the pods");
            }
            return Ok(());
        }
        let pods = nearby::find(cx, PODS)?;
        if pods.iter().any(|pod| is_selected(&selector, &pod.text, place)) {
            return Ok(());
        }
        let message = match cx.knows_all_others()? {
            true => "the selector selects no pod",
            false => "the selector selects none of the pods that are known",
        };
        cx.report(place, message)
            .about_key()
            .help("use the labels of the pods that are meant")
            .rests_on_absence();
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&["pods"]).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        if observer.is_made_by_observed() {
            return;
        }
        if let Some(pod) = observer.pod() {
            let labels = pod.at(&["metadata", "labels"]);
            nearby::note(observer, PODS, labels, &label_lines(labels));
        }
    }
}

/// Each pod costs a step of the budget.
fn is_selected(selector: &LabelSelector, labels: &str, place: Node<'_>) -> bool {
    place.charge(1);
    selects(selector, labels)
}

fn selects(selector: &LabelSelector, labels: &str) -> bool {
    selector.matches(|key| label(labels, key))
}
