//! Repeats of one template: a chart that ranges over forty devices is to be mended once.

use std::collections::HashMap;

use super::Effect;
use super::run::Shown;
use crate::resource::owner::Owner;

/// A finding, and the others that the same entry has about what the same template wrote.
#[derive(Debug)]
pub(super) struct Folded<'r> {
    pub(super) first: &'r Shown,
    pub(super) repeats: Vec<&'r Shown>,
}

/// What repeats have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key<'r> {
    owner: &'r Owner,
    policy: &'r str,
    entry: &'r str,
    effect: Effect,
}

/// The findings in their order, each with its repeats. What no template wrote is never folded.
pub(super) fn folded<'r>(findings: impl IntoIterator<Item = &'r Shown>) -> Vec<Folded<'r>> {
    let mut ranks: HashMap<Key<'r>, usize> = HashMap::new();
    let mut all: Vec<Folded<'r>> = Vec::new();
    for shown in findings {
        let known = shown.owner.as_deref().map(|owner| {
            let finding = &shown.finding;
            let (policy, entry) = (&*finding.policy, &*finding.entry);
            let key = Key { owner, policy, entry, effect: shown.effect() };
            *ranks.entry(key).or_insert(all.len())
        });
        match known.and_then(|rank| all.get_mut(rank)) {
            Some(folded) => folded.repeats.push(shown),
            None => all.push(Folded { first: shown, repeats: Vec::new() }),
        }
    }
    all
}
