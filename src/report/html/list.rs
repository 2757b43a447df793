//! The findings of the page, by owner.

use std::fmt::Write as _;

use crate::document::Snippet;
use crate::report::Run;
use crate::report::owned::by_owner;
use crate::report::run::{Shown, ShownRelated, name_of};
use crate::report::ticks::in_ticks;
use crate::report::xml::{attribute, text};

pub(super) fn findings(out: &mut String, run: &Run) {
    out.push_str("<main id=\"findings\">\n");
    for owned in by_owner(run) {
        let count = owned.findings.len();
        _ = writeln!(out, "<section>\n<h3>{} ({count})</h3>", text(&owned.name));
        for shown in owned.findings {
            finding(out, shown, &owned.name);
        }
        out.push_str("</section>\n");
    }
    if run.findings.is_empty() {
        out.push_str("<p>Nothing was found.</p>\n");
    }
    out.push_str("</main>\n");
}

/// A message, with what it has in backticks as code.
pub(crate) fn message(raw: &str) -> String {
    in_ticks(raw, text, |code| format!("<code>{}</code>", text(code)))
}

fn finding(out: &mut String, shown: &Shown, owner: &str) {
    let finding = &shown.finding;
    let at = &shown.location;
    let effect = shown.effect().as_str();
    let severity = finding.severity.as_str();
    _ = writeln!(
        out,
        "<article class=\"{effect}\" data-effect=\"{effect}\" data-severity=\"{severity}\" \
         data-rule=\"{}\" data-owner=\"{}\" data-file=\"{}\">\n\
         <h4><span class=\"effect\">{effect}</span> {}</h4>",
        attribute(finding.rule),
        attribute(owner),
        attribute(shown.file()),
        message(&finding.message),
    );
    let place = shown.place();
    _ = write!(out, "<p class=\"quiet\"><code>{}</code>", text(&place));
    if !at.exact {
        out.push_str(", the nearest place above");
    }
    if shown.subject.is_some() {
        let (subject, path) = (shown.subject_line(), finding.path.to_string());
        _ = write!(out, ", {} at <code>{}</code>", text(&subject), text(&path));
    }
    if let Some(owner) = &shown.owner {
        _ = write!(out, ", chart {}: {}", text(&owner.charts()), text(&owner.template));
    }
    if let Some(line) = shown.rendered_line() {
        _ = write!(out, ", {}", text(&line));
    }
    out.push_str("</p>\n");
    if let Some(snippet) = &shown.snippet {
        _ = writeln!(out, "<pre>{}</pre>", lines(snippet));
    }
    if let Some(help) = &finding.help {
        _ = writeln!(out, "<p>{}</p>", message(help));
    }
    for related in &shown.related {
        _ = writeln!(out, "<p class=\"quiet\">{}</p>", text(&other_place(related)));
    }
    if let Some(waiver) = &finding.waiver {
        let line = format!(
            "waiver {} of {} until {}: {}",
            waiver.name, waiver.owner, waiver.until, waiver.reason
        );
        _ = writeln!(out, "<p class=\"quiet\">{}</p>", text(&line));
    }
    _ = writeln!(
        out,
        "<p class=\"quiet\">{severity}, {}, rule {}, policy {}/{}, {}</p>\n</article>",
        finding.category.as_str(),
        text(finding.rule),
        text(&finding.policy),
        text(&finding.entry),
        finding.id,
    );
}

/// The lines, with what is meant marked.
fn lines(snippet: &Snippet) -> String {
    let part = |from: usize, to: usize| text(snippet.text.get(from..to).unwrap_or_default());
    let (start, end) = (snippet.start, snippet.end);
    let last = snippet.text.len();
    format!("{}<mark>{}</mark>{}", part(0, start), part(start, end), part(end, last))
}

fn other_place(related: &ShownRelated) -> String {
    let mut line = related.message.clone();
    if let Some(subject) = &related.subject {
        _ = write!(line, ": {}", name_of(subject));
    }
    if let Some(at) = &related.location {
        _ = write!(line, " ({}:{}:{})", at.file, at.line, at.column);
    }
    line
}
