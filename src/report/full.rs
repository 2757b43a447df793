//! For people: the line with a caret, what is wrong, what to do, whose it is. What was known before
//! has one line, and repeats of one template are told together.

use std::fmt::Write as _;

use annotate_snippets::{
    AnnotationKind, Element, Level, Origin, Renderer, Snippet as Source, renderer::DecorStyle,
};

use super::fold::{Folded, folded};
use super::run::{Shown, name_of, unjudged_lines};
use super::{Appearance, Effect, Run};
use crate::document::{Location, Snippet};

/// How many repeats of a template are told one by one.
const REPEATS: usize = 3;

pub(super) fn render(run: &Run, appearance: Appearance) -> String {
    let renderer = if appearance.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    let (existing, others): (Vec<&Shown>, Vec<&Shown>) =
        run.findings.iter().partition(|it| it.effect() == Effect::Existing);
    for folded in folded(others) {
        out.push_str(&one(&folded, &renderer));
        out.push_str("\n\n");
    }
    for shown in existing {
        super::concise::write_line(shown, &mut out);
    }
    for it in &run.changes {
        let (change, at) = (&it.change, &it.location);
        _ = writeln!(
            out,
            "change: {} at {} of {} ({}/{}, {}:{})",
            change.fix.title,
            change.path,
            name_of(&it.subject),
            change.policy,
            change.entry,
            at.file,
            at.line,
        );
    }
    for line in unjudged_lines(run).iter().chain(&run.summary.notices) {
        _ = writeln!(out, "{line}");
    }
    _ = writeln!(out, "{}", run.summary.line(run));
    out
}

fn one(folded: &Folded<'_>, renderer: &Renderer) -> String {
    let shown = folded.first;
    let finding = &shown.finding;
    let effect = shown.effect();
    let level = match effect {
        Effect::Deny => Level::ERROR,
        Effect::Warn => Level::WARNING,
        Effect::Audit => Level::INFO,
        Effect::Existing | Effect::Waived => Level::NOTE,
    };
    let title = level.with_name(effect.as_str()).primary_title(&finding.message).id(finding.rule);
    let mut elements: Vec<Element<'_>> = Vec::new();
    let at = &shown.location;
    let place = shown.place();
    match &shown.snippet {
        Some(snippet) => elements.push(
            Source::source(&snippet.text)
                .line_start(snippet.first_line as usize)
                .path(&*at.file)
                .annotation(AnnotationKind::Primary.span(snippet.start..snippet.end))
                .into(),
        ),
        None if at.line == 0 => elements.push(Origin::path(&*place).into()),
        None => elements.push(
            Origin::path(&*at.file).line(at.line as usize).char_column(at.column as usize).into(),
        ),
    }
    if let Some(help) = &finding.help {
        elements.push(Level::HELP.message(&**help).into());
    }
    for related in &shown.related {
        let place = related.location.as_ref();
        let place = place.map(|it| format!(" ({}:{}:{})", it.file, it.line, it.column));
        let whose = related.subject.as_ref().map(|it| format!(": {}", name_of(it)));
        let (place, whose) = (place.unwrap_or_default(), whose.unwrap_or_default());
        elements.push(Level::NOTE.message(format!("{}{whose}{place}", related.message)).into());
    }
    elements.push(Level::NOTE.message(whose(shown)).into());
    elements.extend(repeats(folded).into_iter().map(|line| Level::NOTE.message(line).into()));
    if let Some(waiver) = &finding.waiver {
        let text = format!(
            "waiver `{}` of {} until {}: {}",
            waiver.name, waiver.owner, waiver.until, waiver.reason
        );
        elements.push(Level::NOTE.message(text).into());
    }
    let rendered = renderer.render(&[title.elements(elements)]);
    match &shown.snippet {
        Some(snippet) => with_column(&rendered, at, snippet),
        None => rendered,
    }
}

/// The renderer tells a column of the snippet, in which something may be hidden or cut off before
/// what is meant: tells that of the file instead.
fn with_column(rendered: &str, at: &Location, snippet: &Snippet) -> String {
    let before = snippet.text.get(..snippet.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let place = |column: usize| format!("{}:{}:{column}", at.file, at.line);
    rendered.replacen(&place(line.chars().count() + 1), &place(at.column as usize), 1)
}

/// The other findings of the same template, the first of them by name.
fn repeats(folded: &Folded<'_>) -> Vec<String> {
    let line = |shown: &&Shown| {
        let at = &shown.location;
        format!("also at {}:{}:{}: {}", at.file, at.line, at.column, shown.finding.message)
    };
    let mut lines: Vec<String> = folded.repeats.iter().take(REPEATS).map(line).collect();
    let more = folded.repeats.len().saturating_sub(REPEATS);
    if more > 0 {
        lines.push(format!("and {more} more of this template; `--format concise` lists them"));
    }
    lines
}

/// `high, policy images/image-tag, apps/v1 Deployment demo/web, chart umbrella/base: templates/web.yaml`.
fn whose(shown: &Shown) -> String {
    let finding = &shown.finding;
    let mut text =
        format!("{}, policy {}/{}", finding.severity.as_str(), finding.policy, finding.entry);
    if shown.subject.is_some() {
        _ = write!(text, ", {}", shown.subject_line());
    }
    if let Some(owner) = &shown.owner {
        _ = write!(text, ", chart {}: {}", owner.charts(), owner.template);
    }
    if let Some(line) = shown.rendered_line() {
        _ = write!(text, ", {line}");
    }
    if let Some(sets) =
        shown.rendered.as_ref().map(|it| it.sets.join(", ")).filter(|it| !it.is_empty())
    {
        _ = write!(text, ", with the values {sets}");
    }
    if !shown.location.exact {
        text.push_str(", at the nearest place above");
    }
    text
}
