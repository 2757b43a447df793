//! A policy that fails closed, so that a review that is not answered is a creation that fails.

use serde_json::{Value as Json, json};

use super::api::{Refused, until};
use super::release::Release;

/// Where the policy is.
pub(crate) const PATH: &str = "/apis/portcullis.skao.int/v1alpha1/policies/strict";

/// ConfigMaps of namespaces whose names begin with this need labels.
pub(crate) const PREFIX: &str = "strict";

/// Has ConfigMaps denied that lack one of these labels, and waits until every replica does so.
pub(crate) fn require(release: &Release, namespace: &str, labels: &[&str]) {
    write(release, labels);
    until_denied_for(release, namespace, labels[0]);
}

/// Writes the policy without waiting.
pub(crate) fn write(release: &Release, labels: &[&str]) {
    let policy = json!({
        "apiVersion": "portcullis.skao.int/v1alpha1",
        "kind": "Policy",
        "metadata": {"name": "strict"},
        "spec": spec(labels),
    });
    let collection = PATH.trim_end_matches("/strict");
    match release.api().post(collection, &policy) {
        Err(refused) if refused.code == 409 => {
            release.api().patch(PATH, &json!({"spec": spec(labels)})).unwrap();
        }
        result => _ = result.unwrap(),
    }
}

/// Writes a mistake into the policy, which nobody refuses while no webhook is registered.
pub(crate) fn spoil(release: &Release) {
    let spec = json!({"rules": [{"rule": "image-tagg"}]});
    release.api().patch(PATH, &json!({"spec": spec})).unwrap();
}

/// Takes the policy away.
pub(crate) fn forget(release: &Release) {
    _ = release.api().delete(PATH);
}

fn spec(labels: &[&str]) -> Json {
    json!({
        "enforcement": "Deny",
        "onError": "Deny",
        "scope": {"kinds": ["v1/ConfigMap"], "namespaces": [format!("{PREFIX}-*")]},
        "rules": [{"rule": "label-required", "params": {"labels": labels}}],
    })
}

/// Waits until every replica denies a ConfigMap without this label.
pub(crate) fn until_denied_for(release: &Release, namespace: &str, label: &str) {
    until("the policy acts", || denied_for(release, namespace, label));
    // One replica has the policy, so if they agree all have it.
    release.until_agreed();
}

/// Whether a ConfigMap with all labels but this one is denied for it.
pub(crate) fn denied_for(release: &Release, namespace: &str, label: &str) -> Option<()> {
    let refused = create(release, namespace, &[]).err()?;
    refused.message.contains(&format!("`{label}`")).then_some(())
}

/// Creates a ConfigMap with these labels in a dry run.
pub(crate) fn create(release: &Release, namespace: &str, labels: &[&str]) -> Result<Json, Refused> {
    let labels: serde_json::Map<_, _> =
        labels.iter().map(|it| ((*it).to_owned(), json!("x"))).collect();
    let object = json!({"metadata": {"name": "tried", "labels": labels}});
    release.api().post(&format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All"), &object)
}
