//! Defaults that depend on what is beside them.
//!
//! Each function gets the node that holds the absent field, and says what the API server puts
//! there. The sources are those of the table's files.

use std::sync::LazyLock;

use crate::document::{Body, Map, Span, Value};
use crate::engine::Node;
use crate::resource::image::default_pull_policy;

static EMPTY: Value<'static> = constant(Body::Map(Map::EMPTY));
static TRUE: Value<'static> = constant(Body::Bool(true));
static ONE: Value<'static> = constant(Body::Int(1));
static NO_PRIORITY: Value<'static> = constant(Body::Int(0));

const fn constant(body: Body<'static>) -> Value<'static> {
    Value { span: Span::NONE, body }
}

const fn text(text: &'static str) -> Value<'static> {
    constant(Body::Text(std::borrow::Cow::Borrowed(text)))
}

// Containers and pods.

pub(super) fn image_pull_policy<'s>(container: Node<'s>) -> Option<&'s Value<'s>> {
    pull_policy(container.value()?.get("image"))
}

pub(super) fn image_volume_pull_policy<'s>(volume: Node<'s>) -> Option<&'s Value<'s>> {
    pull_policy(volume.value()?.get("reference"))
}

fn pull_policy(image: Option<&Value<'_>>) -> Option<&'static Value<'static>> {
    static ALWAYS: Value<'static> = text("Always");
    static IF_NOT_PRESENT: Value<'static> = text("IfNotPresent");
    let always = default_pull_policy(image.and_then(Value::as_str).unwrap_or("")) == "Always";
    Some(if always { &ALWAYS } else { &IF_NOT_PRESENT })
}

/// With the host's network, a port is the same on the host.
pub(super) fn host_port<'s>(port: Node<'s>) -> Option<&'s Value<'s>> {
    let pod_spec = port.parent().parent().parent().parent();
    let on_host = pod_spec.value()?.get("hostNetwork")?.as_bool()?;
    port.value()?.get("containerPort").filter(|_| on_host)
}

/// Where there are only limits, the requests are the limits.
pub(super) fn requests<'s>(resources: Node<'s>) -> Option<&'s Value<'s>> {
    resources.value()?.get("limits").filter(|limits| is_filled(limits))
}

pub(super) fn request<'s>(requests: Node<'s>, resource: &str) -> Option<&'s Value<'s>> {
    requests.parent().value()?.get("limits")?.get(resource)
}

/// One account has two names, of which `serviceAccount` is the older.
pub(super) fn service_account<'s>(pod_spec: Node<'s>) -> Option<&'s Value<'s>> {
    static DEFAULT: Value<'static> = text("default");
    let spec = pod_spec.value()?;
    let mut names = ["serviceAccountName", "serviceAccount"].iter().filter_map(|key| spec.get(key));
    let written = names.find(|name| name.as_str().is_some_and(|it| !it.is_empty()));
    Some(written.unwrap_or(&DEFAULT))
}

pub(super) fn priority<'s>(pod_spec: Node<'s>) -> Option<&'s Value<'s>> {
    static CLUSTER_CRITICAL: Value<'static> = constant(Body::Int(2_000_000_000));
    static NODE_CRITICAL: Value<'static> = constant(Body::Int(2_000_001_000));
    match priority_class(pod_spec)? {
        "" => Some(&NO_PRIORITY),
        "system-cluster-critical" => Some(&CLUSTER_CRITICAL),
        "system-node-critical" => Some(&NODE_CRITICAL),
        _ => None,
    }
}

/// A class of the cluster's own may say that its pods wait.
pub(super) fn preemption_policy<'s>(pod_spec: Node<'s>) -> Option<&'s Value<'s>> {
    static PREEMPT: Value<'static> = text("PreemptLowerPriority");
    match priority_class(pod_spec)? {
        "" | "system-cluster-critical" | "system-node-critical" => Some(&PREEMPT),
        _ => None,
    }
}

fn priority_class<'s>(pod_spec: Node<'s>) -> Option<&'s str> {
    Some(text_at(pod_spec.value()?, "priorityClassName"))
}

/// A volume that says nothing of where it is from is an empty directory.
pub(super) fn empty_dir<'s>(volume: Node<'s>) -> Option<&'s Value<'s>> {
    let fields = volume.value()?.as_map()?;
    let is_bare = fields.iter().all(|field| field.key == "name" || field.value.is_null());
    is_bare.then_some(&EMPTY)
}

// What makes pods.

pub(super) fn rolling_update<'s>(strategy: Node<'s>) -> Option<&'s Value<'s>> {
    matches!(text_at(strategy.value()?, "type"), "" | "RollingUpdate").then_some(&EMPTY)
}

pub(super) fn template_labels<'s>(spec: Node<'s>) -> Option<&'s Value<'s>> {
    spec.value()?.at(&["template", "metadata", "labels"])
}

pub(super) fn labels_of_template<'s>(metadata: Node<'s>) -> Option<&'s Value<'s>> {
    metadata.parent().value()?.at(&["spec", "template", "metadata", "labels"])
}

pub(super) fn backoff_limit<'s>(job: Node<'s>) -> Option<&'s Value<'s>> {
    static SIX: Value<'static> = constant(Body::Int(6));
    static NO_LIMIT: Value<'static> = constant(Body::Int(i32::MAX as i64));
    Some(if is_there(job.value()?, "backoffLimitPerIndex") { &NO_LIMIT } else { &SIX })
}

/// A Job with neither of both numbers runs one pod; with `parallelism` alone it is a work queue.
pub(super) fn completions<'s>(job: Node<'s>) -> Option<&'s Value<'s>> {
    (!is_there(job.value()?, "parallelism")).then_some(&ONE)
}

pub(super) fn pod_replacement_policy<'s>(job: Node<'s>) -> Option<&'s Value<'s>> {
    static FAILED: Value<'static> = text("Failed");
    static TERMINATING_OR_FAILED: Value<'static> = text("TerminatingOrFailed");
    let has_policy = is_there(job.value()?, "podFailurePolicy");
    Some(if has_policy { &FAILED } else { &TERMINATING_OR_FAILED })
}

// Services and network policies.

static CLUSTER: Value<'static> = text("Cluster");

pub(super) fn allocate_node_ports<'s>(service: Node<'s>) -> Option<&'s Value<'s>> {
    (text_at(service.value()?, "type") == "LoadBalancer").then_some(&TRUE)
}

pub(super) fn external_traffic_policy<'s>(service: Node<'s>) -> Option<&'s Value<'s>> {
    let spec = service.value()?;
    let reachable = match text_at(spec, "type") {
        "NodePort" | "LoadBalancer" => true,
        "" | "ClusterIP" => spec.get("externalIPs").is_some_and(is_filled),
        _ => false,
    };
    reachable.then_some(&CLUSTER)
}

pub(super) fn internal_traffic_policy<'s>(service: Node<'s>) -> Option<&'s Value<'s>> {
    let has_address = text_at(service.value()?, "type") != "ExternalName";
    has_address.then_some(&CLUSTER)
}

pub(super) fn session_affinity_config<'s>(service: Node<'s>) -> Option<&'s Value<'s>> {
    (text_at(service.value()?, "sessionAffinity") == "ClientIP").then_some(&EMPTY)
}

pub(super) fn target_port<'s>(port: Node<'s>) -> Option<&'s Value<'s>> {
    port.value()?.get("port")
}

pub(super) fn policy_types<'s>(policy: Node<'s>) -> Option<&'s Value<'s>> {
    static INGRESS: LazyLock<Value<'static>> = LazyLock::new(|| texts(&["Ingress"]));
    static BOTH: LazyLock<Value<'static>> = LazyLock::new(|| texts(&["Ingress", "Egress"]));
    let has_egress = policy.value()?.get("egress").is_some_and(is_filled);
    Some(if has_egress { &*BOTH } else { &*INGRESS })
}

// Configuration.

/// The label by which namespaces are selected, which nobody can set otherwise.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

pub(super) fn namespace_labels<'s>(metadata: Node<'s>) -> Option<&'s Value<'s>> {
    is_there(metadata.value()?, "name").then_some(&EMPTY)
}

pub(super) fn namespace_label<'s>(labels: Node<'s>, key: &str) -> Option<&'s Value<'s>> {
    if key == NAMESPACE_NAME { labels.parent().value()?.get("name") } else { None }
}

pub(super) fn default_limits<'s>(limit: Node<'s>) -> Option<&'s Value<'s>> {
    has_any(limit.value()?, &["max"]).then_some(&EMPTY)
}

pub(super) fn default_requests<'s>(limit: Node<'s>) -> Option<&'s Value<'s>> {
    has_any(limit.value()?, &["default", "max", "min"]).then_some(&EMPTY)
}

pub(super) fn default_limit<'s>(defaults: Node<'s>, resource: &str) -> Option<&'s Value<'s>> {
    limit_of(defaults, resource, &["max"])
}

pub(super) fn default_request<'s>(defaults: Node<'s>, resource: &str) -> Option<&'s Value<'s>> {
    limit_of(defaults, resource, &["default", "max", "min"])
}

fn has_any(limit: &Value<'_>, keys: &[&str]) -> bool {
    let is_for_containers = text_at(limit, "type") == "Container";
    is_for_containers && keys.iter().any(|key| limit.get(key).is_some_and(is_filled))
}

fn limit_of<'s>(defaults: Node<'s>, resource: &str, keys: &[&str]) -> Option<&'s Value<'s>> {
    let limit = defaults.parent().value()?;
    has_any(limit, keys).then(|| keys.iter().find_map(|key| limit.get(key)?.get(resource)))?
}

// Control.

pub(super) fn metrics<'s>(_: Node<'s>) -> Option<&'s Value<'s>> {
    static CPU: LazyLock<Value<'static>> = LazyLock::new(|| {
        let target = Value::map([
            ("averageUtilization", constant(Body::Int(80))),
            ("type", text("Utilization")),
        ]);
        let resource = Value::map([("name", text("cpu")), ("target", target)]);
        list([Value::map([("resource", resource), ("type", text("Resource"))])])
    });
    Some(&CPU)
}

pub(super) fn scaling_rules<'s>(_: Node<'s>) -> Option<&'s Value<'s>> {
    Some(&EMPTY)
}

pub(super) fn scale_down_policies<'s>(_: Node<'s>) -> Option<&'s Value<'s>> {
    static POLICIES: LazyLock<Value<'static>> =
        LazyLock::new(|| list([scaling_policy("Percent", 100)]));
    Some(&POLICIES)
}

pub(super) fn scale_up_policies<'s>(_: Node<'s>) -> Option<&'s Value<'s>> {
    static POLICIES: LazyLock<Value<'static>> =
        LazyLock::new(|| list([scaling_policy("Pods", 4), scaling_policy("Percent", 100)]));
    Some(&POLICIES)
}

fn scaling_policy(kind: &'static str, value: i64) -> Value<'static> {
    let number = |number| constant(Body::Int(number));
    Value::map([("periodSeconds", number(15)), ("type", text(kind)), ("value", number(value))])
}

/// The group of a role binding's subject; that of a service account is the empty one.
pub(super) fn subject_group<'s>(subject: Node<'s>) -> Option<&'s Value<'s>> {
    static GROUP: Value<'static> = text("rbac.authorization.k8s.io");
    matches!(text_at(subject.value()?, "kind"), "User" | "Group").then_some(&GROUP)
}

pub(super) fn lifecycle_modes<'s>(_: Node<'s>) -> Option<&'s Value<'s>> {
    static PERSISTENT: LazyLock<Value<'static>> = LazyLock::new(|| texts(&["Persistent"]));
    Some(&PERSISTENT)
}

fn texts(texts: &[&'static str]) -> Value<'static> {
    list(texts.iter().map(|it| text(it)))
}

fn list(items: impl IntoIterator<Item = Value<'static>>) -> Value<'static> {
    constant(Body::List(items.into_iter().collect()))
}

fn text_at<'v>(value: &'v Value<'_>, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn is_there(value: &Value<'_>, key: &str) -> bool {
    value.get(key).is_some_and(|it| !it.is_null())
}

fn is_filled(value: &Value<'_>) -> bool {
    match &value.body {
        Body::List(items) => !items.is_empty(),
        Body::Map(map) => !map.is_empty(),
        _ => false,
    }
}
