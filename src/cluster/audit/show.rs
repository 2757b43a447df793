//! An audit as a run that every report format can write.

use std::sync::Arc;

use super::family::{Family, Told, families};
use super::scan::Scan;
use crate::document::Location;
use crate::engine::Identity;
use crate::report::{Run, Shown, ShownObject, ShownOutcome, ShownRelated, Summary};
use crate::resource::secret;

/// What there is to report. An object has no lines: its place is what it is called.
pub fn show(scan: &Scan) -> Run {
    let families = families(scan);
    let mut run = Run { policy_set: scan.policy_set.clone(), ..Run::default() };
    for family in &families {
        run.findings.extend(family.findings.iter().map(Told::shown));
        run.outcomes.extend(family.shown_outcomes());
    }
    run.objects = scan
        .judged
        .iter()
        .map(|judged| ShownObject {
            subject: Arc::clone(&judged.identity),
            file: called(&judged.identity).into(),
            owner: None,
            passed: judged.report.passed,
        })
        .collect();
    run.summary = Summary {
        files: 0,
        namespaces: Some(scan.passed.keys().filter(|name| !name.is_empty()).count()),
        objects: scan.objects,
        denied: scan.denied,
        passed: scan.passed.values().sum(),
        skipped: scan.skipped,
        errors: scan.errors,
        notices: scan.gaps.iter().map(|gap| format!("not judged: {gap}")).collect(),
    };
    run.sort();
    run
}

impl Told {
    /// The finding with its place, and nothing in it that must not be shown.
    pub(super) fn shown(&self) -> Shown {
        let mut finding = self.finding.clone();
        let path = secret::mask_path(&finding.path);
        finding.sensitive |= path != finding.path;
        finding.path = path;
        let mut related: Vec<ShownRelated> =
            finding.related.iter().map(ShownRelated::nowhere).collect();
        if self.others > 0 {
            let plural = if self.others == 1 { "object" } else { "objects" };
            related.push(ShownRelated {
                message: format!("and {} more {plural} of the same owner", self.others),
                subject: None,
                path: String::new(),
                location: None,
            });
        }
        Shown {
            location: place(&self.whose),
            subject: Some(Arc::clone(&self.whose)),
            related,
            owner: None,
            snippet: None,
            edits: Vec::new(),
            rendered: None,
            finding,
        }
    }
}

impl Family {
    pub(super) fn shown_outcomes(&self) -> impl Iterator<Item = ShownOutcome> {
        self.unjudged.iter().map(|(whose, outcome)| ShownOutcome {
            outcome: outcome.clone(),
            subject: Arc::clone(whose),
            file: called(whose).into(),
        })
    }
}

fn place(identity: &Identity) -> Location {
    let file = called(identity).into();
    Location { file, line: 0, column: 0, end_line: 0, end_column: 0, exact: true }
}

/// `Deployment demo/web`.
fn called(identity: &Identity) -> String {
    match &identity.namespace {
        Some(namespace) => format!("{} {namespace}/{}", identity.kind, identity.name),
        None => format!("{} {}", identity.kind, identity.name),
    }
}
