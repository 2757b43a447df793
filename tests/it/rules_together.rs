//! What several objects of one run have in common is told once, with every place.

use serde_json::Value as Json;

use crate::cli::run;
use crate::support::{beside, engine, found};

/// What `lint` finds by a rule of the shipped set in files, one text each.
fn lint(rule: &str, texts: &[String]) -> Vec<Json> {
    let folder = tempfile::tempdir().unwrap();
    for (rank, text) in texts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{rank}.yaml")), text).unwrap();
    }
    let ran = run(&["lint", "--format", "json", folder.path().to_str().unwrap()]);
    let report = ran.json();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(|it| it["rule"] == rule).cloned().collect()
}

/// The files of a finding and of what it is related to.
fn files(finding: &Json) -> Vec<String> {
    let related = finding["related"].as_array().unwrap().iter();
    let all = std::iter::once(finding).chain(related);
    let name = |it: &Json| it["location"]["file"].as_str().unwrap().to_owned();
    all.map(name).map(|file| file[file.len() - 6..].to_owned()).collect()
}

fn device_server(name: &str, server: &str, device: &str, rest: &str) -> String {
    format!(
        "apiVersion: tango.tango-controls.org/v1\nkind: DeviceServer\n\
         metadata: {{name: {name}, namespace: mid}}\n\
         spec:\n  databaseds: tango-databaseds\n  dsname: {server}\n  args: \"1\"\n{rest}\
         \x20 config: '{{\"servers\": {{\"{server}\": {{\"1\": {{\"{server}\": {{\"{device}\": {{}}}}}}}}}}}}'\n"
    )
}

fn network(name: &str, namespace: &str, range: &str) -> String {
    format!(
        "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n\
         metadata: {{name: {name}, namespace: {namespace}, labels: {{sdp.skao.int/available-for-allocation: \"true\"}}}}\n\
         spec:\n  config: '{{\"cniVersion\": \"1.0.0\", \"type\": \"macvlan\", \"ipam\": {{\"type\": \"whereabouts\", \"range\": \"{range}\"}}}}'\n"
    )
}

#[test]
fn a_device_in_two_device_servers_is_one_finding_with_both_places() {
    let one = device_server("motor-1", "Motor", "mid-dish/motor/1", "");
    let two = device_server("drive-1", "Drive", "MID-Dish/Motor/1", "");
    let findings = lint("tango-device-duplicate", &[one, two]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(files(&findings[0]), ["0.yaml", "1.yaml"]);
}

#[test]
fn a_circle_of_three_is_one_finding_that_shows_it() {
    let waits = |name, server, device, on: &str| {
        device_server(name, server, device, &format!("  dependsOn: [{on}]\n"))
    };
    let findings = lint(
        "tango-dependency",
        &[
            waits("a-1", "A", "mid-x/a/1", "mid-x/b/1"),
            waits("b-1", "B", "mid-x/b/1", "MID-X/c/1"),
            waits("c-1", "C", "mid-x/c/1", "mid-x/a/1"),
            waits("d-1", "D", "mid-x/d/1", "mid-x/a/1"),
        ],
    );
    assert_eq!(findings.len(), 1, "{findings:?}");
    let message = findings[0]["message"].as_str().unwrap();
    assert_eq!(message, "the device server waits for itself: `c-1` → `a-1` → `b-1` → `c-1`");
    assert_eq!(files(&findings[0]), ["2.yaml", "0.yaml", "1.yaml"]);
}

#[test]
fn at_admission_a_circle_is_told_to_whoever_closes_it() {
    let other = device_server("z-1", "Z", "mid-x/z/1", "  dependsOn: [mid-x/a/1]\n");
    let closes = device_server("a-1", "A", "mid-x/a/1", "  dependsOn: [mid-x/z/1]\n");
    let report = beside(&other).judge(&engine("tango-dependency", "{}"), &closes);
    assert_eq!(
        found(&report),
        ["/spec/dependsOn/0: the device server waits for itself: `a-1` → `z-1` → `a-1`"]
    );
}

/// A device server of classic mode: its configuration, and a StatefulSet that waits for a device.
fn classic(name: &str, server: &str, device: &str, waits_for: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}-dsconfig-json, namespace: mid}}\n\
         data:\n  configuration.json: '{{\"servers\": {{\"{server}\": {{\"01\": {{\"{server}\": {{\"{device}\": {{}}}}}}}}}}}}'\n\
         ---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}-01, namespace: mid}}\n\
         spec:\n  template:\n    spec:\n      initContainers:\n      - name: check-dependencies-0\n        \
         command: [retry, --tries=10, --, tango_admin, --ping-device, {waits_for}]\n      \
         containers:\n      - name: device-server\n        \
         command: [retry, --, {server}, \"01\", -ORBendPoint, 'giop:tcp::45450']\n"
    )
}

#[test]
fn a_circle_of_waits_in_classic_mode_is_one_finding_that_shows_it() {
    let findings = lint(
        "tango-wait-circle",
        &[
            classic("a", "A", "mid-x/a/1", "mid-x/b/1"),
            classic("b", "B", "mid-x/b/1", "MID-X/c/1"),
            classic("c", "C", "mid-x/c/1", "mid-x/a/1"),
            classic("d", "D", "mid-x/d/1", "mid-x/a/1"),
            classic("e", "E", "mid-x/e/1", "sys/database/2"),
        ],
    );
    assert_eq!(findings.len(), 1, "{findings:?}");
    let message = findings[0]["message"].as_str().unwrap();
    assert_eq!(message, "the device server waits for itself: `c-01` → `a-01` → `b-01` → `c-01`");
    assert_eq!(files(&findings[0]), ["2.yaml", "0.yaml", "1.yaml"]);
}

/// An autoscaler by share of the processor, and the Deployment that it scales.
fn scaled(resources: &str, replicas: &str) -> [String; 2] {
    [
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: mid}\n\
         spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 2\n  \
         maxReplicas: 4\n  metrics:\n  - type: Resource\n    \
         resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}\n"
            .to_owned(),
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: mid}}\nspec:\n  \
             replicas: {replicas}\n  template:\n    spec:\n      containers:\n      \
             - {{name: web, resources: {resources}}}\n      - {{name: log, resources: {{limits: {{cpu: 1}}}}}}\n"
        ),
    ]
}

#[test]
fn an_autoscaler_needs_requests_unless_the_namespace_has_defaults() {
    let none = scaled("{requests: {memory: 1Gi}}", "1");
    let findings = lint("autoscaler-without-requests", &none);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0]["message"],
        "container `web` of Deployment `web` requests no `cpu`, by which this scales"
    );
    for (limit, findings) in [
        ("type: Container, defaultRequest: {cpu: 65m}", 0),
        ("type: Container, max: {cpu: 1}", 0),
        ("type: Container, defaultRequest: {memory: 1Gi}", 1),
        ("type: Pod, max: {cpu: 1}", 1),
    ] {
        let range = format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: l, namespace: mid}}\n\
             spec: {{limits: [{{{limit}}}]}}\n"
        );
        let found = lint("autoscaler-without-requests", &[&none[..], &[range]].concat());
        assert_eq!(found.len(), findings, "{limit}");
    }
    let some = scaled("{limits: {cpu: 1}}", "1");
    assert_eq!(lint("autoscaler-without-requests", &some).len(), 0);
}

#[test]
fn a_number_beside_an_autoscaler_may_be_its_own_in_an_object_that_exists() {
    let found = |replicas: &str, more: &str| {
        let [autoscaler, workload] = scaled("{}", replicas);
        let workload = workload.replace("namespace: mid", &format!("namespace: mid{more}"));
        let findings = lint("replicas-beside-autoscaler", &[autoscaler, workload]);
        let message = findings.first().map(|it| it["message"].as_str().unwrap().to_owned());
        message.map(|it| it.replace("HorizontalPodAutoscaler `web`", "H"))
    };
    let stored = ", resourceVersion: '7'";
    assert_eq!(found("1", ""), None);
    assert_eq!(found("3", stored), None);
    assert_eq!(found("3", "").unwrap(), "3 replicas beside H, which sets them too");
    for more in ["", stored] {
        assert_eq!(found("5", more).unwrap(), "5 replicas beside H, which allows 2 to 4");
        assert_eq!(found("0", more).unwrap(), "no replicas, which switches H off");
    }
}

#[test]
fn networks_that_overlap_are_one_finding_and_those_that_touch_are_none() {
    for (one, two, overlap) in [
        ("10.20.0.0/16", "10.20.255.0/24", true),
        ("10.20.0.1-10.20.0.9/24", "10.20.0.128/25", true),
        ("fd00:20::/48", "fd00:20:0:ffff::/64", true),
        ("10.20.0.0/17", "10.20.128.0/17", false),
        ("fd00:20::/64", "fd00:20:0:1::/64", false),
        ("10.20.0.0/16", "fd00:20::/48", false),
    ] {
        let texts = [network("cbf", "kube-system", one), network("archive", "mid", two)];
        let findings = lint("network-overlap", &texts);
        assert_eq!(findings.len(), usize::from(overlap), "{one} {two}: {findings:?}");
        if overlap {
            assert_eq!(files(&findings[0]).len(), 2);
        }
    }
}

#[test]
fn what_a_limit_range_fills_in_is_not_missing_unless_the_pod_was_made_without() {
    let range = |limits: &str| {
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: a, namespace: mid}}\n\
             spec: {{limits: [{{type: Container, {limits}}}, {{type: Pod, max: {{cpu: 1}}}}]}}\n"
        )
    };
    let pod = |namespace: &str, metadata: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}{metadata}}}\n\
             spec: {{containers: [{{name: c, image: 'a:1'}}]}}\n"
        )
    };
    let both = "default: {cpu: 1, memory: 1Gi}";
    for (limits, pod, missing) in [
        (both, pod("mid", ""), None),
        (both, pod("low", ""), Some("cpu request, memory request, cpu limit or memory limit")),
        (both, pod("mid", ", uid: u"), Some("cpu request, memory")),
        ("max: {cpu: 1, memory: 1Gi}", pod("mid", ""), None),
        ("min: {cpu: 1, memory: 1Gi}", pod("mid", ""), Some("no cpu limit or memory limit")),
        ("max: {memory: 1Gi}, defaultRequest: {cpu: 1}", pod("mid", ""), Some("no cpu limit")),
    ] {
        let findings = lint("container-resources", &[range(limits), pod]);
        let messages: Vec<&str> =
            findings.iter().map(|it| it["message"].as_str().unwrap()).collect();
        assert_eq!(messages.len(), usize::from(missing.is_some()), "{limits} {messages:?}");
        assert!(messages.iter().all(|it| it.contains(missing.unwrap())), "{limits} {messages:?}");
    }
}

#[test]
fn two_databases_in_a_namespace_are_one_finding() {
    let database = |name: &str, namespace: &str| {
        format!(
            "apiVersion: tango.tango-controls.org/v1\nkind: DatabaseDS\n\
             metadata: {{name: {name}, namespace: {namespace}}}\n"
        )
    };
    let texts = [database("a", "mid"), database("b", "mid"), database("a", "low")];
    let findings = lint("tango-database-duplicate", &texts);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(files(&findings[0]), ["1.yaml", "0.yaml"]);
}

#[test]
fn one_object_of_two_sub_charts_is_one_finding_with_both_owners() {
    let object = |chart: &str, namespace: &str| {
        format!(
            "---\n# Source: umbrella/charts/{chart}/templates/db.yaml\napiVersion: v1\n\
             kind: ConfigMap\nmetadata: {{name: settings, namespace: {namespace}}}\n"
        )
    };
    let rendered = [object("one", "mid"), object("two", "low"), object("two", "mid")].concat();
    let findings = lint("duplicate-object", std::slice::from_ref(&rendered));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["location"]["line"], 15);
    assert_eq!(findings[0]["owner"]["subcharts"][0], "two");
    assert_eq!(
        findings[0]["message"],
        "the object stands twice; the first is of chart `umbrella/one`: `templates/db.yaml`, on line 5"
    );
    // Two renderings hold the same objects, and so may what a person wrote.
    assert_eq!(lint("duplicate-object", &[object("one", "mid"), object("one", "mid")]).len(), 0);
    let plain = rendered.replace("# Source", "# from");
    assert_eq!(lint("duplicate-object", &[plain]).len(), 0);
}

#[test]
fn a_selector_of_expressions_selects_as_kubernetes_does() {
    let pods = beside(
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: mid, labels: {app: a, tier: b}}}",
    );
    let engine = engine("selector-selects-nothing", "{}");
    let judge = |selector: &str| {
        let text = format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, \
             metadata: {{name: b, namespace: mid}}, spec: {{selector: {selector}}}}}"
        );
        found(&pods.judge(&engine, &text)).len()
    };
    for (selector, findings) in [
        ("{}", 0),
        ("{matchLabels: {app: a}}", 0),
        ("{matchLabels: {app: b}}", 1),
        ("{matchExpressions: [{key: tier, operator: In, values: [a, b]}]}", 0),
        ("{matchExpressions: [{key: tier, operator: NotIn, values: [b]}]}", 1),
        ("{matchExpressions: [{key: x, operator: Exists}]}", 1),
        ("{matchLabels: {app: a}, matchExpressions: [{key: x, operator: DoesNotExist}]}", 0),
    ] {
        assert_eq!(judge(selector), findings, "{selector}");
    }
}
