//! One HTML page with everything in it: no request leaves it, and a hostile name stays text.
//!
//! It is a plain list by owner; its script adds search, filters and grouping. Its own policy
//! (Content Security Policy Level 3, hashes) lets nothing run but that script, so it works under a
//! strict policy of a server too, if that names the same hashes or allows inline code.

pub(crate) mod list;
mod plot;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::plot::{Bar, bars};
use super::owned::by_owner;
use super::rule::RuleText;
use super::run::unjudged_lines;
use super::xml::text;
use super::{Appearance, Effect, Run};
use crate::engine::Severity;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT),
    );
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Portcullis report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    head(&mut out, run);
    plots(&mut out, run);
    controls(&mut out);
    list::findings(&mut out, run);
    notes(&mut out, run);
    rules(&mut out, run);
    _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// A source expression that allows exactly this text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn head(out: &mut String, run: &Run) {
    let counts = run.counts();
    out.push_str("<header>\n<h1>Portcullis report</h1>\n");
    _ = writeln!(
        out,
        "<p class=\"quiet\">{}; policy set <code>{}</code></p>",
        text(&run.summary.line(run)),
        text(&run.policy_set),
    );
    out.push_str("<ul class=\"tiles\">\n");
    for (effect, count) in Effect::ALL.map(Effect::as_str).into_iter().zip(counts) {
        _ = writeln!(
            out,
            "<li class=\"{effect}\"><span class=\"effect\">{effect}</span> <b>{count}</b></li>"
        );
    }
    out.push_str("</ul>\n</header>\n");
}

fn plots(out: &mut String, run: &Run) {
    let owners = by_owner(run).into_iter().map(|it| Bar { name: it.name, counts: it.counts });
    let count = |bars: &mut [Bar], name: &str, shown: &super::Shown| {
        if let Some(bar) = bars.iter_mut().find(|bar| bar.name == name) {
            let counts = super::run::counts([shown]);
            bar.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    };
    let empty = |name: &str| Bar { name: name.to_owned(), counts: [0; 5] };
    let mut severities: Vec<Bar> = SEVERITIES.into_iter().map(|it| empty(it.as_str())).collect();
    let mut rules: Vec<Bar> = RuleText::of(run).iter().map(|about| empty(about.id)).collect();
    for shown in run.findings.iter() {
        count(&mut severities, shown.finding.severity.as_str(), shown);
        count(&mut rules, shown.finding.rule, shown);
    }
    out.push_str("<div class=\"plots\">\n");
    out.push_str(&bars("By severity", "severity", severities));
    out.push_str(&bars("By owner", "owner", plot::largest_first(owners.collect())));
    out.push_str(&bars("By rule", "rule", plot::largest_first(rules)));
    out.push_str("</div>\n");
}

/// Hidden until the script shows that it runs.
fn controls(out: &mut String) {
    out.push_str(
        "<h2>Findings</h2>\n<form id=\"controls\" hidden>\n\
         <input type=\"search\" name=\"search\" placeholder=\"Search\" aria-label=\"Search\">\n",
    );
    let select = |out: &mut String, name: &str, first: &str, options: &[&str]| {
        _ = write!(out, "<select name=\"{name}\" aria-label=\"{name}\">");
        if !first.is_empty() {
            _ = write!(out, "<option value=\"\">{first}</option>");
        }
        for option in options {
            _ = write!(out, "<option>{option}</option>");
        }
        out.push_str("</select>\n");
    };
    select(out, "effect", "all effects", &Effect::ALL.map(Effect::as_str));
    select(out, "severity", "all severities", &SEVERITIES.map(Severity::as_str));
    select(out, "group", "", &["owner", "rule", "severity", "effect", "file"]);
    out.push_str("<output id=\"count\"></output>\n</form>\n");
}

fn notes(out: &mut String, run: &Run) {
    let notes: Vec<String> =
        unjudged_lines(run).into_iter().chain(run.summary.notices.iter().cloned()).collect();
    if notes.is_empty() {
        return;
    }
    out.push_str("<h2>Notes</h2>\n<ul>\n");
    for note in notes {
        _ = writeln!(out, "<li>{}</li>", list::message(&note));
    }
    out.push_str("</ul>\n");
}

fn rules(out: &mut String, run: &Run) {
    let rules = RuleText::of(run);
    if rules.is_empty() {
        return;
    }
    out.push_str("<h2>Rules</h2>\n");
    for about in rules {
        _ = writeln!(
            out,
            "<details><summary><code>{}</code> {}</summary>\n<p>{}</p>\n</details>",
            about.id,
            list::message(&about.summary),
            list::message(&about.why),
        );
    }
}
