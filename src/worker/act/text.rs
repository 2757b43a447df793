//! What people are told of an artefact. Whatever comes from the artefact is text there: it begins
//! no line, links nowhere and calls nobody.

use std::fmt::Write as _;

use crate::artefact::{Fault, Outcome};
use crate::engine::Enforcement;
use crate::policyfile::ActionKind;
use crate::worker::record::Open;

/// The most faults of one text; the report has them all.
const MOST: usize = 50;
/// The longest text of one cell, in characters.
const LONGEST: usize = 500;

/// One line: what it is and how much is wrong.
pub(super) fn title(open: &Open) -> String {
    let it = &open.coordinates;
    let name = plain(&it.name, 100);
    let version = plain(&it.version, 60);
    let fate = match open.verdict.outcome {
        Outcome::Fail => "is not accepted",
        Outcome::Warn | Outcome::Pass => "should be better",
    };
    format!("{name} {version} {fate}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The description of a merge request or an issue. `mark` is how it is found again.
pub(super) fn description(open: &Open, mark: &str) -> String {
    let it = &open.coordinates;
    let mut text = format!(
        "The artefact {} in the repository {}, {}, does not keep to the rules.\n\n",
        code(&it.to_string()),
        code(&it.repository),
        code(&open.digest),
    );
    if open.verdict.outcome == Outcome::Fail {
        text.push_str(
            "It does not stay in the repository: it is moved to quarantine where there is one. \
                       Put right what is listed, and publish a new version.\n\n",
        );
    } else {
        text.push_str(
            "It stays in the repository. Put right what is listed before the next version.\n\n",
        );
    }
    text.push_str("| What is wrong | What to do | Rule |\n| --- | --- | --- |\n");
    let told: Vec<_> = faults(open).collect();
    for fault in told.iter().take(MOST) {
        let object = match fault.object.as_str() {
            "" => String::new(),
            object => format!("{}: ", cell(object)),
        };
        let help = fault.help.as_deref().map(cell).unwrap_or_default();
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "| {object}{} | {help} | {} |", cell(&fault.message), code(&fault.rule));
    }
    if told.len() > MOST {
        let _ = writeln!(text, "\nand {} more.", told.len() - MOST);
    }
    if let Some(job) = open.verdict.metadata.get("CI_JOB_URL") {
        let _ = writeln!(text, "\nPublished by the job {}.", code(job));
    }
    let _ = write!(text, "\n`{mark}`\n");
    text
}

/// The notice for a chat.
pub(super) fn notice(open: &Open) -> String {
    let first = faults(open).next().map_or("", |fault| fault.message.as_str());
    let count = faults(open).count();
    let fate = match open.kind {
        ActionKind::Chat if open.verdict.outcome == Outcome::Fail => "is not accepted",
        _ => "should be better",
    };
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    let text = format!("{} {fate}: {first}{more} [{}]", open.coordinates, open.mark);
    // As Slack reads it; the others show these signs as they are.
    plain(&text, 2 * LONGEST).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What the author can do something about.
fn faults(open: &Open) -> impl Iterator<Item = &Fault> {
    let told = |fault: &&Fault| fault.enforcement >= Enforcement::Warn && !fault.waived;
    open.verdict.faults.iter().filter(told)
}

/// One line of at most so many characters.
fn plain(text: &str, most: usize) -> String {
    let mut shown: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// Text as Markdown shows it letter by letter.
fn code(text: &str) -> String {
    format!("`{}`", plain(text, LONGEST).replace('`', "'").replace('|', "\\|"))
}

/// A message in a table: only its own code spans count. A sign that Markdown or GitLab would read
/// as more than text is written as an entity.
fn cell(text: &str) -> String {
    let mut shown = String::new();
    for (rank, part) in plain(text, LONGEST).split('`').enumerate() {
        if rank % 2 == 1 {
            let _ = write!(shown, "`{}`", part.replace('|', "\\|"));
            continue;
        }
        for c in part.chars() {
            match c {
                '@' | '<' | '>' | '&' | '[' | ']' | '(' | ')' | '!' | '#' | '*' | '_' | '~'
                | '|' | '\\' | '$' | '%' | '/' | ':' => {
                    let _ = write!(shown, "&#{};", u32::from(c));
                }
                c => shown.push(c),
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::artefact::{Coordinates, Verdict};
    use crate::engine::Severity;

    fn open(name: &str, message: &str) -> Open {
        let fault = Fault {
            policy: "artefacts".to_owned(),
            entry: "artefact-name".to_owned(),
            rule: "artefact-name".to_owned(),
            severity: Severity::High,
            enforcement: Enforcement::Deny,
            waived: false,
            object: String::new(),
            place: "name".to_owned(),
            message: message.to_owned(),
            help: Some("name it `ska-x`".to_owned()),
        };
        Open {
            id: 1,
            kind: ActionKind::Chat,
            mark: "0123456789abcdef".to_owned(),
            detail: String::new(),
            coordinates: Coordinates::of("raw-internal", "raw", "", name, "1.0.0"),
            digest: "sha256:00".to_owned(),
            verdict: Verdict {
                policy_set: "p".to_owned(),
                outcome: Outcome::Fail,
                faults: vec![fault],
                passed: 1,
                metadata: BTreeMap::new(),
            },
        }
    }

    #[test]
    fn a_hostile_name_is_text() {
        let hostile = "x\n/close\n@all `| <script>[a](http://b)|";
        let open = open(hostile, &format!("name `x` is {hostile}"));
        let told = description(&open, "mark");
        assert!(!told.lines().any(|line| line.starts_with(['/', '@'])), "{told}");
        assert_eq!(told.lines().filter(|line| line.starts_with('|')).count(), 3, "{told}");
        // Every other piece is a span of code, in which nothing means anything.
        let prose: String = told.split('`').step_by(2).collect();
        for sign in ["@all", "<script>", "[a](", "/close"] {
            assert!(!prose.contains(sign), "{sign}: {told}");
        }
        assert!(!title(&open).contains('\n'));
        assert!(!notice(&open).contains("<script>"));
    }

    #[test]
    fn a_notice_says_what_and_why_in_one_line() {
        let told = notice(&open("/ska/y-1.0.0.zip", "name `y` has no prefix"));
        assert_eq!(
            told,
            "raw-internal/ska/y-1.0.0.zip is not accepted: name `y` has no prefix [0123456789abcdef]"
        );
    }
}
