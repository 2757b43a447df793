//! Rounds, and what they come to.

use std::collections::BTreeMap;
use std::fmt;

use super::CLIENTS;
use super::client::Timed;
use super::way::{WAYS, Way};

/// What was measured in one round, by way and number of clients.
#[derive(Default)]
pub(crate) struct Round(BTreeMap<(&'static str, usize), Timed>);

#[derive(Default)]
pub(crate) struct Table(Vec<Round>);

/// The first adds so many times what the second adds, each to nothing.
const RATIOS: [(&str, &str); 3] =
    [("portcullis", "null"), ("native", "null"), ("portcullis-twice", "null-twice")];

impl Round {
    pub(crate) fn put(&mut self, way: &Way, clients: usize, timed: Timed) {
        self.0.entry((way.namespace, clients)).or_default().add(timed);
    }

    fn of(&self, way: &'static str, clients: usize) -> &Timed {
        &self.0[&(way, clients)]
    }

    /// What a way adds to the median of a creation, in milliseconds.
    fn adds(&self, way: &'static str) -> f64 {
        self.of(way, 1).milliseconds(0.5) - self.of("nothing", 1).milliseconds(0.5)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let medians = WAYS.iter().map(|way| {
            format!("{} {:.2} ms", way.namespace, self.of(way.namespace, 1).milliseconds(0.5))
        });
        f.write_str(&medians.collect::<Vec<_>>().join(", "))
    }
}

impl Table {
    pub(crate) fn add(&mut self, round: Round) {
        self.0.push(round);
    }

    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        self.sorted(of)[self.0.len() / 2]
    }

    fn sorted(&self, of: impl Fn(&Round) -> f64) -> Vec<f64> {
        let mut all: Vec<f64> = self.0.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| pods are judged by | p50 | p99 | adds | pods/s, 1 client | p50 of {1} | p99 of {1} | pods/s, {1} clients |\n| --- {0}|",
            "| ---: ".repeat(7),
            CLIENTS[1]
        )?;
        for way in WAYS.iter().map(|way| way.namespace) {
            write!(f, "| {way} ")?;
            for clients in CLIENTS {
                let milliseconds =
                    |part| self.median(|round| round.of(way, clients).milliseconds(part));
                write!(f, "| {:.2} ms | {:.2} ms ", milliseconds(0.5), milliseconds(0.99))?;
                if clients == 1 {
                    write!(f, "| {:.2} ms ", self.median(|round| round.adds(way)))?;
                }
                write!(f, "| {:.0} ", self.median(|round| round.of(way, clients).a_second()))?;
            }
            writeln!(f, "|")?;
        }
        for (way, base) in RATIOS {
            let ratios = self.sorted(|round| round.adds(way) / round.adds(base));
            let (first, last) = (ratios[0], ratios[ratios.len() - 1]);
            let median = ratios[ratios.len() / 2];
            writeln!(f, "{way} adds {median:.2} x what {base} adds ({first:.2} to {last:.2})")?;
        }
        Ok(())
    }
}
