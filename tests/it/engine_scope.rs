//! Which subjects an entry is about.

use portcullis::engine::{
    Budget, Engine, Facts, Identity, Operation, PolicySet, Status, Subject, User,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::support::{World, compile, judge, on, outcomes, parse, policy, set, settings, subject};

/// The engine of one policy with this scope, whose rule finds something in every object.
fn engine(scope: &str) -> Engine {
    compile(&set_with(scope))
}

fn set_with(scope: &str) -> PolicySet {
    set(&[("test", &format!("{{scope: {scope}, rules: [{RULE}]}}"))])
}

const RULE: &str = "{rule: field-required, params: {field: spec.never}}";

/// How the only entry of the engine ends: `fail`, `skip: …`, or nothing if it is not about it.
fn ends(engine: &Engine, subject: &Subject<'_>, facts: &Facts<'_>) -> String {
    let report = engine.evaluate(subject, facts, Budget::default());
    outcomes(&report).join(";").replace("field-required: ", "")
}

fn object(api_version: &str, kind: &str, namespace: &str) -> String {
    let namespace = match namespace {
        "" => String::new(),
        namespace => format!("\n  namespace: {namespace}"),
    };
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: a{namespace}\nspec: {{}}")
}

#[test]
fn kinds_are_meant_with_wildcards_and_by_what_they_hold() {
    let kinds = [
        ("v1", "Pod"),
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        ("tango.tango-controls.org/v1", "DeviceServer"),
        ("tango.tango-controls.org/v2", "DeviceServer"),
    ];
    for (pattern, expected) in [
        ("pods", ["fail", "", "fail", "", ""]),
        ("Service", ["", "fail", "", "", ""]),
        ("v1/Service", ["", "fail", "", "", ""]),
        ("v1/*", ["fail", "fail", "", "", ""]),
        ("apps/v1/Deployment", ["", "", "fail", "", ""]),
        ("apps/*/*", ["", "", "fail", "", ""]),
        ("'*/*/DeviceServer'", ["", "", "", "fail", "fail"]),
        ("'*'", ["fail"; 5]),
        (
            "tango.tango-controls.org/v1/DeviceServer",
            ["", "", "", "fail", "skip: it names another version of the kind than `v2`"],
        ),
        ("artefacts", [""; 5]),
    ] {
        let engine = engine(&format!("{{kinds: [{pattern}]}}"));
        for ((api_version, kind), expected) in kinds.iter().zip(expected) {
            let found = judge(&engine, &object(api_version, kind, "mid"));
            let found = outcomes(&found).join(";").replace("field-required: ", "");
            assert_eq!(found, expected, "{pattern} on {api_version} {kind}");
        }
    }
}

#[test]
fn what_the_cluster_runs_on_is_meant_only_by_its_name() {
    for (api_version, kind) in [
        ("policy/v1", "Eviction"),
        ("v1", "Binding"),
        ("autoscaling/v1", "Scale"),
        ("authentication.k8s.io/v1", "TokenRequest"),
        ("authorization.k8s.io/v1", "SubjectAccessReview"),
        ("coordination.k8s.io/v1", "Lease"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
        ("v1", "Event"),
    ] {
        let text = object(api_version, kind, "mid");
        let judged =
            |kinds: &str| judge(&engine(&format!("{{kinds: ['{kinds}']}}")), &text).outcomes.len();
        for kinds in ["*", "*/*/*", "v1/*", "policy/*/*", "coordination.k8s.io/v1/*"] {
            assert_eq!(judged(kinds), 0, "{kinds} on {kind}");
        }
        assert_eq!((judged(kind), judged(&format!("*/*/{kind}"))), (1, 1), "{kind}");
    }
}

#[test]
fn artefacts_are_meant_by_their_format_and_repository() {
    let docker = "{format: docker, repository: docker-internal, name: ska-a, version: 1.0.0}";
    for (scope, expected) in [
        ("{kinds: [artefacts]}", "fail"),
        ("{kinds: [artefacts/docker]}", "fail"),
        ("{kinds: [artefacts/helm]}", ""),
        ("{kinds: [pods]}", ""),
        ("{kinds: [artefacts], repositories: ['*-internal']}", "fail"),
        ("{kinds: [artefacts], repositories: ['*-quarantine']}", ""),
    ] {
        let value = parse(docker);
        assert_eq!(ends(&engine(scope), &subject(&value), &Facts::default()), expected, "{scope}");
    }
}

#[test]
fn what_is_deleted_or_connected_to_is_judged_only_if_an_entry_says_so() {
    let text = object("v1", "Pod", "mid");
    let value = parse(&text);
    let all = [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect];
    for (scope, expected) in [
        ("{}", ["fail", "fail", "", ""]),
        ("{operations: [DELETE]}", ["", "", "fail", ""]),
        ("{operations: [CREATE, CONNECT]}", ["fail", "", "", "fail"]),
    ] {
        let engine = engine(scope);
        for (operation, expected) in all.into_iter().zip(expected) {
            let subject = on(operation, subject(&value));
            assert_eq!(ends(&engine, &subject, &Facts::default()), expected, "{scope}");
        }
    }
}

#[test]
fn every_scope_from_the_settings_down_narrows_the_next() {
    let scoped = |defaults: &str, policy_scope: &str, entry_scope: &str| {
        let rules = format!(
            "{{scope: {policy_scope}, rules: [{{rule: field-required, params: {{field: spec.never}}, scope: {entry_scope}}}]}}"
        );
        let settings = settings(&format!("defaults: {defaults}"));
        compile(&PolicySet { settings, policies: vec![policy("test", &rules)], waivers: vec![] })
    };
    let cases = [
        ("{}", "{namespaces: [mid-*]}", "{namespaces: ['*-tmc']}", ["", "", "fail"]),
        ("{namespaces: [low-*]}", "{namespaces: [mid-*]}", "{}", ["", "", ""]),
        ("{excludeNamespaces: [mid-csp]}", "{namespaces: [mid-*]}", "{}", ["", "", "fail"]),
        ("{}", "{kinds: [v1/*]}", "{kinds: [Pod]}", ["fail", "fail", "fail"]),
        ("{kinds: [Service]}", "{}", "{kinds: [Pod]}", ["", "", ""]),
    ];
    for (defaults, policy_scope, entry_scope, expected) in cases {
        let engine = scoped(defaults, policy_scope, entry_scope);
        for (namespace, expected) in ["low-tmc", "mid-csp", "mid-tmc"].into_iter().zip(expected) {
            let text = object("v1", "Pod", namespace);
            let value = parse(&text);
            let found = ends(&engine, &subject(&value), &Facts::default());
            assert_eq!(found, expected, "{defaults} {policy_scope} {entry_scope} in {namespace}");
        }
    }
}

#[test]
fn a_fact_that_nobody_knows_ends_a_rule_as_skip_and_is_named() {
    let pod = object("v1", "Pod", "");
    let in_mid = object("v1", "Pod", "mid");
    for (scope, text, expected) in [
        ("{namespaces: [mid]}", &pod, "skip: namespace not known"),
        // Most namespaces are not excluded.
        ("{excludeNamespaces: [mid]}", &pod, "fail"),
        ("{namespaceSelector: {matchLabels: {a: b}}}", &pod, "skip: namespace not known"),
        ("{namespaceSelector: {matchLabels: {a: b}}}", &in_mid, "skip: namespace labels not known"),
        ("{users: [alice]}", &in_mid, "skip: user not known"),
        ("{groups: [ops]}", &in_mid, "skip: user not known"),
        ("{excludeUsers: [alice]}", &in_mid, "skip: user not known"),
        ("{tiers: [prod]}", &pod, "skip: tier not known"),
        // What is known excludes the subject, whatever the rest.
        ("{users: [alice], namespaces: [low]}", &in_mid, ""),
        ("{namespaces: [low], users: [alice]}", &in_mid, ""),
    ] {
        let value = parse(text);
        assert_eq!(ends(&engine(scope), &subject(&value), &Facts::default()), expected, "{scope}");
    }
}

#[test]
fn a_namespace_selector_reads_labels_but_the_name_is_the_namespaces_own() {
    let world = World {
        namespaces: Some(
            [(
                "mid".to_owned(),
                [
                    ("team".to_owned(), "karoo".to_owned()),
                    ("kubernetes.io/metadata.name".to_owned(), "low".to_owned()),
                ]
                .into(),
            )]
            .into(),
        ),
        ..World::default()
    };
    for (labels, expected) in [
        ("team: karoo", "fail"),
        ("team: perth", ""),
        ("kubernetes.io/metadata.name: mid", "fail"),
        ("kubernetes.io/metadata.name: low", ""),
    ] {
        let engine = engine(&format!("{{namespaceSelector: {{matchLabels: {{{labels}}}}}}}"));
        let report = world.judge(&engine, &object("v1", "Pod", "mid"));
        assert_eq!(
            outcomes(&report).join(";").replace("field-required: ", ""),
            expected,
            "{labels}"
        );
    }
}

#[test]
fn the_labels_of_a_namespace_itself_are_its_own() {
    let spec =
        |scope: &str| format!("{{scope: {{kinds: [v1/Namespace], {scope}}}, rules: [{RULE}]}}");
    let selected = spec("namespaceSelector: {matchLabels: {team: karoo}}");
    let mut set = set(&[("selected", &selected), ("tiered", &spec("tiers: [prod]"))]);
    set.settings = settings("tiers: [{tier: prod, labels: {team: [karoo]}}]");
    let engine = compile(&set);
    // What is known of it is how it was.
    let before =
        Some([("mid".to_owned(), [("team".to_owned(), "karoo".to_owned())].into())].into());
    let namespace = |labels: &str| {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: mid, labels: {labels}}}, spec: {{}}}}"
        )
    };
    for namespaces in [None, before] {
        let world = World { namespaces, ..World::default() };
        assert_eq!(outcomes(&world.judge(&engine, &namespace("{team: karoo}"))).len(), 2);
        assert_eq!(outcomes(&world.judge(&engine, &namespace("{team: perth}"))), [""; 0]);
    }
}

#[test]
fn users_are_meant_by_name_and_by_group() {
    let text = object("v1", "Pod", "mid");
    let value = parse(&text);
    let user = User { name: "alice".to_owned(), groups: vec!["dev".to_owned(), "ops".to_owned()] };
    let subject = Subject { user: Some(user.into()), ..subject(&value) };
    for (scope, expected) in [
        ("{users: [ali*]}", "fail"),
        ("{users: [bob]}", ""),
        ("{excludeUsers: [alice]}", ""),
        ("{groups: [ops]}", "fail"),
        ("{groups: [admins]}", ""),
        ("{users: [alice], groups: [admins]}", ""),
    ] {
        assert_eq!(ends(&engine(scope), &subject, &Facts::default()), expected, "{scope}");
    }
}

#[test]
fn a_tier_comes_from_names_then_labels_of_the_namespace() {
    let mut set = set_with("{tiers: [prod]}");
    set.settings = settings(
        "tiers: [{tier: dev, namespaces: ['dev-*']}, {tier: prod, labels: {env: [prod, production]}}]",
    );
    let engine = compile(&set);
    let labelled = |labels: &[(&str, &str)]| {
        let owned = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Some([("mid".to_owned(), owned.collect())].into())
    };
    let world = |namespaces, tier: Option<&str>| World {
        namespaces,
        tier: tier.map(str::to_owned),
        ..World::default()
    };
    for (namespace, world, expected) in [
        ("mid", world(labelled(&[("env", "production")]), None), "fail"),
        ("mid", world(labelled(&[("env", "dev")]), None), ""),
        ("mid", world(labelled(&[]), None), ""),
        ("mid", world(None, None), "skip: namespace labels not known"),
        ("mid", world(None, Some("prod")), "fail"),
        ("mid", world(labelled(&[("env", "prod")]), Some("dev")), ""),
        // The name says enough.
        ("dev-1", world(None, None), ""),
    ] {
        let report = world.judge(&engine, &object("v1", "Pod", namespace));
        let found = outcomes(&report).join(";").replace("field-required: ", "");
        assert_eq!(found, expected, "{namespace} {:?} {:?}", world.namespaces, world.tier);
    }
}

#[test]
fn in_kube_system_and_our_own_namespace_only_named_custom_kinds_are_judged() {
    let mut set = set(&[
        ("all", &format!("{{rules: [{RULE}]}}")),
        (
            "named",
            &format!("{{scope: {{kinds: [NetworkAttachmentDefinition, Pod]}}, rules: [{RULE}]}}"),
        ),
    ]);
    set.settings = settings("ownNamespace: portcullis");
    let engine = compile(&set);
    let judged = |api_version: &str, kind: &str, namespace: &str| {
        let report = judge(&engine, &object(api_version, kind, namespace));
        report.outcomes.iter().map(|it| it.policy.to_string()).collect::<Vec<_>>().join(" ")
    };
    for namespace in ["kube-system", "portcullis"] {
        assert_eq!(judged("v1", "Pod", namespace), "", "{namespace}");
        assert_eq!(judged("apps/v1", "Deployment", namespace), "");
        assert_eq!(judged("example.org/v1", "Widget", namespace), "");
        let definition = ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition");
        assert_eq!(judged(definition.0, definition.1, namespace), "named");
    }
    assert_eq!(judged("v1", "Pod", "kube-system-2"), "all named");
    let namespace =
        judge(&engine, "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}");
    assert_eq!(outcomes(&namespace), [""; 0]);
}

/// A scope of few words, and what it means, told in the plainest way.
#[derive(Clone, Debug)]
struct Plain {
    kinds: Vec<&'static str>,
    operations: Vec<Operation>,
    namespaces: Vec<&'static str>,
    excluded: Vec<&'static str>,
}

impl Plain {
    fn written(&self) -> String {
        let operations: Vec<_> =
            self.operations.iter().map(|it| format!("{it:?}").to_uppercase()).collect();
        format!(
            "{{kinds: {:?}, operations: {:?}, namespaces: {:?}, excludeNamespaces: {:?}}}",
            self.kinds, operations, self.namespaces, self.excluded,
        )
    }

    fn means(&self, identity: &Identity, operation: Operation) -> bool {
        let kind = |it: &&str| match *it {
            "*" => true,
            "pods" => identity.kind == "Pod" || identity.kind == "Deployment",
            "apps/*/*" => identity.group == "apps",
            "v1/*" => identity.group.is_empty(),
            name => name.rsplit('/').next() == Some(&identity.kind),
        };
        let namespace = identity.namespace.as_deref().unwrap_or_default();
        let named = |globs: &[&str]| {
            globs.iter().any(|glob| match glob.strip_suffix('*') {
                Some(prefix) => namespace.starts_with(prefix),
                None => namespace == *glob,
            })
        };
        (self.kinds.is_empty() || self.kinds.iter().any(kind))
            && (if self.operations.is_empty() {
                matches!(operation, Operation::Create | Operation::Update)
            } else {
                self.operations.contains(&operation)
            })
            && (self.namespaces.is_empty() || named(&self.namespaces))
            && !named(&self.excluded)
    }
}

const OPERATIONS: [Operation; 4] =
    [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect];
const NAMESPACES: [&str; 4] = ["mid-tmc", "mid-csp", "low-tmc", "default"];

fn plain() -> impl Strategy<Value = Plain> {
    let kinds = vec!["*", "pods", "apps/*/*", "v1/*", "Pod", "v1/Service", "apps/v1/Deployment"];
    let globs = || subsequence(vec!["mid-*", "low-tmc", "d*", "mid-tmc"], 0..=2);
    let operations = subsequence(OPERATIONS.to_vec(), 0..=4);
    (subsequence(kinds, 0..=3), operations, globs(), globs()).prop_map(
        |(kinds, operations, namespaces, excluded)| Plain {
            kinds,
            operations,
            namespaces,
            excluded,
        },
    )
}

proptest! {
    #[test]
    fn a_scope_means_what_it_plainly_says(
        outer in plain(),
        inner in plain(),
        operation in select(OPERATIONS.to_vec()),
        namespace in select(NAMESPACES.to_vec()),
        (api_version, kind) in select(vec![
            ("v1", "Pod"), ("v1", "Service"), ("apps/v1", "Deployment"), ("example.org/v1", "Widget"),
        ]),
    ) {
        let spec = format!(
            "{{scope: {}, rules: [{{rule: field-required, params: {{field: spec.never}}, scope: {}}}]}}",
            outer.written(), inner.written(),
        );
        let engine = compile(&set(&[("test", &spec)]));
        let text = object(api_version, kind, namespace);
        let value = parse(&text);
        let subject = on(operation, subject(&value));
        let report = engine.evaluate(&subject, &Facts::default(), Budget::default());
        let implied = Plain {
            // Neither says anything of operations: both then mean what is created and updated.
            operations: if outer.operations.is_empty() { inner.operations.clone() } else { outer.operations.clone() },
            ..outer.clone()
        };
        let inner = Plain {
            operations: if inner.operations.is_empty() { implied.operations.clone() } else { inner.operations.clone() },
            ..inner
        };
        let expected = implied.means(&subject.identity, operation) && inner.means(&subject.identity, operation);
        let judged = report.outcomes.iter().any(|it| it.status == Status::Fail);
        prop_assert_eq!(judged, expected);
        if judged {
            prop_assert!(engine.may_judge(kind));
        }
    }
}
