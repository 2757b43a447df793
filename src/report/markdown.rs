//! Markdown for the comment on a merge request: a table of owners, and what was found, folded.
//!
//! Whatever a manifest says stands in code, where no text mentions a person or makes a link.
//!
//! Sources: GitLab, [GitLab Flavored Markdown](https://docs.gitlab.com/user/markdown/) (`details`,
//! an empty line before Markdown in it); CommonMark 6.1 (code spans).

use std::fmt::Write as _;

use super::fold::{Folded, folded};
use super::owned::{Owned, by_owner};
use super::run::{Shown, plural, unjudged_lines};
use super::ticks::in_ticks;
use super::{Appearance, Effect, Run};

/// The most that a comment has, in bytes. GitHub takes 65,536 characters, GitLab a million.
const LIMIT: usize = 60_000;

/// What marks a comment as ours, so that the next run can take its place.
const MARK: &str = "<!-- portcullis -->";

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let owners = by_owner(run);
    let mut out = format!("{MARK}\n## Portcullis: {}\n\n", verdict(run));
    _ = writeln!(out, "{}.\n", run.summary.line(run));
    out.push_str(&bounded(table(&owners), LIMIT / 4, "owners"));
    let notes: Vec<String> =
        unjudged_lines(run).iter().chain(&run.summary.notices).map(|it| item(&prose(it))).collect();
    let notes = bounded(notes, LIMIT / 8, "notes");
    let room = LIMIT.saturating_sub(out.len() + notes.len() + 200);
    let mut left_out = 0;
    let mut details = String::new();
    for owned in &owners {
        left_out += add_details(&mut details, owned, room);
    }
    out.push_str(&details);
    if left_out > 0 {
        _ = writeln!(out, "\n{} not shown here.", plural(left_out, "more finding"));
    }
    if !notes.is_empty() {
        _ = write!(out, "\n{notes}");
    }
    out
}

fn verdict(run: &Run) -> String {
    match run.counts() {
        [0, 0, 0, ..] => "nothing to put right".to_owned(),
        [0, ..] => "the cluster would take it".to_owned(),
        _ => format!("the cluster would refuse {}", plural(run.summary.denied, "object")),
    }
}

fn table(owners: &[Owned<'_>]) -> Vec<String> {
    if owners.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["| owner | deny | warn | audit | existing | waived |".to_owned()];
    lines.push("| --- | ---: | ---: | ---: | ---: | ---: |".to_owned());
    lines.extend(owners.iter().map(|owned| {
        let [deny, warn, audit, existing, waived] = owned.counts;
        // In a table a bar ends the cell, in code too.
        let name = code(&owned.name).replace('|', "\\|");
        format!("| {name} | {deny} | {warn} | {audit} | {existing} | {waived} |")
    }));
    lines.push(String::new());
    lines
}

/// As many lines as there is room for, and how many more there are.
fn bounded(lines: Vec<String>, room: usize, what: &str) -> String {
    let mut out = String::new();
    let count = lines.len();
    for (rank, line) in lines.into_iter().enumerate() {
        if out.len() + line.len() > room {
            _ = writeln!(out, "\n{} more {what} are not shown.\n", count - rank);
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Adds the findings of an owner that were not known before, and returns how many there was no
/// room for.
fn add_details(out: &mut String, owned: &Owned<'_>, room: usize) -> usize {
    let listed = owned.findings.iter().copied().filter(|it| it.effect() != Effect::Existing);
    let total = listed.clone().count();
    // In code nobody is mentioned, in HTML as in Markdown.
    let name = super::xml::text(&one_line(&owned.name));
    let count = plural(total, "finding");
    let head = format!("<details><summary><code>{name}</code>: {count}</summary>\n\n");
    let mut body = String::new();
    let mut shown = 0;
    for folded in folded(listed) {
        let line = item(&finding_line(folded.first));
        if out.len() + head.len() + body.len() + line.len() > room {
            break;
        }
        body.push_str(&line);
        let repeats = repeats(&folded);
        // Where there is no room for the places, their number is.
        if out.len() + head.len() + body.len() + repeats.len() > room {
            _ = write!(body, "<br>and {} more of this template", folded.repeats.len());
        } else {
            body.push_str(&repeats);
        }
        body.push('\n');
        shown += 1 + folded.repeats.len();
    }
    if shown > 0 {
        _ = write!(out, "{head}{body}\n</details>\n\n");
    }
    total - shown
}

fn finding_line(shown: &Shown) -> String {
    let finding = &shown.finding;
    let mut line = format!(
        "**{}** {} {}<br>{}",
        shown.effect().as_str(),
        code(finding.rule),
        prose(&finding.message),
        code(&place(shown)),
    );
    if shown.subject.is_some() {
        _ = write!(line, ", {}", code(&shown.subject_line()));
    }
    if let Some(help) = &finding.help {
        _ = write!(line, "<br>{}", prose(help));
    }
    line
}

/// The file and the line; of an object in a cluster the path in it.
fn place(shown: &Shown) -> String {
    match shown.location.line {
        0 => shown.finding.path.to_string(),
        line => format!("{}:{line}", shown.file()),
    }
}

/// The other findings of the same template, to be unfolded.
fn repeats(folded: &Folded<'_>) -> String {
    if folded.repeats.is_empty() {
        return String::new();
    }
    let line = |shown: &&Shown| {
        let at = code(&place(shown));
        format!("<br>{at} {}", prose(&shown.finding.message))
    };
    let places: String = folded.repeats.iter().map(line).collect();
    let count = folded.repeats.len();
    format!("<details><summary>and {count} more of this template</summary>{places}</details>")
}

fn item(text: &str) -> String {
    format!("- {text}")
}

/// A code span: no other mark means anything in it. Its fence is longer than any within.
fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A message: what it has in backticks stays code, and nothing else in it is a mark.
fn prose(text: &str) -> String {
    in_ticks(text, plain, code)
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    for char in one_line(text).chars() {
        match char {
            // A mention can't be escaped, only put into code.
            '@' => out.push_str("`@`"),
            char if char.is_ascii_punctuation()
                && !matches!(char, ',' | '.' | ';' | ':' | '\'') =>
            {
                out.extend(['\\', char]);
            }
            char => out.push(char),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::{code, prose};

    #[test]
    fn what_is_in_code_stays_there() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("a\n</details>"), "`a </details>`");
    }

    #[test]
    fn nothing_in_a_message_is_a_mark() {
        assert_eq!(prose("image `a|b` of <b>@all</b>"), "image `a|b` of \\<b\\>`@`all\\<\\/b\\>");
        assert_eq!(prose("one ` only"), "one \\` only");
    }
}
