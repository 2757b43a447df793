//! For scripts. The shape is a promise: fields are added, never renamed or removed, without
//! another `version`.

use serde::Serialize;
use serde_json::Value as Json;

use super::run::ShownRelated;
use super::{Appearance, Run, Shown};
use crate::document::Location;
use crate::engine::{Fix, Identity, State};
use crate::resource::owner::Owner;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'r> {
    version: u32,
    policy_set: &'r str,
    findings: Vec<FindingOut<'r>>,
    changes: Vec<ChangeOut<'r>>,
    outcomes: Vec<OutcomeOut<'r>>,
    summary: SummaryOut<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingOut<'r> {
    id: String,
    policy: &'r str,
    entry: &'r str,
    rule: &'r str,
    category: &'static str,
    severity: &'static str,
    enforcement: &'static str,
    state: &'static str,
    message: &'r str,
    help: Option<&'r str>,
    subject: SubjectOut<'r>,
    path: String,
    /// `None` for what no file holds, such as an object in a cluster.
    location: Option<LocationOut<'r>>,
    related: Vec<RelatedOut<'r>>,
    owner: Option<OwnerOut<'r>>,
    rendered: Option<RenderedOut<'r>>,
    waiver: Option<WaiverOut<'r>>,
    fix: Option<FixOut<'r>>,
    sensitive: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubjectOut<'r> {
    r#type: &'static str,
    api_version: Option<String>,
    kind: Option<&'r str>,
    namespace: Option<&'r str>,
    name: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationOut<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    exact: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedOut<'r> {
    message: &'r str,
    subject: Option<SubjectOut<'r>>,
    path: &'r str,
    location: Option<LocationOut<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnerOut<'r> {
    chart: &'r str,
    subcharts: &'r [String],
    template: &'r str,
}

/// Where a rendered text says it. `location` is the template's if it is certain.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RenderedOut<'r> {
    text: &'r str,
    line: u32,
    template_line: Option<u32>,
    value_sets: Vec<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WaiverOut<'r> {
    name: &'r str,
    owner: &'r str,
    reason: &'r str,
    ticket: &'r str,
    until: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FixOut<'r> {
    title: &'r str,
    applicability: Json,
    patch: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeOut<'r> {
    policy: &'r str,
    entry: &'r str,
    rule: &'r str,
    subject: SubjectOut<'r>,
    path: String,
    location: Option<LocationOut<'r>>,
    fix: FixOut<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeOut<'r> {
    policy: &'r str,
    entry: &'r str,
    rule: &'r str,
    status: &'static str,
    reason: Option<&'r str>,
    subject: SubjectOut<'r>,
    file: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryOut<'r> {
    files: usize,
    objects: usize,
    denied: usize,
    deny: usize,
    warn: usize,
    audit: usize,
    existing: usize,
    waived: usize,
    passed: usize,
    skipped: usize,
    errors: usize,
    notices: &'r [String],
}

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let [deny, warn, audit, existing, waived] = run.counts();
    let document = Document {
        version: 1,
        policy_set: &run.policy_set,
        findings: run.findings.iter().map(finding).collect(),
        changes: run
            .changes
            .iter()
            .map(|it| ChangeOut {
                policy: &it.change.policy,
                entry: &it.change.entry,
                rule: it.change.rule,
                subject: subject(Some(&it.subject)),
                path: it.change.path.to_string(),
                location: location(&it.location),
                fix: fix(&it.change.fix),
            })
            .collect(),
        outcomes: run
            .outcomes
            .iter()
            .map(|it| OutcomeOut {
                policy: &it.outcome.policy,
                entry: &it.outcome.entry,
                rule: it.outcome.rule,
                status: it.outcome.status.as_str(),
                reason: it.outcome.reason.as_deref(),
                subject: subject(Some(&it.subject)),
                file: &it.file,
            })
            .collect(),
        summary: SummaryOut {
            files: run.summary.files,
            objects: run.summary.objects,
            denied: run.summary.denied,
            deny,
            warn,
            audit,
            existing,
            waived,
            passed: run.summary.passed,
            skipped: run.summary.skipped,
            errors: run.summary.errors,
            notices: &run.summary.notices,
        },
    };
    super::pretty(&document)
}

fn finding(shown: &Shown) -> FindingOut<'_> {
    let it = &shown.finding;
    FindingOut {
        id: it.id.to_string(),
        policy: &it.policy,
        entry: &it.entry,
        rule: it.rule,
        category: it.category.as_str(),
        severity: it.severity.as_str(),
        enforcement: it.enforcement.as_str(),
        state: it.state.as_str(),
        message: &it.message,
        help: it.help.as_deref(),
        subject: subject(shown.subject.as_deref()),
        path: it.path.to_string(),
        location: location(&shown.location),
        related: shown.related.iter().map(related).collect(),
        owner: shown.owner.as_deref().map(owner),
        rendered: shown.rendered.as_ref().map(|it| RenderedOut {
            text: &it.text,
            line: it.line,
            template_line: it.template_line,
            value_sets: it.sets.iter().map(|set| &**set).collect(),
        }),
        waiver: it.waiver.as_deref().filter(|_| it.state == State::Waived).map(|waiver| {
            WaiverOut {
                name: &waiver.name,
                owner: &waiver.owner,
                reason: &waiver.reason,
                ticket: &waiver.ticket,
                until: waiver.until.to_string(),
            }
        }),
        fix: it.fix.as_ref().filter(|_| !it.sensitive).map(fix),
        sensitive: it.sensitive,
    }
}

fn subject(identity: Option<&Identity>) -> SubjectOut<'_> {
    let Some(identity) = identity else {
        return SubjectOut {
            r#type: "file",
            api_version: None,
            kind: None,
            namespace: None,
            name: None,
        };
    };
    SubjectOut {
        r#type: if identity.format.is_some() { "artefact" } else { "object" },
        api_version: Some(identity.api_version()),
        kind: Some(&identity.kind),
        namespace: identity.namespace.as_deref(),
        name: Some(identity.shown_name()),
    }
}

/// Lines start at 1: what is on none has no location.
fn location(at: &Location) -> Option<LocationOut<'_>> {
    (at.line > 0).then(|| LocationOut {
        file: &at.file,
        line: at.line,
        column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
        exact: at.exact,
    })
}

fn related(it: &ShownRelated) -> RelatedOut<'_> {
    RelatedOut {
        message: &it.message,
        subject: it.subject.as_ref().map(|identity| subject(Some(identity))),
        path: &it.path,
        location: it.location.as_ref().and_then(location),
    }
}

fn owner(it: &Owner) -> OwnerOut<'_> {
    OwnerOut { chart: &it.chart, subcharts: &it.subcharts, template: &it.template }
}

fn fix(it: &Fix) -> FixOut<'_> {
    FixOut {
        title: &it.title,
        applicability: serde_json::to_value(it.applicability).unwrap_or_default(),
        patch: serde_json::to_value(&it.patch).unwrap_or_default(),
    }
}
