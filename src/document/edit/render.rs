//! Values as YAML, laid out as the text around them.

use super::source::Source;
use crate::document::value::{Body, Value};
use crate::document::yaml;

/// How a scalar is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// None, if the text reads back as itself.
    Plain,
    Single,
    Double,
}

impl Source<'_> {
    /// A field of a block map whose keys stand in `column`, without the indentation before it.
    pub(super) fn block_field(&self, key: &str, value: &Value<'_>, column: usize) -> String {
        format!("{}:{}", scalar(key, Quotes::Plain, false), self.block_value(value, column))
    }

    /// What stands behind the `:` of a key in `column`: ` value`, or lines that are indented.
    pub(super) fn block_value(&self, value: &Value<'_>, column: usize) -> String {
        match &value.body {
            Body::Map(map) if !map.is_empty() => {
                let column = column + self.map_indent;
                format!("{}{}", self.new_line(column), self.block_inside(value, column))
            }
            Body::List(items) if !items.is_empty() => {
                let column = column + self.list_indent;
                format!("{}{}", self.new_line(column), self.block_inside(value, column))
            }
            Body::Text(text) => match self.literal(text, column + self.map_indent) {
                Some(literal) => format!(" {literal}"),
                None => format!(" {}", self.inline(value, false)),
            },
            _ => format!(" {}", self.inline(value, false)),
        }
    }

    /// An item of a block list whose dashes stand in `column`, from the dash on.
    pub(super) fn block_item(&self, value: &Value<'_>, column: usize) -> String {
        format!("- {}", self.block_inside(value, column + 2))
    }

    /// A value that begins in `column`, all further lines indented up to there.
    pub(super) fn block_inside(&self, value: &Value<'_>, column: usize) -> String {
        match &value.body {
            Body::Map(map) if !map.is_empty() => {
                let fields = map.iter().map(|it| self.block_field(&it.key, &it.value, column));
                fields.collect::<Vec<_>>().join(&self.new_line(column))
            }
            Body::List(items) if !items.is_empty() => {
                let items = items.iter().map(|item| self.block_item(item, column));
                items.collect::<Vec<_>>().join(&self.new_line(column))
            }
            Body::Text(text) => {
                self.literal(text, column).unwrap_or_else(|| self.inline(value, false))
            }
            _ => self.inline(value, false),
        }
    }

    /// A value in one line.
    pub(super) fn inline(&self, value: &Value<'_>, in_flow: bool) -> String {
        let quotes = if self.is_json { Quotes::Double } else { Quotes::Plain };
        match &value.body {
            Body::Text(text) => scalar(text, quotes, in_flow),
            Body::Map(map) => {
                let field = |key: &str, value| {
                    format!("{}: {}", scalar(key, quotes, true), self.inline(value, true))
                };
                let fields = map.iter().map(|entry| field(&entry.key, &entry.value));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Body::List(items) => {
                let items = items.iter().map(|item| self.inline(item, true));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => {
                serde_json::to_string(value).unwrap_or_default()
            }
        }
    }

    /// A text of several lines as a block scalar whose lines begin in `column`, with no line break
    /// behind it; `None` for a text that is no such, or that a block would not keep.
    pub(super) fn literal(&self, text: &str, column: usize) -> Option<String> {
        let chomped = text.strip_suffix('\n').unwrap_or(text);
        let lines: Vec<_> = chomped.split('\n').collect();
        let plain = |line: &&str| !line.ends_with([' ', '\t', '\r']);
        if !chomped.contains('\n')
            || text.starts_with([' ', '\t', '\n'])
            || chomped.ends_with('\n')
            || !lines.iter().all(plain)
        {
            return None;
        }
        let mut literal = String::from(if text.ends_with('\n') { "|" } else { "|-" });
        for line in lines {
            literal.push_str(&if line.is_empty() {
                self.line_break.to_owned()
            } else {
                self.new_line(column)
            });
            literal.push_str(line);
        }
        Some(literal)
    }

    /// A line break, and the indentation up to `column`.
    pub(super) fn new_line(&self, column: usize) -> String {
        format!("{}{}", self.line_break, " ".repeat(column))
    }
}

/// A text in one line, quoted so or, where that would not do, in double quotes.
pub(super) fn scalar(text: &str, quotes: Quotes, in_flow: bool) -> String {
    let single_line = !text.contains(|letter: char| letter.is_control() || is_odd(letter));
    match quotes {
        Quotes::Plain if single_line && is_plain(text, in_flow) => text.to_owned(),
        Quotes::Single if single_line => format!("'{}'", text.replace('\'', "''")),
        _ => double_quoted(text),
    }
}

/// Whether a text means itself without quotes, here and to readers of YAML 1.2 as well.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let simple = |letter: char| letter.is_alphanumeric() || " _-./:@+=*,()<>".contains(letter);
    let is_simple = text
        .starts_with(|letter: char| letter.is_alphabetic() || "/_.".contains(letter))
        && text.chars().all(simple)
        && !(in_flow && text.contains([':', ',']));
    let sample = if in_flow { format!("[{text}, a]") } else { format!("a: {text}") };
    let reads_back = || {
        let document = yaml::read(&sample).next()?.ok()?;
        let value = match in_flow {
            true => document.value.as_list()?.first()?.as_str()?.to_owned(),
            false => document.value.get("a")?.as_str()?.to_owned(),
        };
        Some(value == text)
    };
    is_simple && reads_back() == Some(true)
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if letter.is_control() || is_odd(letter) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Characters that end a line to some readers, or that no editor shows.
fn is_odd(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
