//! Reviews that are odd, broken or very large, and what is answered when nobody could judge.

use portcullis::admission::{self, Answer as Word, Malformed, Reviewed, Stage};
use portcullis::engine::{Engine, Facts, Namespaces, Operation};
use serde_json::{Value as Json, json};

use crate::door::{Answer, at, review};
use crate::odd_rules;
use crate::support::{compile, compile_with, set, waiver};

/// Judges ConfigMaps by these rules, each an entry in flow YAML.
fn engine(rules: &str) -> Engine {
    let spec = format!("{{scope: {{kinds: [v1/ConfigMap]}}, rules: [{rules}]}}");
    compile_with(&set(&[("test", &spec)]), &odd_rules::all()).unwrap()
}

fn ask(engine: &Engine, stage: Stage, review: &str) -> Result<Reviewed, Malformed> {
    admission::review(engine, &Facts::default(), stage, review.as_bytes())
}

fn answer(reviewed: &Reviewed) -> Answer {
    Answer::read(std::str::from_utf8(&reviewed.body).unwrap())
}

fn validate(engine: &Engine, review: &Json) -> Answer {
    answer(&ask(engine, Stage::Validate, &review.to_string()).unwrap())
}

fn map(data: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "mid"}, "data": data})
}

fn created() -> Json {
    review("CREATE", &map(json!({"a": "b"})), &Json::Null)
}

#[test]
fn what_is_no_review_is_refused_with_what_is_wrong() {
    let engine = engine("{rule: odd-finds}");
    let without = |field: &str| {
        let mut review = created();
        review["request"].as_object_mut().unwrap().remove(field);
        review.to_string()
    };
    let with = |pointer: &str, value: Json| {
        let mut review = created();
        *review.pointer_mut(pointer).unwrap() = value;
        review.to_string()
    };
    for (body, problem) in [
        (String::new(), "a map must stand here at line 1 column 1"),
        ("[]".to_owned(), "a map must stand here at line 1 column 1"),
        ("{}".to_owned(), "expected admission.k8s.io/v1, got ``"),
        (
            r#"{"kind": "Pod", "apiVersion": "v1"}"#.to_owned(),
            "expected admission.k8s.io/v1, got `v1 Pod`",
        ),
        (
            with("/apiVersion", "admission.k8s.io/v1beta1".into()),
            "got `admission.k8s.io/v1beta1 AdmissionReview`",
        ),
        (
            r#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}"#.to_owned(),
            "`request` is missing",
        ),
        (without("uid"), "`request.uid` is missing"),
        (without("operation"), "`request.operation` is missing"),
        (without("kind"), "`request.kind.kind` is missing"),
        (
            with("/request/operation", "PATCH".into()),
            "CREATE, UPDATE, DELETE or CONNECT must stand",
        ),
        (with("/request/object", json!([])), "`request.object` is no map"),
        (format!("{} {{}}", created()), "text behind the end of the document"),
        (created().to_string().replacen("\"a\"", "a", 1), "a key in double quotes must stand here"),
    ] {
        let refused = ask(&engine, Stage::Validate, &body).unwrap_err().to_string();
        assert!(refused.starts_with("no AdmissionReview: "), "{refused}");
        assert!(refused.contains(problem), "{refused}");
        let overdue =
            admission::overdue(&engine, &Facts::default(), Stage::Validate, body.as_bytes(), "");
        // Without the object nobody can see what is wrong with that, or in it.
        let within = ["object", "a key"].iter().any(|it| problem.contains(it));
        assert_eq!(overdue.is_err(), !within, "{body}");
    }
    let bytes = [created().to_string().as_bytes(), b"\xff"].concat();
    let refused = admission::review(&engine, &Facts::default(), Stage::Validate, &bytes);
    assert!(refused.unwrap_err().to_string().contains("utf-8"));
}

#[test]
fn the_order_of_fields_changes_no_byte() {
    let engine = engine("{rule: odd-finds}, {rule: field-required, params: {field: data.x}}");
    let ordered = created();
    let fields = |review: &Json, order: &[&str]| {
        let field = |key: &&str| format!("\"{key}\": {}", review["request"][*key]);
        let fields: Vec<String> = order.iter().map(field).collect();
        format!(
            "{{\"request\": {{{}}}, \"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\"}}",
            fields.join(", ")
        )
    };
    let order = [
        "oldObject",
        "object",
        "operation",
        "dryRun",
        "userInfo",
        "namespace",
        "name",
        "kind",
        "uid",
    ];
    let first = ask(&engine, Stage::Validate, &ordered.to_string()).unwrap();
    let second = ask(&engine, Stage::Validate, &fields(&ordered, &order)).unwrap();
    assert_eq!(first, second);
    let mut rehearsed = created();
    rehearsed["request"]["dryRun"] = true.into();
    assert_eq!(first, ask(&engine, Stage::Validate, &rehearsed.to_string()).unwrap());
}

#[test]
fn an_object_that_is_nested_without_end_is_refused_and_does_no_harm() {
    let engine = engine("{rule: odd-finds}");
    let nested = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep = |object: &Json| {
        review("CREATE", object, &Json::Null).to_string().replace("\"DEEP\"", &nested)
    };
    let judged = ask(&engine, Stage::Validate, &deep(&map("DEEP".into())));
    assert!(judged.unwrap_err().to_string().contains("nested deeper than 256 levels"));
    // Of another kind nobody looks at the object.
    let mut other = map("DEEP".into());
    other["kind"] = "Secret".into();
    assert!(ask(&engine, Stage::Validate, &deep(&other)).unwrap().allowed);
    // An old object that can't be read excuses nothing.
    let update = review("UPDATE", &map(json!({})), &map("DEEP".into()));
    let update = update.to_string().replace("\"DEEP\"", &nested);
    assert!(!ask(&engine, Stage::Validate, &update).unwrap().allowed);
}

#[test]
fn any_number_of_findings_fits_into_an_answer() {
    let long = "x".repeat(300);
    let entry = |id: &str, enforcement: &str| {
        format!(
            "{{id: {id}, rule: field-matches, enforcement: {enforcement}, message: {long}, \
             params: {{field: 'data[*]', pattern: '^$'}}}}"
        )
    };
    let rules = [entry("denies", "Deny"), entry("warns", "Warn"), entry("audits", "Audit")];
    let engine = engine(&rules.join(", "));
    let data = |count: usize| -> Json {
        (0..count)
            .map(|n| (format!("key-{n:06}"), Json::from("x")))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let many = validate(&engine, &review("CREATE", &map(data(5_000)), &Json::Null));
    let message = &many.response.result.message;
    assert!(message.chars().count() < 8_300 && message.ends_with(" more"), "{message}");
    assert_eq!(many.causes().len(), 256);
    assert_eq!((many.warnings().len(), many.warnings()[15].as_str()), (16, "and 4985 more"));
    assert!(many.warnings()[0].starts_with("test/warns: data.key-000000: xxx"));
    assert!(many.response.audit_annotations["audit"].ends_with(" more"));
    // The mark of what is not new is not what is cut off.
    let old = review("UPDATE", &map(data(20)), &map(data(20)));
    let existing = validate(&engine, &old);
    assert!(existing.allowed);
    let marked = existing.warnings().iter().filter(|it| it.contains(" (existing): data.key-"));
    assert_eq!((marked.count(), existing.warnings().len()), (15, 16));
}

#[test]
fn a_rule_that_can_not_judge_does_what_on_error_says() {
    for (on_error, word) in [("Deny", Word::Error), ("Warn", Word::Error), ("Audit", Word::Error)] {
        let engine = engine(&format!("{{rule: odd-panics, onError: {on_error}}}"));
        let reviewed = ask(&engine, Stage::Validate, &created().to_string()).unwrap();
        assert_eq!(
            (reviewed.summary.answer, &*reviewed.summary.failed),
            (word, &["odd-panics"][..])
        );
        let answer = answer(&reviewed);
        let line = "test/odd-panics: rule `odd-panics` could not judge: the rule failed; this is a bug in it";
        let said = match on_error {
            "Deny" => answer.denials(),
            "Warn" => answer.warnings().to_vec(),
            _ => vec![answer.response.audit_annotations["audit"].clone()],
        };
        assert_eq!(
            (answer.allowed, said),
            (on_error != "Deny", vec![line.to_owned()]),
            "{on_error}"
        );
        if let [cause] = answer.causes() {
            assert_eq!((cause.reason.as_str(), cause.field.as_str()), ("InternalError", ""));
        }
    }
}

#[test]
fn a_review_that_nobody_judged_in_time_is_answered_by_on_error() {
    let overdue = |rules: &str, stage: Stage, review: &Json| {
        let body = review.to_string();
        let reviewed = admission::overdue(
            &engine(rules),
            &Facts::default(),
            stage,
            body.as_bytes(),
            "it took too long",
        );
        answer(&reviewed.unwrap())
    };
    let denies = "{rule: odd-finds, onError: Deny}";
    let answer = overdue(denies, Stage::Validate, &created());
    let line = "test/odd-finds: rule `odd-finds` could not judge: it took too long";
    assert_eq!((answer.allowed, answer.denials()), (false, vec![line.to_owned()]));
    let answer = overdue("{rule: odd-finds}", Stage::Validate, &created());
    assert_eq!((answer.allowed, answer.warnings()), (true, &[line.to_owned()][..]));
    // A change that nobody worked out is not there; whether the object may be is the other
    // question.
    let answer = overdue(denies, Stage::Mutate, &created());
    assert!(answer.allowed && answer.patch.is_none());
    assert_eq!(answer.response.audit_annotations["unjudged"], line);
    // Nobody asked for this one.
    let mut other = created();
    other["request"]["kind"]["kind"] = "Secret".into();
    let answer = overdue(denies, Stage::Validate, &other);
    assert!(answer.allowed && answer.warnings().is_empty());
    assert_eq!(answer.response.audit_annotations.len(), 1);
}

#[test]
fn changes_that_never_end_are_none_and_the_audit_log_says_so() {
    let engine = engine("{rule: odd-appends, mutate: true}");
    let reviewed = ask(&engine, Stage::Mutate, &created().to_string()).unwrap();
    assert_eq!((reviewed.allowed, reviewed.summary.answer), (true, Word::Error));
    let answer = answer(&reviewed);
    assert!(answer.patch.is_none());
    let line = "test/odd-appends: rule `odd-appends` could not judge: its changes never end";
    assert_eq!(answer.response.audit_annotations["unjudged"], line);
}

#[test]
fn a_log_learns_who_asked_for_what_and_no_more() {
    let engine = engine("{rule: odd-finds}");
    let reviewed = ask(&engine, Stage::Validate, &created().to_string()).unwrap();
    let summary = &reviewed.summary;
    assert_eq!((summary.kind.as_str(), summary.name.as_str()), ("ConfigMap", "c"));
    assert_eq!((summary.operation, summary.answer), (Operation::Create, Word::Deny));
    assert_eq!(summary.policy_set, *engine.digest());
    // A scale of something is not the thing.
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "c"}, "spec": {}});
    let reviewed =
        ask(&engine, Stage::Validate, &at("scale", review("UPDATE", &scale, &scale)).to_string());
    assert_eq!(reviewed.unwrap().summary.answer, Word::Allow);
}

#[test]
fn an_answer_is_early_where_the_namespace_may_be_new_but_not_about_the_namespace_itself() {
    let spec = "{scope: {kinds: [v1/ConfigMap, v1/Namespace]}, rules: [{rule: unique, params: {field: data.port}}]}";
    let engine = compile(&set(&[("test", spec)]));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mid"}});
    let is_early = |object: &Json, known: Option<&Namespaces>| {
        let mut review = review("CREATE", object, &Json::Null);
        // The API server says of a Namespace too that it lies in itself.
        review["request"]["namespace"] = json!("mid");
        let facts = Facts { namespaces: known, ..Facts::default() };
        let review = review.to_string();
        admission::review(&engine, &facts, Stage::Validate, review.as_bytes()).unwrap().early
    };
    let (none, mid) =
        (Namespaces::default(), Namespaces { labels: [("mid".to_owned(), [].into())].into() });
    assert!(is_early(&map(json!({"port": "1"})), Some(&none)));
    assert!(!is_early(&map(json!({"port": "1"})), Some(&mid)));
    assert!(!is_early(&map(json!({"port": "1"})), None));
    assert!(!is_early(&namespace, Some(&none)));
}

#[test]
fn who_asks_is_told_that_a_waiver_ends_soon_but_a_controller_is_not() {
    let mut set = set(&[("test", "{scope: {kinds: [v1/ConfigMap]}, rules: [{rule: odd-finds}]}")]);
    set.waivers = vec![waiver(
        "w",
        "{policy: [test], rule: [odd-finds], object: {kind: [ConfigMap], namespace: [mid], name: [c]}, \
         owner: karoo, reason: r, ticket: t, until: 2026-12-31}",
    )];
    let engine = compile_with(&set, &odd_rules::all()).unwrap();
    let told = |object: &Json, now: &str| {
        let facts = Facts { now: Some(now.parse().unwrap()), ..Facts::default() };
        let review = review("CREATE", object, &Json::Null).to_string();
        let reviewed =
            admission::review(&engine, &facts, Stage::Validate, review.as_bytes()).unwrap();
        assert!(reviewed.allowed);
        answer(&reviewed).warnings().to_vec()
    };
    let mut object = map(json!({"a": "b"}));
    assert_eq!(told(&object, "2026-06-01T00:00:00Z"), [""; 0]);
    let notice = "waiver `w` of karoo ends on 2026-12-31";
    assert_eq!(told(&object, "2026-12-20T00:00:00Z"), [notice]);
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": true}]);
    assert_eq!(told(&object, "2026-12-20T00:00:00Z"), [""; 0]);
}
