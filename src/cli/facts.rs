//! What a person says of the place where objects will be: what a cluster would know by itself.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::Failure;
use super::policies::unreadable;
use crate::document::Value;
use crate::engine::{
    Documents, Engine, Facts, Identity, Inventory, Namespaces, Operation, Placement, Schema,
    Subject, User,
};
use crate::manifest::Manifest;
use crate::policyfile::{KnownFacts, Source};
use crate::resource::KUBERNETES;

/// Flags that complete a subject.
#[derive(Clone, Debug, Args)]
pub(super) struct Given {
    /// The namespace of objects that name none
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_NAMESPACE")]
    namespace: Option<String>,
    /// The labels of that namespace
    #[arg(
        long,
        value_name = "K=V,...",
        requires = "namespace",
        value_delimiter = ',',
        value_parser = label,
        env = "PORTCULLIS_NAMESPACE_LABELS"
    )]
    namespace_labels: Vec<(String, String)>,
    /// The tier of the place, as the policy set names tiers
    #[arg(long, value_name = "TIER", env = "PORTCULLIS_TIER")]
    tier: Option<String>,
    /// What is done to the objects
    #[arg(
        long,
        value_name = "OP",
        default_value = "CREATE",
        ignore_case = true,
        env = "PORTCULLIS_OPERATION"
    )]
    operation: Doing,
    /// Who does it
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_USER")]
    user: Option<String>,
    /// A YAML file with more: `namespaces`, `tier`, `objects`, `complete`, `date`
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_FACTS")]
    facts: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Doing {
    Create,
    Update,
    Delete,
    Connect,
}

/// All that was said, and what the linted objects tell themselves.
#[derive(Debug)]
pub(super) struct Said {
    given: Given,
    known: KnownFacts,
}

/// What is known of the place before any object is looked at.
#[derive(Debug)]
pub(super) struct Surroundings<'s> {
    given: &'s Given,
    namespaces: Namespaces,
    tier: Option<String>,
    inventory: Option<Arc<Inventory>>,
    now: Timestamp,
}

/// What the objects of some files tell.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Over that of the surroundings.
    inventory: Inventory,
    namespaces: Namespaces,
}

/// Facts for one engine: the surroundings, and what was noted.
#[derive(Debug)]
pub(super) struct Place<'g> {
    surroundings: &'g Surroundings<'g>,
    noted: Noted,
    /// Of both.
    namespaces: Cow<'g, Namespaces>,
}

impl Given {
    /// The namespace of objects that name none.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The labels of a namespace that were said.
    fn labels_of(&self, namespace: &str) -> Option<&[(String, String)]> {
        let is_meant = self.namespace.as_deref() == Some(namespace);
        Some(&*self.namespace_labels).filter(|labels| is_meant && !labels.is_empty())
    }

    /// Reads what the flags name.
    pub(super) fn read(&self) -> Result<Said, Failure> {
        let mut known = KnownFacts::default();
        if let Some(path) = &self.facts {
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            let name = path.display().to_string();
            known = KnownFacts::read(&Source::new(&name, &text)).map_err(|problems| {
                let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
                Failure::new(format!("the facts can't be used\n{}", lines.join("\n")))
            })?;
        }
        Ok(Said { given: self.clone(), known })
    }
}

impl Said {
    /// Gives objects that name no namespace the one that was said.
    pub(super) fn complete<'t>(&self, mut manifest: Manifest<'t>) -> Manifest<'t> {
        if let Some(namespace) = &self.given.namespace {
            for item in &mut manifest.items {
                if KUBERNETES.place(&item.identity) == Placement::Unknown {
                    Arc::make_mut(&mut item.identity).namespace = Some(namespace.clone());
                }
            }
        }
        manifest
    }

    /// Puts the operation and the user into a subject.
    pub(super) fn describe(&self, subject: &mut Subject<'_>) {
        subject.operation = match self.given.operation {
            Doing::Create => Operation::Create,
            Doing::Update => Operation::Update,
            Doing::Delete => Operation::Delete,
            Doing::Connect => Operation::Connect,
        };
        let user = |name| Arc::new(User { name, groups: Vec::new() });
        subject.user = self.given.user.clone().map(user);
    }

    /// What is known without the linted objects.
    pub(super) fn surroundings(&self, engine: &Engine) -> Surroundings<'_> {
        let ready = self.known.ready(engine);
        let mut namespaces = ready.namespaces.unwrap_or_default();
        if let Some(name) = &self.given.namespace
            && let Some(labels) = self.given.labels_of(name)
        {
            namespaces.labels.entry(name.clone()).or_default().extend(labels.iter().cloned());
        }
        Surroundings {
            given: &self.given,
            namespaces,
            tier: self.given.tier.clone().or(ready.tier),
            inventory: ready.inventory.map(Arc::new),
            now: ready.now.unwrap_or_else(Timestamp::now),
        }
    }
}

impl Surroundings<'_> {
    /// What the objects of one file tell; `documents` are those in the strings of each.
    pub(super) fn note(
        &self,
        engine: &Engine,
        manifest: &Manifest<'_>,
        documents: &[Documents<'_>],
    ) -> Noted {
        let mut noted = self.nothing_noted();
        noted.inventory.judged = true;
        for (rank, item) in manifest.items.iter().enumerate() {
            if engine.observes() {
                let subject = Subject { documents: documents.get(rank), ..manifest.subject(item) };
                engine.observe(&subject, &mut noted.inventory);
            }
            note_namespace(&mut noted.namespaces, &item.identity, manifest.value(item));
        }
        noted
    }

    /// What is known with what files told, in their order.
    pub(super) fn with(&self, noted: impl IntoIterator<Item = Noted>) -> Place<'_> {
        let mut noted = noted.into_iter();
        let mut all = noted.next().unwrap_or_else(|| self.nothing_noted());
        let mut inventories = Vec::new();
        for of_file in noted {
            inventories.push(of_file.inventory);
            for (name, labels) in of_file.namespaces.labels {
                all.namespaces.labels.entry(name).or_default().extend(labels);
            }
        }
        all.inventory.append(inventories);
        let mut namespaces = Cow::Borrowed(&self.namespaces);
        for (name, labels) in &all.namespaces.labels {
            let known = namespaces.to_mut().labels.entry(name.clone()).or_default();
            known.extend(labels.iter().map(|(key, value)| (key.clone(), value.clone())));
            known.extend(self.given.labels_of(name).into_iter().flatten().cloned());
        }
        Place { surroundings: self, noted: all, namespaces }
    }

    fn nothing_noted(&self) -> Noted {
        let over = |known| Inventory::over(known, HashSet::default(), []);
        let inventory = self.inventory.as_ref().map(over).unwrap_or_default();
        Noted { inventory, namespaces: Namespaces::default() }
    }
}

impl Place<'_> {
    /// As the engine takes them.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            namespaces: Some(&self.namespaces),
            tier: self.surroundings.tier.as_deref(),
            inventory: Some(&self.noted.inventory),
            now: Some(self.surroundings.now),
            ..Facts::default()
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.surroundings.now
    }

    /// What was noted.
    pub(super) fn into_noted(self) -> Noted {
        self.noted
    }
}

/// Takes the labels of a Namespace that is judged itself.
fn note_namespace(namespaces: &mut Namespaces, identity: &Identity, object: &Value<'_>) {
    if !identity.group.is_empty() || identity.kind != "Namespace" {
        return;
    }
    namespaces
        .labels
        .entry(identity.name.clone())
        .or_default()
        .extend(Namespaces::labels_of(object));
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
