//! `lint`: manifests against the policy set, with the line of every finding.

mod baseline;
mod changed;
mod configured;
mod diff;
mod fix;
mod flags;
mod judge;
mod own;
mod place;
mod render;
mod shelf;
mod text;
mod texts;
mod world;

pub(super) use self::configured::{Configured, configured};
pub(super) use self::flags::Arguments;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use rayon::prelude::*;

use self::baseline::Baseline;
use self::changed::{Changed, Lines};
use self::fix::Fixed;
use self::judge::{Asked, Bench, Judged, Look, Page};
use self::place::Objects;
use self::render::place_all;
use self::shelf::{Early, Reader, Shelf};
use self::text::Papers;
use self::texts::{Origin, Texts};
use self::world::{World, merge};
use super::policies::File;
use super::progress::{Progress, Screen};
use super::{ALLOWED, COULD_NOT_RUN, Console, DENIED, Failure, explain};
use crate::engine::{Applicability, Engine, Rule};
use crate::manifest::Item;
use crate::policyfile::Loaded;
use crate::report::{Needs, Run};
use crate::rules;

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    arguments.reporting.check()?;
    if arguments.explain && !arguments.format().is_for_people() {
        let failure = Failure::new(format!("`{}` has no room for pages", arguments.format().name));
        return Err(failure.help("leave `--explain` out, or ask for a report for people"));
    }
    let known = Baseline::read(arguments.baseline.as_deref())?;
    let said = arguments.given.read()?;
    let changed = Changed::read(arguments)?;
    let policies = arguments.policies.read()?;
    let compile = |waivers: &[File]| arguments.policies.compile(&policies, waivers);
    let reader = Reader { said: &said, exactly: arguments.exact_reader };
    // Most texts hold no waiver, and then need not be waited for.
    let mut without_waivers = None;
    let texts = OnceCell::new();
    let (mut input, early) = rayon::in_place_scope(|scope| {
        scope.spawn(|_| without_waivers = Some(compile(&[])));
        let read = Texts::read(arguments, console)?;
        let input = texts.get_or_init(|| read);
        Ok::<_, Failure>((input, Early::read(reader, &input.files)))
    })?;
    if arguments.fix && input.origins.iter().any(|it| matches!(it, Origin::Stream)) {
        let failure = Failure::new("what comes by the standard input can't be fixed");
        return Err(failure.help("name files, or give `--diff`"));
    }
    let waivers = input.with_waivers();
    let loaded = without_waivers.filter(|_| waivers.is_empty());
    let loaded = loaded.unwrap_or_else(|| compile(&waivers))?;
    let screen = console.screen.clone();
    let court = Court {
        reader,
        screen: &screen,
        engine: &loaded.engine,
        known: &known,
        changed: changed.as_ref(),
    };

    let mut all_written = true;
    let mut difference = None;
    // Texts that are fixed take the place of those that were read.
    let rewritten;
    let mut early = early;
    if let Some(most) = arguments.fixes() {
        let fixed = Fixed::of(input, |input| court.judge_all(input, Needs::default(), Some(most)))?;
        if arguments.diff {
            difference = Some(fixed.difference(input)?);
            fixed.tell_left(console);
        } else {
            all_written = fixed.write(input, console);
            rewritten = fixed.input;
            (input, early) = (&rewritten, Early::default());
        }
    }
    let worlds: Vec<World> = (0..input.sets.len())
        .map(|set| court.judge(input, input.world(set), &early, arguments.needs(), None))
        .collect::<Result<_, Failure>>()?;
    let unreadable = !input.unread.is_empty() || worlds.iter().any(World::is_unreadable);
    let mut run = merge(court.engine, input, worlds);
    place_all(&mut run, input.renderings());
    run.sort();
    run.has_baseline = arguments.baseline.is_some();
    if changed.is_none() {
        run.summary.notices.extend(known.stale(&run));
    }

    all_written &= arguments.reporting.write_files(&run, console);
    if let Some(file) = &arguments.write_baseline {
        all_written &= baseline::write(file, &run, console);
    }
    match difference {
        Some(difference) => console.write(&difference)?,
        None => super::output::stream(&run, arguments.format(), console)?,
    }
    if arguments.explain {
        console.write(&pages(&run, &loaded))?;
    }
    arguments.reporting.stream_others(&run, console)?;
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

/// The page of each rule that found something, with the entries that did.
fn pages(run: &Run, loaded: &Loaded) -> String {
    let found: BTreeSet<(&str, String)> = run
        .findings
        .iter()
        .map(|it| (it.finding.rule, format!("{}/{}", it.finding.policy, it.finding.entry)))
        .collect();
    let ids: BTreeSet<&str> = found.iter().map(|(rule, _)| *rule).collect();
    let page = |rule: &'static Rule| {
        let is_found = |name: String| found.contains(&(rule.id, name));
        explain::text(rule, loaded, |policy, entry| is_found(explain::name(policy, entry)))
    };
    let pages = ids.into_iter().filter_map(rules::find).map(page);
    pages.map(|page| format!("\n{page}")).collect()
}

/// One of the failures of parts that are done at once, each with a place for what comes of it.
#[derive(Default)]
struct Trouble(OnceLock<Failure>);

impl Trouble {
    /// What was done, or nothing.
    fn spare<T: Default>(&self, done: Result<T, Failure>) -> T {
        done.unwrap_or_else(|failure| {
            // One is enough to end the run.
            _ = self.0.set(failure);
            T::default()
        })
    }

    fn end(self) -> Result<(), Failure> {
        self.0.into_inner().map_or(Ok(()), Err)
    }
}

/// What all texts are judged by.
struct Court<'c> {
    reader: Reader<'c>,
    engine: &'c Engine,
    known: &'c Baseline,
    changed: Option<&'c Changed>,
    screen: &'c Screen,
}

impl Court<'_> {
    /// Judges the texts of these ranks together; some were read `early`.
    ///
    /// # Errors
    ///
    /// A file is not what it was.
    fn judge<'t>(
        &self,
        input: &'t Texts,
        ranks: Vec<usize>,
        early: &Early<'t>,
        needs: Needs,
        fixes: Option<Applicability>,
    ) -> Result<World, Failure> {
        let Self { reader, engine, known, changed, screen } = *self;
        let files = ranks.iter().filter_map(|rank| input.files.get(*rank)).collect();
        let shelf = Shelf::new(files, reader);
        let surroundings = reader.said.surroundings(engine);
        let bench =
            Bench { engine, said: reader.said, surroundings: &surroundings, known, needs, fixes };
        let progress = Progress::of(screen, shelf.len(), "files judged");
        let (trouble, papers) = (Trouble::default(), Papers::default());
        let look = |(at, rank): (usize, &usize)| {
            let asked = Asked {
                again: input.rendering(*rank).and_then(|it| it.again.as_deref()),
                lines: changed.map_or(Lines::All, |changed| changed.of(input, *rank)),
            };
            let look = match early.take(*rank) {
                Some(manifest) => Ok(bench.look(manifest, &asked)),
                None => papers.lend(|paper| {
                    shelf.open(at, paper).map(|opened| bench.look(opened.read(), &asked))
                }),
            };
            progress.step();
            trouble.spare(look)
        };
        let looks = ranks.par_iter().enumerate().map(look);
        let looks: Vec<Look> = looks.collect();
        drop(progress);
        let mut items = Vec::with_capacity(looks.len());
        let mut pages = Vec::with_capacity(looks.len());
        let noted = looks.into_iter().map(|look| {
            items.push(look.items);
            pages.push(look.page);
            look.noted
        });
        let place = surroundings.with(noted);
        let close = |((rank, mut page), items): ((usize, Page), &Vec<Item>)| {
            let volume = shelf.volume(rank, items);
            let looked = bench.look_again(&mut page, &place, volume);
            trouble.spare(looked.and_then(|()| bench.close(page, volume)))
        };
        let pages = pages.into_par_iter().enumerate().zip(&items);
        let mut files: Vec<Judged> = pages.map(close).collect();
        trouble.end()?;
        Objects::new(&shelf, &items).relate(&mut files)?;
        let objects = items.iter().map(Vec::len).collect();
        let (now, noted) = (place.now(), place.into_noted());
        // To free many notes takes a while.
        rayon::spawn(|| drop(noted));
        Ok(World { ranks, files, objects, now })
    }

    /// Judges every text once, in the order of input: a rendered one with those of its own values,
    /// any other one with those of the first.
    ///
    /// # Errors
    ///
    /// A file is not what it was.
    fn judge_all(
        &self,
        input: &Texts,
        needs: Needs,
        fixes: Option<Applicability>,
    ) -> Result<Vec<Judged>, Failure> {
        let mut all: Vec<Judged> = Vec::new();
        all.resize_with(input.files.len(), Judged::default);
        for set in (0..input.sets.len()).rev() {
            let world = self.judge(input, input.world(set), &Early::default(), needs, fixes)?;
            for (rank, judged) in world.ranks.into_iter().zip(world.files) {
                if let Some(place) = all.get_mut(rank) {
                    *place = judged;
                }
            }
        }
        Ok(all)
    }
}
