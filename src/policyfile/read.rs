//! The documents of policy files into one policy set, and that into an engine.

use super::kind::{API_VERSION, Kind};
use super::misfit::{did_you_mean, spot};
use super::part::{Part, Place, check_parameters};
use super::problem::{Problem, Problems};
use super::schema;
use crate::document::{Duplicate, Lines, Span, Step, Value, yaml};
use crate::engine::{
    self, Engine, Flaw, Policy, PolicySet, Rule, Schema, Settings, Waiver, nearest,
};

/// A text of policies, and what to call it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// The file's path, as the person who gave it knows it.
    pub name: &'t str,
    pub text: &'t str,
    pub origin: Origin,
}

/// Where a source comes from, which says what it may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the program, and was checked before the program was built: of its mistakes only
    /// those are looked for that would make no engine.
    Shipped,
    /// From where policies come from. Every document must be one of ours.
    Policies,
    /// It lies in what is judged. Only its waivers are read, and they are proposed unless the
    /// policy set trusts them.
    Judged,
}

impl<'t> Source<'t> {
    /// A text from where policies come from.
    pub const fn new(name: &'t str, text: &'t str) -> Self {
        Self { name, text, origin: Origin::Policies }
    }
}

/// A policy set that has no mistake in it.
#[derive(Debug)]
pub struct Loaded {
    pub set: PolicySet,
    pub engine: Engine,
}

/// Reads sources into one policy set and makes it ready to judge.
///
/// Of several `PolicySet` documents the one of the last source counts, as a whole. A waiver in
/// what is judged may repeat one of the policies.
///
/// # Errors
///
/// Every mistake of all sources. A set with a mistake makes no engine, so whoever reloads keeps
/// the one that works.
pub fn load(
    sources: &[Source<'_>],
    rules: &[&'static Rule],
    schema: &'static dyn Schema,
) -> Result<Loaded, Problems> {
    load_under(&Settings::default(), sources, rules, schema)
}

/// The same with these settings where no source has its own: for the policies of one file by
/// themselves, as its cases judge them.
///
/// # Errors
///
/// As [`load`].
pub fn load_under(
    settings: &Settings,
    sources: &[Source<'_>],
    rules: &[&'static Rule],
    schema: &'static dyn Schema,
) -> Result<Loaded, Problems> {
    let mut reader = Reader { rules, ..Reader::default() };
    for (rank, source) in sources.iter().enumerate() {
        reader.read_source(rank, source);
    }
    let set = reader.set(settings, sources);
    let flaws = match Engine::compile(&set, rules, schema) {
        Ok(engine) if reader.found.is_empty() => return Ok(Loaded { set, engine }),
        Ok(_) => Vec::new(),
        Err(flaws) => flaws,
    };
    if !reader.settings_in_doubt {
        for flaw in flaws {
            reader.add_flaw(flaw, sources);
        }
    }
    Err(reader.problems(sources))
}

/// Something wrong at a place of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

#[derive(Default)]
struct Reader<'t> {
    rules: &'t [&'static Rule],
    found: Vec<(usize, Found)>,
    policies: Vec<Part<'t, Policy>>,
    waivers: Vec<Part<'t, Waiver>>,
    settings: Option<Part<'t, Settings>>,
    /// Sources and spans of parameters with a mistake.
    broken: Vec<(usize, Span)>,
    /// The settings that were read are not what was meant, so nothing can be said that rests on
    /// them.
    settings_in_doubt: bool,
}

impl<'t> Reader<'t> {
    fn read_source(&mut self, rank: usize, source: &Source<'t>) {
        let judged = source.origin == Origin::Judged;
        let is_checked = source.origin == Origin::Shipped;
        let mut found = Vec::new();
        let mut settings_before = false;
        for document in yaml::read(source.text) {
            let document = match document {
                Ok(document) if document.empty => continue,
                Ok(document) if judged && !is_waiver(&document.value) => continue,
                // Whoever judges the file tells of what can't be read.
                Err(_) if judged => continue,
                Ok(document) => document,
                Err(it) => {
                    found.push(Found { span: it.span, message: it.message, help: it.help });
                    continue;
                }
            };
            found.extend(document.duplicates.iter().map(|it| duplicate(it, source.text)));
            let value = &document.value;
            let Some(kind) = kind_of(value, &mut found) else { continue };
            if is_checked {
                self.take_checked(rank, kind, value, &mut found);
                continue;
            }
            let schema = schema::of_kind(kind);
            match kind {
                Kind::Policy => {
                    let part = Part::<Policy>::read(rank, value, schema, &mut found);
                    let spec = value.get("spec").unwrap_or(&Value::NULL);
                    let broken = check_parameters(spec, self.rules, &mut found);
                    self.broken.extend(broken.into_iter().map(|span| (rank, span)));
                    self.policies.extend(part);
                }
                Kind::Waiver => {
                    let part = Part::<Waiver>::read(rank, value, schema, &mut found);
                    self.waivers.extend(part.filter(|part| !judged || self.is_new(part)));
                }
                Kind::PolicySet => {
                    let mistakes = found.len();
                    self.settings = Part::read(rank, value, schema, &mut found);
                    self.settings_in_doubt = found.len() > mistakes;
                    if settings_before {
                        let message = "a second `PolicySet` in one file".to_owned();
                        found.push(Found { span: spot(None, value), message, help: None });
                    }
                    settings_before = true;
                }
            }
        }
        self.found.extend(found.into_iter().map(|found| (rank, found)));
    }

    /// Takes a document that is known to have no mistake.
    fn take_checked(
        &mut self,
        rank: usize,
        kind: Kind,
        document: &Value<'t>,
        found: &mut Vec<Found>,
    ) {
        match kind {
            Kind::Policy => self.policies.extend(Part::of_checked(rank, document, found)),
            Kind::Waiver => self.waivers.extend(Part::of_checked(rank, document, found)),
            Kind::PolicySet => self.settings = Part::of_checked(rank, document, found),
        }
    }

    /// Whether no waiver says the same under the same name.
    fn is_new(&self, part: &Part<'t, Waiver>) -> bool {
        !self.waivers.iter().any(|it| it.name == part.name && it.spec == part.spec)
    }

    fn set(&self, settings: &Settings, sources: &[Source<'_>]) -> PolicySet {
        let own = self.settings.as_ref().map(|part| &part.read);
        let settings = own.unwrap_or(settings).clone();
        let is_judged = |part: &Part<'_, Waiver>| {
            sources.get(part.source).is_some_and(|source| source.origin == Origin::Judged)
        };
        let policies = self.policies.iter();
        let waivers = self.waivers.iter();
        PolicySet {
            policies: policies
                .map(|part| Policy { name: part.name.clone(), ..part.read.clone() })
                .collect(),
            waivers: waivers
                .map(|part| Waiver {
                    name: part.name.clone(),
                    proposed: is_judged(part) && !settings.trust_repository_waivers,
                    ..part.read.clone()
                })
                .collect(),
            settings,
        }
    }

    /// Finds the place of a flaw, unless it repeats what was found there already.
    fn add_flaw(&mut self, flaw: Flaw, sources: &[Source<'_>]) {
        let (path, message) = (&flaw.path, &flaw.message);
        let placed = match flaw.part {
            engine::Part::Settings => self.settings.as_ref().map(|it| it.place(path, message)),
            engine::Part::Policy(rank) => self.policies.get(rank).map(|it| it.place(path, message)),
            engine::Part::Waiver(rank) => self.waivers.get(rank).map(|it| it.place(path, message)),
        };
        // Settings that no source has are the caller's.
        let place = placed.unwrap_or_else(Place::nowhere);
        if place.around.iter().any(|span| self.broken.contains(&(place.source, *span))) {
            return;
        }
        let other = || match flaw.part {
            _ if !flaw.path.steps.is_empty() => None,
            engine::Part::Policy(rank) => namesake(&self.policies, rank),
            engine::Part::Waiver(rank) => namesake(&self.waivers, rank),
            engine::Part::Settings => None,
        };
        let other = other().and_then(|(rank, span)| {
            let source = sources.get(rank)?;
            let line = Lines::new(source.text).position(span.start).line;
            Some(format!("the other is in {}:{line}", source.name))
        });
        let found = Found { span: place.span, message: flaw.message, help: flaw.help.or(other) };
        self.found.push((place.source, found));
    }

    fn problems(mut self, sources: &[Source<'_>]) -> Problems {
        self.found.sort_by_key(|(rank, found)| (*rank, found.span));
        self.found.dedup();
        let lines: Vec<_> = sources.iter().map(|source| Lines::new(source.text)).collect();
        let none = Lines::new("");
        let problems = self.found.into_iter().map(|(rank, found)| {
            let name = sources.get(rank).map_or("settings", |source| source.name);
            let lines = lines.get(rank).unwrap_or(&none);
            let problem = Problem::new(name, lines, found.span, found.message);
            Problem { help: found.help, ..problem }
        });
        Problems(problems.collect())
    }
}

fn is_waiver(document: &Value<'_>) -> bool {
    Kind::of(document) == Some(Kind::Waiver)
        && document.get("apiVersion").and_then(Value::as_str) == Some(API_VERSION)
}

/// The kind of a document, which must be one of ours.
fn kind_of(document: &Value<'_>, found: &mut Vec<Found>) -> Option<Kind> {
    let kind = Kind::of(document);
    if kind.is_none() {
        let names = Kind::ALL.map(Kind::as_str);
        let all = format!("`{}`", names.join("`, `"));
        let (span, message, near) = match document.get("kind") {
            Some(kind) => {
                let shown =
                    kind.as_str().map_or(kind.type_name().to_owned(), |it| format!("`{it}`"));
                let near = kind.as_str().and_then(|it| nearest(it, names));
                (kind.span, format!("`kind` must be one of {all}, not {shown}"), near)
            }
            None if document.as_map().is_some() => {
                (spot(None, document), "field `kind` is missing".to_owned(), None)
            }
            None => {
                let message = format!("a document must be a map, not {}", document.type_name());
                (spot(None, document), message, None)
            }
        };
        let rest = || format!("keep nothing but {all} of `{API_VERSION}` in a policy file");
        let help = near.map_or_else(rest, did_you_mean);
        found.push(Found { span, message, help: Some(help) });
    }
    kind
}

pub(super) fn duplicate(duplicate: &Duplicate, text: &str) -> Found {
    let key = match duplicate.path.steps.last() {
        Some(Step::Key(key)) => key,
        _ => "",
    };
    let line = Lines::new(text).position(duplicate.first.start).line;
    Found {
        span: duplicate.span,
        message: format!("key `{key}` stands twice"),
        help: Some(format!("the first is in line {line}: leave one of them out")),
    }
}

/// Where another part of the same name stands, before the one of this rank if there is one.
fn namesake<T>(parts: &[Part<'_, T>], rank: usize) -> Option<(usize, Span)> {
    let name = &parts.get(rank)?.name;
    let other = parts.iter().enumerate().find(|(at, it)| *at != rank && it.name == *name)?.1;
    Some((other.source, other.name_span))
}
