//! The pod that is created, and pods that every judge refuses.

use serde_json::{Value as Json, json};

use super::plane::api::{Api, until};

/// A pod that keeps to the standard; the server makes up the end of its name.
pub(crate) fn good() -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "bench-", "labels": {"app": "bench"}},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "main",
                "image": "registry.example/bench:1.0.0",
                "ports": [{"containerPort": 8080}],
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                "securityContext": {
                    "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}

/// One way to break each control: where in the pod, and what stands there.
fn broken() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("host process", "/spec/securityContext/windowsOptions", json!({"hostProcess": true})),
        ("host namespaces", "/spec/hostPID", json!(true)),
        ("privileged", "/spec/containers/0/securityContext/privileged", json!(true)),
        (
            "capabilities",
            "/spec/containers/0/securityContext/capabilities/add",
            json!(["SYS_TIME"]),
        ),
        ("host path", "/spec/volumes", json!([{"name": "v", "hostPath": {"path": "/"}}])),
        ("host port", "/spec/containers/0/ports/0/hostPort", json!(8080)),
        ("probe host", "/spec/containers/0/readinessProbe/httpGet/host", json!("example.org")),
        ("AppArmor", "/spec/securityContext/appArmorProfile", json!({"type": "Unconfined"})),
        ("SELinux", "/spec/securityContext/seLinuxOptions", json!({"user": "root"})),
        ("proc mount", "/spec/containers/0/securityContext/procMount", json!("Unmasked")),
        (
            "seccomp",
            "/spec/containers/0/securityContext/seccompProfile",
            json!({"type": "Unconfined"}),
        ),
        (
            "sysctl",
            "/spec/securityContext/sysctls",
            json!([{"name": "kernel.msgmax", "value": "1"}]),
        ),
        (
            "volume type",
            "/spec/volumes",
            json!([{"name": "v", "nfs": {"server": "s", "path": "/"}}]),
        ),
        ("escalation", "/spec/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
        ("root", "/spec/securityContext/runAsNonRoot", json!(false)),
        ("user 0", "/spec/containers/0/securityContext/runAsUser", json!(0)),
        ("no seccomp", "/spec/securityContext/seccompProfile", Json::Null),
        ("capabilities kept", "/spec/containers/0/securityContext/capabilities", Json::Null),
    ]
}

/// Holds that Portcullis and the native policies judge alike: the good pod is taken, and each
/// broken one is refused, by both.
pub(crate) fn agree(api: &Api) {
    for namespace in ["portcullis", "native"] {
        let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
        for (what, place, value) in broken() {
            let mut pod = good();
            put(&mut pod, place, value);
            // A registration acts a moment later.
            let refused = until(what, || api.post(&path, &pod).err());
            assert_eq!(refused.code / 100, 4, "{what} in {namespace}: {refused:?}");
        }
        api.post(&path, &good()).unwrap_or_else(|refused| panic!("{namespace}: {refused:?}"));
    }
}

fn put(object: &mut Json, place: &str, value: Json) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
}
