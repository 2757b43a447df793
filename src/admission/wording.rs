//! Grounds in words, within what kubectl shows, a header carries and an audit log keeps.

use std::fmt::Write as _;

use crate::document::{Path, Step};
use crate::engine::{Ground, State};
use crate::resource::secret;

/// Once all warnings together exceed this many characters, the API server cuts each one at
/// [`WARNING_CHARS`], and drops what then still exceeds it (apiserver,
/// pkg/endpoints/filters/warning.go).
const WARNINGS_CHARS: usize = 4_096;
const WARNING_CHARS: usize = 256;

/// Room for the line that counts the warnings that are left out.
const REST_CHARS: usize = 32;

/// Room for a line as most are.
const USUAL: usize = 160;

/// One finding as a line: policy and entry, where, what, and what to do about it.
pub(super) fn line(ground: &Ground<'_>) -> String {
    let mut line = head(ground);
    if matches!(ground, Ground::Finding(finding) if finding.state == State::Existing) {
        // In front, where nobody cuts it off.
        line.push_str(" (existing)");
    }
    line.push_str(": ");
    let field = field(ground);
    if !field.is_empty() {
        line.push_str(&field);
        line.push_str(": ");
    }
    push_phrase(&mut line, ground);
    printable(line)
}

/// The same for a reader that shows the place by itself.
pub(super) fn message(ground: &Ground<'_>) -> String {
    let mut message = head(ground);
    message.push_str(": ");
    push_phrase(&mut message, ground);
    printable(message)
}

/// The policy and its entry.
fn head(ground: &Ground<'_>) -> String {
    let mut text = String::with_capacity(USUAL);
    text.push_str(ground.policy());
    text.push('/');
    text.push_str(ground.entry());
    text
}

/// Where, as the API server writes a place: `spec.containers[0].image`, `metadata.labels[a/b]`.
pub(super) fn field(ground: &Ground<'_>) -> String {
    match ground {
        Ground::Finding(finding) => printable(dotted(&secret::mask_path(&finding.path))),
        Ground::Unjudged(_) => String::new(),
    }
}

/// The lines of all grounds in one, as many as `limit` has room for.
pub(super) fn joined(grounds: &[Ground<'_>], limit: usize) -> String {
    let mut text = String::new();
    let mut room = limit;
    for (index, ground) in grounds.iter().enumerate() {
        let line = clipped(line(ground), limit);
        let Some(left) = room.checked_sub(line.chars().count()) else {
            _ = write!(text, "; and {} more", grounds.len() - index);
            break;
        };
        room = left;
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(&line);
    }
    text
}

/// One warning a ground, the most severe first, and then `notices`, within what the API server
/// passes on.
pub(super) fn warnings(grounds: &[Ground<'_>], notices: Vec<String>) -> Vec<String> {
    within(grounds.iter().map(line).chain(notices.into_iter().map(printable)).collect())
}

/// All warnings as they are, or cut as the API server would cut them, with a count of the rest.
fn within(warnings: Vec<String>) -> Vec<String> {
    let all: usize = warnings.iter().map(|it| it.chars().count()).sum();
    if all <= WARNINGS_CHARS {
        return warnings;
    }
    let count = warnings.len();
    let mut room = WARNINGS_CHARS - REST_CHARS;
    let mut kept: Vec<String> = Vec::new();
    for warning in warnings {
        let warning = clipped(warning, WARNING_CHARS);
        let Some(left) = room.checked_sub(warning.chars().count()) else { break };
        room = left;
        kept.push(warning);
    }
    if kept.len() < count {
        kept.push(format!("and {} more", count - kept.len()));
    }
    kept
}

/// The first characters of a text, and a sign that there are more.
pub(super) fn clipped(text: String, limit: usize) -> String {
    // No text has more characters than bytes.
    if text.len() <= limit || text.char_indices().nth(limit).is_none() {
        return text;
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

/// Adds what is wrong, and what to do about it.
fn push_phrase(text: &mut String, ground: &Ground<'_>) {
    text.push_str(&ground.message());
    if let Ground::Finding(finding) = ground
        && let Some(help) = &finding.help
    {
        text.push_str(" (");
        text.push_str(help);
        text.push(')');
    }
}

fn dotted(path: &Path) -> String {
    let mut text = String::new();
    for step in &path.steps {
        match step {
            Step::Index(index) => _ = write!(text, "[{index}]"),
            Step::Key(key) if key.is_empty() || key.contains(['.', '/', ' ', '[', ']']) => {
                _ = write!(text, "[{key}]");
            }
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => _ = write!(text, ".{key}"),
        }
    }
    text
}

/// Without what neither one line nor an HTTP header can hold.
pub(super) fn printable(text: String) -> String {
    let is_plain = |byte: &u8| (0x20..0x7f).contains(byte);
    if text.as_bytes().iter().all(is_plain) || !text.contains(char::is_control) {
        return text;
    }
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: impl IntoIterator<Item = Step>) -> Path {
        Path { steps: steps.into_iter().collect() }
    }

    #[test]
    fn a_place_is_written_as_the_api_server_writes_it() {
        let container = ["spec".into(), "containers".into(), 0.into(), "image".into()];
        assert_eq!(dotted(&path(container)), "spec.containers[0].image");
        let label = ["metadata".into(), "labels".into(), "skao.int/team".into()];
        assert_eq!(dotted(&path(label)), "metadata.labels[skao.int/team]");
        assert_eq!(dotted(&path(["data".into(), "".into(), "x".into()])), "data[].x");
        assert_eq!(dotted(&path([])), "");
    }

    #[test]
    fn warnings_are_left_alone_while_they_fit() {
        let long = "x".repeat(4_000);
        assert_eq!(within(vec![long.clone(), "y".repeat(96)]), [long, "y".repeat(96)]);
    }

    #[test]
    fn warnings_beyond_the_budget_are_cut_and_the_first_ones_go_first() {
        for (length, count) in [(5_000, 1), (250, 20), (256, 17), (50, 100), (1_000, 5), (3, 9_000)]
        {
            let given: Vec<String> =
                (0..count).map(|n| format!("{n:0>5}{}", "ß".repeat(length))).collect();
            let cut = within(given.clone());
            let all: usize = cut.iter().map(|it| it.chars().count()).sum();
            assert!(all <= WARNINGS_CHARS, "{length} {all}");
            assert!(cut.iter().all(|it| it.chars().count() <= WARNING_CHARS), "{length}");
            let shown = cut.iter().filter(|it| it.starts_with('0')).count();
            let pairs = cut.iter().zip(&given);
            assert!(pairs.take(shown).all(|(cut, given)| cut[..5] == given[..5]), "{length}");
            let rest = (shown < count).then(|| format!("and {} more", count - shown));
            assert_eq!(cut.get(shown), rest.as_ref(), "{length}");
            // One more would not have fitted.
            let one = (length + 5).min(WARNING_CHARS);
            assert!(rest.is_none() || all + one + REST_CHARS > WARNINGS_CHARS, "{length}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(clipped("äöü".to_owned(), 3), "äöü");
        assert_eq!(clipped("äöüß".to_owned(), 3), "äö…");
    }

    #[test]
    fn what_breaks_a_line_or_a_header_is_taken_out() {
        assert_eq!(printable("a\nb\r\u{7f}\u{85}c".to_owned()), "a b   c");
    }
}
