use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::{Body, Value};
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Missing, Node, ParameterError,
    is_label_key,
};
use crate::resource::secret::mask;
use crate::resource::workload::is_finite;

declare_rule! {
    /// Flags pods that do not say how they spread over the nodes.
    ///
    /// ## Why
    ///
    /// Several replicas are of no use if one node holds them all and goes down. A constraint counts
    /// the pods that its own labels select, so that no constant can be filled in: this rule takes
    /// the values from the pod. With `mutate: true` the policy fills it when the pod is created.
    ///
    /// ## Fields
    ///
    /// `spec.topologySpreadConstraints` of pods that run on: not those of Jobs and DaemonSets. A pod
    /// without one of the labels is let be, as nothing tells which pods are its like.
    ///
    /// ## Parameters
    ///
    /// - `labels`: keys of labels that the replicas have in common, and no other pods have.
    /// - `topologyKey`: the label of nodes over whose values they spread. The default is
    ///   `kubernetes.io/hostname`.
    /// - `maxSkew`: by how many pods two values may differ. The default is 1.
    ///
    /// ## Fix
    ///
    /// Adds one constraint with `whenUnsatisfiable: ScheduleAnyway`. Safe: the scheduler prefers
    /// such a node, and takes another if there is none.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {labels: [app.kubernetes.io/name, app.kubernetes.io/instance]}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: web
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app.kubernetes.io/name: web
    ///         app.kubernetes.io/instance: mid
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: artefact.skao.int/ska-web:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {labels: [app.kubernetes.io/name, app.kubernetes.io/instance]}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: web
    ///   labels:
    ///     app.kubernetes.io/name: web
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: artefact.skao.int/ska-web:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod topology spread constraints](https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/)
    pub(crate) static TOPOLOGY_SPREAD_DEFAULT = {
        id: "topology-spread-default",
        category: Reliability,
        severity: Low,
        since: "0.1.0",
        kinds: &[
            "v1/Pod",
            "apps/*/Deployment",
            "apps/*/ReplicaSet",
            "apps/*/StatefulSet",
            "v1/ReplicationController",
        ],
        check: TopologySpreadDefault,
    }
}

struct TopologySpreadDefault {
    parameters: Parameters,
    /// What it fills in but for the values of labels, so that two entries can be compared.
    described: Value<'static>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Keys of labels that the replicas have in common.
    labels: Vec<String>,
    /// The label of nodes over whose values they spread.
    #[serde(default = "node")]
    topology_key: String,
    /// By how many pods two values may differ.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    max_skew: u16,
}

impl Configure for TopologySpreadDefault {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        let Parameters { labels, topology_key, max_skew } = &parameters;
        if labels.is_empty() || !labels.iter().all(|it| is_label_key(it)) {
            return Err(ParameterError::new("labels", "must name labels, at least one"));
        }
        if !is_label_key(topology_key) {
            return Err(ParameterError::new("topologyKey", "must be the key of a label"));
        }
        if *max_skew == 0 {
            return Err(ParameterError::new("maxSkew", "must be at least 1"));
        }
        let keys = labels.iter().map(|key| (key.clone(), Value::text("")));
        let described = constraints(&parameters, Value::map(keys));
        Ok(Self { parameters, described })
    }
}

impl Check for TopologySpreadDefault {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        let place = pod.at(&["spec", "topologySpreadConstraints"]);
        let owner = cx.subject().controller();
        let is_of_daemon_set = owner.is_some_and(|owner| owner.kind == "DaemonSet");
        if !place.is_empty() || is_of_daemon_set || is_finite(pod) {
            return Ok(());
        }
        let Some(labels) = self.labels(pod) else { return Ok(()) };
        let title = "prefer nodes that have the fewest of these pods";
        let value = constraints(&self.parameters, labels);
        let fix = Fix::set(title, Applicability::Safe, place, &value);
        cx.report(place, "the pods do not say how they spread over nodes")
            .about_key()
            .help("name a topology, and the labels of the replicas")
            .fix(fix);
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        let keys = |template: &[&'p str]| {
            let field = ["spec", "topologySpreadConstraints"];
            template.iter().copied().chain(field).map(FieldStep::Key).collect()
        };
        template.map(keys).into_iter().collect()
    }

    fn fills(&self) -> Option<&Value<'static>> {
        Some(&self.described)
    }
}

impl TopologySpreadDefault {
    /// The labels that tell the replicas; `None` if one is not there.
    fn labels<'s>(&'s self, pod: Node<'s>) -> Option<Value<'s>> {
        let labels = pod.at(&["metadata", "labels"]);
        let pairs = self.parameters.labels.iter().map(|key| {
            let value = labels.get(key).as_str().filter(|it| !it.is_empty() && mask(it) == **it)?;
            Some((key.as_str(), Value::text(value)))
        });
        Some(Value::map(pairs.collect::<Option<Vec<_>>>()?))
    }
}

fn constraints<'v>(parameters: &Parameters, labels: Value<'v>) -> Value<'v> {
    let constraint = Value::map([
        ("maxSkew", Value::new(Body::Int(parameters.max_skew.into()))),
        ("topologyKey", Value::text(parameters.topology_key.clone())),
        ("whenUnsatisfiable", Value::text("ScheduleAnyway")),
        ("labelSelector", Value::map([("matchLabels", labels)])),
    ]);
    Value::new(Body::List(vec![constraint]))
}

fn node() -> String {
    "kubernetes.io/hostname".to_owned()
}

fn one() -> u16 {
    1
}
