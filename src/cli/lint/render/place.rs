//! Findings of rendered texts, put where somebody can mend them.

use std::collections::HashMap;
use std::sync::Arc;

use super::Rendering;
use crate::document::{Location, Snippet};
use crate::report::Run;

/// Puts what was found in rendered texts on the lines of templates, where they are certain.
pub(in crate::cli::lint) fn place_all<'r>(
    run: &mut Run,
    rendered: impl Iterator<Item = (&'r Rendering, &'r str)>,
) {
    let all: HashMap<Arc<str>, Source<'_>> =
        rendered.map(|(it, text)| (Arc::clone(&it.name), Source::new(it, text))).collect();
    if all.is_empty() {
        return;
    }
    for shown in run.findings.iter_mut() {
        for related in shown.related.iter_mut().filter_map(|it| it.location.as_mut()) {
            if let Some(source) = all.get(&related.file) {
                *related = source.template(related).unwrap_or_else(|| related.clone());
            }
        }
        let Some(source) = all.get(&shown.location.file) else { continue };
        shown.edits.clear();
        if let Some(rendered) = &mut shown.rendered {
            rendered.near = source.near(shown.location.line);
        }
        if let Some(location) = source.template(&shown.location) {
            if let Some(snippet) = &mut shown.snippet {
                move_to(snippet, location.line);
            }
            shown.location = location;
        }
    }
    for change in &mut run.changes {
        if let Some(location) =
            all.get(&change.location.file).and_then(|it| it.template(&change.location))
        {
            change.location = location;
        }
    }
}

/// A rendering and its lines.
struct Source<'r> {
    rendering: &'r Rendering,
    lines: Vec<&'r str>,
}

impl<'r> Source<'r> {
    fn new(rendering: &'r Rendering, text: &'r str) -> Self {
        Self { rendering, lines: text.lines().collect() }
    }

    /// The place in the template, if it is certain and somebody can open the file.
    fn template(&self, at: &Location) -> Option<Location> {
        let origin = self.rendering.trace.line(at.line)?;
        let template = self.rendering.templates.get(origin.file)?;
        let file = Arc::clone(template.file.as_ref()?);
        let written = template.text.lines().nth((origin.line as usize).checked_sub(1)?)?;
        let rendered = self.line(at.line)?;
        let (column, end_column) = columns(written, rendered, at);
        Some(Location {
            file,
            line: origin.line,
            column,
            end_line: origin.line,
            end_column,
            ..at.clone()
        })
    }

    /// A file and a line that a code host can show of a line that is not certain: that of the
    /// nearest line above that holds it, else the chart's own.
    fn near(&self, line: u32) -> Option<(Arc<str>, u32)> {
        let file_of = |line: u32| {
            let origin = self.rendering.trace.line(line)?;
            let template = self.rendering.templates.get(origin.file)?;
            Some((Arc::clone(template.file.as_ref()?), origin.line))
        };
        let depth = |line: u32| self.line(line).map(depth_of).unwrap_or_default();
        let mut least = depth(line) + 1;
        for above in (1..=line).rev() {
            if self.line(above)?.starts_with("# Source: ") {
                break;
            }
            if depth(above) < least {
                if let Some(place) = file_of(above) {
                    return Some(place);
                }
                least = depth(above);
            }
        }
        self.rendering.chart_file.clone().map(|file| (file, 1))
    }

    fn line(&self, line: u32) -> Option<&'r str> {
        self.lines.get((line as usize).checked_sub(1)?).copied()
    }
}

/// How deep a line stands; what says nothing stands as deep as can be.
fn depth_of(line: &str) -> usize {
    let body = line.trim_start();
    if body.is_empty() { usize::MAX - 1 } else { line.len() - body.len() }
}

/// The columns of a place in the line of a template: the same part of it if the template says it
/// as it was rendered, else the whole line.
fn columns(written: &str, rendered: &str, at: &Location) -> (u32, u32) {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let margin = |line: &str| count(line) - count(line.trim_start());
    let (body, shown) = (written.trim(), rendered.trim());
    let own = margin(written);
    if body == shown && at.end_line == at.line && at.column > margin(rendered) {
        let moved = |column: u32| column - margin(rendered) + own;
        return (moved(at.column), moved(at.end_column));
    }
    (own + 1, own + 1 + count(body))
}

/// Shows the one line that the template's line became, under its number.
fn move_to(snippet: &mut Snippet, line: u32) {
    let first = snippet.text.lines().next().unwrap_or_default().len();
    snippet.text.truncate(first);
    snippet.start = snippet.start.min(first);
    snippet.end = snippet.end.clamp(snippet.start, first);
    snippet.first_line = line;
}
