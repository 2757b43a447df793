//! What a judgement asked of the facts: with the same answers it is the same judgement.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Facts, Inventory};

/// Takes down what judgements ask of the facts, so that whoever learns of more objects knows which
/// judgements that may change.
#[derive(Debug, Default)]
pub struct Questions {
    asked: RefCell<Vec<Question>>,
}

/// One question, and the answer it got.
#[derive(Debug)]
pub struct Question(Kind);

#[derive(Debug)]
enum Kind {
    /// How many places are noted under a key.
    Mentions {
        table: u32,
        key: Box<str>,
        count: usize,
    },
    /// Whether no place is in a table.
    Nothing {
        table: u32,
        is_so: bool,
    },
    Labels {
        namespace: Box<str>,
        labels: Option<BTreeMap<String, String>>,
    },
}

impl Questions {
    /// What was asked so far.
    pub fn into_asked(self) -> Vec<Question> {
        self.asked.into_inner()
    }

    pub(super) fn mentions(&self, inventory: &Inventory, table: u32, key: &str) {
        let count = inventory.mentions(table, key).count();
        self.take(Kind::Mentions { table, key: key.into(), count });
    }

    pub(super) fn nothing(&self, table: u32, is_so: bool) {
        self.take(Kind::Nothing { table, is_so });
    }

    /// Many rules ask for the labels of one namespace.
    pub(super) fn labels(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) {
        let is_same = |it: &Question| match &it.0 {
            Kind::Labels { namespace: asked, .. } => **asked == *namespace,
            Kind::Mentions { .. } | Kind::Nothing { .. } => false,
        };
        if !self.asked.borrow().iter().any(is_same) {
            self.take(Kind::Labels { namespace: namespace.into(), labels: labels.cloned() });
        }
    }

    fn take(&self, question: Kind) {
        self.asked.borrow_mut().push(Question(question));
    }
}

impl Question {
    /// Whether `facts` answer as those did that were asked. They must know whatever those knew, of
    /// other objects in the same order.
    pub fn has_same_answer(&self, facts: &Facts<'_>) -> bool {
        let inventory = facts.inventory;
        match &self.0 {
            Kind::Mentions { table, key, count } => {
                inventory.is_some_and(|it| it.mentions(*table, key).count() == *count)
            }
            Kind::Nothing { table, is_so } => {
                inventory.is_some_and(|it| it.notes_nothing(*table) == *is_so)
            }
            Kind::Labels { namespace, labels } => {
                let known = facts.namespaces.and_then(|it| it.labels.get(&**namespace));
                known == labels.as_ref()
            }
        }
    }
}
