//! Marks at the lines of a template.

use super::{CLOSE, OPEN, margin};

/// Which lines get a mark. Less is tried if Helm can't render what has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// Every line that begins with text.
    All,
    /// Not what begins with a quote, which a mark makes plain.
    NoQuotes,
    /// Nor what other templates include, and may compare or parse.
    NoPartials,
}

/// Where in a template a line begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Action,
    /// In backticks, in an action.
    Raw,
    Comment,
}

/// The template with marks that name `file` and the line. It renders to the same text with marks,
/// unless the template looks at what it renders.
pub fn stamp(template: &str, file: usize, care: Care) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut state = State::default();
    for (number, line) in (1..).zip(template.split_inclusive('\n')) {
        let margin = margin(line);
        let (before, body) = line.split_at_checked(margin).unwrap_or(("", line));
        out.push_str(before);
        if state == State::Text && begins_with_text(body, care) {
            out.push_str(&format!("{OPEN}{file}.{number}{CLOSE}"));
        }
        out.push_str(body);
        state = state.after(line);
    }
    out
}

fn begins_with_text(body: &str, care: Care) -> bool {
    let is_quote = |char: char| matches!(char, '"' | '\'');
    body.starts_with(|char: char| {
        char.is_alphanumeric() || matches!(char, '_' | '/') || (care == Care::All && is_quote(char))
    })
}

impl State {
    /// Where the line behind `line` begins.
    fn after(mut self, line: &str) -> Self {
        let mut rest = line;
        loop {
            let found = match self {
                Self::Text => cut(
                    rest,
                    &[("{{/*", Self::Comment), ("{{- /*", Self::Comment), ("{{", Self::Action)],
                ),
                Self::Comment => cut(rest, &[("*/", Self::Action)]),
                Self::Raw => cut(rest, &[("`", Self::Action)]),
                Self::Action => in_action(rest),
            };
            match found {
                Some((state, below)) => (self, rest) = (state, below),
                None => return self,
            }
        }
    }
}

/// What an action comes to next: its end, or a raw string. Other strings end on their line.
fn in_action(text: &str) -> Option<(State, &str)> {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        let below = |from: usize| text.get(at + from..).unwrap_or_default();
        match (quote, char) {
            (Some(_), '\\') => _ = chars.next(),
            (Some(open), char) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '`') => return Some((State::Raw, below(1))),
            (None, '}') if below(0).starts_with("}}") => return Some((State::Text, below(2))),
            _ => {}
        }
    }
    None
}

/// The first of these in the text, with what is behind it. Of two at one place the longer counts.
fn cut<'t>(text: &'t str, wanted: &[(&str, State)]) -> Option<(State, &'t str)> {
    let found = wanted.iter().filter_map(|(mark, state)| {
        let at = text.find(mark)?;
        Some(((at, std::cmp::Reverse(mark.len())), *state, text.get(at + mark.len()..)?))
    });
    found.min_by_key(|(rank, ..)| *rank).map(|(_, state, below)| (state, below))
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, Care, OPEN, stamp};

    /// With marks as `<line>`.
    fn stamped(template: &str, care: Care) -> String {
        stamp(template, 7, care).replace(&format!("{OPEN}7."), "<").replace(CLOSE, ">")
    }

    #[test]
    fn a_line_that_begins_with_text_gets_a_mark() {
        let template =
            "a: {{ .x }}\n  - - b: c\n# note\n---\n{{- if .y }}\n\n  /bin/x\n{{ end }}z\n";
        let expected =
            "<1>a: {{ .x }}\n  - - <2>b: c\n# note\n---\n{{- if .y }}\n\n  <7>/bin/x\n{{ end }}z\n";
        assert_eq!(stamped(template, Care::All), expected);
    }

    #[test]
    fn what_stands_in_an_action_gets_none() {
        for action in [
            "{{ include \"a}}\"\nb .\n}}",
            "{{ `a}}\nb` }}",
            "{{/* a }}\nb */}}",
            "{{- /* a }}\nb */ -}}",
            "{{ printf \"\\\"}}\" \n c }}",
            "{{ '}' \n c }}",
        ] {
            let template = format!("{action}\nlast\n");
            let last = template.lines().count();
            let expected = format!("{action}\n<{last}>last\n");
            assert_eq!(stamped(&template, Care::All), expected);
        }
    }

    #[test]
    fn quotes_get_one_as_long_as_it_does_no_harm() {
        assert_eq!(stamped("\"a\": b\n", Care::All), "<1>\"a\": b\n");
        assert_eq!(stamped("\"a\": b\nc\n", Care::NoQuotes), "\"a\": b\n<2>c\n");
    }
}
