//! `bench`: how long a policy set takes for an object.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::facts::Given;
use super::policies::Choice;
use super::{ALLOWED, Console, DENIED, Failure};
use crate::engine::Budget;
use crate::manifest::{self, Manifest};
use crate::report::plural;

/// How many of the slowest objects are named.
const NAMED: usize = 5;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files, directories or globs of manifests
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    policies: Choice,
    /// How often each object is judged; one round more goes before, and does not count
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "20",
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        env = "PORTCULLIS_ROUNDS"
    )]
    rounds: u32,
    /// Fails if half of the judgements take longer than this, such as `200us` or `1.5ms`
    #[arg(long, value_name = "TIME", value_parser = time, env = "PORTCULLIS_MAX_P50")]
    max_p50: Option<Duration>,
    /// Fails if five of a hundred judgements take longer
    #[arg(long, value_name = "TIME", value_parser = time, env = "PORTCULLIS_MAX_P95")]
    max_p95: Option<Duration>,
    /// Fails if one of a hundred judgements takes longer
    #[arg(long, value_name = "TIME", value_parser = time, env = "PORTCULLIS_MAX_P99")]
    max_p99: Option<Duration>,
    #[command(flatten)]
    given: Given,
}

/// Judges every object again and again, as a door does: changed first, then judged.
pub(super) fn run(arguments: &Arguments, console: &mut Console) -> Result<u8, Failure> {
    let engine = arguments.policies.load()?.engine;
    let said = arguments.given.read()?;
    let texts = read(&arguments.paths)?;
    let manifests: Vec<Manifest<'_>> =
        texts.iter().map(|(name, text)| said.complete(Manifest::read(name, text))).collect();
    let items: Vec<_> =
        manifests.iter().flat_map(|it| it.items.iter().map(move |item| (it, item))).collect();
    let surroundings = said.surroundings(&engine);
    let noted = manifests.iter().map(|manifest| surroundings.note(&engine, manifest, &[]));
    let place = surroundings.with(noted);
    let facts = place.facts();
    let mut all = Vec::new();
    let mut each: Vec<(Duration, String)> = Vec::new();
    for (manifest, item) in items {
        let mut subject = manifest.subject(item);
        said.describe(&mut subject);
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..=arguments.rounds {
            let begun = Instant::now();
            let changed = engine.changes(&subject, &facts, Budget::default());
            let report = engine.evaluate_changed(&subject, &changed, &facts, Budget::default());
            times.push(begun.elapsed());
            drop(report);
        }
        times.remove(0);
        all.extend_from_slice(&times);
        times.sort_unstable();
        let identity = &subject.identity;
        let name = format!("{} {} in {}", identity.kind, identity.shown_name(), manifest.name);
        each.push((percentile(&times, 50), name));
    }
    if all.is_empty() {
        return Err(Failure::new("there is no object to judge").help("name a path with manifests"));
    }
    all.sort_unstable();
    let limits = [(50, arguments.max_p50), (95, arguments.max_p95), (99, arguments.max_p99)];
    let mut out = format!(
        "{}, {}, {}\n",
        plural(each.len(), "object"),
        plural(engine.rules().count(), "rule"),
        plural(arguments.rounds as usize, "round"),
    );
    let mut is_slow = false;
    for (percent, limit) in limits {
        let time = percentile(&all, percent);
        let over = limit.filter(|limit| time > *limit);
        let told = over.map(|limit| format!(", more than {}", shown(limit))).unwrap_or_default();
        is_slow |= over.is_some();
        _ = writeln!(out, "p{percent} {}{told}", shown(time));
    }
    each.sort_by(|one, two| two.cmp(one));
    for (time, name) in each.iter().take(NAMED) {
        _ = writeln!(out, "{:>10}  {name}", shown(*time));
    }
    console.write(&out)?;
    Ok(if is_slow { DENIED } else { ALLOWED })
}

fn read(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for path in paths {
        let found = manifest::find(path);
        if let Some(unrendered) = found.charts.iter().chain(&found.kustomization).next() {
            let failure = Failure::new(format!("`{}` has to be rendered", unrendered.display()));
            return Err(failure.help("render it to a file, as `helm template` does, and name that"));
        }
        let all = found
            .files
            .iter()
            .map(|file| manifest::read(file).map(|text| (file.display().to_string(), text)));
        for text in found.unread.into_iter().map(Err).chain(all) {
            texts.push(text.map_err(|unread| Failure::new(unread.to_string()))?);
        }
    }
    Ok(texts)
}

/// The time that so many of a hundred don't exceed. `times` are sorted.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(rank).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.1} us") } else { format!("{:.2} ms", micros / 1e3) }
}

/// `200us`, `1.5ms`, `2s`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time such as `200us`, `1.5ms` or `1s`".to_owned();
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let unit = units.iter().find_map(|(unit, value)| Some((text.strip_suffix(unit)?, value)));
    let (number, unit) = unit.ok_or_else(wrong)?;
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        assert_eq!(time("200us"), Ok(Duration::from_micros(200)));
        assert_eq!(time("1.5ms"), Ok(Duration::from_micros(1_500)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        assert!(time("fast").is_err() && time("-1s").is_err() && time("3").is_err());
        assert_eq!(shown(Duration::from_micros(1_500)), "1.50 ms");
        assert_eq!(shown(Duration::from_nanos(1_500)), "1.5 us");
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_micros).collect();
        let micros = |percent| percentile(&times, percent).as_micros();
        assert_eq!([micros(50), micros(95), micros(99), micros(100)], [100, 190, 198, 200]);
        assert_eq!(percentile(&times[..1], 99), times[0]);
    }
}
