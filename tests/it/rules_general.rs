//! The general rules, beyond what their pages show.

use crate::support::{World, allowed, beside, engine, find, flaws, found, judge, outcomes, set_of};

const NOTHING: [&str; 0] = [];

/// A custom object with this `spec`.
fn widget(spec: &str) -> String {
    format!(
        "{{apiVersion: example.org/v1, kind: Widget, metadata: {{name: w, namespace: mid}}, spec: {spec}}}"
    )
}

fn refused(rule: &str, params: &str) -> String {
    flaws(&set_of(rule, params)).join("; ")
}

#[test]
fn a_field_is_set_if_something_is_there() {
    for (spec, set) in [
        ("{a: x}", true),
        ("{a: 0}", true),
        ("{a: false}", true),
        ("{a: [x]}", true),
        ("{}", false),
        ("{a: null}", false),
        ("{a: ''}", false),
        ("{a: []}", false),
        ("{a: {}}", false),
        ("{b: {a: x}}", false),
        ("x", false),
    ] {
        let expected: &[&str] = if set { &[] } else { &["/spec/a: field `spec.a` is not set"] };
        assert_eq!(find("field-required", "{field: spec.a}", &widget(spec)), expected, "{spec}");
    }
}

#[test]
fn each_item_is_asked_and_none_where_there_is_none() {
    let spec = widget("{list: [{a: x}, {}, {a: ''}, null], map: {k: {a: x}, l: {b: y}}}");
    assert_eq!(
        find("field-required", "{field: 'spec.list[*].a'}", &spec),
        [1, 2, 3].map(|rank| format!("/spec/list/{rank}/a: field `spec.list[*].a` is not set"))
    );
    assert_eq!(
        find("field-required", "{field: 'spec.map[*].a'}", &spec),
        ["/spec/map/l/a: field `spec.map[*].a` is not set"]
    );
    assert_eq!(find("field-required", "{field: 'spec.none[*].a'}", &spec), NOTHING);
    let keyed = "{field: 'metadata.annotations[\"a.b/c~d\"]'}";
    assert_eq!(
        find("field-required", keyed, &spec),
        ["/metadata/annotations/a.b~1c~0d: field `metadata.annotations[\"a.b/c~d\"]` is not set"]
    );
}

#[test]
fn a_path_into_containers_finds_all_three_lists_of_every_kind_with_pods() {
    let spec = "{initContainers: [{name: i}], containers: [{name: c}, {name: d, image: x}], \
                ephemeralContainers: [{name: e}]}";
    let pod = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}");
    assert_eq!(
        find("field-required", "{field: container.image}", &pod),
        [
            "/spec/containers/0/image: field `image` of container `c` is not set",
            "/spec/ephemeralContainers/0/image: field `image` of ephemeral container `e` is not set",
            "/spec/initContainers/0/image: field `image` of init container `i` is not set",
        ]
    );
    let cron = format!(
        "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: p}}, spec: {{jobTemplate: {{spec: {{template: {{spec: {spec}}}}}}}}}}}"
    );
    let found = find("field-required", "{field: container.image}", &cron);
    assert_eq!(found.len(), 3);
    assert!(found[0].starts_with("/spec/jobTemplate/spec/template/spec/containers/0/image: "));
    assert_eq!(find("field-required", "{field: container.image}", &widget(spec)), NOTHING);
    assert_eq!(
        find("field-required", "{field: pod.spec.hostname}", &pod),
        ["/spec/hostname: field `spec.hostname` of the pod is not set"]
    );
}

#[test]
fn what_must_not_be_set_is_removed_by_a_person() {
    let engine = engine("field-forbidden", "{field: 'spec.list[*].a'}");
    let report =
        judge(&engine, &widget("{list: [{a: x}, {a: []}, {}, {a: ''}, {a: {}}, {a: false}]}"));
    assert_eq!(
        found(&report),
        [0, 5].map(|rank| format!("/spec/list/{rank}/a: field `spec.list[*].a` is set"))
    );
    let fix = report.findings[0].fix.as_ref().unwrap();
    assert_eq!(
        serde_json::to_string(&fix.patch).unwrap(),
        r#"[{"op":"remove","path":"/spec/list/0/a"}]"#
    );
    assert_eq!(fix.applicability, portcullis::engine::Applicability::Unsafe);
}

#[test]
fn a_place_that_no_patch_can_reach_has_a_finding_and_no_fix() {
    let server = "{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, metadata: {name: d}, \
                  spec: {config: '{\"servers\": {}}'}}";
    for (rule, params) in [
        ("field-default", "{field: spec.config.classes, value: {}}"),
        ("field-forbidden", "{field: spec.config}"),
    ] {
        let report = judge(&engine(rule, params), server);
        assert_eq!(report.findings.len(), 1, "{rule}");
        assert_eq!(report.findings[0].fix.is_some(), rule == "field-forbidden", "{rule}");
    }
    let report =
        judge(&engine("field-default", "{field: spec.a.b, value: x}"), &widget("{a: text}"));
    assert_eq!((report.findings.len(), report.findings[0].fix.is_some()), (1, false));
}

#[test]
fn a_default_is_asked_for_only_where_nothing_is_said() {
    for (spec, patch) in [
        ("{}", r#"[{"op":"add","path":"/spec/a","value":{"b":[1]}}]"#),
        ("{a: null}", r#"[{"op":"add","path":"/spec/a","value":{"b":[1]}}]"#),
        ("{a: {}}", r#"[{"op":"add","path":"/spec/a/b","value":[1]}]"#),
        ("{a: {b: ''}}", r#"[{"op":"add","path":"/spec/a/b","value":[1]}]"#),
        ("{a: {b: []}}", ""),
        ("{a: {b: false}}", ""),
    ] {
        let report =
            judge(&engine("field-default", "{field: spec.a.b, value: [1]}"), &widget(spec));
        let fix = report.findings.first().and_then(|it| it.fix.as_ref());
        let found = fix.map(|fix| serde_json::to_string(&fix.patch).unwrap()).unwrap_or_default();
        assert_eq!(found, patch, "{spec}");
    }
    assert_eq!(
        refused("field-default", "{field: 'spec.a[*]', value: x}"),
        "/rules/0/params/field: parameter `field` must end with a key, not with `[*]`"
    );
    assert_eq!(
        refused("field-default", "{field: spec.a, value: null}"),
        "/rules/0/params/value: parameter `value` must not be null"
    );
    assert_eq!(
        refused("field-default", "{field: spec.a}"),
        "/rules/0/params: parameter `value` is missing"
    );
}

#[test]
fn a_value_must_pass_every_test() {
    // Params, a value that passes, a value that fails, why.
    let cases = [
        ("pattern: '^ska-'", "ska-a", "a-ska-", "`a-ska-`, which does not match `^ska-`"),
        ("notPattern: ':latest$'", "a:1", "a:latest", "`a:latest`, which matches `:latest$`"),
        (
            "format: dns-label",
            "mid-tmc",
            "Mid",
            "`Mid`, which is not a DNS label: it has upper-case letters",
        ),
        ("format: semver", "1.0.0", "1.0.x", "`1.0.x`, which is not a semantic version"),
        (
            "format: tango-device",
            "a/b/c",
            "a/b",
            "`a/b`, which is not a TANGO device name as `domain/family/member`",
        ),
        ("oneOf: [a, 8080, true]", "8080", "b", "`b`, which is none of `a`, `8080` or `true`"),
        ("oneOf: ['8080']", "8080", "80", "`80`, which is none of `8080`"),
        ("notOneOf: [a]", "b", "a", "`a`, which is not allowed"),
        ("min: 1", "1", "0", "`0`, which is less than `1`"),
        ("max: 65535", "65535", "65536", "`65536`, which is more than `65535`"),
        (
            "min: 9007199254740993",
            "9007199254740993",
            "9007199254740992",
            "`9007199254740992`, which is less than `9007199254740993`",
        ),
        ("max: 0.5", "0.5", "0.51", "`0.51`, which is more than `0.5`"),
        ("max: 4Gi", "4096Mi", "5G", "`5G`, which is more than `4Gi`"),
        ("min: 100m", "0.1", "99m", "`99m`, which is less than `100m`"),
        ("max: 1", "1", "many", "`many`, which is no number"),
        (
            "version: '>=1.2, <2'",
            "1.10.0",
            "2.0.0",
            "`2.0.0`, which is not in the range `>=1.2, <2`",
        ),
        ("version: '>=1.2'", "1.2.0", "v1.3.0", "`v1.3.0`, which is no semantic version"),
        (
            "version: '>=1.2'",
            "1.2.0",
            "1.3.0-rc.1",
            "`1.3.0-rc.1`, which is not in the range `>=1.2`",
        ),
        (
            "within: [10.0.0.0/8, 'fd00::/8']",
            "fd12::1",
            "11.0.0.1",
            "`11.0.0.1`, which is not within `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "within: [10.0.0.0/8]",
            "10.20.0.0/16",
            "10.0.0.0/7",
            "`10.0.0.0/7`, which is not within `10.0.0.0/8`",
        ),
        (
            "within: [10.0.0.1]",
            "10.0.0.1",
            "localhost",
            "`localhost`, which is no IP address and no network",
        ),
        ("maxLength: 2", "éé", "ééé", "`ééé`, which is longer than 2 characters"),
        ("minLength: 2", "éé", "é", "`é`, which is shorter than 2 characters"),
        ("pattern: a, notPattern: b", "a", "ab", "`ab`, which matches `b`"),
    ];
    for (tests, good, bad, problem) in cases {
        let params = format!("{{field: spec.a, {tests}}}");
        assert_eq!(
            find("field-matches", &params, &widget(&format!("{{a: {good}}}"))),
            NOTHING,
            "{tests}"
        );
        assert_eq!(
            find("field-matches", &params, &widget(&format!("{{a: {bad}}}"))),
            [format!("/spec/a: field `spec.a` is {problem}")]
        );
    }
}

#[test]
fn what_is_absent_passes_and_what_is_no_single_value_fails() {
    let params = "{field: spec.a, pattern: x}";
    for spec in ["{}", "{a: ''}", "{a: null}", "{a: []}"] {
        assert_eq!(find("field-matches", params, &widget(spec)), NOTHING, "{spec}");
        let required = "{field: spec.a, pattern: x, required: true}";
        assert_eq!(
            find("field-matches", required, &widget(spec)),
            ["/spec/a: field `spec.a` is not set"]
        );
    }
    assert_eq!(
        find("field-matches", params, &widget("{a: [x]}")),
        ["/spec/a: field `spec.a` is a list, where a single value must stand"]
    );
    assert_eq!(
        find("field-matches", "{field: 'spec.a[*]', pattern: x}", &widget("{a: [x, xy]}")),
        NOTHING
    );
}

#[test]
fn keys_are_tested_at_their_own_places() {
    let config =
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a.json: '{}', B: x, c: y}}";
    assert_eq!(
        find(
            "field-matches",
            "{field: data, keys: true, pattern: '^[a-z.]+$', notOneOf: [c]}",
            config
        ),
        [
            "/data/B: a key of field `data` is one which does not match `^[a-z.]+$`",
            "/data/c: a key of field `data` is one which is not allowed",
        ]
    );
}

#[test]
fn no_message_holds_what_must_not_be_shown() {
    let secret =
        "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {password: SHVudGVyMg==}}";
    for params in [
        "{field: data.password, pattern: '^x'}",
        "{field: 'data[*]', format: dns-label}",
        "{field: data.password, oneOf: [a]}",
        "{field: data.password, max: 5}",
        "{field: data.password, maxLength: 5}",
    ] {
        let report = judge(&engine("field-matches", params), secret);
        assert_eq!(report.findings.len(), 1, "{params}");
        assert!(!format!("{report:?}").contains("SHVudGVyMg"), "{params}: {report:?}");
        assert!(!format!("{report:?}").contains("upper-case"), "{params}: {report:?}");
        assert!(report.findings[0].message.contains("`•••`"));
    }
    let world = beside(&secret.replace("name: s", "name: other"));
    let report = world.judge(&engine("unique", "{field: data.password}"), secret);
    assert_eq!(report.findings.len(), 1);
    assert!(!format!("{report:?}").contains("SHVudGVyMg"));
}

#[test]
fn a_test_that_can_not_be_is_refused() {
    for (tests, problem) in [
        ("", "/field: parameter `field` has no test that its value must pass"),
        ("required: true", "/field: parameter `field` has no test that its value must pass"),
        (
            "pattern: '['",
            "/pattern: parameter `pattern`: pattern `[` is not valid: unclosed character class",
        ),
        (
            "pattern: '(a{1000}){1000}'",
            "/pattern: parameter `pattern`: pattern `(a{1000}){1000}` needs too much memory",
        ),
        ("format: semvar", "/format: parameter `format`: `semvar` is none of "),
        ("min: 2, max: 1", "/min: parameter `min` must not be more than `max`"),
        ("minLength: 2, maxLength: 1", "/minLength: parameter `minLength` must not be more than "),
        ("min: lots", "/min: parameter `min` is no number: `lots` is no quantity"),
        ("version: one", "/version: parameter `version` is no range: "),
        (
            "within: [10.0.0.0/40]",
            "/within: parameter `within` has `10.0.0.0/40`, which is no network",
        ),
        ("oneOf: [[a]]", "/oneOf/0: parameter `oneOf`: a list where a single value must stand"),
    ] {
        let found = refused("field-matches", &format!("{{field: spec.a, {tests}}}"));
        assert!(found.starts_with(&format!("/rules/0/params{problem}")), "{tests}: {found}");
    }
}

#[test]
fn labels_are_asked_of_the_object_of_its_pods_or_of_both() {
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, labels: {a: x, b: ''}}, \
                      spec: {template: {metadata: {labels: {c: y}}}}}";
    let ask = |at: &str, text: &str| {
        find("label-required", &format!("{{labels: [a, b, c], at: {at}}}"), text)
    };
    let object =
        ["/metadata/labels/b: label `b` is empty", "/metadata/labels/c: label `c` is missing"];
    let pods = [
        "/spec/template/metadata/labels/a: label `a` of the pods is missing",
        "/spec/template/metadata/labels/b: label `b` of the pods is missing",
    ];
    assert_eq!(ask("object", deployment), object);
    assert_eq!(ask("pods", deployment), pods);
    assert_eq!(ask("both", deployment), [object, pods].concat());
    // A Pod is its own pod.
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}}";
    assert_eq!(ask("both", pod).len(), 3);
    let service = "{apiVersion: v1, kind: Service, metadata: {name: s}}";
    assert_eq!((ask("pods", service).len(), ask("both", service).len()), (0, 3));
}

#[test]
fn the_value_of_a_label_is_tested() {
    let params = "{labels: [{key: team, pattern: '^team-', oneOf: [team-a, karoo]}]}";
    for (labels, problem) in [
        ("{team: team-a}", ""),
        ("{team: karoo}", "label `team` is `karoo`, which does not match `^team-`"),
        ("{team: team-b}", "label `team` is `team-b`, which is none of `team-a` or `karoo`"),
        ("{team: ''}", "label `team` is ``, which does not match `^team-`"),
        ("{}", "label `team` is missing"),
    ] {
        let text =
            format!("{{apiVersion: v1, kind: Service, metadata: {{name: s, labels: {labels}}}}}");
        let found = find("label-required", params, &text);
        let expected: Vec<String> = (!problem.is_empty())
            .then(|| format!("/metadata/labels/team: {problem}"))
            .into_iter()
            .collect();
        assert_eq!(found, expected, "{labels}");
    }
    assert_eq!(
        refused("label-required", "{labels: ['a b']}"),
        "/rules/0/params/labels: parameter `labels` has `a b`, which can't be the key of a label"
    );
}

fn ingress(name: &str, namespace: &str, hosts: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{hosts: [{hosts}]}}}}"
    )
}

#[test]
fn a_value_is_unique_in_its_object_its_namespace_or_the_cluster() {
    let world = beside(&[ingress("b", "mid", "x, y"), ingress("c", "low", "z")].join("\n---\n"));
    let ask = |within: &str, hosts: &str| {
        let engine = engine("unique", &format!("{{field: 'spec.hosts[*]', within: {within}}}"));
        found(&world.judge(&engine, &ingress("a", "mid", hosts)))
    };
    let in_mid = "/spec/hosts/0: field `spec.hosts[*]` is `x`, as in Ingress `mid/b`";
    let in_low = "/spec/hosts/0: field `spec.hosts[*]` is `z`, as in Ingress `low/c`";
    let twice = "/spec/hosts/1: field `spec.hosts[*]` is `q`, which stands here twice";
    assert_eq!(ask("namespace", "x, w"), [in_mid]);
    assert_eq!(ask("namespace", "z"), NOTHING);
    assert_eq!(ask("cluster", "z"), [in_low]);
    assert_eq!(ask("object", "x"), NOTHING);
    for within in ["object", "namespace", "cluster"] {
        assert_eq!(ask(within, "q, q"), [twice], "{within}");
    }
    // Case counts unless the policy says otherwise.
    assert_eq!(ask("cluster", "X"), NOTHING);
    assert_eq!(ask("cluster, ignoreCase: true", "X").len(), 1);
}

#[test]
fn an_object_never_conflicts_with_itself_nor_with_one_that_goes() {
    let engine = engine("unique", "{field: 'spec.hosts[*]'}");
    let itself = ingress("a", "mid", "x");
    assert_eq!(found(&beside(&itself).judge(&engine, &itself)), NOTHING);
    let going = ingress("b", "mid", "x")
        .replace("name: b", "name: b, deletionTimestamp: '2026-01-01T00:00:00Z'");
    assert_eq!(found(&beside(&going).judge(&engine, &itself)), NOTHING);
    // By uid, where both have one: the old one with this name is another.
    let with_uid = |uid: &str| itself.replace("name: a", &format!("name: a, uid: {uid}"));
    assert_eq!(found(&beside(&with_uid("u")).judge(&engine, &with_uid("u"))), NOTHING);
    assert_eq!(found(&beside(&with_uid("u")).judge(&engine, &with_uid("v"))).len(), 1);
}

#[test]
fn a_conflict_names_the_other_place() {
    let engine = engine("unique", "{field: 'spec.hosts[*]'}");
    let report = beside(&ingress("b", "mid", "y, x")).judge(&engine, &ingress("a", "mid", "x"));
    let [related] = &report.findings[0].related[..] else { panic!("{report:?}") };
    assert_eq!(related.subject.as_ref().unwrap().name, "b");
    assert_eq!(related.path.to_string(), "/spec/hosts/1");
    assert!(!allowed(&report), "two objects that conflict are refused");
    let report = beside(&ingress("b", "mid", "y")).judge(&engine, &ingress("a", "mid", "x, x"));
    let [related] = &report.findings[0].related[..] else { panic!("{report:?}") };
    assert_eq!(
        (related.subject.is_none(), related.path.to_string().as_str()),
        (true, "/spec/hosts/0")
    );
}

#[test]
fn a_workload_does_not_conflict_with_what_its_controller_made_of_it() {
    let spec = "{containers: [{name: c, ports: [{containerPort: 80, hostPort: 8080}]}]}";
    let workload = |kind: &str, name: &str, owner: &str| {
        let owner = match owner {
            "" => String::new(),
            owner => format!(
                ", ownerReferences: [{{apiVersion: apps/v1, kind: {owner}, name: o, uid: u, controller: true}}]"
            ),
        };
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}, namespace: mid{owner}}}, spec: {{template: {{spec: {spec}}}}}}}"
        )
    };
    let deployment = workload("Deployment", "d", "");
    let replicas = workload("ReplicaSet", "d-1", "Deployment");
    let mut set = set_of("unique", "{field: 'container.ports[*].hostPort'}");
    set.policies[0].scope.kinds = vec!["pods".to_owned()];
    let engine = crate::support::compile(&set);
    assert_eq!(found(&beside(&replicas).judge(&engine, &deployment)), NOTHING);
    // What a controller really made is judged at its owner.
    let value = crate::support::parse(&replicas);
    let subject = crate::support::subject(&value);
    let made = portcullis::engine::Subject { owner_seen: true, ..subject.clone() };
    assert_eq!(found(&beside(&deployment).judge_subject(&engine, &made)), NOTHING);
    // Who only says so is judged as everybody.
    assert_eq!(found(&beside(&deployment).judge_subject(&engine, &subject)).len(), 1);
    let other = workload("StatefulSet", "s", "");
    assert_eq!(found(&beside(&deployment).judge(&engine, &other)).len(), 1);
}

#[test]
fn without_the_other_objects_a_rule_about_them_can_not_judge() {
    let report = judge(&engine("unique", "{field: 'spec.hosts[*]'}"), &ingress("a", "mid", "x"));
    assert_eq!(outcomes(&report), ["unique: skip: the other objects not known"]);
    let report = judge(
        &engine("unique", "{field: 'spec.hosts[*]', within: object}"),
        &ingress("a", "mid", "x"),
    );
    assert_eq!(outcomes(&report), ["1 passed"]);
    let reference = engine("reference-exists", "{field: spec.a, kind: v1/ConfigMap}");
    assert_eq!(
        outcomes(&judge(&reference, &widget("{a: x}"))),
        ["reference-exists: skip: the other objects not known"]
    );
    assert_eq!(outcomes(&judge(&reference, &widget("{}"))), ["1 passed"]);
}

const SETTINGS: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: mid}}";

#[test]
fn what_is_named_must_exist_beside_the_object() {
    let ask = |params: &str, spec: &str, objects: &str| {
        let world = World { complete: true, ..beside(objects) };
        found(&world.judge(&engine("reference-exists", params), &widget(spec)))
    };
    let config = "{field: spec.a, kind: v1/ConfigMap}";
    let missing = "/spec/a: field `spec.a` names ConfigMap `x`, which does not exist";
    assert_eq!(ask(config, "{a: settings}", SETTINGS), NOTHING);
    assert_eq!(ask(config, "{a: x}", SETTINGS), [missing]);
    assert_eq!(ask(config, "{a: x, optional: true}", SETTINGS), NOTHING);
    assert_eq!(
        ask("{field: spec.a, kind: v1/ConfigMap, except: ['x*']}", "{a: x}", SETTINGS),
        NOTHING
    );
    // In another namespace, or of another kind, it is another object.
    let elsewhere = SETTINGS.replace("mid", "low");
    assert_eq!(ask(config, "{a: settings}", &elsewhere).len(), 1);
    assert_eq!(ask("{field: spec.a, kind: v1/Secret}", "{a: settings}", SETTINGS).len(), 1);
    assert_eq!(
        ask("{field: spec.a, kind: v1/ConfigMap, namespace: low}", "{a: settings}", &elsewhere),
        NOTHING
    );
    // A manifest without a namespace gets one when it is applied; a cluster's object has none.
    assert_eq!(ask(config, "{a: settings}", &SETTINGS.replace(", namespace: mid", "")), NOTHING);
    let class = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}}";
    assert_eq!(
        ask("{field: spec.a, kind: storage.k8s.io/v1/StorageClass}", "{a: fast}", class),
        NOTHING
    );
    let going = SETTINGS
        .replace("name: settings", "name: settings, deletionTimestamp: '2026-01-01T00:00:00Z'");
    assert_eq!(ask(config, "{a: settings}", &going).len(), 1);
}

#[test]
fn a_name_may_stand_in_another_field() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: mid}, spec: {ports: [{name: http, port: 80}]}}";
    let engine = engine(
        "reference-exists",
        "{field: spec.a, kind: v1/Service, nameField: 'spec.ports[*].name'}",
    );
    let world = World { complete: true, ..beside(service) };
    assert_eq!(found(&world.judge(&engine, &widget("{a: http}"))), NOTHING);
    assert_eq!(found(&world.judge(&engine, &widget("{a: s}"))).len(), 1);
}

#[test]
fn what_may_come_later_is_at_most_a_warning() {
    let engine = engine("reference-exists", "{field: spec.a, kind: v1/ConfigMap}");
    let incomplete = beside(SETTINGS).judge(&engine, &widget("{a: x}"));
    assert_eq!(
        found(&incomplete),
        [
            "/spec/a: field `spec.a` names ConfigMap `x`, which is not among the objects that are known"
        ]
    );
    assert!(allowed(&incomplete));
    let complete = World { complete: true, ..beside(SETTINGS) }.judge(&engine, &widget("{a: x}"));
    assert!(!allowed(&complete));
}

#[test]
fn beside_a_subject_of_no_known_namespace_may_be_any_object() {
    let engine = engine("reference-exists", "{field: spec.a, kind: v1/ConfigMap}");
    let lost = widget("{a: settings}").replace(", namespace: mid", "");
    let world = World { complete: true, ..beside(SETTINGS) };
    assert_eq!(found(&world.judge(&engine, &lost)), NOTHING);
    assert_eq!(found(&world.judge(&engine, &lost.replace("a: settings", "a: x"))).len(), 1);
}

#[test]
fn a_kind_that_is_no_kind_is_refused() {
    assert_eq!(
        refused("reference-exists", "{field: spec.a, kind: tango/DeviceServer}"),
        "/rules/0/params/kind: parameter `kind` is misspelt: kind `tango/DeviceServer` names a group without a version"
    );
    assert_eq!(
        refused("reference-exists", "{field: spec.a, kind: v1/*}"),
        "/rules/0/params/kind: parameter `kind` must name one kind"
    );
}
