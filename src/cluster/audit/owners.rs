//! Who made what: the controllers that objects name, and which of them exist.

use std::collections::{BTreeSet, HashMap};
use std::iter;
use std::sync::Arc;

use crate::cluster::page::Object;
use crate::engine::{Identity, MAX_OWNERS, Subject};

/// The objects that exist, and the controllers that they name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_uid: HashMap<Box<str>, Known>,
}

#[derive(Debug)]
struct Known {
    identity: Arc<Identity>,
    controller: Option<Claim>,
}

/// The controller that an object names. Anybody can write one.
#[derive(Debug)]
struct Claim {
    group: Box<str>,
    kind: Box<str>,
    name: Box<str>,
    uid: Box<str>,
}

impl Owners {
    pub(super) fn add(&mut self, object: &Object<'_>) {
        let subject = Subject::new(Arc::clone(&object.identity), &object.value);
        let controller = subject.controller().map(|it| Claim {
            group: it.api_version.split_once('/').map_or("", |(group, _)| group).into(),
            kind: it.kind.into(),
            name: it.name.into(),
            uid: it.uid.into(),
        });
        let known = Known { identity: Arc::clone(&object.identity), controller };
        self.by_uid.insert(object.uid().into(), known);
    }

    /// The kinds of controllers that objects name, and that are not among those that exist.
    pub(super) fn unseen(&self) -> BTreeSet<(&str, &str)> {
        let claims = self.by_uid.values().filter_map(|known| known.controller.as_ref());
        let unseen = claims.filter(|claim| !self.by_uid.contains_key(&claim.uid));
        unseen.map(|claim| (&*claim.group, &*claim.kind)).collect()
    }

    /// Whether the controller that an object names exists, and could own it.
    pub(super) fn is_owned(&self, object: &Identity) -> bool {
        let known = object.uid.as_deref().and_then(|uid| self.by_uid.get(uid));
        known.is_some_and(|known| self.owner_of(known).is_some())
    }

    /// What owns an object, the nearest first.
    pub(super) fn above(&self, object: &Identity) -> Vec<Arc<Identity>> {
        let known = object.uid.as_deref().and_then(|uid| self.by_uid.get(uid));
        let owners = iter::successors(known, |known| self.owner_of(known)).skip(1);
        owners.take(MAX_OWNERS).map(|known| Arc::clone(&known.identity)).collect()
    }

    fn owner_of(&self, known: &Known) -> Option<&Known> {
        let claim = known.controller.as_ref()?;
        let owner = self.by_uid.get(&claim.uid)?;
        let (it, of) = (&owner.identity, &known.identity);
        let is_meant =
            *it.group == *claim.group && *it.kind == *claim.kind && *it.name == *claim.name;
        // The garbage collector holds that an owner lies in the same namespace or in none.
        let may_own = it.namespace.is_none() || it.namespace == of.namespace;
        (is_meant && may_own).then_some(owner)
    }
}

#[cfg(test)]
mod tests {
    use kube::discovery::ApiResource;

    use super::*;

    fn object(name: &str, owner: Option<(&str, &str)>) -> String {
        let owner = owner.map(|(name, uid)| {
            format!(
                r#","ownerReferences":[{{"apiVersion":"v1","kind":"Pod","name":"{name}","uid":"{uid}","controller":true}}]"#
            )
        });
        format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"demo","uid":"u-{name}"{}}}}}"#,
            owner.unwrap_or_default()
        )
    }

    fn known(objects: &[String]) -> (Owners, Vec<Arc<Identity>>) {
        let api = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        let mut owners = Owners::default();
        let mut identities = Vec::new();
        for text in objects {
            let object = Object::read(text, &api).unwrap().unwrap();
            owners.add(&object);
            identities.push(object.identity);
        }
        (owners, identities)
    }

    #[test]
    fn owners_are_followed_up_to_what_nothing_owns() {
        let (owners, it) = known(&[
            object("root", None),
            object("middle", Some(("root", "u-root"))),
            object("leaf", Some(("middle", "u-middle"))),
        ]);
        let above = owners.above(&it[2]);
        assert_eq!(above.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["middle", "root"]);
        assert!(owners.is_owned(&it[2]) && owners.is_owned(&it[1]) && !owners.is_owned(&it[0]));
        assert!(owners.unseen().is_empty());
    }

    #[test]
    fn an_owner_that_is_not_there_or_is_another_owns_nothing() {
        let (owners, it) = known(&[
            object("root", None),
            object("orphan", Some(("gone", "u-gone"))),
            object("forged", Some(("other", "u-root"))),
        ]);
        assert!(!owners.is_owned(&it[1]) && !owners.is_owned(&it[2]));
        assert!(owners.above(&it[2]).is_empty());
        assert_eq!(owners.unseen(), BTreeSet::from([("", "Pod")]));
    }

    #[test]
    fn owners_in_a_circle_end() {
        let (owners, it) =
            known(&[object("a", Some(("b", "u-b"))), object("b", Some(("a", "u-a")))]);
        assert_eq!(owners.above(&it[0]).len(), MAX_OWNERS);
    }
}
