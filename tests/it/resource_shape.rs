//! What nodes read in objects of Kubernetes and TANGO.

use portcullis::document::{Path, Value, yaml};
use portcullis::engine::{Budget, FieldStep, Identity, Node, Placement, Schema, Walk};
use portcullis::resource::KUBERNETES;

fn with_root(object: &str, check: impl FnOnce(Node<'_>)) {
    let object = yaml::read(object).next().unwrap().unwrap().value;
    let identity = Identity::of_object(&object).unwrap();
    let walk = Walk::new(&KUBERNETES, &identity, &object, Budget::default());
    check(walk.root());
}

/// The text at a JSON Pointer.
fn text_at(object: &str, pointer: &str) -> Option<String> {
    let mut found = None;
    let path = Path::parse(pointer).unwrap();
    with_root(object, |root| found = node_at(root, &path).scalar().map(Into::into));
    found
}

fn node_at<'s>(root: Node<'s>, path: &Path) -> Node<'s> {
    path.steps.iter().fold(root, |node, step| match step {
        portcullis::document::Step::Key(key) => node.get(String::leak(key.to_string())),
        portcullis::document::Step::Index(index) => node.items().nth(*index as usize).unwrap(),
    })
}

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [\
    {name: a, image: 'b:1', \
     env: [{name: A_TOKEN, value: canary}, {name: TANGO_HOST, value: 'databaseds:10000'}, \
           {name: A_URL, value: 'amqp://u:canary@h'}], \
     command: [run, --token, canary], args: [-a, --host=db, --password=canary], \
     livenessProbe: {httpGet: {httpHeaders: [{name: Authorization, value: canary}]}}}]}}";

#[test]
fn defaults_stand_inside_of_defaults() {
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {}}";
    for (pointer, expected) in [
        ("/spec/replicas", Some("1")),
        ("/spec/strategy/type", Some("RollingUpdate")),
        ("/spec/strategy/rollingUpdate/maxSurge", Some("25%")),
        ("/spec/paused", None),
        // What holds them is not there, and nobody puts it there.
        ("/spec/template/spec/dnsPolicy", None),
    ] {
        assert_eq!(text_at(deployment, pointer).as_deref(), expected, "{pointer}");
    }
    assert_eq!(text_at(POD, "/spec/serviceAccountName").as_deref(), Some("default"));
    assert_eq!(text_at(POD, "/spec/containers/0/imagePullPolicy").as_deref(), Some("IfNotPresent"));
}

#[test]
fn paths_go_on_inside_documents() {
    let server = r#"{apiVersion: tango.tango-controls.org/v1, kind: DeviceServer,
        metadata: {name: a}, spec: {config: '{"servers": {"S": {"i": {}}}}'}}"#;
    with_root(server, |root| {
        let instance = root.at(&["spec", "config", "servers", "S", "i"]);
        assert!(instance.exists() && instance.is_inside());
        assert_eq!(instance.path().to_string(), "/spec/config/servers/S/i");
    });
    let map = |file: &str, text: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{{file}: '{text}'}}}}"
        )
    };
    for (file, text, holds, broken) in [
        ("a.json", r#"{"a": 1}"#, true, false),
        ("a.yaml", "a: 1", true, false),
        ("a.yml", "[1", false, true),
        ("a.json", "{", false, true),
        ("a.txt", r#"{"a": 1}"#, false, false),
        ("json", r#"{"a": 1}"#, false, false),
    ] {
        with_root(&map(file, text), |root| {
            let file = root.get("data").get(String::leak(file.to_owned()));
            assert_eq!((file.holds_document(), file.broken().is_some()), (holds, broken), "{text}");
        });
    }
}

#[test]
fn secrets_are_not_shown() {
    let config_map =
        |data: &str| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, {data}}}");
    let custom = |spec: &str| {
        format!("{{apiVersion: a.b/v1, kind: Custom, metadata: {{name: a}}, spec: {spec}}}")
    };
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: a, labels: {b: canary}, \
        annotations: {b: canary}}, data: {k: canary}, type: Opaque}";
    let json = |text: &str| config_map(&format!("data: {{a.json: '{text}'}}"));
    for (object, pointer) in [
        (POD, "/spec/containers/0/env/0/value"),
        (POD, "/spec/containers/0/env/2/value"),
        (POD, "/spec/containers/0/command/2"),
        (POD, "/spec/containers/0/args/2"),
        (POD, "/spec/containers/0/livenessProbe/httpGet/httpHeaders/0/value"),
        (secret, "/data/k"),
        (secret, "/metadata/labels/b"),
        (secret, "/metadata/annotations/b"),
        (&config_map("data: {password: canary}"), "/data/password"),
        (&config_map("data: {run.sh: 'x --password=canary'}"), "/data/run.sh"),
        (&config_map("binaryData: {k: canary}"), "/binaryData/k"),
        (&json(r#"{"token": ["canary"]}"#), "/data/a.json"),
        (&json(r#"{"token": ["canary"]}"#), "/data/a.json/token/0"),
        (&json(r#"{"credentials": {"user": "canary"}}"#), "/data/a.json/credentials/user"),
        (&json(r#"[{"name": "PASSWORD", "value": "canary"}]"#), "/data/a.json/0/value"),
        (&json(r#"{"kind": "Secret", "data": {"a": "canary"}}"#), "/data/a.json/data/a"),
        (&config_map("data: {token.json: '{\"a\": \"canary\"}'}"), "/data/token.json/a"),
        (&custom("{url: 'http://u:canary@h/'}"), "/spec/url"),
        (&custom("{password: canary}"), "/spec/password"),
        (&custom("{pod: {env: [{name: PASSWORD, value: canary}]}}"), "/spec/pod/env/0/value"),
        (&custom("{x: kJ8s2Lq0Zx9Tn4Vb7Wc1}"), "/spec/x"),
    ] {
        with_root(object, |root| {
            let node = node_at(root, &Path::parse(pointer).unwrap());
            assert!(node.exists(), "{pointer}");
            assert_eq!(node.shown(), "`•••`", "{pointer}");
        });
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    let config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {level: debug, \
        a.json: '{\"servers\": {\"S\": {\"one\": {\"C\": {\"a/b/c\": {\"properties\": \
        {\"Address\": [\"10.1.2.3\"]}}}}}}}'}}";
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: b}, type: Opaque}";
    for (object, pointer, expected) in [
        (POD, "/spec/containers/0/image", "`b:1`"),
        (POD, "/spec/containers/0/name", "`a`"),
        (POD, "/spec/containers/0/env/0/name", "`A_TOKEN`"),
        (POD, "/spec/containers/0/env/1/value", "`databaseds:10000`"),
        (POD, "/spec/containers/0/command/0", "`run`"),
        (POD, "/spec/containers/0/args/1", "`--host=db`"),
        (config, "/data/level", "`debug`"),
        (config, "/data/a.json/servers/S/one/C/a~1b~1c/properties/Address/0", "`10.1.2.3`"),
        (secret, "/metadata/name", "`a`"),
        (secret, "/metadata/namespace", "`b`"),
        (secret, "/type", "`Opaque`"),
        (secret, "/kind", "`Secret`"),
    ] {
        with_root(object, |root| {
            assert_eq!(node_at(root, &Path::parse(pointer).unwrap()).shown(), expected);
        });
    }
}

#[test]
fn what_the_api_server_fills_can_not_be_asked_for() {
    use FieldStep::{Each, Key};
    let why = |group: &str, kind: &str, field: &[FieldStep<'_>]| {
        KUBERNETES.always_filled(group, kind, field)
    };
    let container = [Key("spec"), Key("containers"), Each];
    let in_container = |key| [container.as_slice(), &[Key(key)]].concat();
    assert_eq!(
        why("", "Pod", &in_container("imagePullPolicy")).as_deref(),
        Some("where it is absent, it is filled by the API server's defaults")
    );
    assert_eq!(
        why("apps", "Deployment", &[Key("metadata"), Key("uid")]).as_deref(),
        Some("where it is absent, it is filled by the API server when it creates the object")
    );
    assert_eq!(
        why("", "Pod", &[Key("spec"), Key("serviceAccountName")]).as_deref(),
        Some(
            "where it is absent, it is filled by the API server's ServiceAccount admission plugin"
        )
    );
    for key in ["image", "livenessProbe", "securityContext", "tty", "unknown"] {
        assert_eq!(why("", "Pod", &in_container(key)), None, "{key}");
    }
    let label = |key| [Key("metadata"), Key("labels"), Key(key)];
    assert_eq!(why("apps", "Deployment", &label("app")), None);
    assert_eq!(why("a.b", "Custom", &[Key("spec"), Key("replicas")]), None);
    assert_eq!(
        why("tango.tango-controls.org", "DeviceServer", &[Key("spec"), Key("imagePullPolicy")]),
        None
    );
}

#[test]
fn a_kind_says_where_its_objects_live() {
    let place = |head: &str, metadata: &str| {
        let object = format!("{{{head}, metadata: {{{metadata}}}}}");
        let object = yaml::read(&object).next().unwrap().unwrap().value;
        let identity = Identity::of_object(&object).unwrap();
        format!("{:?}", KUBERNETES.place(&identity))
    };
    let cases = [
        ("apiVersion: v1, kind: Pod", "name: a, namespace: b", "Namespace(\"b\")"),
        ("apiVersion: v1, kind: Pod", "name: a", "Unknown"),
        ("apiVersion: v1, kind: Namespace", "name: a", "Namespace(\"a\")"),
        ("apiVersion: v1, kind: Namespace", "generateName: a", "Cluster"),
        ("apiVersion: storage.k8s.io/v1, kind: StorageClass", "name: a, namespace: b", "Cluster"),
        ("apiVersion: a.b/v1, kind: Custom", "name: a", "Unknown"),
        ("apiVersion: a.b/v1, kind: ClusterThing", "name: a", "Cluster"),
        ("apiVersion: a.b/v1, kind: ClusterThing", "name: a, namespace: b", "Namespace(\"b\")"),
    ];
    for (head, metadata, expected) in cases {
        assert_eq!(place(head, metadata), expected, "{head} {metadata}");
    }
    let artefact = Identity { format: Some("docker".into()), ..Identity::default() };
    assert_eq!(KUBERNETES.place(&artefact), Placement::Cluster);
}

#[test]
fn pods_are_found_in_every_kind_that_makes_them() {
    let template: &[&str] = &["spec", "template"];
    let cases = [
        ("", "Pod", &[][..]),
        ("", "PodTemplate", &["template"]),
        ("", "ReplicationController", template),
        ("apps", "DaemonSet", template),
        ("apps", "Deployment", template),
        ("apps", "ReplicaSet", template),
        ("apps", "StatefulSet", template),
        ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
        ("batch", "Job", template),
    ];
    let kinds: Vec<_> = cases.iter().map(|(group, kind, _)| (*group, *kind)).collect();
    assert_eq!(KUBERNETES.pod_kinds(), kinds);
    for (group, kind, path) in cases {
        assert_eq!(KUBERNETES.pod_template(group, kind), Some(path), "{kind}");
    }
    assert_eq!(KUBERNETES.pod_template("a.b", "Deployment"), None);
    assert!(KUBERNETES.built_in("apps") && KUBERNETES.built_in("storage.k8s.io"));
    assert!(
        !KUBERNETES.built_in("k8s.cni.cncf.io")
            && !KUBERNETES.built_in("gateway.networking.k8s.io")
    );
}

#[test]
fn items_are_named_by_their_merge_key() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, \
        ports: [{containerPort: 80}], volumeMounts: [{name: v, mountPath: /v}], args: [a]}]}}";
    with_root(pod, |root| {
        let containers = root.get("spec").get("containers");
        assert_eq!(KUBERNETES.item_key(containers.shape()), Some("name"));
        let container = containers.items().next().unwrap();
        assert_eq!(KUBERNETES.item_key(container.get("ports").shape()), Some("containerPort"));
        assert_eq!(KUBERNETES.item_key(container.get("volumeMounts").shape()), Some("mountPath"));
        assert_eq!(KUBERNETES.item_key(container.get("args").shape()), None);
    });
}

#[test]
fn what_plugins_add_is_no_item() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {tolerations: [\
        {key: mine}, {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}, \
        {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}], \
        volumes: [{name: kube-api-access-x, emptyDir: {}}, \
        {name: kube-api-access-y, projected: {sources: [{serviceAccountToken: {path: token}}]}}]}}";
    with_root(pod, |root| {
        let names = |list: Node<'_>, key| {
            list.items().map(|it| it.get(key).scalar().unwrap().into_owned()).collect::<Vec<_>>()
        };
        let spec = root.get("spec");
        assert_eq!(
            names(spec.get("tolerations"), "key"),
            ["mine", "node.kubernetes.io/unreachable"]
        );
        assert_eq!(names(spec.get("volumes"), "name"), ["kube-api-access-x"]);
        assert_eq!(spec.get("volumes").value().and_then(Value::as_list).unwrap().len(), 2);
    });
}
