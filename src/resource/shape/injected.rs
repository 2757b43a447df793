//! List items that admission plugins add, and fields that the API server adds.
//!
//! Sources: Kubernetes `pkg/registry/batch/job/strategy.go` for the labels and the selector of a
//! Job, Kubernetes `plugin/pkg/admission/serviceaccount` for the token's volume and mounts,
//! `defaulttolerationseconds` for the two tolerations, `storage/storageobjectinuseprotection` for
//! the finalizers. All append, so the items before keep their index.

use crate::document::Value;
use crate::engine::Node;

const TOKEN_VOLUME: &str = "kube-api-access-";
const TOKEN_MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Whether a volume holds the token of the pod's service account.
pub(super) fn token_volume(volume: &Value<'_>) -> bool {
    let sources = volume.at(&["projected", "sources"]).and_then(Value::as_list);
    has_token_name(volume)
        && sources.into_iter().flatten().any(|it| it.get("serviceAccountToken").is_some())
}

/// Whether a mount is that of such a volume.
pub(super) fn token_mount(mount: &Value<'_>) -> bool {
    has_token_name(mount) && mount.get("mountPath").and_then(Value::as_str) == Some(TOKEN_MOUNT)
}

/// Whether a toleration is one of the two that let a pod stay for five minutes on a node which
/// does not answer.
pub(super) fn toleration(toleration: &Value<'_>) -> bool {
    let text = |key| toleration.get(key).and_then(Value::as_str);
    let key = text("key");
    let is_for_node =
        matches!(key, Some("node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"));
    is_for_node
        && text("operator") == Some("Exists")
        && text("effect") == Some("NoExecute")
        && toleration.get("tolerationSeconds").and_then(Value::as_int) == Some(300)
}

/// Whether a finalizer is one of those that keep a volume or a claim while it is used.
pub(super) fn storage_finalizer(finalizer: &Value<'_>) -> bool {
    matches!(
        finalizer.as_str(),
        Some("kubernetes.io/pv-protection" | "kubernetes.io/pvc-protection")
    )
}

/// The labels by which a Job finds its pods: on the Job, on its template and on the pods.
const JOB_LABELS: [&str; 4] = [
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
];

/// Whether a field is a label or the selector that a Job gets when it is created, or holds
/// nothing but such labels.
pub(super) fn of_job(parent: Node<'_>, key: &str, value: &Value<'_>) -> bool {
    match key {
        "labels" => value.as_map().is_some_and(|labels| {
            !labels.is_empty() && labels.iter().all(|it| JOB_LABELS.contains(&&*it.key))
        }),
        "selector" => {
            let subject = parent.identity();
            let own = parent.value().and_then(|spec| spec.get("manualSelector"));
            subject.group == "batch"
                && subject.kind == "Job"
                && parent.key() == "spec"
                && own.and_then(Value::as_bool) != Some(true)
        }
        key if JOB_LABELS.contains(&key) => parent.key() == "labels",
        _ => false,
    }
}

fn has_token_name(item: &Value<'_>) -> bool {
    item.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with(TOKEN_VOLUME))
}
