//! What is in a cluster together, judged: all files, with the charts as one set of values renders
//! them. Several sets are several worlds, and one run.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::judge::Judged;
use super::own::unread_shown;
use super::texts::Texts;
use crate::engine::{Engine, FindingId, Status};
use crate::report::{Rendered, Run, Summary};

/// One world, judged.
pub(super) struct World {
    /// Which texts are in it.
    pub(super) ranks: Vec<usize>,
    /// In the order of `ranks`, as `objects`.
    pub(super) files: Vec<Judged>,
    /// How many objects each text holds.
    pub(super) objects: Vec<usize>,
    pub(super) now: Timestamp,
}

/// What is the same finding in two worlds: the id, and what was read or rendered.
type Key = (FindingId, Arc<str>);

/// The first finding of a key: in which world, and where in the run.
#[derive(Clone, Copy)]
struct Known {
    set: usize,
    rank: usize,
}

impl World {
    pub(super) fn is_unreadable(&self) -> bool {
        self.files.iter().any(|file| file.unreadable)
    }
}

/// All worlds as one run. What two of them have in common is told once, with the names of both.
pub(super) fn merge(engine: &Engine, input: &Texts, worlds: Vec<World>) -> Run {
    let mut run = Run { policy_set: engine.digest().to_string(), ..Run::default() };
    run.summary = Summary { files: input.files.len(), ..Summary::default() };
    run.findings.extend(input.unread.iter().map(unread_shown));
    let now = worlds.first().map_or(Timestamp::UNIX_EPOCH, |world| world.now);
    let mut known: HashMap<Key, Known> = HashMap::new();
    let are_several = worlds.len() > 1;
    let all = || worlds.iter().flat_map(|world| &world.files);
    run.findings.reserve_exact(all().map(|it| it.findings.len()).sum());
    run.outcomes.reserve(all().map(|it| it.outcomes.len()).sum());
    for (set, world) in worlds.into_iter().enumerate() {
        let named = input.sets.get(set).filter(|name| !name.is_empty());
        let files = world.ranks.into_iter().zip(world.files).zip(world.objects);
        for ((rank, judged), objects) in files {
            let rendering = input.rendering(rank);
            if set == 0 || rendering.is_some_and(|it| it.set.is_some()) {
                run.summary.objects += objects;
                run.summary.denied += judged.denied;
                run.summary.passed += judged.passed;
                run.changes.extend(judged.changes);
                run.outcomes.extend(judged.outcomes);
                run.objects.extend(judged.objects);
            }
            let names = named.filter(|_| rendering.is_some());
            for mut shown in judged.findings {
                let source = rendering.map_or(&shown.location.file, |it| &it.source);
                let key = (shown.finding.id, Arc::clone(source));
                if let Some(first) = known.get(&key).filter(|first| first.set != set) {
                    let rendered = run.findings.get_mut(first.rank).map(|it| &mut it.rendered);
                    let rendered = rendered.and_then(Option::as_mut);
                    if let Some(rendered) = rendered.filter(|it| it.sets.last() != names) {
                        rendered.sets.extend(names.cloned());
                    }
                    continue;
                }
                if are_several {
                    known.entry(key).or_insert(Known { set, rank: run.findings.len() });
                }
                let sets = names.cloned().into_iter().collect();
                shown.rendered = rendering.map(|it| Rendered { sets, ..it.place(&shown.location) });
                run.findings.push(shown);
            }
        }
    }
    run.summary.skipped = count(&run, Status::Skip);
    run.summary.errors = count(&run, Status::Error);
    run.summary.notices = run.notices(now);
    run
}

fn count(run: &Run, status: Status) -> usize {
    run.outcomes.iter().filter(|it| it.outcome.status == status).count()
}
