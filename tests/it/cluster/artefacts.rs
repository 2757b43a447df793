//! The artefact door of the chart, beside the webhook whose policies it judges by.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value as Json, json};

use super::api::until;
use super::release::{NAMESPACE, Release};
use crate::inspect::registry::{AMD64, Layout, Registry, layer};

const TOKEN: &str = "r3ader";

#[test]
fn the_artefact_door_of_the_chart_judges_by_the_policies_of_the_cluster() {
    let registry = Registry::start();
    let image = Layout::new(&registry.folder, "image");
    image.close(&[image.image(AMD64, &[], &layer(10))]);
    registry.push("image", "production/thing:1.0.0");
    let values = format!(
        "{{artefacts: {{enabled: true, lookup: {{secretName: readers}}, config: {{servers: [{{name: \
         harbor, kind: oci, url: 'http://{}', privateAddresses: true}}], repositories: [{{name: \
         production, server: harbor, format: docker}}], sweep: {{intervalSeconds: 1, \
         callsPerSecond: 100}}}}}}}}",
        registry.host
    );
    let release = Release::with(&values);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "readers"},
                        "stringData": {"token": TOKEN}});
    release.api().post(&format!("/api/v1/namespaces/{NAMESPACE}/secrets"), &secret).unwrap();

    let policies = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/portcullis-policy-set");
    until("the policies of the webhook", || release.api().get(&policies).ok());
    let (address, page) = until("the verdict", || {
        let pods = release.plane.kubelet.addresses();
        let address = *pods.iter().find(|(name, _)| name.contains("-artefacts-"))?.1;
        let page = asked(address, &format!("Authorization: Bearer {TOKEN}\r\n"))?;
        let page: Json = serde_json::from_str(page.split_once("\r\n\r\n")?.1).ok()?;
        (!page["items"].as_array()?.is_empty()).then_some((address, page))
    });
    let verdict = &page["items"][0];
    assert_eq!((&verdict["name"], &verdict["version"]), (&"thing".into(), &"1.0.0".into()));
    assert_ne!(verdict["outcome"], "pass", "{verdict}");
    assert!(asked(address, "").unwrap().starts_with("HTTP/1.1 401 "));

    let ready = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/portcullis-artefacts");
    until("the door is ready", || {
        let deployment = release.api().get(&ready).ok()?;
        (deployment["status"]["readyReplicas"] == 1).then_some(())
    });
    for service in ["portcullis-hooks", "portcullis-verdicts", "portcullis-artefacts-metrics"] {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/services/{service}");
        release.api().get(&path).unwrap();
    }
    release.api().delete(&format!("/api/v1/namespaces/{NAMESPACE}/secrets/readers")).unwrap();
    release.discard();
}

/// The whole answer of the API to a list of verdicts.
fn asked(address: Ipv4Addr, headers: &str) -> Option<String> {
    let mut stream = TcpStream::connect((address, 8445)).ok()?;
    let call =
        format!("GET /api/v1/verdicts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(call.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
