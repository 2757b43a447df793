//! Policy files: every mistake at once, each at its place.

use portcullis::engine::{Enforcement, Scope, Settings, Severity};
use portcullis::policyfile::{
    Loaded, Origin, Problems, Source, export, load, load_under, schema, shipped,
};
use portcullis::resource::KUBERNETES;
use portcullis::rules;
use proptest::prelude::*;

use super::RULES;

const GOOD: &str = "\
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata:
  name: labels
spec:
  description: 'Objects say: who owns them.'
  enforcement: Warn
  scope:
    kinds: [v1/ConfigMap]
    excludeNamespaces: ['team-*']
  rules:
    - rule: label-required
      severity: high
      params: {labels: [skao.int/team]}
---
apiVersion: portcullis.skao.int/v1alpha1
kind: Waiver
metadata: {name: old-config}
spec:
  policy: [labels]
  rule: [label-required]
  object: {kind: [ConfigMap], namespace: [demo], name: [old]}
  owner: team-x
  reason: it goes away with the old archiver
  ticket: SKA-1
  until: 2027-01-31
";

const SETTINGS: &str = "\
apiVersion: portcullis.skao.int/v1alpha1
kind: PolicySet
spec:
  maxEnforcement: Audit
";

fn read(texts: &[&str]) -> Result<Loaded, Problems> {
    const NAMES: [&str; 3] = ["one.yaml", "two.yaml", "three.yaml"];
    let sources: Vec<_> =
        NAMES.iter().zip(texts).map(|(name, text)| Source::new(name, text)).collect();
    load(&sources, RULES, &KUBERNETES)
}

#[track_caller]
fn problems(texts: &[&str]) -> String {
    read(texts).unwrap_err().to_string()
}

/// The good policy with one text replaced.
#[track_caller]
fn tweaked(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from));
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_policy_a_waiver_and_settings_are_read_from_streams() {
    let Loaded { set, engine } = read(&[GOOD, SETTINGS]).unwrap();
    assert_eq!(set.settings.max_enforcement, Some(Enforcement::Audit));
    assert_eq!(set.policies[0].name, "labels");
    assert_eq!(set.policies[0].rules[0].severity, Some(Severity::High));
    assert_eq!(set.waivers[0].name, "old-config");
    assert!(!set.waivers[0].proposed);
    assert_eq!(engine.rules().count(), 1);
}

#[test]
fn the_settings_of_the_last_source_count() {
    let loaded = read(&[SETTINGS, GOOD, &SETTINGS.replace("Audit", "Warn")]).unwrap();
    assert_eq!(loaded.set.settings.max_enforcement, Some(Enforcement::Warn));
}

#[test]
fn every_mistake_of_every_file_is_told_with_its_place() {
    let policy = "\
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata:
  name: Labels
spec:
  enforcment: Warn
  onError: deny
  scope:
    kinds: ConfigMap
    namespaces: [1, 'demo[']
  rules:
    - id: x
      params: {labels: [a]}
    - rule: label-requird
    - rule: label-required
      params:
        labels: []
        onTemplate: true
    - rule: label-required
      scope: {kinds: [a/b/c/d]}
      params: {labels: [a b]}
    - rule: label-required
      id: z
";
    let waiver = "\
apiVersion: portcullis.skao.int/v1alpha2
kind: Waiver
metadata: {name: w}
spec:
  policy: ['*']
  rule: [label-required]
  object: {kind: [ConfigMap], name: [old]}
  owner: ''
  reason: why
  ticket: SKA-1
  until: soon
";
    assert_eq!(
        problems(&[policy, waiver]),
        "\
one.yaml:4:9: `name` must be lower-case letters, digits, `-` and `.`, not `Labels`
one.yaml:6:3: unknown field `enforcment`
  help: did you mean `enforcement`?
one.yaml:7:12: `onError` must be one of `Audit`, `Warn`, `Deny`, not `deny`
  help: did you mean `Deny`?
one.yaml:9:12: `kinds` must be a list, not `ConfigMap`
  help: write `[ConfigMap]`
one.yaml:10:18: an item of `namespaces` must be a string, not the number `1`
  help: put it in quotes
one.yaml:10:21: glob `demo[` is not valid: unclosed character class; missing ']'
one.yaml:12:7: field `rule` is missing
  help: add `rule`: the id of the rule
one.yaml:14:13: there is no rule `label-requird`
  help: did you mean `label-required`?
one.yaml:17:9: `labels` must not be empty
one.yaml:18:9: unknown field `onTemplate`
  help: did you mean `onTemplates`?
one.yaml:19:7: entry `label-required` stands twice
  help: give one of them an `id`
one.yaml:20:23: kind `a/b/c/d` has more than three parts
  help: write GROUP/VERSION/KIND, VERSION/KIND or KIND
one.yaml:21:16: parameter `labels` must not hold white space
one.yaml:22:13: field `params` is missing
  help: rule `label-required` needs `labels`
two.yaml:1:13: `apiVersion` must be `portcullis.skao.int/v1alpha1`, not `portcullis.skao.int/v1alpha2`
  help: did you mean `portcullis.skao.int/v1alpha1`?
two.yaml:8:10: `owner` must not be empty
two.yaml:11:10: `until` must be a date such as `2026-12-31`, not `soon`",
    );
}

#[test]
fn a_waiver_of_everything_is_a_mistake() {
    assert_eq!(
        problems(&[&tweaked("policy: [labels]", "policy: ['*']")]),
        "one.yaml:20:12: a lone `*` waives everything",
    );
}

#[test]
fn a_day_that_no_month_has_is_a_mistake() {
    let problems = problems(&[&tweaked("2027-01-31", "2027-02-31")]);
    assert!(problems.starts_with("one.yaml:26:10: "), "{problems}");
    assert!(!problems.contains('\n'), "{problems}");
}

#[test]
fn a_key_that_stands_twice_is_a_mistake() {
    assert_eq!(
        problems(&[&tweaked(
            "  enforcement: Warn\n",
            "  enforcement: Deny\n  enforcement: Warn\n"
        )]),
        "one.yaml:8:3: key `enforcement` stands twice\n  \
         help: the first is in line 7: leave one of them out",
    );
}

#[test]
fn another_document_in_a_policy_file_is_a_mistake() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\n---\nkind: Polcy\n---\n- 1\n---\na: 1\n";
    assert_eq!(
        problems(&[config_map]),
        "\
one.yaml:2:7: `kind` must be one of `Policy`, `Waiver`, `PolicySet`, not `ConfigMap`
  help: keep nothing but `Policy`, `Waiver`, `PolicySet` of `portcullis.skao.int/v1alpha1` in a policy file
one.yaml:4:7: `kind` must be one of `Policy`, `Waiver`, `PolicySet`, not `Polcy`
  help: did you mean `Policy`?
one.yaml:6:3: a document must be a map, not a list
  help: keep nothing but `Policy`, `Waiver`, `PolicySet` of `portcullis.skao.int/v1alpha1` in a policy file
one.yaml:8:1: field `kind` is missing
  help: keep nothing but `Policy`, `Waiver`, `PolicySet` of `portcullis.skao.int/v1alpha1` in a policy file",
    );
}

#[test]
fn unreadable_yaml_does_not_hide_other_mistakes() {
    let text = format!("a: [1\n---\n{}", tweaked("severity: high", "severity: hihg"));
    assert_eq!(
        problems(&[&text]),
        "\
one.yaml:1:4: `[` is never closed
one.yaml:15:17: `severity` must be one of `info`, `low`, `medium`, `high`, `critical`, not `hihg`
  help: did you mean `high`?",
    );
}

#[test]
fn a_policy_that_is_defined_twice_names_the_other_place() {
    let problems = problems(&[GOOD, GOOD]);
    assert_eq!(
        problems,
        "\
two.yaml:4:9: policy `labels` is defined twice
  help: the other is in one.yaml:4
two.yaml:18:18: waiver `old-config` is defined twice
  help: the other is in one.yaml:18",
    );
}

#[test]
fn empty_files_and_comments_are_no_mistake() {
    assert!(read(&["", "# nothing\n---\n", "---\n"]).unwrap().set.policies.is_empty());
}

#[test]
fn a_waiver_in_what_is_judged_is_proposed_unless_the_set_trusts_it() {
    let judged = Source { name: "repo.yaml", text: GOOD, origin: Origin::Judged };
    let trust = SETTINGS.replace("maxEnforcement: Audit", "trustRepositoryWaivers: true");
    let read = |sources: &[Source<'_>]| load(sources, RULES, &KUBERNETES).unwrap();

    let untrusted = read(&[Source::new("set.yaml", SETTINGS), judged]);
    assert!(untrusted.set.policies.is_empty());
    assert!(untrusted.set.waivers[0].proposed);
    assert!(!export(&untrusted).contains("old-config"));

    let trusted = read(&[Source::new("set.yaml", &trust), judged]);
    assert!(!trusted.set.waivers[0].proposed);
}

#[test]
fn a_waiver_may_lie_both_among_the_policies_and_in_what_is_judged() {
    let judged = Source { name: "repo.yaml", text: GOOD, origin: Origin::Judged };
    let loaded = load(&[Source::new("set.yaml", GOOD), judged], RULES, &KUBERNETES).unwrap();
    assert_eq!(loaded.set.waivers.len(), 1);
    assert!(!loaded.set.waivers[0].proposed);
}

#[test]
fn documents_of_others_in_what_is_judged_are_passed_over() {
    let text = "kind: Policy\napiVersion: kyverno.io/v1\n---\na: [\n---\nkind: Waiver\n";
    let judged = Source { name: "repo.yaml", text, origin: Origin::Judged };
    assert!(load(&[judged], RULES, &KUBERNETES).unwrap().set.waivers.is_empty());
}

#[test]
fn an_exported_set_reads_back_with_the_same_digest_and_exports_the_same_bytes() {
    let loaded = read(&[GOOD, SETTINGS]).unwrap();
    let file = export(&loaded);
    assert!(file.starts_with(&format!("# Policy set {}\n", loaded.engine.digest())));
    let again = read(&[&file]).unwrap();
    assert_eq!(again.engine.digest(), loaded.engine.digest());
    assert_eq!(export(&again), file);
    let reordered = read(&[SETTINGS, GOOD]).unwrap();
    assert_eq!(export(&reordered), file);
}

#[test]
fn the_published_schema_names_the_rules_and_their_parameters() {
    let schema = schema(RULES);
    let entry = schema.pointer("/oneOf/0/properties/spec/properties/rules/items").unwrap();
    assert_eq!(entry["properties"]["rule"]["enum"], serde_json::json!(["label-required"]));
    let then = &entry["allOf"][0]["then"];
    assert_eq!(then["properties"]["params"]["additionalProperties"], false);
    assert_eq!(then["required"], serde_json::json!(["params"]));
}

#[test]
fn settings_of_the_caller_are_checked_too() {
    let defaults = Scope { kinds: vec!["a/b/c/d".to_owned()], ..Scope::default() };
    let settings = Settings { defaults, ..Settings::default() };
    let source = Source::new("one.yaml", GOOD);
    let problems = load_under(&settings, &[source], RULES, &KUBERNETES).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "settings:1:1: kind `a/b/c/d` has more than three parts\n  \
         help: write GROUP/VERSION/KIND, VERSION/KIND or KIND",
    );
}

#[test]
fn the_parameters_on_the_pages_of_all_rules_are_read() {
    for rule in rules::ALL {
        for params in rule.doc.lines().filter_map(|line| line.trim().strip_prefix("# params: ")) {
            let text = tweaked("rule: label-required", &format!("rule: {}", rule.id))
                .replace("{labels: [skao.int/team]}", params)
                .replace("    kinds: [v1/ConfigMap]\n", "");
            load(&[Source::new("page.yaml", &text)], rules::ALL, &KUBERNETES)
                .unwrap_or_else(|problems| panic!("{}: {params}: {problems}", rule.id));
        }
    }
}

#[test]
fn a_problem_is_told_in_one_line_whatever_it_quotes() {
    let text = tweaked("namespace: [demo]", r#""n\namespace": [demo]"#);
    let Problems(problems) = read(&[&text]).unwrap_err();
    assert_eq!(problems[0].message, "unknown field `n amespace`");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_file_that_is_not_accepted_says_why_and_where(
        at in 0..GOOD.len(),
        length in 0..12_usize,
        put in "[-a-zA-Z0-9:{}\\[\\],*&!#|>'\"%@ \n]{0,6}",
    ) {
        let mut text = GOOD.to_owned();
        text.replace_range(at..(at + length).min(GOOD.len()), &put);
        if let Err(Problems(problems)) = read(&[&text]) {
            prop_assert!(!problems.is_empty());
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            for problem in problems {
                prop_assert!(problem.start.line <= lines && problem.start <= problem.end);
                prop_assert!(!problem.message.is_empty() && !problem.message.contains('\n'));
            }
        }
    }
}

#[test]
fn every_policy_of_the_directory_is_shipped() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .map(|entry| format!("policies/{}", entry.unwrap().file_name().display()))
        .filter(|name| name.ends_with(".yaml") && !name.ends_with(".test.yaml"))
        .collect();
    files.sort();
    let shipped: Vec<&str> = shipped().iter().map(|source| source.name).collect();
    assert_eq!(shipped, files);
}

/// The program does not look for them each time it starts.
#[test]
fn what_is_shipped_has_no_mistake() {
    let strictly = |it: &Source<'static>| Source { origin: Origin::Policies, ..*it };
    let sources: Vec<Source<'_>> = shipped().iter().map(strictly).collect();
    let read = load(&sources, rules::ALL, &KUBERNETES).unwrap();
    let trusted = load(shipped(), rules::ALL, &KUBERNETES).unwrap();
    assert_eq!(read.engine.digest(), trusted.engine.digest());
}
