//! `explain`: the page of a rule, its parameters, and the entries in force that use it.

use std::fmt::Write as _;

use clap::Args;

use super::policies::Choice;
use super::{ALLOWED, Console, Failure};
use crate::engine::{Policy, nearest};
use crate::rules;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The id of a rule
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    policies: Choice,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let Some(rule) = rules::find(&arguments.rule) else {
        let failure = Failure::new(format!("there is no rule `{}`", arguments.rule));
        let near = nearest(&arguments.rule, rules::ALL.iter().map(|rule| rule.id));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("`portcullis rules` lists them".to_owned()),
        });
    };
    let loaded = arguments.policies.load()?;
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
    let mut uses = String::new();
    for policy in &loaded.set.policies {
        for entry in policy.rules.iter().filter(|entry| entry.rule == rule.id) {
            let enforcement = entry.enforcement.unwrap_or(policy.enforcement);
            let params = serde_json::to_string(&entry.params).unwrap_or_default();
            _ = writeln!(
                uses,
                "{}/{}: {}, params {params}",
                policy.name,
                Policy::entry_name(entry),
                enforcement.as_str(),
            );
        }
    }
    if uses.is_empty() {
        out.push_str("\nNo policy in force uses it.\n");
    } else {
        _ = write!(out, "\nIn force:\n\n{uses}");
    }
    console.write(&out)?;
    Ok(ALLOWED)
}
