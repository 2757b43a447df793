//! The rules with a meaning of their own, beyond what their pages show.

use portcullis::engine::Rule;
use portcullis::manifest::Manifest;
use portcullis::rules;

use crate::rule_docs::pods_of_pages;
use crate::support::{World, beside, engine, find, found, judge, outcomes};

const NOTHING: [&str; 0] = [];

fn pod(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}")
}

fn device_server(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer, \
         metadata: {{name: {name}, namespace: mid}}, spec: {spec}}}"
    )
}

fn messages(rule: &str, params: &str, text: &str) -> Vec<String> {
    let message = |it: String| it.split_once(": ").unwrap().1.to_owned();
    find(rule, params, text).into_iter().map(message).collect()
}

/// A pod alone and inside each kind that holds one, with the way to its template.
pub(crate) fn holders(pod: &str) -> Vec<(&'static str, &'static str, String)> {
    let object = |api_version, kind, rest| {
        format!("{{\"apiVersion\": \"{api_version}\", \"kind\": \"{kind}\", {rest}}}")
    };
    let holder = |api_version, kind, spec: String| {
        object(api_version, kind, format!("\"metadata\": {{\"name\": \"p\"}}, \"spec\": {spec}"))
    };
    let mut holders = vec![("Pod", "", object("v1", "Pod", pod.to_owned()))];
    for (api_version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "ReplicationController"),
        ("batch/v1", "Job"),
    ] {
        let spec = format!("{{\"template\": {{{pod}}}}}");
        holders.push((kind, "/spec/template", holder(api_version, kind, spec)));
    }
    let spec = format!("{{\"jobTemplate\": {{\"spec\": {{\"template\": {{{pod}}}}}}}}}");
    holders.push((
        "CronJob",
        "/spec/jobTemplate/spec/template",
        holder("batch/v1", "CronJob", spec),
    ));
    holders
}

#[test]
fn a_rule_about_pods_finds_the_same_in_every_kind_that_holds_one() {
    let about_pods = |rule: &&&Rule| rule.kinds.contains(&"pods");
    let mut compared = 0;
    for rule in rules::ALL.iter().filter(about_pods) {
        for (params, world, pod) in pods_of_pages(rule) {
            let engine = engine(rule.id, &params);
            let mut alone = Vec::new();
            for (kind, prefix, text) in holders(&pod) {
                if kind == "Pod" {
                    alone = found(&world.judge(&engine, &text));
                    assert!(!alone.is_empty(), "{}: nothing found in {text}", rule.id);
                }
                // Their pods end by themselves.
                if rule.id == "probe-missing" && matches!(kind, "Job" | "CronJob") {
                    continue;
                }
                let inside: Vec<String> = found(&world.judge(&engine, &text))
                    .into_iter()
                    .map(|it| it.strip_prefix(prefix).unwrap().to_owned())
                    .collect();
                assert_eq!(inside, alone, "{} in {kind}", rule.id);
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_tag_is_what_stands_behind_the_last_slash() {
    let image = |image: &str| {
        let text = pod(&format!("{{containers: [{{name: a, image: '{image}'}}]}}"));
        messages("image-tag", "{}", &text).pop().unwrap_or_default()
    };
    for (text, says) in [
        ("host:5000/image", "without a tag"),
        ("host:5000/image:1.0", ""),
        ("image:LATEST", "names no version"),
        (
            "image:latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "",
        ),
        ("image:main", "whose tag moves"),
        ("image:9-alpine", "only a major version"),
        ("image:jammy-20240111", ""),
        ("Image:1.0", "is not valid: repository `Image` has upper-case letters"),
    ] {
        assert!(image(text).contains(says) && image(text).is_empty() == says.is_empty(), "{text}");
    }
}

#[test]
fn only_our_own_images_are_asked_for_their_stage() {
    let text = pod("{containers: [{name: a, image: 'artefact.skao.int/ska-a:1.0.0-rc.1'}, \
         {name: b, image: 'registry.gitlab.com/ska-telescope/x/y/ska-b:1.0.0-dirty'}, \
         {name: c, image: 'quay.io/etcd:v3.3.25'}]}");
    assert_eq!(
        messages("image-tag", "{stages: [release]}", &text),
        [
            "container `a` runs image `artefact.skao.int/ska-a:1.0.0-rc.1`, which is a release candidate",
            "container `b` runs image `registry.gitlab.com/ska-telescope/x/y/ska-b:1.0.0-dirty`, which is a build from a changed tree",
        ]
    );
}

#[test]
fn an_image_with_a_password_in_it_is_not_shown() {
    let text = pod("{containers: [{name: a, image: 'https://me:hunter2@host/image'}]}");
    for rule in ["image-tag", "image-pull-policy"] {
        let found = messages(rule, "{}", &text).join("");
        assert!(!found.contains("hunter2"), "{found}");
    }
    assert_eq!(messages("image-tag", "{}", &text), ["image `•••` of container `a` is not valid"]);
}

#[test]
fn a_limit_is_a_request_and_what_the_pod_asks_for_counts() {
    let resources = |pod_level: &str, own: &str| {
        let text = format!("{{{pod_level}containers: [{{name: a, image: x, resources: {own}}}]}}");
        messages("container-resources", "{}", &pod(&text)).join("; ")
    };
    assert_eq!(resources("", "{limits: {cpu: 1, memory: 1Gi}}"), "");
    assert_eq!(resources("resources: {limits: {cpu: 1, memory: 1Gi}}, ", "{}"), "");
    assert_eq!(
        resources("", "{limits: {cpu: 0, memory: 1Gi}}"),
        "container `a` has no cpu request or cpu limit"
    );
    assert_eq!(
        resources("", "{requests: {cpu: 100mm, memory: 1Gi}, limits: {cpu: 1}}"),
        "container `a` has no memory limit"
    );
}

#[test]
fn ephemeral_containers_have_no_resources_and_sidecars_have() {
    let text =
        pod("{initContainers: [{name: i, image: x}, {name: s, image: x, restartPolicy: Always}], \
         containers: [], ephemeralContainers: [{name: e, image: x}]}");
    let found = find("container-resources", "{initContainers: false, limits: []}", &text);
    assert_eq!(
        found,
        ["/spec/initContainers/1/resources: sidecar `s` has no cpu request or memory request"]
    );
}

#[test]
fn what_ends_by_itself_needs_no_probe() {
    let probes = |spec: &str| messages("probe-missing", "{}", &pod(spec)).len();
    assert_eq!(probes("{containers: [{name: a, image: x}]}"), 1);
    assert_eq!(probes("{restartPolicy: Never, containers: [{name: a, image: x}]}"), 0);
    assert_eq!(probes("{restartPolicy: OnFailure, containers: [{name: a, image: x}]}"), 0);
    assert_eq!(
        probes("{containers: [], initContainers: [{name: s, image: x, restartPolicy: Always}]}"),
        1
    );
    assert_eq!(probes("{containers: [], initContainers: [{name: i, image: x}]}"), 0);
}

#[test]
fn a_device_is_one_in_upper_and_lower_case_in_one_database() {
    let config = |server: &str, device: &str| {
        format!(
            "{{databaseds: db, config: '{{\"servers\": {{\"{server}\": {{\"1\": {{\"C\": {{\"{device}\": {{}}}}}}}}}}}}'}}"
        )
    };
    let mine = device_server("mine", &config("Mine", "mid-a/b/1"));
    let duplicates = |other: &str| {
        let report = beside(other).judge(&engine("tango-device-duplicate", "{}"), &mine);
        (found(&report).len(), report.findings.iter().map(|it| it.related.len()).sum::<usize>())
    };
    assert_eq!(duplicates(&device_server("other", &config("Other", "MID-A/B/1"))), (1, 1));
    assert_eq!(duplicates(&device_server("other", &config("Other", "mid-a/b/2"))), (0, 0));
    // The same server and instance is one definition, copied.
    assert_eq!(duplicates(&device_server("other", &config("MINE", "mid-a/b/1"))), (0, 0));
    let elsewhere = device_server("other", &config("Other", "mid-a/b/1"));
    assert_eq!(duplicates(&elsewhere.replace("namespace: mid", "namespace: low")), (0, 0));
    assert_eq!(duplicates(&elsewhere.replace("databaseds: db", "databaseds: other")), (0, 0));
    assert_eq!(
        duplicates(&elsewhere.replace("name: other", "name: other, deletionTimestamp: x")),
        (0, 0)
    );
    let two = [
        device_server("b", &config("Other", "mid-a/b/1")),
        device_server("c", &config("Another", "mid-a/b/1")),
    ];
    assert_eq!(duplicates(&two.join("\n---\n")), (1, 2));
}

#[test]
fn what_an_object_shows_by_itself_needs_no_other_one() {
    let both =
        "{config: '{\"servers\": {\"S\": {\"1\": {\"C\": {\"a/b/c\": {}, \"A/b/c\": {}}}}}}'}";
    let report = judge(&engine("tango-device-duplicate", "{}"), &device_server("m", both));
    assert_eq!(found(&report).len(), 1);
    let one = "{config: '{\"servers\": {\"S\": {\"1\": {\"C\": {\"a/b/c\": {}}}}}}'}";
    let report = judge(&engine("tango-device-duplicate", "{}"), &device_server("m", one));
    assert_eq!(outcomes(&report), ["tango-device-duplicate: skip: the other objects not known"]);
    let alone = World { complete: true, ..World::default() };
    let report = alone.judge(&engine("tango-device-duplicate", "{}"), &device_server("m", one));
    assert_eq!(outcomes(&report), ["1 passed"]);
}

#[test]
fn a_device_that_a_template_left_empty_is_still_one() {
    let config = "{config: '{\"servers\": {\"S\": {\"1\": {\"C\": {\"a/b\": null}}}}}'}";
    assert_eq!(
        find("tango-device-name", "{}", &device_server("m", config)),
        ["/spec/config/servers/S/1/C/a~1b: device name `a/b` is not `domain/family/member`"]
    );
}

#[test]
fn a_name_that_stands_as_a_key_is_placed_at_the_key() {
    let text = "\
apiVersion: tango.tango-controls.org/v1
kind: DeviceServer
metadata:
  name: m
spec:
  dependsOn: [a/b]
  config: |
    {\"servers\": {\"S\": {\"01\": {\"C\": {
      \"a/b\":
        {\"properties\": {}}
    }}}}}
";
    let manifest = Manifest::read("m.yaml", text);
    let item = &manifest.items[0];
    let report = judge(&engine("tango-device-name", "{}"), text);
    let places: Vec<_> = report
        .findings
        .iter()
        .map(|it| manifest.place(&mut manifest.locator(), item, &it.path, it.about).0)
        .map(|it| (it.line, it.column, it.end_line, it.end_column))
        .collect();
    assert_eq!(places, [(9, 7, 9, 12), (6, 15, 6, 18)]);
}

#[test]
fn json_that_is_no_dsconfig_is_let_be() {
    let map = |json: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}, data: {{a.json: '{json}'}}}}"
        )
    };
    for json in [
        "{\"servers\": [{\"url\": \"http://x\"}]}",
        "{\"servers\": {\"a\": {\"url\": \"http://x\", \"port\": 80}}}",
        "{\"servers\": \"x\"}",
        "{\"servers\": null}",
        "[1]",
        "1",
    ] {
        for rule in ["tango-device-name", "tango-device-duplicate"] {
            assert_eq!(find(rule, "{}", &map(json)), NOTHING, "{json}");
        }
    }
}

#[test]
fn the_address_of_a_database_may_come_from_elsewhere() {
    let host = |value: &str| {
        let env = format!("[{{name: TANGO_HOST, {value}}}]");
        let text = pod(&format!("{{containers: [{{name: a, image: x, env: {env}}}]}}"));
        messages("tango-host-form", "{}", &text).join("")
    };
    for value in [
        "value: 'db:10000'",
        "value: 'db'",
        "value: 'a:10000,b:10000'",
        "value: '$(DB):10000'",
        "value: ''",
        "valueFrom: {configMapKeyRef: {name: a, key: b}}",
    ] {
        assert_eq!(host(value), "", "{value}");
    }
    assert_eq!(
        host("value: 'a:10000,10.0.0.1:10000'"),
        "`TANGO_HOST` is an IP address, which does not stay"
    );
    assert_eq!(host("value: 'db:'"), "`TANGO_HOST` is not `host:port`");
}

#[test]
fn an_instance_may_be_a_number_and_have_flags_behind_it() {
    let server = |fields: &str| {
        let config = "config: '{\"servers\": {\"Motor\": {\"1\": {}, \"2\": null}}}'";
        messages(
            "tango-server-instance",
            "{}",
            &device_server("m", &format!("{{{fields}, {config}}}")),
        )
        .join("; ")
    };
    assert_eq!(server("dsname: Motor, args: 1"), "");
    assert_eq!(server("dsname: MOTOR, args: '2 -v4'"), "");
    assert_eq!(server("dsname: Motor/1, args: '1'"), "");
    assert_eq!(server("dsname: Motor"), "");
    assert_eq!(server("args: '3'"), "");
    assert_eq!(
        server("dsname: Motor, args: '3'"),
        "instance `3` of server `Motor` is not in the configuration"
    );
    assert_eq!(server("dsname: Moter, args: '1'"), "server `Moter` is not in the configuration");
}

#[test]
fn a_generated_name_is_longer_than_it_is_written() {
    let job = |name: String| {
        let text = format!("{{apiVersion: batch/v1, kind: Job, metadata: {name}}}");
        messages("name-too-long", "{}", &text).join("")
    };
    assert_eq!(job(format!("{{name: {}}}", "a".repeat(63))), "");
    assert_eq!(job(format!("{{generateName: {}}}", "a".repeat(58))), "");
    assert_eq!(
        job(format!("{{generateName: {}}}", "a".repeat(59))),
        "name of the Job has 64 characters, more than 63"
    );
}

#[test]
fn a_label_without_a_value_is_empty_however_it_is_written() {
    let label = |value: &str, params: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: s, labels: {{domain: {value}}}}}}}"
        );
        messages("label-broken", params, &text).join("")
    };
    for empty in ["", "null", "''"] {
        assert_eq!(label(empty, "{}"), "label `domain` is empty");
        assert_eq!(label(empty, "{empty: false}"), "");
    }
    assert_eq!(label("true", "{}"), "label `domain` is a boolean, not a string");
    assert_eq!(
        label("www.EXAMPLE.com", "{}"),
        "label `domain` was never filled in: `www.EXAMPLE.com`"
    );
    assert_eq!(label(&"a".repeat(64), "{}"), "label `domain` has 64 characters, more than 63");
    assert_eq!(label("todo", "{placeholders: []}"), "");
}

#[test]
fn ranges_are_looked_for_where_address_managers_keep_them() {
    let attachment = |ipam: &str| {
        let text = format!(
            "{{apiVersion: k8s.cni.cncf.io/v1, kind: NetworkAttachmentDefinition, metadata: {{name: n, \
             labels: {{sdp.skao.int/available-for-allocation: 'true'}}}}, \
             spec: {{config: '{{\"cniVersion\": \"1.0.0\", \"type\": \"macvlan\", \"ipam\": {ipam}}}'}}}}"
        );
        messages("network-attachment-config", "{}", &text).join("; ")
    };
    for ipam in [
        "{\"type\": \"whereabouts\", \"range\": \"fd00::/64\"}",
        "{\"type\": \"whereabouts\", \"ipRanges\": [{\"range\": \"10.0.0.5-10.0.0.9/24\", \"exclude\": [\"10.0.0.8/32\"]}]}",
        "{\"type\": \"host-local\", \"ranges\": [[{\"subnet\": \"10.0.0.0/24\", \"gateway\": \"10.0.0.1\"}]]}",
    ] {
        assert_eq!(attachment(ipam), "", "{ipam}");
    }
    let none = "the configuration of an allocatable network names no network";
    assert_eq!(
        attachment("{\"type\": \"static\", \"addresses\": [{\"address\": \"10.0.0.1/24\"}]}"),
        none
    );
    assert_eq!(attachment("{\"type\": \"our-own\", \"pool\": \"x\"}"), none);
    assert_eq!(attachment("{}"), none);
    assert_eq!(
        attachment("{\"range\": \"10.0.0.0/24\"}"),
        format!("{none}; the address manager has no `type`")
    );
    assert_eq!(
        attachment("{\"type\": \"host-local\", \"subnet\": 10, \"routes\": [{\"dst\": \"x\"}]}"),
        "`dst` `x` is not a network such as `10.20.0.0/16`; \
         `subnet` `10` is not a network such as `10.20.0.0/16`"
    );
}

#[test]
fn metadata_that_contradict_each_other_are_told_once_each() {
    let metadata = |fields: &str| {
        let text = format!(
            "{{format: docker, repository: r, name: n, version: v, metadata: {{{fields}}}}}"
        );
        messages("artefact-metadata", "{keys: []}", &text)
    };
    assert_eq!(
        metadata(
            "CI_JOB_ID: '1', EXTRA: x, CI_JOB_URL: 'https://gitlab.com/ska-telescope/a/-/jobs/1'"
        ),
        NOTHING
    );
    assert_eq!(
        metadata(
            "CI_PROJECT_URL: 'https://gitlab.com/ska-telescope/a', CI_JOB_URL: 'https://gitlab.com/ska-telescope/ab/-/jobs/1'"
        ),
        [
            "`CI_JOB_URL` `https://gitlab.com/ska-telescope/ab/-/jobs/1` lies outside of `CI_PROJECT_URL`"
        ]
    );
    assert_eq!(
        metadata("CI_PROJECT_URL: 'https://gitlab.com/ska-telescope.evil/a'"),
        ["`CI_PROJECT_URL` `https://gitlab.com/ska-telescope.evil/a` is no project of SKA's"]
    );
    assert_eq!(
        metadata("CI_COMMIT_SHA: abc, CI_COMMIT_SHORT_SHA: c557b975"),
        ["`CI_COMMIT_SHA` `abc` is not a commit of 40 hexadecimal digits"]
    );
}

#[test]
fn a_secret_is_found_where_programs_take_one_and_never_shown() {
    let text = pod(
        "{containers: [{name: a, image: x, command: [curl], args: [-u, 'me:hunter2', 'http://x'], \
         env: [{name: NOTE, value: 'Authorization: Bearer hunter2hunter2'}, {name: TOKEN, value: hunter2}, \
         {name: TOKEN_TTL, value: '60'}], \
         livenessProbe: {exec: {command: [mysqladmin, ping, -phunter2]}}, \
         lifecycle: {preStop: {exec: {command: [sh, -c, 'redis-cli -a hunter2 save']}}}}]}",
    );
    let found = find("secret-literal", "{}", &text);
    let paths: Vec<&str> = found.iter().map(|it| it.split_once(": ").unwrap().0).collect();
    assert_eq!(
        paths,
        [
            "/spec/containers/0/args/1",
            "/spec/containers/0/env/0/value",
            "/spec/containers/0/env/1/value",
            "/spec/containers/0/lifecycle/preStop/exec/command/2",
            "/spec/containers/0/livenessProbe/exec/command/2",
        ]
    );
    assert!(found.iter().all(|it| !it.contains("hunter2")), "{found:?}");
    assert_eq!(find("secret-literal", "{except: [TOKEN]}", &text).len(), 4);
}
