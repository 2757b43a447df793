//! Judging YAML by a policy, in a line of a test.

use jiff::Timestamp;
use portcullis::document::{Value, from_value, yaml};
use portcullis::engine::{
    ARTEFACT, Budget, Changed, Decision, Engine, Facts, Flaw, Identity, Inventory, Namespaces,
    Operation, Policy, PolicyEntry, PolicySet, Report, Rule, Settings, Subject, User, Waiver,
};
use portcullis::{resource, rules};
use serde::Deserialize;

/// The one document of a text.
pub(crate) fn parse(text: &str) -> Value<'_> {
    let [value] = <[Value<'_>; 1]>::try_from(parse_all(text)).unwrap();
    value
}

/// The one document of a manifest, as the API server keeps it: so every door judges it.
pub(crate) fn manifest(text: &str) -> Value<'_> {
    let mut value = parse(text);
    if let Some(identity) = Identity::of_object(&value) {
        resource::store(&mut value, &identity);
    }
    value
}

/// The documents of a text that are not empty.
pub(crate) fn parse_all(text: &str) -> Vec<Value<'_>> {
    let documents = yaml::read(text).map(|it| it.unwrap_or_else(|err| panic!("{err}: {text}")));
    documents.filter(|it| !it.empty).map(|it| it.value).collect()
}

/// The `spec` of a policy, a waiver or settings, as a policy file writes it.
pub(crate) fn typed<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    from_value(&parse(text)).unwrap_or_else(|err| panic!("{}: {err} in {text}", err.path))
}

/// A policy with this `spec`.
pub(crate) fn policy(name: &str, spec: &str) -> Policy {
    Policy { name: name.to_owned(), ..typed(spec) }
}

/// A waiver with this `spec`.
pub(crate) fn waiver(name: &str, spec: &str) -> Waiver {
    Waiver { name: name.to_owned(), ..typed(spec) }
}

/// A set of policies, by name and `spec`, with plain settings.
pub(crate) fn set(policies: &[(&str, &str)]) -> PolicySet {
    let policies = policies.iter().map(|(name, spec)| policy(name, spec));
    PolicySet { policies: policies.collect(), ..PolicySet::default() }
}

/// The engine of a set.
pub(crate) fn compile(set: &PolicySet) -> Engine {
    compile_with(set, rules::ALL).unwrap_or_else(|flaws| panic!("{flaws:#?}"))
}

/// The engine of a set that may name rules of a test.
pub(crate) fn compile_with(set: &PolicySet, rules: &[&'static Rule]) -> Result<Engine, Vec<Flaw>> {
    Engine::compile(set, rules, &resource::KUBERNETES)
}

/// What is wrong with a set, each as `path: message`.
pub(crate) fn flaws(set: &PolicySet) -> Vec<String> {
    let flaws = compile_with(set, rules::ALL).err().unwrap_or_default();
    flaws.into_iter().map(|flaw| format!("{}: {}", flaw.path, flaw.message)).collect()
}

/// An engine of one policy, `test`, with nothing but this rule.
pub(crate) fn engine(rule: &str, params: &str) -> Engine {
    compile(&set_of(rule, params))
}

/// A set of one policy, `test`, with nothing but this rule.
pub(crate) fn set_of(rule: &str, params: &str) -> PolicySet {
    let spec = format!("rules: [{{rule: {rule}}}]");
    let policy = policy("test", &spec);
    let entry = policy
        .rules
        .iter()
        .cloned()
        .map(|entry| PolicyEntry { params: parse(params).into_owned(), ..entry });
    let rules = entry.collect();
    PolicySet { policies: vec![Policy { rules, ..policy }], ..PolicySet::default() }
}

/// The subject that a document is: an artefact if it says its `format`, else an object.
pub(crate) fn subject<'a>(value: &'a Value<'a>) -> Subject<'a> {
    let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if value.get("kind").is_some() {
        return Subject::of_object(value).unwrap();
    }
    let identity = Identity {
        format: Some(text("format")),
        group: text("repository"),
        version: text("version"),
        kind: ARTEFACT.to_owned(),
        name: text("name"),
        ..Identity::default()
    };
    Subject::new(identity, value)
}

/// What the engine says of a document, with no facts at all.
pub(crate) fn judge(engine: &Engine, text: &str) -> Report {
    engine.evaluate(&subject(&manifest(text)), &Facts::default(), Budget::default())
}

/// What policies change in a document that is created, with no facts at all.
pub(crate) fn change(engine: &Engine, text: &str) -> Changed {
    engine.changes(&subject(&manifest(text)), &Facts::default(), Budget::default())
}

/// Findings as `path: message`.
pub(crate) fn found(report: &Report) -> Vec<String> {
    report.findings.iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
}

/// Outcomes as `entry: status` or `entry: status: reason`, and how many passed.
pub(crate) fn outcomes(report: &Report) -> Vec<String> {
    let show = |it: &portcullis::engine::Outcome| match &it.reason {
        None => format!("{}: {}", it.entry, it.status.as_str()),
        Some(reason) => format!("{}: {}: {reason}", it.entry, it.status.as_str()),
    };
    let passed = (report.passed > 0).then(|| format!("{} passed", report.passed));
    report.outcomes.iter().map(show).chain(passed).collect()
}

/// What one rule, with these parameters, finds in a document.
pub(crate) fn find(rule: &str, params: &str, text: &str) -> Vec<String> {
    found(&judge(&engine(rule, params), text))
}

/// Whether the decision on a report lets the subject pass.
pub(crate) fn allowed(report: &Report) -> bool {
    Decision::of(report).allowed()
}

/// What is known besides the subject, as a test writes it down.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct World {
    /// The other objects, as a stream of YAML documents.
    pub(crate) objects: String,
    /// Whether there are no others.
    pub(crate) complete: bool,
    /// The labels of namespaces.
    pub(crate) namespaces:
        Option<std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>>,
    pub(crate) tier: Option<String>,
    pub(crate) now: Option<String>,
}

impl World {
    /// Judges a document in this world.
    pub(crate) fn judge(&self, engine: &Engine, text: &str) -> Report {
        self.judge_subject(engine, &subject(&manifest(text)))
    }

    /// Judges a subject in this world.
    pub(crate) fn judge_subject(&self, engine: &Engine, subject: &Subject<'_>) -> Report {
        let mut inventory = Inventory::default();
        inventory.complete = self.complete;
        for mut object in parse_all(&self.objects) {
            let identity = Identity::of_object(&object).unwrap();
            resource::store(&mut object, &identity);
            engine.observe(&self::subject(&object), &mut inventory);
        }
        let namespaces = self.namespaces.clone().map(|labels| Namespaces { labels });
        let facts = Facts {
            namespaces: namespaces.as_ref(),
            tier: self.tier.as_deref(),
            inventory: (self.complete || !self.objects.is_empty()).then_some(&inventory),
            now: self.now.as_deref().map(|now| now.parse::<Timestamp>().unwrap()),
            ..Facts::default()
        };
        engine.evaluate(subject, &facts, Budget::default())
    }
}

/// A world with these other objects and perhaps more.
pub(crate) fn beside(objects: &str) -> World {
    World { objects: objects.to_owned(), ..World::default() }
}

/// The same subject, by this user.
pub(crate) fn by<'a>(user: &str, subject: Subject<'a>) -> Subject<'a> {
    let user = User { name: user.to_owned(), groups: Vec::new() };
    Subject { user: Some(user.into()), ..subject }
}

/// The same subject, in this operation.
pub(crate) fn on(operation: Operation, subject: Subject<'_>) -> Subject<'_> {
    Subject { operation, ..subject }
}

/// Settings as a policy set writes them.
pub(crate) fn settings(text: &str) -> Settings {
    typed(text)
}
