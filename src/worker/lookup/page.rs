//! Pages for people: plain HTML with its style in it. Nothing runs in them and nothing is loaded,
//! and whatever an artefact is called stays text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{Timestamp, Unit};
use sha2::{Digest as _, Sha256};

use super::plot;
use crate::artefact::Fault;
use crate::artefact::lookup::{Action, Detail, Page, Query, RuleCount, Summary, Trends, openapi};
use crate::report::html::list::message;
use crate::report::xml::{attribute, text};

/// Above the pages of single verdicts.
pub(super) const VERDICTS: &str = "/verdicts";

const STYLE: &str = include_str!("page.css");

/// What was pushed lately, or what was asked for; `why` a question was not understood.
pub(super) fn front(query: &Query, why: Option<&str>, page: &Page, trends: &Trends) -> String {
    let mut out = begun("Verdicts on artefacts");
    out.push_str("<h1>Verdicts on artefacts</h1>\n<div class=\"plots\">\n");
    out.push_str(&plot::days(&trends.days));
    rules(&mut out, &trends.rules);
    out.push_str("</div>\n");
    form(&mut out, query);
    if let Some(why) = why {
        _ = writeln!(out, "<p><b class=\"fail\">not understood</b> {}</p>", message(why));
    }
    list(&mut out, page);
    if let Some(next) = page.next {
        let next = attribute(&query.next(next));
        _ = writeln!(out, "<p><a href=\"/?{next}\" rel=\"next\">Earlier ones</a></p>");
    }
    _ = writeln!(
        out,
        "<p class=\"quiet\">The same for programs: <a href=\"{0}\">{0}</a>, described by \
         <a href=\"{1}\">{1}</a>.</p>",
        openapi::VERDICTS,
        openapi::PATH
    );
    ended(out)
}

/// All that is known of one verdict.
pub(super) fn detail(detail: &Detail) -> String {
    let Detail { summary, verdict, actions } = detail;
    let name = summary.coordinates().to_string();
    let mut out = begun(&name);
    _ = writeln!(
        out,
        "<p><a href=\"/\">All verdicts</a></p>\n<h1>{}</h1>\n<p>{} on {}</p>",
        text(&name),
        outcome(summary),
        time(summary.judged_at)
    );
    out.push_str("<div class=\"scroll\"><table>\n");
    for (what, value) in [
        ("Format", &summary.format),
        ("Digest", &summary.digest),
        ("Policy set", &summary.policy_set),
        ("Pushed by", &summary.initiator),
    ] {
        if !value.is_empty() {
            _ = writeln!(out, "<tr><th>{what}</th><td><code>{}</code></td></tr>", text(value));
        }
    }
    out.push_str("</table></div>\n<h2>What is wrong</h2>\n");
    if verdict.faults.is_empty() {
        out.push_str("<p>Nothing.</p>\n");
    }
    verdict.faults.iter().for_each(|it| fault(&mut out, it));
    let passed = verdict.passed;
    _ = writeln!(out, "<p class=\"quiet\">{passed} rules had nothing to say.</p>");
    done(&mut out, actions);
    if !verdict.metadata.is_empty() {
        out.push_str("<h2>What it says of its pipeline</h2>\n<div class=\"scroll\"><table>\n");
        for (key, value) in &verdict.metadata {
            _ = writeln!(
                out,
                "<tr><th><code>{}</code></th><td>{}</td></tr>",
                text(key),
                text(value)
            );
        }
        out.push_str("</table></div>\n");
    }
    ended(out)
}

fn begun(title: &str) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{style}'; base-uri 'none'; form-action 'self'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} · Portcullis</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        text(title)
    )
}

fn ended(mut out: String) -> String {
    out.push_str("</body>\n</html>\n");
    out
}

fn rules(out: &mut String, rules: &[RuleCount]) {
    out.push_str("<figure>\n<figcaption>Most frequent in 30 days</figcaption>\n");
    match rules {
        [] => out.push_str("<p class=\"quiet\">Nothing was wrong.</p>\n"),
        rules => {
            out.push_str("<ol>\n");
            for RuleCount { rule, verdicts } in rules.iter().take(6) {
                let query = Query { rule: rule.clone(), ..Query::default() };
                _ = writeln!(
                    out,
                    "<li><a href=\"/?{}\">{}</a> {verdicts}</li>",
                    attribute(&query.written()),
                    text(rule)
                );
            }
            out.push_str("</ol>\n");
        }
    }
    out.push_str("</figure>\n");
}

fn form(out: &mut String, query: &Query) {
    out.push_str("<form action=\"/\" method=\"get\">\n");
    for name in ["repository", "name", "version", "digest", "rule", "since", "until"] {
        let value = attribute(&query.value(name));
        _ = writeln!(
            out,
            "<label>{name}<input type=\"search\" name=\"{name}\" value=\"{value}\"></label>"
        );
    }
    out.push_str("<label>outcome<select name=\"outcome\"><option></option>");
    for outcome in ["pass", "warn", "fail"] {
        let selected = if query.outcome == outcome { " selected" } else { "" };
        _ = write!(out, "<option{selected}>{outcome}</option>");
    }
    out.push_str("</select></label>\n<button>Look up</button>\n</form>\n");
}

fn list(out: &mut String, page: &Page) {
    if page.items.is_empty() {
        out.push_str("<p>There is no such verdict.</p>\n");
        return;
    }
    out.push_str(
        "<div class=\"scroll\"><table>\n<tr><th>Judged</th><th>Outcome</th><th>Repository</th>\
         <th>Artefact</th><th>Version</th></tr>\n",
    );
    for it in &page.items {
        _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td>\
             <td><a href=\"{VERDICTS}/{}\">{}</a></td><td>{}</td></tr>",
            time(it.judged_at),
            outcome(it),
            text(&it.repository),
            it.id,
            text(&it.path),
            text(&it.version)
        );
    }
    out.push_str("</table></div>\n");
}

fn fault(out: &mut String, fault: &Fault) {
    let effect = match fault.enforcement.as_str() {
        _ if fault.waived => "waived",
        "Deny" => "fail",
        "Warn" => "warn",
        _ => "note",
    };
    _ = writeln!(
        out,
        "<article class=\"{effect}\">\n<h3>{}</h3>\n<p><b class=\"{effect}\">{effect}</b> \
         <span class=\"quiet\">{}, {} of policy {}</span></p>",
        message(&fault.message),
        fault.severity.as_str(),
        text(&fault.rule),
        text(&fault.policy)
    );
    let place = [fault.object.as_str(), fault.place.as_str()];
    let place: Vec<&str> = place.into_iter().filter(|it| !it.is_empty()).collect();
    if !place.is_empty() {
        _ = writeln!(out, "<p>at <code>{}</code></p>", text(&place.join(": ")));
    }
    if let Some(help) = &fault.help {
        _ = writeln!(out, "<p>{}</p>", message(help));
    }
    out.push_str("</article>\n");
}

fn done(out: &mut String, actions: &[Action]) {
    if actions.is_empty() {
        return;
    }
    out.push_str("<h2>What is done about it</h2>\n<div class=\"scroll\"><table>\n");
    for action in actions {
        let state = match action.state.as_str() {
            "dry" => "only recorded",
            "moot" => "nothing was left to do",
            "open" => "to be done",
            state => state,
        };
        _ = writeln!(
            out,
            "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&action.kind),
            text(state),
            text(&action.detail),
            time(action.changed_at)
        );
    }
    out.push_str("</table></div>\n");
}

fn outcome(summary: &Summary) -> String {
    let word = summary.outcome.as_str();
    format!("<b class=\"{word}\">{word}</b>")
}

/// To the second, in UTC.
fn time(time: Timestamp) -> String {
    let rounded = time.round(Unit::Second).unwrap_or(time);
    rounded.to_string().replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use crate::artefact::{Outcome, Verdict};
    use crate::engine::{Enforcement, Severity};

    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script>\"' onload='x";

    fn hostile() -> Detail {
        let it = HOSTILE.to_owned();
        let fault = Fault {
            policy: it.clone(),
            entry: it.clone(),
            rule: it.clone(),
            severity: Severity::High,
            enforcement: Enforcement::Deny,
            waived: false,
            object: it.clone(),
            place: it.clone(),
            message: it.clone(),
            help: Some(it.clone()),
        };
        Detail {
            summary: Summary {
                id: 7,
                repository: it.clone(),
                format: it.clone(),
                path: it.clone(),
                name: it.clone(),
                version: it.clone(),
                digest: it.clone(),
                policy_set: it.clone(),
                judged_at: Timestamp::UNIX_EPOCH,
                outcome: Outcome::Fail,
                initiator: it.clone(),
            },
            verdict: Verdict {
                policy_set: it.clone(),
                outcome: Outcome::Fail,
                faults: vec![fault],
                passed: 3,
                metadata: [(it.clone(), it.clone())].into(),
            },
            actions: vec![Action {
                kind: it.clone(),
                state: it.clone(),
                detail: it,
                changed_at: Timestamp::UNIX_EPOCH,
            }],
        }
    }

    #[test]
    fn hostile_names_are_text() {
        let query = Query { name: HOSTILE.to_owned(), ..Query::default() };
        let trends = Trends {
            days: Vec::new(),
            rules: vec![RuleCount { rule: HOSTILE.to_owned(), verdicts: 1 }],
        };
        let page = Page { items: vec![hostile().summary], next: Some(3) };
        for page in [front(&query, Some(HOSTILE), &page, &trends), detail(&hostile())] {
            assert!(!page.contains("<script") && !page.contains("' onload"), "{page}");
            assert!(page.contains("&lt;script&gt;"), "{page}");
        }
    }
}
