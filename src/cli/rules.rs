//! `rules`: what can be judged.

use std::fmt::Write as _;

use clap::Args;

use super::{ALLOWED, Console, Failure};
use crate::engine::Category;
use crate::rules;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only the rules of this category
    #[arg(long, value_parser = ["convention", "reliability", "security"], env = "PORTCULLIS_CATEGORY")]
    category: Option<String>,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let wanted = |category: Category| {
        arguments.category.as_deref().is_none_or(|only| only == category.as_str())
    };
    let width = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in rules::ALL.iter().filter(|rule| wanted(rule.category)) {
        let (category, severity) = (rule.category.as_str(), rule.severity.as_str());
        _ = writeln!(
            out,
            "{:width$}  {category:11}  {severity:8}  {}",
            rule.id,
            rule.summary().replace('`', ""),
        );
    }
    console.write(&out)?;
    Ok(ALLOWED)
}
