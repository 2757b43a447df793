//! `lint`: manifests against the policy set, with the line of every finding.

mod baseline;
mod flags;
mod input;
mod judge;
mod output;
mod own;
mod place;

pub(super) use self::flags::Arguments;

use jiff::Timestamp;
use rayon::prelude::*;

use self::baseline::Baseline;
use self::input::Input;
use self::judge::{Bench, Judged};
use self::own::unread_shown;
use self::place::Objects;
use super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure};
use crate::engine::{Engine, Inventory, Standing, Status};
use crate::manifest::Manifest;
use crate::report::{Run, Summary};

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    output::check(arguments.outputs())?;
    let known = Baseline::read(arguments.baseline.as_deref())?;
    let said = arguments.given.read()?;
    let input = Input::read(&arguments.paths, console)?;
    let loaded = arguments.policies.compile(&arguments.policies.read()?, &input.with_waivers())?;
    let engine = &loaded.engine;
    let read: Vec<Manifest<'_>> =
        input.files.par_iter().map(|file| Manifest::read(file.name(), file.text())).collect();
    let manifests: Vec<Manifest<'_>> = read.into_iter().map(|it| said.complete(it)).collect();

    let place = said.place(engine, &manifests, inventory(engine, &manifests));
    let bench =
        Bench { engine, said: &said, place: &place, known: &known, needs: arguments.needs() };
    let objects = Objects::new(&manifests);
    let judged: Vec<Judged> = manifests
        .par_iter()
        .enumerate()
        .map(|(rank, manifest)| bench.judge(rank, manifest, &objects))
        .collect();
    let unreadable = !input.unread.is_empty() || judged.iter().any(|it| it.unreadable);
    let mut run = gather(engine, &input, &manifests, judged, place.now());
    run.has_baseline = arguments.baseline.is_some();
    run.summary.notices.extend(known.stale(&run));

    let mut written = output::write(&run, arguments.format(), arguments.outputs(), console)?;
    if let Some(file) = &arguments.write_baseline {
        written &= baseline::write(file, &run, console);
    }
    if unreadable || !written {
        return Ok(COULD_NOT_RUN);
    }
    let empty = run.summary.objects == 0 && !arguments.allow_empty;
    if empty && (input.has_text() || input.files.is_empty()) {
        console.note("error: there is no object to judge");
        console.note("help: name a path with manifests, or give `--allow-empty`");
        return Ok(COULD_NOT_RUN);
    }
    Ok(if arguments.fails(&run) { DENIED } else { ALLOWED })
}

/// All files as one run.
fn gather(
    engine: &Engine,
    input: &Input,
    manifests: &[Manifest<'_>],
    judged: Vec<Judged>,
    now: Timestamp,
) -> Run {
    let mut run = Run { policy_set: engine.digest().to_string(), ..Run::default() };
    run.summary = Summary {
        files: input.files.len(),
        objects: manifests.iter().map(|it| it.items.len()).sum(),
        denied: judged.iter().map(|it| it.denied).sum(),
        passed: judged.iter().map(|it| it.passed).sum(),
        ..Summary::default()
    };
    run.findings.extend(input.unread.iter().map(unread_shown));
    for file in judged {
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
