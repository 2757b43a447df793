//! One file, judged: its findings with their places.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::baseline::Baseline;
use super::changed::Lines;
use super::fix::{Amended, Proposal};
use super::own::{duplicate_keys, duplicate_object, file_shown, problem_shown};
use super::place::{Name, Objects, Places, Rank};
use super::render::differences;
use super::shelf::documents_of;
use crate::cli::facts::{Place, Said};
use crate::document::{Location, Path, Span};
use crate::engine::{
    About, Applicability, Budget, Decision, Documents, Engine, Finding, Fix, Identity, Report,
    State, Status,
};
use crate::manifest::{Item, Manifest, Masked};
use crate::report::{
    Needs, Shown, ShownChange, ShownEdit, ShownObject, ShownOutcome, ShownRelated,
};
use crate::resource::{KUBERNETES, secret};

/// What became of one file.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Shown>,
    pub(super) changes: Vec<ShownChange>,
    pub(super) outcomes: Vec<ShownOutcome>,
    pub(super) objects: Vec<ShownObject>,
    pub(super) denied: usize,
    pub(super) passed: usize,
    pub(super) unreadable: bool,
    /// If the bench fixes, and there is something to fix.
    pub(super) amended: Option<Amended>,
}

/// What all files of a run are judged with.
pub(super) struct Bench<'b> {
    pub(super) engine: &'b Engine,
    pub(super) said: &'b Said,
    pub(super) place: &'b Place,
    pub(super) known: &'b Baseline,
    pub(super) needs: Needs,
    /// Which fixes are written into texts, if any.
    pub(super) fixes: Option<Applicability>,
}

/// What is to be done with one file.
pub(super) struct Asked<'a> {
    /// The same text, rendered again.
    pub(super) again: Option<&'a str>,
    /// What of it is judged.
    pub(super) lines: Lines,
}

/// A file on the bench.
struct Sheet<'m, 't> {
    rank: usize,
    manifest: &'m Manifest<'t>,
    /// Where in the run an object is.
    find: &'m dyn Fn(&Identity) -> Option<Rank>,
    /// What the strings of each item hold.
    documents: &'m [Documents<'m>],
    places: Places<'m, 't>,
    masked: Masked<'m, 't>,
    judged: Judged,
    proposals: Vec<Proposal>,
}

/// Whose a finding is.
#[derive(Clone, Copy)]
struct Whose<'w> {
    rank: usize,
    item: &'w Item,
    subject: &'w Arc<Identity>,
}

impl Bench<'_> {
    /// Judges the file of this rank; `objects` are those of the whole run, and `documents` what its
    /// strings hold, if they have been read. Of a finding's places in other files nothing is known
    /// here.
    pub(super) fn judge(
        &self,
        (rank, manifest): (usize, &Manifest<'_>),
        documents: Option<&[Documents<'_>]>,
        objects: &Objects<'_, '_>,
        asked: &Asked<'_>,
    ) -> Judged {
        let find = |wanted: &Identity| objects.find(wanted);
        let read;
        let documents = match documents {
            Some(known) => known,
            None => {
                read = documents_of(manifest);
                &read
            }
        };
        let mut places = Places::new(manifest);
        places.know(documents);
        let mut sheet = Sheet {
            rank,
            manifest,
            find: &find,
            documents,
            places,
            masked: Masked::new(manifest, &KUBERNETES),
            judged: Judged::default(),
            proposals: Vec::new(),
        };
        let is_whole = asked.lines == Lines::All;
        let touches = |span: Span| {
            is_whole || {
                let at = manifest.location_of(span, true);
                asked.lines.touch(at.line, at.end_line)
            }
        };
        for problem in manifest.problems.iter().filter(|problem| touches(problem.span)) {
            sheet.judged.unreadable = true;
            sheet.judged.findings.push(problem_shown(manifest, problem));
        }
        let mut seen: HashMap<Name<'_>, usize, RandomState> = HashMap::default();
        for (rank, item) in manifest.items.iter().enumerate() {
            let first = *seen.entry(Name::of(&item.identity)).or_insert(rank);
            if !touches(manifest.document_span(item)) {
                continue;
            }
            self.judge_item(&mut sheet, rank, item);
            if first != rank && !item.identity.name.is_empty() {
                self.judge_again(&mut sheet, rank, first);
            }
        }
        if let Some(again) = asked.again.filter(|_| is_whole) {
            self.compare(&mut sheet, again);
        }
        // Here many files are sorted at once, and putting them together is little work.
        sheet.judged.findings.sort_by(Shown::order);
        sheet.judged.amended = Amended::of(manifest, &sheet.proposals);
        sheet.judged
    }

    fn judge_item(&self, sheet: &mut Sheet<'_, '_>, rank: usize, item: &Item) {
        let mut report = self.report(sheet, rank, item);
        self.known.mark(&mut report.findings);
        let waived = report.outcomes.iter().filter(|it| it.status == Status::Pass).count();
        sheet.judged.denied += usize::from(!Decision::of(&report).allowed());
        sheet.judged.passed += report.passed + waived;
        let clean = report.passed;
        let subject = report.subject;
        let file = &sheet.manifest.name;
        for outcome in report.outcomes.into_iter().filter(|it| it.could_not_judge()) {
            let (subject, file) = (Arc::clone(&subject), Arc::clone(file));
            sheet.judged.outcomes.push(ShownOutcome { outcome, subject, file });
        }
        if self.needs.objects {
            sheet.judged.objects.push(ShownObject {
                subject: Arc::clone(&subject),
                file: Arc::clone(file),
                owner: item.owner.clone(),
                passed: clean,
            });
        }
        let whose = Whose { rank, item, subject: &subject };
        for finding in report.findings {
            if let Some(place) = sheet.places.of(rank, &finding.path, finding.about) {
                self.show(sheet, finding, place, whose);
            }
        }
        for (mut finding, place) in duplicate_keys(sheet.manifest, item) {
            self.known.mark(std::slice::from_mut(&mut finding));
            self.show(sheet, finding, place, whose);
        }
    }

    /// Reports what differs from the same text, rendered again.
    fn compare(&self, sheet: &mut Sheet<'_, '_>, again: &str) {
        let manifest = sheet.manifest;
        for (rank, mut finding) in differences(manifest, &Manifest::read(&manifest.name, again)) {
            self.known.mark(std::slice::from_mut(&mut finding));
            let Some((rank, item)) = rank.and_then(|it| Some((it, manifest.items.get(it)?))) else {
                sheet.judged.findings.push(file_shown(manifest, finding));
                continue;
            };
            if let Some(place) = sheet.places.of(rank, &finding.path, finding.about) {
                let subject = Arc::clone(&item.identity);
                self.show(sheet, finding, place, Whose { rank, item, subject: &subject });
            }
        }
    }

    /// Says of an item that it is the same object as one before it.
    fn judge_again(&self, sheet: &mut Sheet<'_, '_>, rank: usize, first: usize) {
        let items = &sheet.manifest.items;
        let (Some(item), Some(other)) = (items.get(rank), items.get(first)) else { return };
        let path = Path { steps: vec!["metadata".into(), "name".into()] };
        let mut place = |rank| sheet.places.of(rank, &path, About::Value);
        let (Some(place), Some((there, _))) = (place(rank), place(first)) else { return };
        let Some(mut finding) = duplicate_object(item, other, there.line) else { return };
        self.known.mark(std::slice::from_mut(&mut finding));
        let subject = Arc::clone(&item.identity);
        let whose = Whose { rank, item, subject: &subject };
        self.show(sheet, finding, place, whose);
    }

    /// What the cluster would say of the object: changed first, then judged.
    fn report(&self, sheet: &mut Sheet<'_, '_>, rank: usize, item: &Item) -> Report {
        let mut subject = sheet.manifest.subject(item);
        subject.documents = sheet.documents.get(rank);
        self.said.describe(&mut subject);
        let facts = self.place.facts();
        let changed = self.engine.changes(&subject, &facts, Budget::default());
        let report = self.engine.evaluate_changed(&subject, &changed, &facts, Budget::default());
        for mut change in changed.changes {
            let Some((location, _)) = sheet.places.of(rank, &change.path, About::Value) else {
                continue;
            };
            if self.fixes.is_some() {
                sheet.proposals.push(Proposal::new(rank, &change.fix, change.rule, &location));
            }
            if let Some(path) = secret::masked_path(&change.path) {
                change.fix.patch.0.clear();
                change.path = path;
            }
            let subject = Arc::clone(&subject.identity);
            sheet.judged.changes.push(ShownChange { location, subject, change });
        }
        report
    }

    fn show(
        &self,
        sheet: &mut Sheet<'_, '_>,
        mut finding: Finding,
        (location, span): (Location, Span),
        whose: Whose<'_>,
    ) {
        let is_wanted =
            |fix: &&Fix| self.fixes >= Some(fix.applicability) && finding.state != State::Waived;
        if let Some(fix) = finding.fix.as_ref().filter(is_wanted) {
            sheet.proposals.push(Proposal::new(whose.rank, fix, finding.rule, &location));
        }
        let snippet = self.needs.lines.then(|| sheet.masked.snippet(span));
        if let Some(path) = secret::masked_path(&finding.path) {
            finding.sensitive = true;
            finding.path = path;
        }
        let edits = match finding.fix.as_ref().filter(|_| self.needs.edits && !finding.sensitive) {
            Some(fix) => edits(sheet.manifest, whose.item, fix),
            None => Vec::new(),
        };
        let shown = Shown {
            related: sheet.related(&finding, whose.rank),
            subject: Some(Arc::clone(whose.subject)),
            location,
            owner: whose.item.owner.clone(),
            snippet,
            edits,
            rendered: None,
            finding,
        };
        sheet.judged.findings.push(shown);
    }
}

/// What a fix does to the text, if there is exactly one way to write it.
fn edits(manifest: &Manifest<'_>, item: &Item, fix: &Fix) -> Vec<ShownEdit> {
    let edits = manifest.edits(item, &fix.patch).unwrap_or_default();
    let shown = edits.into_iter().map(|edit| ShownEdit {
        location: manifest.location_of(edit.span, true),
        replacement: edit.replacement,
    });
    shown.collect()
}

impl Sheet<'_, '_> {
    /// The other places of a finding of the object of this rank, as far as they are in the file.
    fn related(&mut self, finding: &Finding, rank: usize) -> Vec<ShownRelated> {
        let Self { rank: file, find, places, .. } = self;
        let shown = finding.related.iter().map(|related| {
            let rank = match &related.subject {
                None => Some(rank),
                Some(other) => find(other).filter(|at| at.0 == *file).map(|at| at.1),
            };
            let about = finding.about.elsewhere();
            let place = rank.and_then(|rank| places.of(rank, &related.path, about));
            ShownRelated {
                location: place.map(|(location, _)| location),
                ..ShownRelated::nowhere(related)
            }
        });
        shown.collect()
    }
}
