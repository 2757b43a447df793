//! The way back from a rendered line to its template.

use std::collections::HashMap;

use super::{CLOSE, OPEN, margin};

/// The lines of a rendered text with the lines of templates that are certain to have written them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    lines: Vec<Option<Origin>>,
}

/// A line of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The number that [`stamp`](super::stamp) was given.
    pub file: usize,
    /// From 1.
    pub line: u32,
}

/// What one template wrote, and where it begins in the whole.
struct Section<'t> {
    source: &'t str,
    first: usize,
    lines: Vec<&'t str>,
}

/// A section of the text with marks.
struct Marked {
    lines: Vec<String>,
    origins: Vec<Option<Origin>>,
    taken: bool,
}

impl Trace {
    /// Compares what Helm made of a chart with what it made of the same chart with marks.
    ///
    /// Sections are matched by the template that Helm names: Helm may put those with marks into
    /// another order, since it doesn't know their kinds.
    pub fn of(rendered: &str, marked: &str) -> Self {
        let mut trace = Self { lines: vec![None; rendered.lines().count()] };
        if rendered.contains(OPEN) {
            return trace;
        }
        let mut by_source: HashMap<&str, Vec<Marked>> = HashMap::new();
        for section in sections(marked) {
            by_source.entry(section.source).or_default().push(Marked::of(&section));
        }
        let plain = sections(rendered);
        let mut left = Vec::new();
        for section in &plain {
            let same = |it: &Marked| it.lines == section.lines;
            let all = by_source.get_mut(section.source).into_iter().flatten();
            match all.filter(|it| !it.taken).find(|it| same(it)) {
                Some(twin) => trace.take(section, twin),
                None => left.push(section),
            }
        }
        for section in left {
            let all = by_source.get_mut(section.source).into_iter().flatten();
            let alike = all.filter(|it| !it.taken && it.lines.len() == section.lines.len());
            if let Some(twin) = alike.max_by_key(|it| it.agreement(section)) {
                trace.take(section, twin);
            }
        }
        trace
    }

    /// What wrote a line of the rendered text, from 1, if that is certain.
    pub fn line(&self, line: u32) -> Option<Origin> {
        *self.lines.get((line as usize).checked_sub(1)?)?
    }

    fn take(&mut self, section: &Section<'_>, twin: &mut Marked) {
        twin.taken = true;
        let places = self.lines.iter_mut().skip(section.first);
        let all = section.lines.iter().zip(&twin.lines);
        let is_aligned =
            all.clone().all(|(line, marked)| line == marked || same_field(line, marked));
        for ((place, origin), (line, marked)) in places.zip(&twin.origins).zip(all) {
            if is_aligned || line == marked {
                *place = *origin;
            }
        }
    }
}

impl Marked {
    fn of(section: &Section<'_>) -> Self {
        let lines = section.lines.iter().map(|line| without_marks(line)).collect();
        let origins = section.lines.iter().map(|line| first_mark(line)).collect();
        Self { lines, origins, taken: false }
    }

    /// How many lines are the same.
    fn agreement(&self, section: &Section<'_>) -> usize {
        self.lines.iter().zip(&section.lines).filter(|(one, two)| one == two).count()
    }
}

/// Whether two lines are one field with two values, such as a random one or a checksum.
fn same_field(one: &str, two: &str) -> bool {
    let field = |line: &str| line.split_once(": ").map(|(field, _)| field.to_owned());
    field(one).is_some() && field(one) == field(two)
}

/// What stands behind each `# Source:` that Helm writes.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut all: Vec<Section<'_>> = Vec::new();
    let mut before = "---";
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("# Source: ").filter(|_| before == "---") {
            Some(source) => all.push(Section { source, first: number + 1, lines: Vec::new() }),
            None => all.last_mut().into_iter().for_each(|section| section.lines.push(line)),
        }
        before = line;
    }
    // The dashes before the next section belong to neither.
    for section in &mut all {
        while section.lines.last().is_some_and(|line| *line == "---" || line.is_empty()) {
            section.lines.pop();
        }
    }
    all
}

fn without_marks(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        out.push_str(before);
        rest = behind.split_once(CLOSE).map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The mark with which a line begins.
fn first_mark(line: &str) -> Option<Origin> {
    let body = line.get(margin(line)..)?.strip_prefix(OPEN)?;
    let (file, line) = body.split_once(CLOSE)?.0.split_once('.')?;
    Some(Origin { file: file.parse().ok()?, line: line.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::template::{Care, stamp};

    fn section(source: &str, text: &str) -> String {
        format!("---\n# Source: {source}\n{text}\n")
    }

    fn lines(trace: &Trace) -> Vec<u32> {
        trace.lines.iter().map(|origin| origin.map_or(0, |it| it.line)).collect()
    }

    #[test]
    fn a_mark_is_found_in_any_order_of_sections() {
        let (one, two) = ("kind: A\nx: 1", "kind: B\nx: 2");
        let mark = |text: &str, file| stamp(text, file, Care::All);
        let plain = section("c/templates/b.yaml", two) + &section("c/templates/a.yaml", one);
        let marked = section("c/templates/a.yaml", &mark(one, 1))
            + &section("c/templates/b.yaml", &mark(two, 2));
        let trace = Trace::of(&plain, &marked);
        assert_eq!(lines(&trace), [0, 0, 1, 2, 0, 0, 1, 2]);
        assert_eq!(trace.line(3).map(|it| it.file), Some(2));
        assert_eq!(trace.line(0), None);
        assert_eq!(trace.line(99), None);
    }

    #[test]
    fn a_line_that_differs_is_not_certain_and_the_others_are() {
        let plain = section("c/t.yaml", "a: 1\nx 1234\nb: 2");
        let marked = section("c/t.yaml", &stamp("a: 1\nx 9999\nb: 2", 0, Care::All));
        assert_eq!(lines(&Trace::of(&plain, &marked)), [0, 0, 1, 0, 3]);
    }

    #[test]
    fn a_value_may_differ_where_all_fields_are_the_same() {
        let plain = section("c/t.yaml", "a: 1\nsum: 12\nb: 2");
        let trace =
            |text: &str| Trace::of(&plain, &section("c/t.yaml", &stamp(text, 0, Care::All)));
        assert_eq!(lines(&trace("a: 1\nsum: 99\nb: 2")), [0, 0, 1, 2, 3]);
        assert_eq!(lines(&trace("a: 1\nsum: 99\nc: 2")), [0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_section_that_got_longer_or_shorter_is_not_certain() {
        let plain = section("c/t.yaml", "a: 1\nb: 2");
        let marked = section("c/t.yaml", &stamp("a: 1\nb: 2\nc: 3", 0, Care::All));
        assert_eq!(lines(&Trace::of(&plain, &marked)), [0; 4]);
        let elsewhere = section("c/u.yaml", &stamp("a: 1\nb: 2", 0, Care::All));
        assert_eq!(lines(&Trace::of(&plain, &elsewhere)), [0; 4]);
    }

    #[test]
    fn a_mark_within_a_line_says_nothing_of_the_line() {
        let plain = section("c/t.yaml", "a: b");
        let marked = section("c/t.yaml", &format!("a: {OPEN}0.7{CLOSE}b"));
        assert_eq!(lines(&Trace::of(&plain, &marked)), [0; 3]);
    }

    #[test]
    fn a_text_with_marks_of_its_own_is_never_certain() {
        let text = section("c/t.yaml", &format!("a: {OPEN}0.1{CLOSE}"));
        assert_eq!(lines(&Trace::of(&text, &text)), [0; 3]);
    }
}
