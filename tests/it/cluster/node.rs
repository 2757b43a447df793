//! The scheduler: pods of the chart go to the node `player`, where [`super::kubelet`] runs them,
//! all others to the node `kwok`.

use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::api::Api;

/// What the chart's pods have in common, as a selector in a query.
pub(crate) const OURS: &str = "app.kubernetes.io%2Fname%3Dportcullis";

/// How often the players look at the cluster.
pub(crate) const GLANCE: Duration = Duration::from_millis(100);

/// Binds pods for as long as the tests run.
pub(crate) fn schedule(api: Api) {
    thread::spawn(move || {
        loop {
            thread::sleep(GLANCE);
            // While the API server is stopped there is nothing to do.
            let Ok(pods) = api.get("/api/v1/pods?fieldSelector=spec.nodeName%3D") else { continue };
            pods["items"].as_array().unwrap().iter().for_each(|pod| bind(&api, pod));
        }
    });
}

fn bind(api: &Api, pod: &Json) {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return;
    }
    let chart = pod["metadata"]["labels"]["helm.sh/chart"].as_str();
    let ours = chart.is_some_and(|it| it.starts_with("portcullis-"));
    let node = if ours { "player" } else { "kwok" };
    let binding = json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod["metadata"]["name"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    // Somebody may have deleted it meanwhile; then the next glance shows it.
    _ = api.post(&format!("{}/binding", path(pod)), &binding);
}

/// Where the API has a pod.
pub(crate) fn path(pod: &Json) -> String {
    let text = |key: &str| pod["metadata"][key].as_str().unwrap();
    format!("/api/v1/namespaces/{}/pods/{}", text("namespace"), text("name"))
}

/// Whether a pod takes requests: it is ready, and nobody has asked it to end.
pub(crate) fn ready(pod: &Json) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = |it: &Json| it["type"] == "Ready" && it["status"] == "True";
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions.is_some_and(|all| all.iter().any(ready))
}
