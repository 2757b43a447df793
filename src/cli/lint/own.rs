//! Findings of the linter's own: about texts, which no policy speaks of.

use crate::document::{Duplicate, Location, Path, Problem, Span};
use crate::engine::Finding;
use crate::manifest::{Item, Manifest, Unread, file_identity, problem_finding};
use crate::report::Shown;
use crate::resource::phrase;
use crate::rules::own::{DUPLICATE_KEY, DUPLICATE_OBJECT, UNREADABLE};

/// A document that can't be read.
pub(super) fn problem_shown(manifest: &Manifest<'_>, problem: &Problem) -> Shown {
    let subject = file_identity(&manifest.name);
    let location = manifest.location_of(problem.span, true);
    let path = Path { steps: vec![location.line.into()] };
    let finding =
        problem_finding(&UNREADABLE, &subject, path, problem.message.clone(), problem.help.clone());
    shown(Finding { path: Path::root(), ..finding }, location)
}

/// A file that can't be read.
pub(super) fn unread_shown(unread: &Unread) -> Shown {
    let subject = file_identity(&unread.path);
    let message = format!("cannot be read: {}", unread.problem);
    let location = Location {
        file: unread.path.as_str().into(),
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
        exact: false,
    };
    shown(problem_finding(&UNREADABLE, &subject, Path::root(), message, None), location)
}

/// A finding about a file as a whole.
pub(super) fn file_shown(manifest: &Manifest<'_>, finding: Finding) -> Shown {
    shown(finding, manifest.location_of(Span::new(0, 0), false))
}

/// The keys of an item that stand twice, each at the last one, which is the one that counts.
pub(super) fn duplicate_keys(
    manifest: &Manifest<'_>,
    item: &Item,
) -> Vec<(Finding, (Location, Span))> {
    let mut keys: Vec<(Path, Span, Span)> = Vec::new();
    for (path, Duplicate { span, first, .. }) in manifest.duplicates(item) {
        match keys.iter_mut().find(|(known, _, last)| *known == path && last == first) {
            Some((.., last)) => *last = *span,
            None => keys.push((path, *first, *span)),
        }
    }
    let finding = |(path, first, last)| {
        let first = manifest.location_of(first, true);
        let message = format!("the key stands twice; the first is on line {}", first.line);
        let help = Some("remove one of them".to_owned());
        let finding = problem_finding(&DUPLICATE_KEY, &item.identity, path, message, help);
        (finding, (manifest.location_of(last, true), last))
    };
    keys.into_iter().map(finding).collect()
}

/// An object that stood in the file before, at `line`, as `first`. What no chart wrote is let be: a
/// person may show one object in several states.
pub(super) fn duplicate_object(item: &Item, first: &Item, line: u32) -> Option<Finding> {
    let other = first.owner.as_deref()?;
    item.owner.as_deref()?;
    let (charts, template) = (other.charts(), &other.template);
    let message = format!(
        "the object stands twice; the first is of chart `{}`: `{}`, on line {line}",
        phrase::line(&charts),
        phrase::line(template),
    );
    let help = Some("let one of the two charts bring it".to_owned());
    let path = Path { steps: vec!["metadata".into(), "name".into()] };
    Some(problem_finding(&DUPLICATE_OBJECT, &item.identity, path, message, help))
}

fn shown(finding: Finding, location: Location) -> Shown {
    Shown {
        finding,
        subject: None,
        location,
        related: Vec::new(),
        owner: None,
        snippet: None,
        edits: Vec::new(),
        rendered: None,
    }
}
