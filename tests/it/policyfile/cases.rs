//! Cases beside policies: what passes, and what is told of a case that does not.

use portcullis::engine::Settings;
use portcullis::policyfile::{Cases, Source, Verdict, load, load_under};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

const POLICY: &str = "\
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata:
  name: config
spec:
  scope:
    kinds: [v1/ConfigMap]
  rules:
    - id: owner
      rule: field-required
      params: {field: metadata.labels.owner}
      message: nobody owns this
      help: add the label `owner`
    - id: data
      rule: field-required
      enforcement: Warn
      params: {field: data}
    - id: team
      rule: field-default
      scope: {namespaceSelector: {matchLabels: {kind: team}}}
      enforcement: Audit
      mutate: true
      params: {field: metadata.labels.team, value: unknown}
";

/// Runs cases against the policy above.
#[track_caller]
fn run(cases: &str) -> Vec<Verdict> {
    let loaded = load(&[Source::new("config.yaml", POLICY)], rules::ALL, &KUBERNETES).unwrap();
    let cases = Cases::read(Source::new("config.test.yaml", cases));
    cases.unwrap_or_else(|problems| panic!("{problems}")).run(&loaded.engine)
}

/// What is not as expected of one case.
#[track_caller]
fn told(case: &str) -> String {
    let [verdict] = <[Verdict; 1]>::try_from(run(case)).unwrap();
    let problems = verdict.problems.iter().map(ToString::to_string);
    problems.collect::<Vec<_>>().join("\n")
}

const CASES: &str = "\
facts:
  namespaces:
    demo: {labels: {kind: team}}
cases:
  - name: a configuration without owner and data is denied
    object: &bare
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a, namespace: demo}
    findings:
      - entry: owner
        path: /metadata/labels/owner
        message: nobody owns this
        severity: medium
        state: new
      - {entry: data, path: /data}
    decision: deny
    patched:
      kind: ConfigMap
      apiVersion: v1
      metadata: {name: a, namespace: demo, labels: {team: unknown}}
  - name: nothing in it is a warning
    object:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a, namespace: demo, labels: {owner: me, team: sky}}
    findings: [{entry: data}]
    decision: warn
  - name: all is well
    object:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a, namespace: demo, labels: {owner: me, team: sky}}
      data: {a: b}
    findings: []
    decision: allow
  - name: what was wrong before the update is a warning
    object: *bare
    old: *bare
    user: {name: me, groups: [a]}
    findings:
      - {entry: owner, state: existing}
      - {entry: data}
      - {entry: team, state: existing}
    decision: warn
  - name: nobody knows the namespace
    facts: {}
    object: *bare
    unjudged: [team]
    decision: deny
";

#[test]
fn cases_that_hold_pass() {
    for verdict in run(CASES) {
        assert!(verdict.passed(), "{}: {:#?}", verdict.name, verdict.problems);
    }
    let verdict = &run(CASES)[1];
    assert_eq!(verdict.name, "nothing in it is a warning");
    assert_eq!((verdict.place.line, verdict.place.column), (22, 11));
}

/// One case about a ConfigMap with an owner and no data.
fn case(expectations: &str) -> String {
    format!(
        "\
facts: {{namespaces: {{demo: {{labels: {{kind: team}}}}}}}}
cases:
  - name: one
    object:
      apiVersion: v1
      kind: ConfigMap
      metadata: {{name: a, namespace: demo, labels: {{owner: me}}}}
{expectations}"
    )
}

#[test]
fn a_finding_that_nobody_expects_is_told_at_its_place() {
    assert_eq!(
        told(&case("    findings: []\n")),
        "config.test.yaml:5:7: entry `data` finds: field `data` is not set\n  \
         help: expect it at `/data`, or put the object right",
    );
}

#[test]
fn a_finding_that_is_not_there_is_told_at_the_expectation() {
    assert_eq!(
        told(&case(
            "    findings:\n      - {entry: data}\n      - entry: data\n      - {entry: owner}\n"
        )),
        "\
config.test.yaml:10:9: entry `data` does not find this
  help: it finds `/data`: field `data` is not set, medium
config.test.yaml:11:10: entry `owner` does not find this
  help: it finds nothing",
    );
    for particular in ["path: /spec", "message: other", "severity: low", "state: waived"] {
        let told = told(&case(&format!("    findings: [{{entry: data, {particular}}}]\n")));
        assert!(told.contains("does not find this"), "{particular}: {told}");
    }
}

#[test]
fn the_most_particular_expectation_chooses_first() {
    assert_eq!(
        told(
            "\
cases:
  - name: one
    facts: {namespaces: {}}
    object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
    operation: CREATE
    findings: [{entry: owner}, {entry: data}, {entry: data, path: /data}]
    unjudged: [team]
"
        ),
        "config.test.yaml:6:33: entry `data` does not find this\n  \
         help: it finds `/data`: field `data` is not set, medium",
    );
}

#[test]
fn another_decision_is_told_with_its_reason() {
    assert_eq!(
        told(&case("    decision: deny\n")),
        "config.test.yaml:8:15: the decision is `warn`, not `deny`\n  \
         help: because of `data`: field `data` is not set",
    );
}

#[test]
fn another_object_after_the_changes_is_told_at_the_first_difference() {
    let patched = |labels: &str| {
        format!(
            "    patched:\n      apiVersion: v1\n      kind: ConfigMap\n      \
             metadata: {{name: a, namespace: demo, labels: {labels}}}\n"
        )
    };
    assert_eq!(told(&case(&patched("{owner: me, team: unknown}"))), "");
    assert_eq!(
        told(&case(&patched("{owner: me, team: sky}"))),
        "config.test.yaml:11:70: the changed object differs at `/metadata/labels/team`: \
         it is \"unknown\"",
    );
    assert_eq!(
        told(&case(&patched("{owner: me}"))),
        "config.test.yaml:11:44: the changed object differs at `/metadata/labels`: \
         `team` is also there: \"unknown\"",
    );
    assert_eq!(
        told(&case(&patched("{owner: me, team: unknown, x: y}"))),
        "config.test.yaml:11:82: the changed object differs at `/metadata/labels/x`: \
         this is not there",
    );
}

#[test]
fn a_rule_that_could_not_judge_fails_a_case_that_does_not_say_so() {
    let text =
        case("    decision: warn\n").replace("namespaces: {demo: {labels: {kind: team}}}", "");
    assert_eq!(
        told(&text),
        "config.test.yaml:3:11: entry `team` could not judge: namespace labels not known\n  \
         help: give the facts, or name the entry in `unjudged`",
    );
}

#[test]
fn an_artefact_is_a_subject_too() {
    let policy =
        POLICY.replace("v1/ConfigMap", "artefacts/helm").replace("field: data", "field: x");
    let policy = Source::new("config.yaml", &policy);
    let settings = Settings::default();
    let engine = load_under(&settings, &[policy], rules::ALL, &KUBERNETES).unwrap().engine;
    let text = "\
cases:
  - name: a chart
    object: {format: helm, repository: helm-internal, name: ska-tango-base, version: 1.0.0}
    findings: [{entry: owner}, {entry: data, path: /x}]
    unjudged: [team]
";
    let verdicts = Cases::read(Source::new("config.test.yaml", text)).unwrap().run(&engine);
    assert!(verdicts[0].passed(), "{verdicts:#?}");
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place() {
    let text = "\
cases:
  - name: one
    object: {apiVersion: v1, kind: A, metadata: {name: a}}
  - name: one
    object: {kind: A}
    decision: deny
";
    assert_eq!(
        Cases::read(Source::new("a.test.yaml", text)).unwrap_err().to_string(),
        "\
a.test.yaml:2:11: the case expects nothing
  help: add `findings`, `decision` or `patched`
a.test.yaml:4:11: two cases have this name
  help: name what differs
a.test.yaml:5:14: neither a Kubernetes object nor an artefact
  help: give it `apiVersion` and `kind`, or the `format` of an artefact",
    );
    let text = "\
cases:
  - nam: one
    object: {}
    findings:
    decision: denied
    operation: create
    findings: [{rule: a, path: spec}]
";
    assert_eq!(
        Cases::read(Source::new("a.test.yaml", text)).unwrap_err().to_string(),
        "\
a.test.yaml:2:5: unknown field `nam`
  help: did you mean `name`?
a.test.yaml:2:5: field `name` is missing
  help: add `name`: a sentence: `an image without a tag is denied`
a.test.yaml:5:15: `decision` must be one of `allow`, `warn`, `deny`, not `denied`
  help: did you mean `deny`?
a.test.yaml:6:16: `operation` must be one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT`, not `create`
  help: did you mean `CREATE`?
a.test.yaml:7:5: key `findings` stands twice
  help: the first is in line 4: leave one of them out
a.test.yaml:7:17: unknown field `rule`
  help: known fields are `entry`, `line`, `message`, `path`, `severity`, `state`
a.test.yaml:7:17: field `entry` is missing
  help: add `entry`: the entry of the policy: its `id`, or its rule where it has none
a.test.yaml:7:32: `path` must be a JSON Pointer such as `/spec/replicas`, not `spec`",
    );
    assert!(Cases::read(Source::new("a.test.yaml", "cases:\n")).is_err());
}

#[test]
fn the_settings_of_a_set_hold_for_the_policies_of_one_file() {
    let settings =
        "apiVersion: portcullis.skao.int/v1alpha1\nkind: PolicySet\nspec: {maxEnforcement: Warn}\n";
    let set = load(&[Source::new("set.yaml", settings)], rules::ALL, &KUBERNETES).unwrap().set;
    let policy = Source::new("config.yaml", POLICY);
    let engine = load_under(&set.settings, &[policy], rules::ALL, &KUBERNETES).unwrap().engine;
    let text = "\
cases:
  - name: what denies elsewhere only warns here
    object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}
    facts: {namespaces: {}}
    findings: [{entry: owner}]
    unjudged: [team]
    decision: warn
";
    let verdicts = Cases::read(Source::new("config.test.yaml", text)).unwrap().run(&engine);
    assert!(verdicts[0].passed(), "{verdicts:#?}");
}
