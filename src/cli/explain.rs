//! `explain`: the page of a rule, its parameters, and the entries in force that use it.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Map, Value as Json};

use super::policies::Choice;
use super::{ALLOWED, Console, Failure};
use crate::engine::{Policy, PolicyEntry, Rule, nearest};
use crate::policyfile::Loaded;
use crate::rules;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The id of a rule, or POLICY/ENTRY as findings name it
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    policies: Choice,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let loaded = arguments.policies.load()?;
    let wanted = arguments.rule.as_str();
    if let Some(rule) = rules::find(wanted) {
        console.write(&text(rule, &loaded, |_, _| true))?;
        return Ok(ALLOWED);
    }
    let mut names = entries(&loaded).map(|(policy, entry)| (name(policy, entry), policy, entry));
    if let Some((_, policy, entry)) = names.find(|(name, ..)| name == wanted)
        && let Some(rule) = rules::find(&entry.rule)
    {
        let its_name = name(policy, entry);
        console.write(&text(rule, &loaded, |policy, entry| name(policy, entry) == its_name))?;
        return Ok(ALLOWED);
    }
    let what = if wanted.contains('/') { "entry" } else { "rule" };
    let failure = Failure::new(format!("there is no {what} `{wanted}`"));
    let all: Vec<String> = entries(&loaded).map(|(policy, entry)| name(policy, entry)).collect();
    let known = rules::ALL.iter().map(|rule| rule.id).chain(all.iter().map(String::as_str));
    Err(match nearest(wanted, known) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`portcullis rules` lists the rules".to_owned()),
    })
}

/// The page of a rule, and the entries in force that use it and are `wanted`.
pub(super) fn text(
    rule: &Rule,
    loaded: &Loaded,
    wanted: impl Fn(&Policy, &PolicyEntry) -> bool,
) -> String {
    let mut out = format!(
        "{} ({}, {}, since {})\n\n",
        rule.id,
        rule.category.as_str(),
        rule.severity.as_str(),
        rule.since,
    );
    for line in rule.doc.lines() {
        _ = writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(line));
    }
    let uses: String = entries(loaded)
        .filter(|(policy, entry)| entry.rule == rule.id && wanted(policy, entry))
        .map(|(policy, entry)| in_force(rule, policy, entry, loaded))
        .collect();
    if uses.is_empty() {
        out.push_str("\nNo policy in force uses it.\n");
    } else {
        _ = write!(out, "\nIn force:\n\n{uses}");
    }
    out
}

/// An entry as it judges: with what the policy, the settings and the rule say where it says nothing.
fn in_force(rule: &Rule, policy: &Policy, entry: &PolicyEntry, loaded: &Loaded) -> String {
    let enforcement = entry.enforcement.unwrap_or(policy.enforcement);
    let most = loaded.set.settings.max_enforcement.unwrap_or(enforcement);
    let enforcement = enforcement.min(most);
    let severity = entry.severity.unwrap_or(rule.severity);
    let mut out = format!(
        "{}: {}, {}{}{}\n",
        name(policy, entry),
        enforcement.as_str(),
        severity.as_str(),
        if entry.mutate { ", changes objects" } else { "" },
        if entry.waivable { "" } else { ", no waiver" },
    );
    for (whose, scope) in [("scope of the policy", &policy.scope), ("scope", &entry.scope)] {
        for (field, value) in fields(scope) {
            _ = writeln!(out, "  {whose}: {field}: {value}");
        }
    }
    for (parameter, value) in fields(&entry.params) {
        _ = writeln!(out, "  {parameter}: {value}");
    }
    let schema = (rule.parameters)().to_value();
    let known = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
    for (parameter, about) in known.filter(|(name, _)| entry.params.get(name).is_none()) {
        if let Some(default) = about.get("default").filter(|default| !default.is_null()) {
            _ = writeln!(out, "  {parameter}: {default} (default)");
        }
    }
    out
}

/// What a type says, field by field.
fn fields(of: &impl serde::Serialize) -> Map<String, Json> {
    match serde_json::to_value(of) {
        Ok(Json::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn entries(loaded: &Loaded) -> impl Iterator<Item = (&Policy, &PolicyEntry)> {
    let policies = loaded.set.policies.iter();
    policies.flat_map(|policy| policy.rules.iter().map(move |entry| (policy, entry)))
}

/// As findings name it.
pub(super) fn name(policy: &Policy, entry: &PolicyEntry) -> String {
    format!("{}/{}", policy.name, Policy::entry_name(entry))
}
