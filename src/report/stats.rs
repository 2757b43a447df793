//! Counts: how often each rule found something, and how much each owner has.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::owned::by_owner;
use super::run::{counts, unjudged_lines};
use super::{Appearance, Effect, Run, Shown};

/// A name, and how many findings of each effect it has.
type Row = (String, [usize; 5]);

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Shown>> = BTreeMap::new();
    for shown in run.findings.iter() {
        by_rule.entry(shown.finding.rule).or_default().push(shown);
    }
    let rules = by_rule.into_iter().map(|(rule, all)| (rule.to_owned(), counts(all)));
    let owners = by_owner(run).into_iter().map(|it| (it.name, it.counts));
    let mut out = String::new();
    table(&mut out, "rule", rules.collect());
    table(&mut out, "owner", owners.collect());
    for line in unjudged_lines(run).iter().chain(&run.summary.notices) {
        _ = writeln!(out, "{line}");
    }
    _ = writeln!(out, "{}", run.summary.line(run));
    out
}

/// Most findings first; the name comes last, since it may be long.
fn table(out: &mut String, title: &str, mut rows: Vec<Row>) {
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(_, counts)| Reverse(counts.iter().sum::<usize>()));
    for effect in Effect::ALL {
        _ = write!(out, "{:>9}", effect.as_str());
    }
    _ = writeln!(out, "  {title}");
    for (name, counts) in rows {
        for count in counts {
            _ = write!(out, "{count:>9}");
        }
        _ = writeln!(out, "  {name}");
    }
    out.push('\n');
}
