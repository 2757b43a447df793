//! Files and custom resources into one policy set.
//!
//! A custom resource takes the place of a file's policy of the same name. One that is broken
//! stops nothing: the policy goes on as it was last in force, or is left out if it never was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::document::Value;
use crate::engine::{Engine, Part, Policy, PolicySet, Waiver};
use crate::policyfile::{self, API_VERSION, Origin, Problems, Source};
use crate::{resource, rules};

/// A policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub name: String,
    pub text: String,
    /// Whether it is compiled into the program.
    pub shipped: bool,
}

/// Which of our two kinds, and the object's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: Kind,
    pub name: String,
}

/// Our custom resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Policy,
    Waiver,
}

/// A custom resource, as far as it decides anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    pub key: Key,
    pub spec: Value<'static>,
    /// The digest of the spec that the program wrote, if it did: while the two fit, the object
    /// only shows what a file says.
    pub mirrors: Option<String>,
}

/// How a part of the set stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in force as it is written.
    InForce,
    /// It shows what a file says, and the file is in force.
    Mirror,
    /// It shows what no file says any more.
    Stale,
    /// It can't be in force.
    Broken {
        why: String,
        /// Whether it goes on as it was before.
        kept: bool,
    },
}

/// A set that is ready, and how each custom resource stands in it.
#[derive(Clone, Debug)]
pub struct Assembly {
    pub engine: Arc<Engine>,
    pub set: Arc<PolicySet>,
    pub standings: BTreeMap<Key, Standing>,
    /// The policies that come from files and are not replaced by a custom resource.
    pub from_files: BTreeMap<String, Shipped>,
}

/// Whether a file's policy is compiled into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped(pub bool);

/// A custom resource that was read.
enum Read {
    Policy(Box<Policy>),
    Waiver(Box<Waiver>),
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "Policy",
            Self::Waiver => "Waiver",
        }
    }

    pub const fn plural(self) -> &'static str {
        match self {
            Self::Policy => "policies",
            Self::Waiver => "waivers",
        }
    }

    /// Which of ours a `kind` is.
    pub fn of(kind: &str) -> Option<Self> {
        [Self::Policy, Self::Waiver].into_iter().find(|it| it.as_str() == kind)
    }
}

/// Puts files and custom resources together. `before` is the set that was last in force.
///
/// # Errors
///
/// The files are broken; whatever is in force should stay.
pub fn assemble(
    files: &[Text],
    customs: &[Custom],
    before: Option<&PolicySet>,
) -> Result<Assembly, Problems> {
    let (base, from_files) = read_files(files)?;
    let mut standings = BTreeMap::new();
    let mut chosen: Vec<(Key, Read)> = Vec::new();
    for custom in customs {
        let standing = match read(custom) {
            Ok(read) => {
                let standing = read.standing(custom, &base);
                if standing == Standing::InForce {
                    chosen.push((custom.key.clone(), read));
                }
                standing
            }
            Err(why) => {
                let kept = keep(&custom.key, before, &mut chosen);
                Standing::Broken { why, kept }
            }
        };
        standings.insert(custom.key.clone(), standing);
    }
    let (engine, set) = match compile(&base, &chosen) {
        Ok(compiled) => compiled,
        Err(_) => one_by_one(&base, chosen, before, &mut standings)?,
    };
    let replaced = |name: &String| {
        let key = Key { kind: Kind::Policy, name: name.clone() };
        matches!(standings.get(&key), Some(Standing::InForce | Standing::Broken { kept: true, .. }))
    };
    let from_files = from_files.into_iter().filter(|(name, _)| !replaced(name)).collect();
    Ok(Assembly { engine: Arc::new(engine), set: Arc::new(set), standings, from_files })
}

/// What is wrong with one custom resource beside the files and the others, each as a phrase.
pub fn check(files: &[Text], customs: &[Custom], candidate: Custom) -> Vec<String> {
    let key = candidate.key.clone();
    let others = customs.iter().filter(|it| it.key != key).cloned();
    let customs: Vec<Custom> = others.chain([candidate]).collect();
    match assemble(files, &customs, None) {
        Ok(mut assembly) => match assembly.standings.remove(&key) {
            Some(Standing::Broken { why, .. }) => why.lines().map(str::to_owned).collect(),
            _ => Vec::new(),
        },
        // Not the candidate's fault.
        Err(_) => Vec::new(),
    }
}

/// A digest of what a policy says, whatever the order of its fields.
pub fn digest(policy: &Policy) -> String {
    let text = serde_json::to_value(policy).unwrap_or_default().to_string();
    let mut digest = String::from("sha256:");
    for byte in Sha256::digest(text) {
        _ = write!(digest, "{byte:02x}");
    }
    digest
}

fn read_files(files: &[Text]) -> Result<(PolicySet, BTreeMap<String, Shipped>), Problems> {
    let load = |files: &[&Text]| {
        let sources: Vec<Source<'_>> = files
            .iter()
            .map(|it| Source {
                name: &it.name,
                text: &it.text,
                origin: if it.shipped { Origin::Shipped } else { Origin::Policies },
            })
            .collect();
        policyfile::load(&sources, rules::ALL, &resource::KUBERNETES)
    };
    let all: Vec<&Text> = files.iter().collect();
    let shipped: Vec<&Text> = files.iter().filter(|it| it.shipped).collect();
    let set = load(&all)?.set;
    let shipped: Vec<Policy> =
        if shipped.is_empty() { Vec::new() } else { load(&shipped)?.set.policies };
    let origin = |policy: &Policy| Shipped(shipped.iter().any(|it| it.name == policy.name));
    let from_files = set.policies.iter().map(|it| (it.name.clone(), origin(it))).collect();
    Ok((set, from_files))
}

/// Reads one custom resource by itself.
fn read(custom: &Custom) -> Result<Read, String> {
    let Key { kind, name } = &custom.key;
    let document = Value::map([
        ("apiVersion", Value::text(API_VERSION)),
        ("kind", Value::text(kind.as_str())),
        ("metadata", Value::map([("name", Value::text(name))])),
        ("spec", custom.spec.clone()),
    ]);
    let text = serde_json::to_string(&document).map_err(|error| error.to_string())?;
    let source = Source::new(name, &text);
    let loaded = policyfile::load(&[source], rules::ALL, &resource::KUBERNETES);
    let mut set = loaded.map_err(|problems| in_words(&problems))?.set;
    let read = match kind {
        Kind::Policy => set.policies.pop().map(Box::new).map(Read::Policy),
        Kind::Waiver => set.waivers.pop().map(Box::new).map(Read::Waiver),
    };
    read.ok_or_else(|| "nothing is in it".to_owned())
}

/// Problems as phrases, one a line. Their lines are of no use: the text is not the user's.
fn in_words(problems: &Problems) -> String {
    let phrase = |problem: &policyfile::Problem| match &problem.help {
        Some(help) => format!("{} ({help})", problem.message),
        None => problem.message.clone(),
    };
    problems.0.iter().map(phrase).collect::<Vec<_>>().join("\n")
}

impl Read {
    fn standing(&self, custom: &Custom, files: &PolicySet) -> Standing {
        let Self::Policy(policy) = self else { return Standing::InForce };
        if custom.mirrors.as_deref() != Some(&digest(policy)) {
            return Standing::InForce;
        }
        match files.policies.iter().any(|it| it.name == policy.name) {
            true => Standing::Mirror,
            false => Standing::Stale,
        }
    }

    fn put_into(&self, set: &mut PolicySet) {
        match self {
            Self::Policy(policy) => {
                match set.policies.iter_mut().find(|it| it.name == policy.name) {
                    Some(one) => *one = (**policy).clone(),
                    None => set.policies.push((**policy).clone()),
                }
            }
            Self::Waiver(waiver) => {
                match set.waivers.iter_mut().find(|it| it.name == waiver.name) {
                    Some(one) => *one = (**waiver).clone(),
                    None => set.waivers.push((**waiver).clone()),
                }
            }
        }
    }
}

/// Takes a part as it was last in force; whether there is one.
fn keep(key: &Key, before: Option<&PolicySet>, chosen: &mut Vec<(Key, Read)>) -> bool {
    let kept = before.and_then(|before| match key.kind {
        Kind::Policy => before
            .policies
            .iter()
            .find(|it| it.name == key.name)
            .cloned()
            .map(Box::new)
            .map(Read::Policy),
        Kind::Waiver => before
            .waivers
            .iter()
            .find(|it| it.name == key.name)
            .cloned()
            .map(Box::new)
            .map(Read::Waiver),
    });
    let is_kept = kept.is_some();
    chosen.extend(kept.map(|read| (key.clone(), read)));
    is_kept
}

/// What stands in the way of a set: the part's own name where it has one, and words.
struct Obstacle {
    part: Option<Key>,
    why: String,
}

fn compile(base: &PolicySet, chosen: &[(Key, Read)]) -> Result<(Engine, PolicySet), Vec<Obstacle>> {
    let mut set = base.clone();
    for (_, read) in chosen {
        read.put_into(&mut set);
    }
    match Engine::compile(&set, rules::ALL, &resource::KUBERNETES) {
        Ok(engine) => Ok((engine, set)),
        Err(flaws) => Err(flaws
            .into_iter()
            .map(|flaw| Obstacle {
                part: match flaw.part {
                    Part::Settings => None,
                    Part::Policy(rank) => set
                        .policies
                        .get(rank)
                        .map(|it| Key { kind: Kind::Policy, name: it.name.clone() }),
                    Part::Waiver(rank) => set
                        .waivers
                        .get(rank)
                        .map(|it| Key { kind: Kind::Waiver, name: it.name.clone() }),
                },
                why: match flaw.help {
                    Some(help) => format!("{} ({help})", flaw.message),
                    None => flaw.message,
                },
            })
            .collect()),
    }
}

/// Finds out which parts don't go with the others, by adding one after the other, in order of
/// their names. Rare, so it may take its time.
fn one_by_one(
    base: &PolicySet,
    chosen: Vec<(Key, Read)>,
    before: Option<&PolicySet>,
    standings: &mut BTreeMap<Key, Standing>,
) -> Result<(Engine, PolicySet), Problems> {
    let mut good: Vec<(Key, Read)> = Vec::new();
    let mut last = compile(base, &good).ok();
    for (key, read) in chosen {
        good.push((key.clone(), read));
        let obstacles = match compile(base, &good) {
            Ok(compiled) => {
                last = Some(compiled);
                continue;
            }
            Err(obstacles) => obstacles,
        };
        good.pop();
        let why = |it: &Obstacle| match &it.part {
            Some(part) if *part != key => {
                format!("{} `{}`: {}", part.kind.as_str(), part.name, it.why)
            }
            _ => it.why.clone(),
        };
        let why = obstacles.iter().map(why).collect::<Vec<_>>().join("\n");
        let mut kept = keep(&key, before, &mut good);
        if kept {
            match compile(base, &good) {
                Ok(compiled) => last = Some(compiled),
                Err(_) => {
                    good.pop();
                    kept = false;
                }
            }
        }
        standings.insert(key, Standing::Broken { why, kept });
    }
    // The files alone were compiled when they were read.
    last.ok_or_else(|| Problems(Vec::new()))
}

#[cfg(test)]
mod tests;
