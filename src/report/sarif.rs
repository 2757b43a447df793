//! SARIF 2.1.0, which code hosts and editors read.
//!
//! Sources: OASIS, [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)
//! (columns in code points 3.14.17, redaction 3.14.28, suppressions 3.27.23, fixes 3.55); GitHub,
//! [SARIF support](https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning)
//! (`primaryLocationLineHash`, `security-severity`).

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::rule::RuleText;
use super::run::{Shown, ShownEdit, ShownRelated, name_of, unjudged_lines};
use super::{Appearance, Run};
use crate::document::Location;
use crate::engine::{Applicability, Category, Enforcement, MASK, Severity, State, Status};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunOut<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunOut<'r> {
    tool: Json,
    column_kind: &'static str,
    redaction_tokens: [&'static str; 1],
    invocations: Json,
    results: Results<'r>,
    properties: Json,
}

/// Made one after another while they are written: a run may have very many.
struct Results<'r> {
    run: &'r Run,
    rules: &'r [RuleText],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rank = |rule: &str| self.rules.iter().position(|about| about.id == rule);
        let has_baseline = self.run.has_baseline;
        let result = |shown: &Shown| result(shown, rank(shown.finding.rule), has_baseline);
        serializer.collect_seq(self.run.findings.iter().map(result))
    }
}

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let rules = RuleText::of(run);
    let unreadable = run.findings.iter().any(|it| it.is_unreadable());
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [RunOut {
            tool: json!({"driver": {
                "name": "Portcullis",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            }}),
            column_kind: "unicodeCodePoints",
            redaction_tokens: [MASK],
            invocations: json!([{
                "executionSuccessful": !unreadable && run.summary.errors == 0,
                "toolExecutionNotifications": notifications(run),
            }]),
            results: Results { run, rules: &rules },
            properties: json!({"policySet": run.policy_set}),
        }],
    };
    super::pretty(&log)
}

fn rule(about: &RuleText) -> Json {
    let mut properties = Map::new();
    properties.insert("tags".to_owned(), json!([about.category.as_str()]));
    if about.category == Category::Security {
        properties.insert("security-severity".to_owned(), json!(score(about.severity)));
    }
    json!({
        "id": about.id,
        "shortDescription": {"text": about.summary},
        "fullDescription": {"text": about.why},
        "help": {"text": about.page, "markdown": about.page},
        "defaultConfiguration": {"level": level_of(about.severity)},
        "properties": properties,
    })
}

fn result(shown: &Shown, rule: Option<usize>, has_baseline: bool) -> Json {
    let finding = &shown.finding;
    let id = finding.id.to_string();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(shown),
        "message": {"text": shown.message_and_help()},
        "locations": [{
            "physicalLocation": physical(shown),
            "logicalLocations": [logical(shown)],
        }],
        "partialFingerprints": {"findingId/v1": id, "primaryLocationLineHash": id},
        "properties": {
            "policy": &*finding.policy,
            "entry": &*finding.entry,
            "severity": finding.severity.as_str(),
            "category": finding.category.as_str(),
            "owner": shown.owner.as_deref().map(|it| it.charts()),
            "exact": shown.location.exact,
        },
    });
    let mut add = |key: &str, value: Json| result.as_object_mut()?.insert(key.to_owned(), value);
    if let Some(rule) = rule {
        add("ruleIndex", json!(rule));
    }
    if has_baseline {
        let is_known = finding.state == State::Existing;
        add("baselineState", json!(if is_known { "unchanged" } else { "new" }));
    }
    let related: Vec<Json> = shown.related.iter().filter_map(related).collect();
    if !related.is_empty() {
        add("relatedLocations", json!(related));
    }
    if let Some(suppression) = suppression(shown) {
        add("suppressions", json!([suppression]));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|_| !shown.edits.is_empty()) {
        let replacements: Vec<Json> = shown.edits.iter().map(replacement).collect();
        let change = json!({
            "artifactLocation": artifact(&shown.location.file),
            "replacements": replacements,
        });
        let text = match fix.applicability {
            Applicability::Safe => fix.title.clone(),
            Applicability::Unsafe => format!("{}; may change what the object does", fix.title),
        };
        add("fixes", json!([{"description": {"text": text}, "artifactChanges": [change]}]));
    }
    result
}

fn physical(shown: &Shown) -> Json {
    let at = shown.host_location();
    let mut physical = json!({
        "artifactLocation": artifact(&at.file),
        "region": region(&at),
    });
    let snippet = shown.snippet.as_ref().filter(|_| at == shown.location);
    if let (Some(snippet), Some(object)) = (snippet, physical.as_object_mut()) {
        let last = snippet.first_line as usize + snippet.text.lines().count().max(1) - 1;
        let context = json!({
            "startLine": snippet.first_line,
            "endLine": last,
            "snippet": {"text": snippet.text},
        });
        object.insert("contextRegion".to_owned(), context);
    }
    physical
}

/// The object and the path in it, which say the place whatever becomes of the lines.
fn logical(shown: &Shown) -> Json {
    let path = shown.finding.path.to_string();
    let subject = shown.subject_line();
    json!({"name": path, "fullyQualifiedName": format!("{subject}#{path}"), "kind": "member"})
}

fn related(related: &ShownRelated) -> Option<Json> {
    let at = related.location.as_ref()?;
    let whose = related.subject.as_ref().map(|it| format!(": {}", name_of(it)));
    Some(json!({
        "physicalLocation": {"artifactLocation": artifact(&at.file), "region": region(at)},
        "message": {"text": format!("{}{}", related.message, whose.unwrap_or_default())},
    }))
}

/// A waiver that holds is an accepted suppression; one that is only proposed is under review.
fn suppression(shown: &Shown) -> Option<Json> {
    let waiver = shown.finding.waiver.as_deref()?;
    let status = match shown.finding.state {
        State::Waived => "accepted",
        _ if waiver.proposed => "underReview",
        _ => "rejected",
    };
    Some(json!({
        "kind": "external",
        "status": status,
        "justification": waiver.reason,
        "properties": {
            "waiver": waiver.name,
            "owner": waiver.owner,
            "ticket": waiver.ticket,
            "until": waiver.until.to_string(),
        },
    }))
}

fn replacement(edit: &ShownEdit) -> Json {
    json!({
        "deletedRegion": region(&edit.location),
        "insertedContent": {"text": edit.replacement},
    })
}

fn notifications(run: &Run) -> Vec<Json> {
    let has_errors = run.outcomes.iter().any(|it| it.outcome.status == Status::Error);
    let level = if has_errors { "error" } else { "note" };
    let unjudged = unjudged_lines(run).into_iter().map(|line| (level, line));
    let notices = run.summary.notices.iter().map(|line| ("note", line.clone()));
    let all = unjudged.chain(notices);
    all.map(|(level, line)| json!({"level": level, "message": {"text": line}})).collect()
}

fn artifact(file: &str) -> Json {
    json!({"uri": uri(file)})
}

fn region(at: &Location) -> Json {
    json!({
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    })
}

/// A path as a URI reference (RFC 3986): absolute ones with a scheme, others relative.
fn uri(file: &str) -> String {
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in file.strip_prefix("./").unwrap_or(file).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// What the policy asks for, also where a waiver or a baseline keeps it from happening.
fn level(shown: &Shown) -> &'static str {
    match shown.finding.enforcement {
        Enforcement::Deny => "error",
        Enforcement::Warn => "warning",
        Enforcement::Audit => "note",
    }
}

const fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// A number in GitHub's bands: over 9.0 critical, 7.0 high, 4.0 medium, 0.1 low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_uri_that_leads_to_it() {
        assert_eq!(uri("./a b,c%.yaml"), "a%20b%2Cc%25.yaml");
        assert_eq!(uri("/tmp/ä:1.yaml"), "file:///tmp/%C3%A4%3A1.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}
