//! Text that stays text in XML and HTML.
//!
//! Source: W3C, XML 1.0, section 2.2 (characters), 2.4 (`]]>`), 3.3.3 (line breaks in attributes).

/// What may stand between tags.
pub(crate) fn text(raw: &str) -> String {
    escaped(raw, |char| match char {
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// What may stand between the quotes of an attribute.
pub(crate) fn attribute(raw: &str) -> String {
    escaped(raw, |char| match char {
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

fn escaped(raw: &str, more: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(raw.len());
    for char in raw.chars() {
        let escape = match char {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' => Some("&quot;"),
            '\'' => Some("&#39;"),
            char => more(char),
        };
        match escape {
            Some(escape) => out.push_str(escape),
            None if is_allowed(char) => out.push(char),
            None => out.push('\u{fffd}'),
        }
    }
    out
}

/// Whether a document may hold the character, even as a reference.
fn is_allowed(char: char) -> bool {
    let is_control = char.is_control() && !matches!(char, '\t' | '\n' | '\r');
    !is_control && !matches!(char, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::{attribute, text};

    #[test]
    fn nothing_ends_the_text_early() {
        assert_eq!(text("]]><script>&amp;"), "]]&gt;&lt;script&gt;&amp;amp;");
        assert_eq!(attribute("a\"b'c\nd\te\r"), "a&quot;b&#39;c&#10;d&#9;e&#13;");
    }

    #[test]
    fn what_no_document_may_hold_is_replaced() {
        assert_eq!(text("a\0b\u{1b}[1mc\u{ffff}"), "a\u{fffd}b\u{fffd}[1mc\u{fffd}");
        assert_eq!(text("a\tb\nc"), "a\tb\nc");
    }
}
