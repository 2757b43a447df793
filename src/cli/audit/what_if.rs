//! Policies as if they were enforced.

use crate::cli::Failure;
use crate::cli::policies::Choice;
use crate::engine::{Enforcement, Engine, Policy, PolicySet};
use crate::{resource, rules};

/// The engine of a set in which the policies of some files are enforced: they deny, whatever they
/// say and whatever caps the set. One that is in the set already takes the place of that.
pub(super) fn beyond(set: &PolicySet, files: &Choice) -> Result<Engine, Failure> {
    let tried = files.load()?.set;
    let mut policies = set.policies.clone();
    policies.retain(|policy| tried.policies.iter().all(|it| it.name != policy.name));
    let mut settings = set.settings.clone();
    if let Some(cap) = settings.max_enforcement.take() {
        policies.iter_mut().for_each(|policy| enforce(policy, |before| before.min(cap)));
    }
    for mut policy in tried.policies {
        enforce(&mut policy, |_| Enforcement::Deny);
        policies.push(policy);
    }
    let mut waivers = set.waivers.clone();
    waivers.retain(|waiver| tried.waivers.iter().all(|it| it.name != waiver.name));
    waivers.extend(tried.waivers);
    let set = PolicySet { settings, policies, waivers };
    Engine::compile(&set, rules::ALL, &resource::KUBERNETES).map_err(|flaws| {
        let lines: Vec<String> = flaws.into_iter().map(|flaw| flaw.message).collect();
        Failure::new(format!("the policies don't fit into the set\n{}", lines.join("\n")))
    })
}

fn enforce(policy: &mut Policy, change: impl Fn(Enforcement) -> Enforcement) {
    let before = policy.enforcement;
    policy.enforcement = change(before);
    for entry in &mut policy.rules {
        entry.enforcement = Some(change(entry.enforcement.unwrap_or(before)));
    }
}
