//! One file of manifests: its documents, and the objects in them.

use std::sync::Arc;

use crate::document::scalar::Origin;
use crate::document::{
    Body, Document, Duplicate, Lines, Location, Locator, Path, Place, Problem, Span, Step, Value,
    yaml,
};
use crate::engine::{About, Identity, Subject};
use crate::resource::owner::Owner;
use crate::resource::stored;

/// A file and what is in it. Everything borrows from the text, which the caller holds.
#[derive(Debug)]
pub struct Manifest<'t> {
    pub name: Arc<str>,
    /// In the order of the text.
    pub items: Vec<Item>,
    /// Documents that can't be read; the others are judged all the same.
    pub problems: Vec<Problem>,
    /// How many documents are something else than an object: values, settings of other tools.
    pub others: usize,
    lines: Lines<'t>,
    documents: Vec<Document<'t>>,
}

/// One object of a file.
#[derive(Clone, Debug)]
pub struct Item {
    pub identity: Identity,
    pub owner: Option<Arc<Owner>>,
    /// Which of the file's documents it is in.
    document: usize,
    /// Where in the document: the root, or an item of a list.
    pub(super) within: Path,
}

impl<'t> Manifest<'t> {
    /// Reads a text as `kubectl` does. `name` is what findings call it.
    pub fn read(name: &str, text: &'t str) -> Self {
        let mut manifest = Self {
            name: name.into(),
            items: Vec::new(),
            problems: Vec::new(),
            others: 0,
            lines: Lines::new(text),
            documents: Vec::new(),
        };
        for document in yaml::read(text) {
            match document {
                Ok(document) if document.empty || document.value.is_null() => {}
                Ok(document) => manifest.add(document),
                Err(problem) => manifest.problems.push(problem),
            }
        }
        manifest
    }

    /// The object of an item.
    pub fn value(&self, item: &Item) -> &Value<'t> {
        let root = self.documents.get(item.document).map(|document| &document.value);
        let found = root.and_then(|root| down(root, &item.within));
        found.unwrap_or_else(|| unreachable!("an item is in its file"))
    }

    /// The subject that an item is.
    pub fn subject(&self, item: &Item) -> Subject<'_> {
        Subject::new(item.identity.clone(), self.value(item))
    }

    /// The keys that stand twice in an item, with their paths from its root.
    pub fn duplicates(&self, item: &Item) -> impl Iterator<Item = (Path, &Duplicate)> {
        let document = self.documents.get(item.document);
        let all = document.map(|document| document.duplicates.as_slice()).unwrap_or_default();
        let within = item.within.steps.clone();
        all.iter().filter_map(move |duplicate| {
            let below = duplicate.path.steps.strip_prefix(within.as_slice())?;
            Some((Path { steps: below.to_vec() }, duplicate))
        })
    }

    /// Where a path of an item is, for a person and in bytes of the text: what `about` means of the
    /// thing itself, or the nearest parent of what is missing.
    ///
    /// `locator` is [`Manifest::locator`]'s: it keeps the documents in strings that it has read.
    pub fn place<'m>(
        &'m self,
        locator: &mut Locator<'m>,
        item: &Item,
        path: &Path,
        about: About,
    ) -> (Location, Span) {
        let place = self.find(locator, item, path);
        let span = match about {
            // What a template left empty has only its key to be seen by.
            About::Value if place.span.start == place.span.end => place.key,
            About::Value => None,
            About::Key => place.key,
            About::Part(part) => self.part(item, path, place.span, part),
        };
        let span = self.without_margin(span.unwrap_or(place.span));
        (self.location_of(span, place.exact), span)
    }

    /// Ready to find places of the file.
    pub fn locator(&self) -> Locator<'_> {
        Locator::new(self.lines.text())
    }

    /// Where some bytes of the text are.
    pub fn location_of(&self, span: Span, exact: bool) -> Location {
        let start = self.lines.position(span.start);
        let end = self.lines.position(span.end.max(span.start));
        Location {
            file: Arc::clone(&self.name),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            exact,
        }
    }

    /// A document and the objects in it.
    pub(super) fn document(&self, rank: usize) -> Option<(&Document<'t>, &[Item])> {
        let start = self.items.partition_point(|item| item.document < rank);
        let end = self.items.partition_point(|item| item.document <= rank);
        Some((self.documents.get(rank)?, self.items.get(start..end)?))
    }

    /// The ranks and places of the documents that have a part in `window`.
    pub(super) fn documents_in(&self, window: Span) -> impl Iterator<Item = (usize, Span)> {
        let first = self.documents.partition_point(|it| it.span.end <= window.start);
        let from_first = self.documents.iter().enumerate().skip(first);
        from_first
            .map(|(rank, document)| (rank, document.span))
            .take_while(move |(_, span)| span.start < window.end)
    }

    pub(super) fn lines(&self) -> &Lines<'t> {
        &self.lines
    }

    fn find<'m>(&'m self, locator: &mut Locator<'m>, item: &Item, path: &Path) -> Place {
        let Some(document) = self.documents.get(item.document) else {
            return Place { span: Span::new(0, 0), key: None, exact: false };
        };
        let steps = item.within.steps.iter().chain(&path.steps).cloned().collect();
        locator.locate(&document.value, &Path { steps })
    }

    /// A block scalar ends behind its line break, and nobody means that.
    fn without_margin(&self, span: Span) -> Span {
        let source = self.lines.text().get(span.start as usize..span.end as usize);
        let margin = source.map_or(0, |source| source.len() - source.trim_end().len());
        Span::new(span.start, span.end - u32::try_from(margin).unwrap_or_default())
    }

    /// Where a part of the string at a path is written. `token` is where the string is.
    fn part(&self, item: &Item, path: &Path, token: Span, part: Span) -> Option<Span> {
        let decoded = down(self.value(item), path)?.as_str()?;
        Some(Origin::of(self.lines.text(), token, decoded)?.span(part))
    }

    /// Takes the objects of a document, each as the API server will keep it: what it drops or
    /// writes in another way reads the same here and in a review.
    fn add(&mut self, mut document: Document<'t>) {
        let head = document.span.start as usize..document.span.end as usize;
        let head = self.lines.text().get(head).unwrap_or_default();
        let owner = Owner::of_document(head).map(Arc::new);
        let index = self.documents.len();
        match Identity::of_object(&document.value) {
            Some(identity) if is_list(&document.value, &identity) => {
                self.unfold(&mut document.value, &identity, index, owner.as_ref());
            }
            Some(identity) => {
                let written = std::mem::replace(&mut document.value, Value::NULL);
                document.value = stored(written, &identity);
                self.items.push(Item { identity, owner, document: index, within: Path::root() });
            }
            None => self.refuse(&document.value),
        }
        self.documents.push(document);
    }

    /// `kind: List`, or the list of one kind that `kubectl get` writes, whose items may leave
    /// their own kind out.
    fn unfold(
        &mut self,
        list: &mut Value<'t>,
        identity: &Identity,
        document: usize,
        owner: Option<&Arc<Owner>>,
    ) {
        let Some(Body::List(items)) = list.get_mut("items").map(|items| &mut items.body) else {
            return;
        };
        for (index, item) in (0..).zip(items) {
            let of_list = || {
                let kind = identity.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
                let metadata =
                    |key| item.at(&["metadata", key]).and_then(Value::as_str).map(str::to_owned);
                Some(Identity {
                    kind: kind.to_owned(),
                    namespace: metadata("namespace"),
                    name: metadata("name").unwrap_or_default(),
                    generate_name: metadata("generateName"),
                    uid: metadata("uid"),
                    ..identity.clone()
                })
            };
            match Identity::of_object(item).or_else(of_list) {
                Some(identity) => {
                    *item = stored(std::mem::replace(item, Value::NULL), &identity);
                    self.items.push(Item {
                        identity,
                        owner: owner.cloned(),
                        document,
                        within: Path { steps: vec![Step::from("items"), Step::Index(index)] },
                    });
                }
                None => self.refuse(item),
            }
        }
    }

    /// Takes note of what is no object. Half of one is a mistake; none of it is some other file.
    fn refuse(&mut self, value: &Value<'t>) {
        let text = |key| value.get(key).and_then(Value::as_str);
        let missing = match (text("apiVersion"), text("kind")) {
            (None, None) => {
                self.others += 1;
                return;
            }
            (None, _) => "apiVersion",
            _ => "kind",
        };
        self.problems.push(
            Problem::new(value.span, format!("the object has no `{missing}`"))
                .with_help(format!("add `{missing}`")),
        );
    }
}

fn is_list(value: &Value<'_>, identity: &Identity) -> bool {
    identity.kind.ends_with("List") && value.get("items").is_some_and(|it| it.as_list().is_some())
}

fn down<'v, 't>(value: &'v Value<'t>, path: &Path) -> Option<&'v Value<'t>> {
    path.steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.as_list()?.get(*index as usize),
    })
}
