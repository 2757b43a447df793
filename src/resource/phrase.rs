//! Phrases that the messages of several rules are made of.

use super::secret;

/// How many items of a long list are shown.
const SHOWN: usize = 6;

/// How much of a name that somebody chose is shown.
const LIMIT: usize = 240;

/// `a, b or c`.
pub fn any<S: AsRef<str>>(items: &[S]) -> String {
    joined(items, "or")
}

/// The items in backticks, `a`, `b` and `c`; of a long list the first few.
pub fn quoted<S: AsRef<str>>(items: &[S]) -> String {
    joined(&first_few(items), "and")
}

/// The items in backticks, `a`, `b` or `c`; of a long list the first few.
pub fn either<S: AsRef<str>>(items: &[S]) -> String {
    joined(&first_few(items), "or")
}

/// Several of a sort by their names: label `a`, or labels `a` and `b`.
pub fn named<S: AsRef<str>>(sort: &str, names: &[S]) -> String {
    format!("{sort}{} {}", if names.len() == 1 { "" } else { "s" }, quoted(names))
}

/// A key or an error that quotes one, fit for a message: one line, not too long, without secrets.
pub fn line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text = secret::mask(text);
    if text.len() <= LIMIT && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.into_owned();
    }
    let mut line: String = text.chars().take(LIMIT).map(plain).collect();
    if text.chars().nth(LIMIT).is_some() {
        line.push('…');
    }
    line
}

fn first_few<S: AsRef<str>>(items: &[S]) -> Vec<String> {
    let quote = |item: &S| format!("`{}`", line(item.as_ref()));
    let mut shown: Vec<String> = items.iter().take(SHOWN).map(quote).collect();
    if items.len() > SHOWN {
        shown.push(format!("{} more", items.len() - SHOWN));
    }
    shown
}

fn joined<S: AsRef<str>>(items: &[S], word: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(any::<&str>(&[]), "");
        assert_eq!(any(&["a"]), "a");
        assert_eq!(any(&["a", "b", "c"]), "a, b or c");
        assert_eq!(either(&["a", "b"]), "`a` or `b`");
        let many: Vec<String> = (0..8).map(|it| it.to_string()).collect();
        assert_eq!(quoted(&many), "`0`, `1`, `2`, `3`, `4`, `5` and 2 more");
    }

    #[test]
    fn what_somebody_chose_stays_on_one_line() {
        assert_eq!(line("a\nb\u{1b}[0m"), "a b [0m");
        assert_eq!(line("a://b:hunter2@c is none"), "a://b:•••@c is none");
        assert_eq!(line(&"x".repeat(300)).chars().count(), LIMIT + 1);
    }
}
