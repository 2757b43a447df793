//! Which entries of policies the cases try.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::engine::Engine;
use crate::policyfile::Touched;

/// The entries of all policies that have cases, each with what it did in them.
#[derive(Debug, Default)]
pub(super) struct Coverage(BTreeMap<(String, String), Tried>);

#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    /// It found or changed something.
    found: bool,
    /// It let something pass.
    passed: bool,
}

impl Coverage {
    /// Takes note of entries that are to be tried.
    pub(super) fn expect(&mut self, engine: &Engine) {
        for (policy, entry, _) in engine.rules() {
            self.0.entry((policy.to_owned(), entry.to_owned())).or_default();
        }
    }

    /// Takes note of what entries did in a case.
    pub(super) fn add(&mut self, touched: &[Touched]) {
        for it in touched {
            let tried = self.0.entry((it.policy.clone(), it.entry.clone())).or_default();
            tried.found |= it.found;
            tried.passed |= !it.found;
        }
    }

    /// How many of a hundred are tried both ways, rounded down.
    pub(super) fn percent(&self) -> u8 {
        let percent = (self.tried() * 100).checked_div(self.0.len()).unwrap_or(100);
        u8::try_from(percent).unwrap_or(100)
    }

    /// The entries that are not tried both ways, one line each.
    pub(super) fn gaps(&self) -> String {
        let mut out = String::new();
        for ((policy, entry), tried) in &self.0 {
            let gap = match (tried.found, tried.passed) {
                (true, true) => continue,
                (true, false) => "lets nothing pass in any case",
                (false, true) => "finds nothing in any case",
                (false, false) => "is about nothing in any case",
            };
            _ = writeln!(out, "{policy}/{entry} {gap}");
        }
        out
    }

    fn tried(&self) -> usize {
        self.0.values().filter(|it| it.found && it.passed).count()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tried, all) = (self.tried(), self.0.len());
        let percent = self.percent();
        write!(f, "{tried} of {all} entries find something and let something pass ({percent} %)")
    }
}
