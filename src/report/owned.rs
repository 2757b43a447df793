//! Findings by whose they are: the chart that wrote the object, or the file.

use std::collections::HashMap;

use super::Run;
use super::run::Shown;

/// What belongs to one owner.
#[derive(Debug)]
pub(super) struct Owned<'r> {
    pub(super) name: String,
    /// In the order of the report.
    pub(super) findings: Vec<&'r Shown>,
    /// Of each effect.
    pub(super) counts: [usize; 5],
}

/// The findings of each owner, in the order in which the report first speaks of them.
pub(super) fn by_owner(run: &Run) -> Vec<Owned<'_>> {
    let mut ranks: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<Owned<'_>> = Vec::new();
    for shown in run.findings.iter() {
        let name = shown.owner_name();
        let rank = *ranks.entry(name.clone()).or_insert(all.len());
        if rank == all.len() {
            all.push(Owned { name, findings: Vec::new(), counts: [0; 5] });
        }
        if let Some(owned) = all.get_mut(rank) {
            owned.findings.push(shown);
        }
    }
    for owned in &mut all {
        owned.counts = super::run::counts(owned.findings.iter().copied());
    }
    all
}
