//! One file, judged: its findings with their places.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use rayon::prelude::*;

use super::baseline::Baseline;
use super::changed::Lines;
use super::fix::{Amended, Proposal};
use super::own::{duplicate_keys, duplicate_object, file_shown, problem_shown};
use super::place::{Index, Name, Places};
use super::render::differences;
use super::shelf::{Volume, documents_of};
use super::text::Paper;
use crate::cli::Failure;
use crate::cli::facts::{Noted, Place, Said, Surroundings};
use crate::document::{Location, Path, Span};
use crate::engine::{
    About, Applicability, Budget, Decision, Documents, Engine, Facts, Finding, Fix, Identity,
    Question, Questions, Report, State, Status,
};
use crate::manifest::{Item, Manifest, Masked};
use crate::report::{
    Findings, Needs, Shown, ShownChange, ShownEdit, ShownObject, ShownOutcome, ShownRelated,
};
use crate::resource::{KUBERNETES, secret};

/// What became of one file.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Findings,
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
    pub(super) surroundings: &'b Surroundings<'b>,
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

/// One file, judged as if there were no other one.
#[derive(Default)]
pub(super) struct Look {
    pub(super) items: Vec<Item>,
    /// What its objects tell those of other files.
    pub(super) noted: Noted,
    pub(super) page: Page,
}

/// What is said of one file.
#[derive(Default)]
pub(super) struct Page {
    file: Arc<str>,
    /// What rests on no policy.
    own: Findings,
    unreadable: bool,
    /// Of each item, if it is to be judged.
    verdicts: Vec<Option<Verdict>>,
}

/// What is said of one item.
#[derive(Default)]
struct Verdict {
    findings: Findings,
    changes: Vec<ShownChange>,
    outcomes: Vec<ShownOutcome>,
    proposals: Vec<Proposal>,
    /// What was asked of other objects.
    questions: Vec<Question>,
    denied: bool,
    passed: usize,
    /// How many rules have nothing to say, not even something that is waived.
    clean: usize,
}

/// The fewest items of a file that are handed to another thread.
pub(super) const FEW_ITEMS: usize = 8;

/// A file on the bench.
struct Sheet<'m, 't> {
    manifest: &'m Manifest<'t>,
    /// What the strings of each item hold.
    documents: &'m [Documents<'m>],
    places: Places<'m, 't>,
    masked: Masked<'m, 't>,
    /// Where in the file an object is; `None` if but some of it is here.
    index: Option<&'m OnceLock<Index<'m>>>,
}

/// Whose a finding is.
#[derive(Clone, Copy)]
struct Whose<'w> {
    rank: usize,
    item: &'w Item,
}

impl Bench<'_> {
    /// Judges a file as if there were no other one.
    pub(super) fn look(&self, manifest: Manifest<'_>, asked: &Asked<'_>) -> Look {
        let documents = documents_of(&manifest);
        let noted = self.surroundings.note(self.engine, &manifest, &documents);
        let place = self.surroundings.with([noted]);
        let page = {
            let index = OnceLock::new();
            let sheet = || Sheet { index: Some(&index), ..Sheet::new(&manifest, &documents) };
            self.page(&sheet, &place, asked)
        };
        drop(documents);
        Look { noted: place.into_noted(), page, items: manifest.items }
    }

    /// `lay_out` puts the file on the bench, for each who judges a part of it.
    fn page<'m, 't: 'm>(
        &self,
        lay_out: &(impl Fn() -> Sheet<'m, 't> + Sync),
        place: &Place<'_>,
        asked: &Asked<'_>,
    ) -> Page {
        let mut sheet = lay_out();
        let manifest = sheet.manifest;
        let is_whole = asked.lines == Lines::All;
        let touches = |span: Span| {
            is_whole || {
                let at = manifest.location_of(span, true);
                asked.lines.touch(at.line, at.end_line)
            }
        };
        let mut page = Page { file: Arc::clone(&manifest.name), ..Page::default() };
        for problem in manifest.problems.iter().filter(|problem| touches(problem.span)) {
            page.unreadable = true;
            page.own.push(problem_shown(manifest, problem));
        }
        // Many a pipeline has one file with everything in it.
        let items = manifest.items.par_iter().enumerate().with_min_len(FEW_ITEMS);
        let verdicts = items.map_init(lay_out, |sheet, (rank, item)| {
            let is_asked = touches(manifest.document_span(item));
            is_asked.then(|| self.judge_item(sheet, rank, item, place))
        });
        page.verdicts = verdicts.collect();
        let mut seen: HashMap<Name<'_>, usize, RandomState> = HashMap::default();
        for (rank, (item, verdict)) in manifest.items.iter().zip(&page.verdicts).enumerate() {
            let first = *seen.entry(Name::of(&item.identity)).or_insert(rank);
            if first != rank && verdict.is_some() && !item.identity.name.is_empty() {
                page.own.extend(self.judge_again(&mut sheet, rank, first));
            }
        }
        if let Some(again) = asked.again.filter(|_| is_whole) {
            self.compare(&mut sheet, again, &mut page.own);
        }
        page
    }

    /// Judges those items again for which other files make a difference; `place` knows of all.
    ///
    /// # Errors
    ///
    /// The file is not what it was.
    pub(super) fn look_again(
        &self,
        page: &mut Page,
        place: &Place<'_>,
        volume: Volume<'_>,
    ) -> Result<(), Failure> {
        let facts = place.facts();
        let holds = |it: &Verdict| it.questions.iter().all(|it| it.has_same_answer(&facts));
        let judged = page.verdicts.iter().enumerate();
        let wanted: Vec<usize> = judged
            .filter(|(_, verdict)| verdict.as_ref().is_some_and(|it| !holds(it)))
            .map(|(rank, _)| rank)
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut paper = Paper::default();
        let opened = volume.open(&mut paper)?;
        let (manifest, ranks) = opened.read_some(volume.items, &wanted);
        let documents = documents_of(&manifest);
        let mut sheet = Sheet::new(&manifest, &documents);
        for (rank, wanted) in ranks.into_iter().zip(wanted) {
            if let Some(verdict) = page.verdicts.get_mut(wanted)
                && let Some(item) = manifest.items.get(rank)
            {
                *verdict = Some(self.judge_item(&mut sheet, rank, item, place));
            }
        }
        Ok(())
    }

    /// Puts together what is said of a file.
    ///
    /// # Errors
    ///
    /// The file is not what it was.
    pub(super) fn close(&self, page: Page, volume: Volume<'_>) -> Result<Judged, Failure> {
        let mut judged =
            Judged { findings: page.own, unreadable: page.unreadable, ..Judged::default() };
        let judged_items = page.verdicts.iter().flatten();
        judged.findings.reserve_exact(judged_items.map(|it| it.findings.len()).sum());
        let mut proposals = Vec::new();
        let verdicts = volume.items.iter().zip(page.verdicts).enumerate();
        for (rank, (item, verdict)) in verdicts {
            let Some(verdict) = verdict else { continue };
            judged.denied += usize::from(verdict.denied);
            judged.passed += verdict.passed;
            if self.needs.objects {
                judged.objects.push(ShownObject {
                    subject: Arc::clone(&item.identity),
                    file: Arc::clone(&page.file),
                    owner: item.owner.clone(),
                    passed: verdict.clean,
                });
            }
            judged.findings.extend(verdict.findings);
            judged.changes.extend(verdict.changes);
            judged.outcomes.extend(verdict.outcomes);
            proposals.extend(verdict.proposals.into_iter().map(|it| (rank, it)));
        }
        // Here many files are sorted at once, and putting them together is little work.
        judged.findings.sort();
        if !proposals.is_empty() {
            judged.amended =
                Some(Amended::of(&volume.open(&mut Paper::default())?.read(), &proposals));
        }
        Ok(judged)
    }

    fn judge_item(
        &self,
        sheet: &mut Sheet<'_, '_>,
        rank: usize,
        item: &Item,
        place: &Place<'_>,
    ) -> Verdict {
        let questions = Questions::default();
        let facts = Facts { questions: Some(&questions), ..place.facts() };
        let mut verdict = Verdict::default();
        let mut report = self.report(sheet, (rank, item), &facts, &mut verdict);
        verdict.questions = questions.into_asked();
        self.known.mark(&mut report.findings);
        let waived = report.outcomes.iter().filter(|it| it.status == Status::Pass).count();
        verdict.denied = !Decision::of(&report).allowed();
        verdict.passed = report.passed + waived;
        verdict.clean = report.passed;
        verdict.findings.reserve_exact(report.findings.len());
        let (subject, file) = (&report.subject, &sheet.manifest.name);
        let could_not_judge = report.outcomes.into_iter().filter(|it| it.could_not_judge());
        verdict.outcomes.extend(could_not_judge.map(|outcome| ShownOutcome {
            outcome,
            subject: Arc::clone(subject),
            file: Arc::clone(file),
        }));
        let whose = Whose { rank, item };
        for finding in report.findings {
            if let Some(place) = sheet.places.of(rank, &finding.path, finding.about) {
                verdict.proposals.extend(self.proposal(&finding, &place.0));
                verdict.findings.push(self.show(sheet, finding, place, whose));
            }
        }
        for (mut finding, place) in duplicate_keys(sheet.manifest, item) {
            self.known.mark(std::slice::from_mut(&mut finding));
            verdict.findings.push(self.show(sheet, finding, place, whose));
        }
        verdict
    }

    /// Reports what differs from the same text, rendered again.
    fn compare(&self, sheet: &mut Sheet<'_, '_>, again: &str, own: &mut Findings) {
        let manifest = sheet.manifest;
        for (rank, mut finding) in differences(manifest, &Manifest::read(&manifest.name, again)) {
            self.known.mark(std::slice::from_mut(&mut finding));
            let Some((rank, item)) = rank.and_then(|it| Some((it, manifest.items.get(it)?))) else {
                own.push(file_shown(manifest, finding));
                continue;
            };
            if let Some(place) = sheet.places.of(rank, &finding.path, finding.about) {
                own.push(self.show(sheet, finding, place, Whose { rank, item }));
            }
        }
    }

    /// Says of an item that it is the same object as one before it.
    fn judge_again(&self, sheet: &mut Sheet<'_, '_>, rank: usize, first: usize) -> Option<Shown> {
        let items = &sheet.manifest.items;
        let (item, other) = (items.get(rank)?, items.get(first)?);
        let path = Path { steps: vec!["metadata".into(), "name".into()] };
        let mut place = |rank| sheet.places.of(rank, &path, About::Value);
        let (place, (there, _)) = (place(rank)?, place(first)?);
        let mut finding = duplicate_object(item, other, there.line)?;
        self.known.mark(std::slice::from_mut(&mut finding));
        Some(self.show(sheet, finding, place, Whose { rank, item }))
    }

    /// What the cluster would say of the object: changed first, then judged.
    fn report(
        &self,
        sheet: &mut Sheet<'_, '_>,
        (rank, item): (usize, &Item),
        facts: &Facts<'_>,
        verdict: &mut Verdict,
    ) -> Report {
        let mut subject = sheet.manifest.subject(item);
        subject.documents = sheet.documents.get(rank);
        self.said.describe(&mut subject);
        let changed = self.engine.changes(&subject, facts, Budget::default());
        let report = self.engine.evaluate_changed(&subject, &changed, facts, Budget::default());
        for mut change in changed.changes {
            let Some((location, _)) = sheet.places.of(rank, &change.path, About::Value) else {
                continue;
            };
            if self.fixes.is_some() {
                verdict.proposals.push(Proposal::new(&change.fix, change.rule, &location));
            }
            if let Some(path) = secret::masked_path(&change.path) {
                change.fix.patch.0.clear();
                change.path = path;
            }
            let subject = Arc::clone(&subject.identity);
            verdict.changes.push(ShownChange { location, subject, change });
        }
        report
    }

    /// What is to be written of a finding, if anything.
    fn proposal(&self, finding: &Finding, location: &Location) -> Option<Proposal> {
        let fix = finding.fix.as_ref().filter(|fix| self.fixes >= Some(fix.applicability))?;
        let is_wanted = finding.state != State::Waived;
        is_wanted.then(|| Proposal::new(fix, finding.rule, location))
    }

    fn show(
        &self,
        sheet: &mut Sheet<'_, '_>,
        mut finding: Finding,
        (location, span): (Location, Span),
        whose: Whose<'_>,
    ) -> Shown {
        let snippet = self.needs.lines.then(|| sheet.masked.snippet(span));
        if let Some(path) = secret::masked_path(&finding.path) {
            finding.sensitive = true;
            finding.path = path;
        }
        let edits = match finding.fix.as_ref().filter(|_| self.needs.edits && !finding.sensitive) {
            Some(fix) => edits(sheet.manifest, whose.item, fix),
            None => Vec::new(),
        };
        Shown {
            related: sheet.related(&finding, whose.rank),
            subject: Some(Arc::clone(&whose.item.identity)),
            location,
            owner: whose.item.owner.clone(),
            snippet,
            edits,
            rendered: None,
            finding,
        }
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

impl<'m, 't> Sheet<'m, 't> {
    fn new(manifest: &'m Manifest<'t>, documents: &'m [Documents<'m>]) -> Self {
        let places = Places::knowing(manifest, documents);
        let masked = Masked::new(manifest, &KUBERNETES);
        Self { manifest, documents, places, masked, index: None }
    }

    /// The other places of a finding of the object of this rank, as far as they are in the file.
    fn related(&mut self, finding: &Finding, rank: usize) -> Vec<ShownRelated> {
        let shown = finding.related.iter().map(|related| {
            let rank = match &related.subject {
                None => Some(rank),
                Some(other) => self.find(other),
            };
            let about = finding.about.elsewhere();
            let place = rank.and_then(|rank| self.places.of(rank, &related.path, about));
            ShownRelated {
                location: place.map(|(location, _)| location),
                ..ShownRelated::nowhere(related)
            }
        });
        shown.collect()
    }

    /// The first object of the file that is the same as `wanted`.
    fn find(&self, wanted: &Identity) -> Option<usize> {
        let index = self.index?.get_or_init(|| Index::new(&self.manifest.items));
        index.find(wanted).map(|(_, rank)| rank)
    }
}
