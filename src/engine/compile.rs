//! From a policy set to an engine: everything that can be checked before a subject comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::kind::{Kinds, Meant, PodKinds};
use super::scope::CompiledScope;
use super::{
    Check, Enforcement, Identity, Policy, PolicyEntry, PolicySet, Rule, Schema, Settings, Severity,
    Subject, Waiver,
};
use crate::document::{Path, Step};

/// A policy set that is checked and ready to judge. It never changes: a reload compiles another.
pub struct Engine {
    pub(super) entries: Vec<Entry>,
    /// By the kind's own name, the entries that may be about it, in order.
    by_kind: ByKind,
    /// The entries that may be about a kind that none of them names.
    any_kind: Box<[u32]>,
    /// By the rank of what they note in an inventory. Entries that note the same are one observer.
    pub(super) observers: Box<[u32]>,
    observed: Arc<str>,
    /// Whether it is noted too what made objects.
    pub(super) notes_makers: bool,
    pub(super) settings: Settings,
    pub(super) pods: PodKinds,
    pub(super) waivers: Vec<Arc<Waiver>>,
    digest: Arc<str>,
}

/// Ranks of entries by a kind's own name.
type ByKind = HashMap<String, Box<[u32]>>;

/// One rule of one policy, ready to run.
pub(super) struct Entry {
    pub(super) policy: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) rule: &'static Rule,
    pub(super) check: Box<dyn Check>,
    pub(super) scope: CompiledScope,
    pub(super) severity: Severity,
    pub(super) enforcement: Enforcement,
    pub(super) on_error: Enforcement,
    pub(super) existing: Enforcement,
    pub(super) mutate: bool,
    pub(super) templates: bool,
    pub(super) waivable: bool,
    pub(super) message: Option<String>,
    pub(super) help: Option<String>,
    pub(super) observes: Kinds,
    /// The rank of its observer, if it is one.
    pub(super) table: u32,
    /// What decides what it notes.
    noting: String,
}

/// Something in a policy set that can't be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub part: Part,
    /// Where in that part, from its `spec` down.
    pub path: Path,
    /// One lower-case phrase.
    pub message: String,
    pub help: Option<String>,
}

/// The part of a policy set that a flaw is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Settings,
    /// The policy at this rank of the set.
    Policy(usize),
    /// The waiver at this rank of the set.
    Waiver(usize),
}

impl Engine {
    /// Checks a policy set and makes it ready to judge.
    ///
    /// The order of the set's policies changes nothing: entries are kept by policy name.
    ///
    /// # Errors
    ///
    /// Every flaw of the set, at once.
    pub fn compile(
        set: &PolicySet,
        rules: &[&'static Rule],
        schema: &'static dyn Schema,
    ) -> Result<Self, Vec<Flaw>> {
        let pods = PodKinds { schema, custom: set.settings.pod_templates.clone() };
        let mut compiler = Compiler { set, rules, pods: &pods, flaws: Vec::new() };
        let entries = compiler.entries();
        compiler.check_fills(&entries);
        compiler.check_waivers();
        if !compiler.flaws.is_empty() {
            return Err(compiler.flaws);
        }
        let mut entries: Vec<Entry> = entries.into_iter().map(|(_, entry)| entry).collect();
        let (by_kind, any_kind) = index(&entries, &pods);
        let observers = observers(&mut entries);
        let mut engine = Self {
            observed: Arc::default(),
            notes_makers: false,
            observers,
            by_kind,
            any_kind,
            entries,
            settings: set.settings.clone(),
            waivers: set.waivers.iter().cloned().map(Arc::new).collect(),
            digest: digest(set),
            pods,
        };
        engine.notes_makers = engine.will_note_makers();
        engine.observed = engine.what_is_observed();
        Ok(engine)
    }

    /// The digest of the policy set in force: `sha256:` and 64 hexadecimal digits. Equal sets
    /// have equal digests, however their policies are ordered.
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }

    /// What holds for the whole set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The rules in force with the policy and the entry that name them.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str, &'static Rule)> {
        self.entries.iter().map(|entry| (&*entry.policy, &*entry.name, entry.rule))
    }

    /// Whether any entry may be about this kind. What none is about need not be read.
    pub fn may_judge(&self, kind: &str) -> bool {
        !self.candidates(kind).is_empty()
    }

    /// Whether any entry changes what is created.
    pub fn may_change(&self) -> bool {
        self.entries.iter().any(|entry| entry.mutate)
    }

    /// Whether any entry may judge an object of this kind that exists: what is created with it,
    /// or could be.
    pub fn may_judge_existing(&self, group: &str, kind: &str) -> bool {
        let mut entries = self.candidates(kind).iter().filter_map(|&index| self.entry(index));
        entries.any(|entry| entry.scope.may_judge_existing(group, kind, &self.pods))
    }

    /// Says what the rules want to know of other objects, and how they note it. Engines that say
    /// the same can share an [`Inventory`](super::Inventory).
    pub fn observers(&self) -> &Arc<str> {
        &self.observed
    }

    /// Whether any rule puts anything right in objects of the kind with this name.
    pub(super) fn may_change_kind(&self, kind: &str) -> bool {
        let mut entries = self.candidates(kind).iter().filter_map(|&index| self.entry(index));
        entries.any(|entry| entry.mutate)
    }

    pub(super) fn candidates(&self, kind: &str) -> &[u32] {
        self.by_kind.get(kind).unwrap_or(&self.any_kind)
    }

    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// Those that want to know of the subject: their ranks, and the entries'.
    pub(super) fn observers_of(&self, subject: &Subject<'_>) -> impl Iterator<Item = (u32, u32)> {
        let identity = &subject.identity;
        let holds_pods = self.pods.contain(&identity.group, &identity.kind);
        let wants = move |kinds: &Kinds| kinds.mean(identity, || holds_pods) != Meant::No;
        let observers = (0..).zip(self.observers.iter().copied());
        observers.filter(move |(_, index)| self.entry(*index).is_some_and(|it| wants(&it.observes)))
    }

    pub(super) fn schema(&self) -> &'static dyn Schema {
        self.pods.schema
    }

    /// What decides what all entries note, and in which order.
    fn what_is_observed(&self) -> Arc<str> {
        let pods = serde_json::to_string(&self.settings.pod_templates).unwrap_or_default();
        let noting = self.observers.iter().filter_map(|&index| self.entry(index));
        let makers = self.notes_makers.then_some("makers");
        let lines = noting.map(|entry| &*entry.noting).chain([&*pods]).chain(makers);
        lines.collect::<Vec<&str>>().join("\n").into()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("digest", &self.digest)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl Entry {
    /// Whether the rule wants to know of this controller's kind.
    pub(super) fn observes(&self, controller: Option<&Identity>, pods: &PodKinds) -> bool {
        controller.is_some_and(|it| self.observes.name(it, pods))
    }
}

struct Compiler<'c> {
    set: &'c PolicySet,
    rules: &'c [&'static Rule],
    pods: &'c PodKinds,
    flaws: Vec<Flaw>,
}

impl Compiler<'_> {
    /// The entries of all policies by policy name, each with its place in the set.
    fn entries(&mut self) -> Vec<((usize, usize), Entry)> {
        let mut ranked: Vec<(usize, &Policy)> = self.set.policies.iter().enumerate().collect();
        ranked.sort_by(|one, two| one.1.name.cmp(&two.1.name));
        let mut names = BTreeSet::new();
        let count = self.set.policies.iter().map(|policy| policy.rules.len()).sum();
        let mut entries = Vec::with_capacity(count);
        for (rank, policy) in ranked {
            if !names.insert(&policy.name) {
                let message = format!("policy `{}` is defined twice", policy.name);
                self.flaw(Part::Policy(rank), Path::root(), message, None);
            }
            let name: Arc<str> = policy.name.as_str().into();
            let mut entry_names = BTreeSet::new();
            for (index, entry) in policy.rules.iter().enumerate() {
                if !entry_names.insert(Policy::entry_name(entry)) {
                    let help = "give one of them an `id`".to_owned();
                    let message = format!("entry `{}` stands twice", Policy::entry_name(entry));
                    self.flaw(Part::Policy(rank), at(index, []), message, Some(help));
                }
                if let Some(compiled) = self.compile_entry(rank, policy, &name, index, entry) {
                    entries.push(((rank, index), compiled));
                }
            }
        }
        entries
    }

    fn compile_entry(
        &mut self,
        rank: usize,
        policy: &Policy,
        policy_name: &Arc<str>,
        index: usize,
        entry: &PolicyEntry,
    ) -> Option<Entry> {
        let part = Part::Policy(rank);
        let Some(rule) = self.rules.iter().copied().find(|rule| rule.id == entry.rule) else {
            let near = super::nearest(&entry.rule, self.rules.iter().map(|rule| rule.id));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no rule `{}`", entry.rule);
            self.flaw(part, at(index, ["rule".into()]), message, help);
            return None;
        };
        let check = (rule.configure)(&entry.params).map_err(|error| {
            let params = [Step::from("params")].into_iter().chain(error.path.steps);
            self.flaw(part, at(index, params), error.message, error.help);
        });
        let scope = self.compile_scope(rank, policy, index, entry, rule);
        let (check, scope) = (check.ok()?, scope?);
        if let Some(flaw) = check.flaw(scope.kinds(), self.pods) {
            self.flaw(part, at(index, ["params".into()]), flaw, None);
        }
        self.check_presence(part, index, &*check, scope.kinds());
        if entry.mutate && check.fills().is_none() {
            let message = format!("rule `{}` changes nothing", rule.id);
            let help = "leave `mutate` out".to_owned();
            self.flaw(part, at(index, ["mutate".into()]), message, Some(help));
        }
        let cap = self.set.settings.max_enforcement.unwrap_or(Enforcement::Deny);
        let enforcement = entry.enforcement.unwrap_or(policy.enforcement).min(cap);
        let observes = check.observes(scope.kinds());
        Some(Entry {
            noting: noting(rule, entry, &observes),
            table: u32::MAX,
            policy: Arc::clone(policy_name),
            name: Policy::entry_name(entry).into(),
            rule,
            observes,
            check,
            scope,
            severity: entry.severity.unwrap_or(rule.severity),
            enforcement,
            // A rule that could not judge weighs no more than one that found something.
            on_error: entry.on_error.unwrap_or(policy.on_error).min(enforcement),
            existing: entry.existing,
            mutate: entry.mutate,
            templates: entry.templates,
            waivable: entry.waivable,
            message: entry.message.clone(),
            help: entry.help.clone(),
        })
    }

    fn compile_scope(
        &mut self,
        rank: usize,
        policy: &Policy,
        index: usize,
        entry: &PolicyEntry,
        rule: &'static Rule,
    ) -> Option<CompiledScope> {
        let rule_kinds = Kinds::parse(rule.kinds).unwrap_or_default();
        let scopes = [&self.set.settings.defaults, &policy.scope, &entry.scope];
        let errors = match CompiledScope::new(&scopes, &rule_kinds) {
            Ok(scope) => return Some(scope),
            Err(errors) => errors,
        };
        for (scope, path, error) in errors {
            let below = |prefix: Vec<Step>| Path { steps: [prefix, path.steps.clone()].concat() };
            let (part, path) = match scope {
                0 => (Part::Settings, below(vec!["defaults".into()])),
                1 => (Part::Policy(rank), below(vec!["scope".into()])),
                _ => (Part::Policy(rank), below(at(index, ["scope".into()]).steps)),
            };
            let flaw = Flaw {
                part,
                path,
                message: error.to_string(),
                help: Some("write GROUP/VERSION/KIND, VERSION/KIND or KIND".to_owned()),
            };
            if !self.flaws.contains(&flaw) {
                self.flaws.push(flaw);
            }
        }
        None
    }

    /// Refuses a rule that asks whether a field is there which the API server always fills: it
    /// would judge a manifest and the object made from it differently.
    fn check_presence(&mut self, part: Part, index: usize, check: &dyn Check, kinds: &Kinds) {
        for (group, kind) in kinds.spelt_out(self.pods) {
            let template = self.pods.template(&group, &kind);
            let fields = check.judges_presence_of(template.as_deref());
            let why =
                fields.iter().find_map(|it| self.pods.schema.always_filled(&group, &kind, it));
            if let Some(why) = why {
                let message = format!("a policy can't judge whether this field is there: {why}");
                self.flaw(part, at(index, ["params".into()]), message, None);
                return;
            }
        }
    }

    /// Refuses two entries that fill one field differently where both may apply: the outcome
    /// would depend on their order.
    fn check_fills(&mut self, entries: &[((usize, usize), Entry)]) {
        let filling: Vec<_> = entries
            .iter()
            .filter(|(_, entry)| entry.mutate)
            .filter_map(|(place, entry)| Some((place, entry, entry.check.fills()?)))
            .collect();
        for (rank, (_, one, value)) in filling.iter().enumerate() {
            for (place, two, its_value) in filling.iter().skip(rank + 1) {
                if value != its_value && self.fill_one_field(one, two) {
                    let message = format!(
                        "entry `{}` of policy `{}` fills the same field with another value",
                        one.name, one.policy,
                    );
                    let help = "make their scopes disjoint, or fill the same value".to_owned();
                    let (policy, index) = *place;
                    self.flaw(Part::Policy(*policy), at(*index, []), message, Some(help));
                }
            }
        }
    }

    /// Whether there is a kind that both judge and in which both fill the same field. One may say
    /// `pod.spec.x`, the other `spec.x` for Pods alone.
    fn fill_one_field(&self, one: &Entry, two: &Entry) -> bool {
        let same = |template: Option<&[&str]>| {
            let mine = one.check.judges_presence_of(template);
            two.check.judges_presence_of(template).iter().any(|field| mine.contains(field))
        };
        let both_judge = |group: &str, kind: &str| {
            one.scope.may_be_about(group, kind, self.pods)
                && two.scope.may_be_about(group, kind, self.pods)
        };
        one.scope.overlaps(&two.scope)
            && (same(None)
                || self.pods.all().any(|(group, kind)| {
                    both_judge(group, kind) && same(self.pods.template(group, kind).as_deref())
                }))
    }

    fn check_waivers(&mut self) {
        let mut names = BTreeMap::new();
        for (rank, waiver) in self.set.waivers.iter().enumerate() {
            if names.insert(&waiver.name, rank).is_some() {
                let message = format!("waiver `{}` is defined twice", waiver.name);
                self.flaw(Part::Waiver(rank), Path::root(), message, None);
            }
            for (keys, message) in waiver.flaws() {
                let steps = keys.iter().map(|key| Step::from(*key)).collect();
                self.flaw(Part::Waiver(rank), Path { steps }, message, None);
            }
        }
    }

    fn flaw(&mut self, part: Part, path: Path, message: String, help: Option<String>) {
        self.flaws.push(Flaw { part, path, message, help });
    }
}

/// A place below an entry of a policy.
fn at(entry: usize, below: impl IntoIterator<Item = Step>) -> Path {
    let entry = u32::try_from(entry).unwrap_or(u32::MAX);
    let steps = [Step::from("rules"), Step::Index(entry)].into_iter().chain(below);
    Path { steps: steps.collect() }
}

/// By kind name, which entries may be about it; and those that may be about any other kind.
fn index(entries: &[Entry], pods: &PodKinds) -> (ByKind, Box<[u32]>) {
    let named: Vec<Option<Vec<String>>> =
        entries.iter().map(|entry| entry.scope.kind_names(pods)).collect();
    let all: BTreeSet<&String> = named.iter().flatten().flatten().collect();
    let may = |kind: Option<&String>| -> Box<[u32]> {
        let about = |names: &Option<Vec<String>>| match (names, kind) {
            (None, _) => true,
            (Some(names), Some(kind)) => names.contains(kind),
            (Some(_), None) => false,
        };
        (0..).zip(&named).filter(|(_, names)| about(names)).map(|(index, _)| index).collect()
    };
    (all.into_iter().map(|kind| (kind.clone(), may(Some(kind)))).collect(), may(None))
}

/// The entries that note something, each once; tells every entry where its notes are.
fn observers(entries: &mut [Entry]) -> Box<[u32]> {
    let mut ranks: BTreeMap<String, u32> = BTreeMap::new();
    let mut observers = Vec::new();
    for (index, entry) in (0..).zip(entries) {
        if entry.observes.patterns.is_empty() {
            continue;
        }
        let next = u32::try_from(ranks.len()).unwrap_or(u32::MAX);
        entry.table = *ranks.entry(entry.noting.clone()).or_insert_with(|| {
            observers.push(index);
            next
        });
    }
    observers.into()
}

/// What decides what an entry notes of an object: its rule, parameters and kinds.
fn noting(rule: &Rule, entry: &PolicyEntry, observes: &Kinds) -> String {
    let params = serde_json::to_string(&entry.params).unwrap_or_default();
    let kinds: Vec<String> = observes.patterns.iter().map(ToString::to_string).collect();
    format!("{} {} {params}", rule.id, kinds.join(" "))
}

/// A hash over what decides verdicts, in an order of its own.
fn digest(set: &PolicySet) -> Arc<str> {
    use std::fmt::Write as _;
    let mut parts: Vec<(String, serde_json::Value)> = Vec::new();
    let json = |part: Result<serde_json::Value, _>| part.unwrap_or_default();
    parts.push(("settings".to_owned(), json(serde_json::to_value(&set.settings))));
    for policy in &set.policies {
        parts.push((format!("policy/{}", policy.name), json(serde_json::to_value(policy))));
    }
    for waiver in set.waivers.iter().filter(|waiver| !waiver.proposed) {
        parts.push((format!("waiver/{}", waiver.name), json(serde_json::to_value(waiver))));
    }
    parts.sort_by(|one, two| one.0.cmp(&two.0));
    let mut hash = Sha256::new();
    for (name, part) in parts {
        hash.update(name);
        hash.update([0]);
        hash.update(part.to_string());
        hash.update([0]);
    }
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        _ = write!(text, "{byte:02x}");
    }
    text.into()
}
