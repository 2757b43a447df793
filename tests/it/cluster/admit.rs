//! What people see whose objects are judged.

use super::api::until;
use super::release::{DENY, Release};

/// A device server whose one device has a name of two parts.
pub(crate) fn bad_device_server(namespace: &str) -> String {
    format!(
        "apiVersion: tango.tango-controls.org/v1\nkind: DeviceServer\n\
         metadata: {{name: bad, namespace: {namespace}}}\nspec:\n  dsname: Bad\n  args: one\n  \
         config: '{{\"servers\": {{\"Bad\": {{\"one\": {{\"Bad\": {{\"mid/bad\": {{}}}}}}}}}}}}'\n"
    )
}

/// A pod that no shipped policy warns of, but for what is put in place of its image.
pub(crate) fn pod(namespace: &str, name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    \
         app.kubernetes.io/name: web\n    app.kubernetes.io/instance: web\n    \
         app.kubernetes.io/component: web\n    app.kubernetes.io/part-of: web\n    \
         app.kubernetes.io/version: 1.0.0\nspec:\n  containers:\n  - name: web\n    image: {image}\n    \
         resources: {{requests: {{cpu: 10m, memory: 10Mi}}, limits: {{cpu: 10m, memory: 10Mi}}}}\n"
    )
}

#[test]
fn people_see_denials_warnings_defaults_and_what_is_in_force() {
    let release = Release::with(DENY);
    let plane = release.plane;
    let namespace = plane.namespace("people");
    let create = |text: &str| plane.kubectl_with(&["create", "--filename=-"], text);
    let bad = bad_device_server(&namespace);
    // A registration acts a moment after it is written.
    let refused = until("it is refused", || {
        let ran = create(&bad);
        if ran.code == Some(0) {
            plane.kubectl_with(&["delete", "--filename=-"], &bad);
        }
        (ran.code != Some(0)).then_some(ran)
    });
    let expected = "denied the request: tango-devices/tango-device-name: spec.config";
    assert!(refused.stderr.contains(expected), "{refused:?}");

    let ran = create(&pod(&namespace, "warned", "artefact.skao.int/ska-web:1.0.0"));
    assert!(ran.stderr.starts_with("Warning: labels/label-set-incomplete: "), "{ran:?}");
    assert_eq!(ran.code, Some(0), "{ran:?}");

    plane.apply(include_str!("../../../policies/packs/pod-defaults.yaml"));
    let one = pod(&namespace, "filled", "artefact.skao.int/ska-web:1.0.0");
    until("a pod comes back with its defaults", || {
        let arguments = ["create", "--dry-run=server", "--output=json", "--filename=-"];
        let ran = plane.kubectl_with(&arguments, &one);
        ran.stdout.contains("RuntimeDefault").then_some(())
    });

    until("what is in force is shown", || {
        let ran = plane.kubectl(&["get", "policies"]);
        let line = |name: &str| {
            let line = ran.stdout.lines().find(|line| line.starts_with(name))?;
            Some(line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let shipped = line("tango-devices ")?;
        let own = line("pod-defaults ")?;
        let shows =
            |line: &[String], cells: [&str; 3]| line.get(1..4).is_some_and(|it| it == cells);
        let all = shows(&shipped, ["Deny", "True", "Shipped"]);
        (all && shows(&own, ["Audit", "True", "Resource"])).then_some(())
    });
    plane.kubectl(&["delete", "policy", "pod-defaults"]);
}
