//! Judges an artefact, and what a chart renders, by one policy set: the same engine, and the same
//! entries, as at every other door.

use std::sync::Arc;

use jiff::Timestamp;

use super::chamber::Found;
use crate::artefact::subject::{Artefact, Problem, Sort};
use crate::document::{Location, Snippet, json};
use crate::engine::{
    Budget, Decision, Enforcement, Engine, Facts, Finding, Ground, Inventory, Report, Status,
    Subject,
};
use crate::manifest::{Item, Manifest, Masked};
use crate::report::{Run, Shown, ShownObject, ShownOutcome, ShownRelated, Summary};
use crate::resource::{KUBERNETES, secret};

/// What is known besides the artefact.
#[derive(Clone, Copy, Debug)]
pub struct Known<'k> {
    /// Ends waivers.
    pub now: Timestamp,
    /// The tier that the artefact is for, if somebody said it.
    pub tier: Option<&'k str>,
}

/// What came of it.
#[derive(Debug)]
pub struct Judged {
    pub artefact: Artefact,
    /// Of the artefact itself, then of every object that it renders, of which nothing is left that
    /// could not be judged for want of a fact.
    pub reports: Vec<Report>,
    /// The same with places, for every report format.
    pub run: Run,
}

/// How many documents that can't be read are told of.
const MOST_UNREADABLE: usize = 10;

/// A finding's lines in a rendered text.
struct Place {
    location: Location,
    snippet: Option<Snippet>,
}

impl Judged {
    /// Judges what was found. `called` is what the artefact is called in places.
    pub fn of(engine: &Engine, known: Known<'_>, found: Found, called: &str) -> Self {
        let Found { mut artefact, rendered, .. } = found;
        let text = rendered.unwrap_or_default();
        let manifest = Manifest::read(&format!("{called} (rendered)"), &text);
        artefact.problems.extend(unreadable(&manifest));
        let mut run = Run { policy_set: engine.digest().to_string(), ..Run::default() };
        run.summary = Summary { files: 1, ..Summary::default() };
        let mut judged = Self { artefact, reports: Vec::new(), run };
        judged.judge_itself(engine, known, called);
        judged.judge_rendered(engine, known, &manifest);
        judged.run.sort();
        judged
    }

    /// Whether the policies let it stay.
    pub fn allowed(&self) -> bool {
        self.run.summary.denied == 0
    }

    fn judge_itself(&mut self, engine: &Engine, known: Known<'_>, called: &str) {
        let text = self.artefact.to_json();
        // It was written from a tree of ours, of bounded depth.
        let Ok(document) = json::read(&text) else { return };
        let facts = Facts { tier: known.tier, now: Some(known.now), ..Facts::default() };
        let subject = Subject::new(self.artefact.identity(), &document.value);
        let report = engine.evaluate(&subject, &facts, Budget::default());
        self.run.summary.denied += usize::from(!Decision::of(&report).allowed());
        let at = Location {
            file: called.into(),
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
            exact: true,
        };
        let place = |_: &Finding| Place { location: at.clone(), snippet: None };
        self.take(report, &at.file, None, place);
    }

    fn judge_rendered(&mut self, engine: &Engine, known: Known<'_>, manifest: &Manifest<'_>) {
        let mut inventory = Inventory::default();
        inventory.judged = true;
        for item in &manifest.items {
            engine.observe(&manifest.subject(item), &mut inventory);
        }
        let facts = Facts {
            tier: known.tier,
            inventory: Some(&inventory),
            now: Some(known.now),
            ..Facts::default()
        };
        let mut masked = Masked::new(manifest, &KUBERNETES);
        let mut locator = manifest.locator();
        for item in &manifest.items {
            let report = report(engine, &facts, manifest, item);
            self.run.summary.denied += usize::from(refuses(&report));
            self.take(report, &manifest.name, Some(item), |finding| {
                let (location, span) =
                    manifest.place(&mut locator, item, &finding.path, finding.about);
                Place { location, snippet: Some(masked.snippet(span)) }
            });
        }
    }
}

impl Judged {
    /// Takes a report with the places of its findings.
    fn take(
        &mut self,
        mut report: Report,
        file: &Arc<str>,
        item: Option<&Item>,
        mut place: impl FnMut(&Finding) -> Place,
    ) {
        let subject = Arc::clone(&report.subject);
        let owner = item.and_then(|item| item.owner.clone());
        for finding in &report.findings {
            let Place { location, snippet } = place(finding);
            let mut finding = finding.clone();
            let path = secret::mask_path(&finding.path);
            finding.sensitive |= path != finding.path;
            finding.path = path;
            self.run.findings.push(Shown {
                subject: Some(Arc::clone(&subject)),
                location,
                related: finding.related.iter().map(ShownRelated::nowhere).collect(),
                owner: owner.clone(),
                snippet,
                edits: Vec::new(),
                rendered: None,
                finding,
            });
        }
        for outcome in report.outcomes.iter().filter(|it| it.could_not_judge()) {
            let (subject, file) = (Arc::clone(&subject), Arc::clone(file));
            self.run.outcomes.push(ShownOutcome { outcome: outcome.clone(), subject, file });
            let counts = &mut self.run.summary;
            match outcome.status {
                Status::Skip => counts.skipped += 1,
                _ => counts.errors += 1,
            }
        }
        if item.is_some() {
            report.outcomes.retain(|it| it.status != Status::Skip);
        }
        self.run.summary.objects += 1;
        self.run.summary.passed += report.passed;
        let passed = report.passed;
        self.run.objects.push(ShownObject { subject, file: Arc::clone(file), owner, passed });
        self.reports.push(report);
    }
}

/// What the API server would say of a rendered object: changed first, then judged.
fn report(engine: &Engine, facts: &Facts<'_>, manifest: &Manifest<'_>, item: &Item) -> Report {
    let subject = manifest.subject(item);
    let changed = engine.changes(&subject, facts, Budget::default());
    engine.evaluate_changed(&subject, &changed, facts, Budget::default())
}

/// Whether the policies refuse what a chart renders. A chart can't say where it will be installed:
/// a fact that is missing for that is told, and refuses nothing.
fn refuses(report: &Report) -> bool {
    let found = report.findings.iter().map(Ground::Finding);
    let failed = report.outcomes.iter().filter(|it| it.status == Status::Error);
    let grounds = found.chain(failed.map(Ground::Unjudged));
    grounds.into_iter().any(|ground| ground.enforcement() == Enforcement::Deny)
}

/// The documents that a chart renders and nobody can read.
fn unreadable(manifest: &Manifest<'_>) -> Vec<Problem> {
    let problem = |problem: &crate::document::Problem| {
        let line = manifest.location_of(problem.span, true).line;
        let message = format!("line {line} of what it renders can't be read: {}", problem.message);
        Problem { sort: Sort::Broken, place: "templates".to_owned(), message }
    };
    manifest.problems.iter().take(MOST_UNREADABLE).map(problem).collect()
}
