//! `lint`: manifests against the policy set, with the line of every finding.

mod baseline;
mod diff;
mod fix;
mod flags;
mod judge;
mod output;
mod own;
mod place;
mod texts;

pub(super) use self::flags::Arguments;

use jiff::Timestamp;
use rayon::prelude::*;

use self::baseline::Baseline;
use self::fix::Fixed;
use self::judge::{Bench, Judged};
use self::own::unread_shown;
use self::place::Objects;
use self::texts::Texts;
use super::facts::Said;
use super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::engine::{Applicability, Engine, Inventory, Standing, Status};
use crate::manifest::Manifest;
use crate::report::{Needs, Run, Summary};

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    output::check(arguments.outputs())?;
    let known = Baseline::read(arguments.baseline.as_deref())?;
    let said = arguments.given.read()?;
    let mut input = Texts::read(&arguments.paths, console)?;
    if arguments.fix && input.paths.contains(&None) {
        let failure = Failure::new("what comes by the standard input can't be fixed");
        return Err(failure.help("name files, or give `--diff`"));
    }
    let loaded = arguments.policies.compile(&arguments.policies.read()?, &input.with_waivers())?;
    let court = Court { engine: &loaded.engine, said: &said, known: &known };

    let mut all_written = true;
    let mut difference = None;
    if let Some(most) = arguments.fixes() {
        let judge = |input: &Texts| court.judge(input, Needs::default(), Some(most)).files;
        let fixed = Fixed::of(&input, judge);
        if arguments.diff {
            difference = Some(fixed.difference(&input));
            fixed.tell_left(console);
        } else {
            all_written = fixed.write(&input, console);
            input = fixed.input;
        }
    }
    let judged = court.judge(&input, arguments.needs(), None);
    let unreadable = !input.unread.is_empty() || judged.files.iter().any(|it| it.unreadable);
    let mut run = gather(court.engine, &input, judged);
    run.has_baseline = arguments.baseline.is_some();
    run.summary.notices.extend(known.stale(&run));

    all_written &= output::write_files(&run, arguments.outputs(), console);
    if let Some(file) = &arguments.write_baseline {
        all_written &= baseline::write(file, &run, console);
    }
    match difference {
        Some(difference) => console.write(&difference)?,
        None => output::stream(&run, arguments.format(), console)?,
    }
    for output in arguments.outputs().filter(|output| output.is_streamed()) {
        output::stream(&run, output.format, console)?;
    }
    if unreadable || !all_written {
        return Ok(COULD_NOT_RUN);
    }
    if run.summary.objects == 0 && !arguments.allow_empty && !input.is_blank() {
        console.note("error: there is no object to judge");
        console.note("help: name a path with manifests, or give `--allow-empty`");
        return Ok(COULD_NOT_RUN);
    }
    let fails = arguments.fails(&run);
    // The program ends before many findings are freed one by one.
    rayon::spawn(|| drop(run));
    Ok(if fails { DENIED } else { ALLOWED })
}

/// What all texts are judged by.
struct Court<'c> {
    engine: &'c Engine,
    said: &'c Said,
    known: &'c Baseline,
}

/// All files, judged.
struct AllJudged {
    files: Vec<Judged>,
    objects: usize,
    now: Timestamp,
}

impl Court<'_> {
    fn judge(&self, input: &Texts, needs: Needs, fixes: Option<Applicability>) -> AllJudged {
        let Self { engine, said, known } = *self;
        let read: Vec<Manifest<'_>> =
            input.files.par_iter().map(|file| Manifest::read(file.name(), file.text())).collect();
        let manifests: Vec<Manifest<'_>> = read.into_iter().map(|it| said.complete(it)).collect();
        let (files, now, place) = {
            let place = said.place(engine, &manifests, inventory(engine, &manifests));
            let bench = Bench { engine, said, place: &place, known, needs, fixes };
            let objects = Objects::new(&manifests);
            let judge = |(rank, manifest)| bench.judge(rank, manifest, &objects);
            (manifests.par_iter().enumerate().map(judge).collect(), place.now(), place)
        };
        // To free many notes and trees takes a while.
        rayon::spawn(|| drop(place));
        let objects = manifests.iter().map(|it| it.items.len()).sum();
        manifests.into_par_iter().for_each(drop);
        AllJudged { files, objects, now }
    }
}

/// All files as one run.
fn gather(engine: &Engine, input: &Texts, judged: AllJudged) -> Run {
    let AllJudged { files, objects, now } = judged;
    let mut run = Run { policy_set: engine.digest().to_string(), ..Run::default() };
    run.summary = Summary {
        files: input.files.len(),
        objects,
        denied: files.iter().map(|it| it.denied).sum(),
        passed: files.iter().map(|it| it.passed).sum(),
        ..Summary::default()
    };
    run.findings.extend(input.unread.iter().map(unread_shown));
    for file in files {
        run.findings.extend(file.findings);
        run.changes.extend(file.changes);
        run.outcomes.extend(file.outcomes);
        run.objects.extend(file.objects);
    }
    run.summary.skipped = count(&run, Status::Skip);
    run.summary.errors = count(&run, Status::Error);
    run.summary.notices = notices(&run, now);
    run.sort();
    run
}

/// What rules want to know of all objects of the run.
fn inventory(engine: &Engine, manifests: &[Manifest<'_>]) -> Inventory {
    let mut whole = Inventory::default();
    if !engine.observes() {
        return whole;
    }
    let parts: Vec<Inventory> = manifests
        .par_iter()
        .map(|manifest| {
            let mut part = Inventory::default();
            part.judged = true;
            for item in &manifest.items {
                engine.observe(&manifest.subject(item), &mut part);
            }
            part
        })
        .collect();
    for part in parts {
        whole.append(part);
    }
    whole
}

fn count(run: &Run, status: Status) -> usize {
    run.outcomes.iter().filter(|it| it.outcome.status == status).count()
}

/// What waivers have to say: those that end soon, and those that have ended.
fn notices(run: &Run, now: Timestamp) -> Vec<String> {
    let mut notices: Vec<String> = Vec::new();
    for waiver in run.findings.iter().filter_map(|it| it.finding.waiver.as_ref()) {
        let notice = match waiver.standing(now) {
            Standing::Holds => continue,
            Standing::EndsSoon => {
                format!("waiver `{}` of {} ends on {}", waiver.name, waiver.owner, waiver.until)
            }
            Standing::Ended => {
                format!("waiver `{}` of {} ended on {}", waiver.name, waiver.owner, waiver.until)
            }
        };
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
    notices.sort();
    notices
}
