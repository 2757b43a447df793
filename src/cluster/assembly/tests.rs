use super::*;
use crate::document::yaml;

const BASE: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: base}
spec:
  enforcement: Deny
  rules:
    - rule: field-required
      scope: {kinds: [v1/ConfigMap]}
      params: {field: data}
";

fn files() -> Vec<Text> {
    vec![Text { name: "base.yaml".to_owned(), text: BASE.to_owned(), shipped: true }]
}

fn custom(name: &str, spec: &str) -> Custom {
    let spec = yaml::read(spec).next().unwrap().unwrap().value.into_owned();
    Custom { key: Key { kind: Kind::Policy, name: name.to_owned() }, spec, mirrors: None }
}

fn key(name: &str) -> Key {
    Key { kind: Kind::Policy, name: name.to_owned() }
}

const OTHER: &str =
    "{rules: [{rule: field-required, scope: {kinds: [v1/Secret]}, params: {field: data}}]}";
const BROKEN: &str = "{rules: [{rule: no-such-rule}]}";
const FILLS_ONE: &str = "{rules: [{rule: field-default, mutate: true, scope: {kinds: [v1/ConfigMap]}, params: {field: metadata.labels.tier, value: a}}]}";
const FILLS_TWO: &str = "{rules: [{rule: field-default, mutate: true, scope: {kinds: [v1/ConfigMap]}, params: {field: metadata.labels.tier, value: b}}]}";

fn names(assembly: &Assembly) -> Vec<&str> {
    assembly.set.policies.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn a_custom_resource_is_added_or_takes_the_place_of_its_namesake() {
    let assembly = assemble(&files(), &[custom("other", OTHER)], None).unwrap();
    assert_eq!(names(&assembly), ["base", "other"]);
    assert_eq!(assembly.standings[&key("other")], Standing::InForce);
    assert_eq!(assembly.from_files["base"], Shipped(true));

    let assembly = assemble(&files(), &[custom("base", OTHER)], None).unwrap();
    assert_eq!(names(&assembly), ["base"]);
    assert!(assembly.from_files.is_empty());
    assert!(assembly.engine.may_judge("Secret") && !assembly.engine.may_judge("ConfigMap"));
}

#[test]
fn a_broken_one_goes_on_as_it_was_or_is_left_out() {
    let before = assemble(&files(), &[custom("other", OTHER)], None).unwrap();
    let after = assemble(&files(), &[custom("other", BROKEN)], Some(&before.set)).unwrap();
    assert_eq!(after.engine.digest(), before.engine.digest());
    let Standing::Broken { why, kept: true } = &after.standings[&key("other")] else {
        panic!("{:?}", after.standings)
    };
    assert!(why.contains("there is no rule `no-such-rule`"), "{why}");

    let alone = assemble(&files(), &[custom("other", BROKEN)], None).unwrap();
    assert_eq!(names(&alone), ["base"]);
    assert!(matches!(alone.standings[&key("other")], Standing::Broken { kept: false, .. }));
}

#[test]
fn of_two_that_do_not_go_together_the_first_is_in_force() {
    let customs = [custom("one", FILLS_ONE), custom("two", FILLS_TWO)];
    let assembly = assemble(&files(), &customs, None).unwrap();
    assert_eq!(names(&assembly), ["base", "one"]);
    assert!(matches!(assembly.standings[&key("two")], Standing::Broken { kept: false, .. }));
    assert_ne!(check(&files(), &customs[..1], customs[1].clone()), Vec::<String>::new());
    assert_eq!(check(&files(), &customs[..1], custom("one", FILLS_TWO)), Vec::<String>::new());
}

#[test]
fn what_the_program_wrote_shows_a_file_until_it_is_edited() {
    let base = assemble(&files(), &[], None).unwrap();
    let digest = Some(digest(&base.set.policies[0]));
    let spec = "{enforcement: Deny, onError: Warn, rules: [{rule: field-required, scope: {kinds: [v1/ConfigMap]}, params: {field: data}}]}";
    let mirror = Custom { mirrors: digest.clone(), ..custom("base", spec) };
    let assembly = assemble(&files(), std::slice::from_ref(&mirror), None).unwrap();
    assert_eq!(assembly.standings[&key("base")], Standing::Mirror);
    assert_eq!(assembly.engine.digest(), base.engine.digest());

    let gone = assemble(&[], &[mirror], None).unwrap();
    assert_eq!(gone.standings[&key("base")], Standing::Stale);
    assert!(gone.set.policies.is_empty());

    let edited = Custom { mirrors: digest, ..custom("base", OTHER) };
    let assembly = assemble(&files(), &[edited], None).unwrap();
    assert_eq!(assembly.standings[&key("base")], Standing::InForce);
    assert!(assembly.engine.may_judge("Secret"));
}

#[test]
fn broken_files_are_an_error() {
    let broken = Text { text: BASE.replace("field-required", "no"), ..files().remove(0) };
    assert!(assemble(&[broken], &[], None).is_err());
}
