//! Findings by the object that somebody answers for: what is wrong with what it owns is told there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scan::{Judged, Scan};
use crate::engine::{Finding, Identity, Outcome, State};

/// A root object, and what is wrong with it and with what it owns.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) root: Arc<Identity>,
    pub(super) findings: Vec<Told>,
    /// Of rules that failed or lacked a fact, at the object or at what it owns; each once.
    pub(super) unjudged: Vec<(Arc<Identity>, Outcome)>,
    /// How many rules had nothing to say of these objects.
    pub(super) passed: usize,
}

/// A finding that several objects of a family may share.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) finding: Finding,
    /// The first object that has it: the root before what it owns.
    pub(super) whose: Arc<Identity>,
    /// How many others have it.
    pub(super) others: usize,
}

/// The findings of an audit by root object, in the order of kind, namespace and name.
pub(super) fn families(scan: &Scan) -> Vec<Family> {
    let mut by_root: BTreeMap<Key<'_>, Vec<&Judged>> = BTreeMap::new();
    for judged in &scan.judged {
        by_root.entry(key(&judged.root)).or_default().push(judged);
    }
    by_root.into_values().map(Family::of).collect()
}

/// Tells two objects apart, and puts them in order.
type Key<'k> = (&'k str, &'k str, Option<&'k str>, &'k str, Option<&'k str>);

fn key(identity: &Identity) -> Key<'_> {
    let Identity { group, kind, namespace, name, uid, .. } = identity;
    (group, kind, namespace.as_deref(), name, uid.as_deref())
}

impl Family {
    fn of(mut members: Vec<&Judged>) -> Self {
        let root = members.first().map(|judged| Arc::clone(&judged.root)).unwrap_or_default();
        members.sort_by_key(|judged| (judged.identity != root, key(&judged.identity)));
        let mut family = Self { root, findings: Vec::new(), unjudged: Vec::new(), passed: 0 };
        for judged in members {
            family.passed += judged.report.passed;
            judged.report.findings.iter().for_each(|it| family.tell(it, &judged.identity));
            for outcome in judged.report.outcomes.iter().filter(|it| it.could_not_judge()) {
                if !family.unjudged.iter().any(|(_, it)| it == outcome) {
                    family.unjudged.push((Arc::clone(&judged.identity), outcome.clone()));
                }
            }
        }
        family
    }

    fn tell(&mut self, finding: &Finding, whose: &Arc<Identity>) {
        let same = |told: &&mut Told| {
            let it = &told.finding;
            told.whose != *whose
                && (&it.policy, &it.entry, &it.message)
                    == (&finding.policy, &finding.entry, &finding.message)
        };
        match self.findings.iter_mut().find(same) {
            // What is waived at one object and not at another is not waived.
            Some(told) if told.finding.state == State::Waived && finding.state != State::Waived => {
                told.others += 1;
                told.finding = finding.clone();
                told.whose = Arc::clone(whose);
            }
            Some(told) => told.others += 1,
            None => {
                let (finding, whose) = (finding.clone(), Arc::clone(whose));
                self.findings.push(Told { finding, whose, others: 0 });
            }
        }
    }
}
