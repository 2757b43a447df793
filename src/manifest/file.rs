//! One file of manifests: its documents, and the objects in them.

use std::sync::Arc;

use crate::document::scalar::Origin;
use crate::document::{
    Body, Document, Duplicate, Lines, Location, Locator, Path, Problem, Span, Step, Value, yaml,
};
use crate::engine::{About, Identity, Subject};
use crate::resource::owner::Owner;
use crate::resource::store;

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
    pub identity: Arc<Identity>,
    pub owner: Option<Arc<Owner>>,
    /// Which of the file's documents it is in.
    document: usize,
    /// Where that stands.
    span: Span,
    /// Where in the document: the root, or an item of a list.
    pub(super) within: Path,
}

/// Where a chart keeps files that Helm writes out as they are: one comment stands before all
/// documents of each.
const WHOLE_FILES: &str = "crds/";

impl<'t> Manifest<'t> {
    /// Reads a text as `kubectl` does. `name` is what findings call it.
    pub fn read(name: &str, text: &'t str) -> Self {
        Self::of(name, yaml::read(text))
    }

    /// What is in these documents.
    pub fn of(name: &str, read: yaml::Documents<'t>) -> Self {
        let mut manifest = Self::empty(name, read.text());
        let mut before = None;
        for document in read {
            match document {
                Ok(document) => {
                    let owner = manifest.owner(&document, before.take());
                    before.clone_from(&owner);
                    if !document.empty && !document.value.is_null() {
                        before = before.filter(|it| it.template.starts_with(WHOLE_FILES));
                        manifest.add(document, owner);
                    }
                }
                Err(problem) => manifest.problems.push(problem),
            }
        }
        manifest
    }

    /// Some items of a file that was read before, and nothing else of it: what they are in is read
    /// again. They come in the order of the text.
    ///
    /// `None` if their documents can't be told from others by lines.
    pub fn excerpt<'i>(
        name: &str,
        mut read: yaml::Documents<'t>,
        items: impl IntoIterator<Item = &'i Item>,
    ) -> Option<Self> {
        let text = read.text();
        let begins_line = |at: u32| at == 0 || text.as_bytes().get(at as usize - 1) == Some(&b'\n');
        let mut excerpt = Self::empty(name, text);
        for item in items {
            let Span { start, end } = item.span;
            if excerpt.documents.last().is_none_or(|last| last.span != item.span) {
                if !begins_line(start) || (end as usize != text.len() && !begins_line(end)) {
                    return None;
                }
                excerpt.documents.push(read.document(item.span).ok()?);
            }
            let document = excerpt.documents.len() - 1;
            let root = &mut excerpt.documents.last_mut()?.value;
            let value = down_mut(root, &item.within)?;
            store(value, &item.identity);
            excerpt.items.push(Item { document, ..item.clone() });
        }
        Some(excerpt)
    }

    fn empty(name: &str, text: &'t str) -> Self {
        Self {
            name: name.into(),
            items: Vec::new(),
            problems: Vec::new(),
            others: 0,
            lines: Lines::new(text),
            documents: Vec::new(),
        }
    }

    /// The object of an item.
    pub fn value(&self, item: &Item) -> &Value<'t> {
        let root = self.documents.get(item.document).map(|document| &document.value);
        let found = root.and_then(|root| down(root, &item.within));
        found.unwrap_or_else(|| unreachable!("an item is in its file"))
    }

    /// The subject that an item is.
    pub fn subject(&self, item: &Item) -> Subject<'_> {
        Subject::new(Arc::clone(&item.identity), self.value(item))
    }

    /// Where the document stands that an item is in, with the comments at its head.
    pub fn document_span(&self, item: &Item) -> Span {
        item.span
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
        let place = locator.locate(self.value(item), path);
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
        let (start, end) = self.lines.positions(span);
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

    /// The document that an item is in.
    pub(super) fn document_of(&self, item: &Item) -> Option<&Document<'t>> {
        self.documents.get(item.document)
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

    /// A block scalar ends behind its line break, and nobody means that.
    fn without_margin(&self, span: Span) -> Span {
        let source = self.lines.text().get(span.range());
        let margin = source.map_or(0, |source| source.len() - source.trim_end().len());
        Span::new(span.start, span.end - u32::try_from(margin).unwrap_or_default())
    }

    /// Where a part of the string at a path is written. `token` is where the string is.
    fn part(&self, item: &Item, path: &Path, token: Span, part: Span) -> Option<Span> {
        let decoded = down(self.value(item), path)?.as_str()?;
        Some(Origin::of(self.lines.text(), token, decoded)?.span(part))
    }

    /// Whose a document is: the comments at its head say it, or those of a document before it that
    /// holds nothing else, or that is of the same file.
    fn owner(&self, document: &Document<'_>, before: Option<Arc<Owner>>) -> Option<Arc<Owner>> {
        let text = document.span.range();
        let text = self.lines.text().get(text).unwrap_or_default();
        Owner::of_document(text).map(Arc::new).or(before)
    }

    /// Takes the objects of a document.
    fn add(&mut self, mut document: Document<'t>, owner: Option<Arc<Owner>>) {
        let index = self.documents.len();
        match Identity::of_object(&document.value) {
            Some(identity) => {
                let identity = Arc::new(identity);
                let span = document.span;
                let item = Item { identity, owner, document: index, span, within: Path::root() };
                self.take(&mut document.value, item);
            }
            None => self.refuse(&document.value),
        }
        self.documents.push(document);
    }

    /// Takes an object as the API server will keep it: what it drops or writes in another way
    /// reads the same here and in a review. Of a list, and of a list in it, takes the objects.
    fn take(&mut self, value: &mut Value<'t>, item: Item) {
        if !is_list(value, &item.identity) {
            store(value, &item.identity);
            self.items.push(item);
            return;
        }
        let Some(Body::List(all)) = value.get_mut("items").map(|items| &mut items.body) else {
            return;
        };
        for (index, value) in (0..).zip(all) {
            let identity = Identity::of_object(value).or_else(|| item.identity_in(value));
            let Some(identity) = identity.map(Arc::new) else {
                self.refuse(value);
                continue;
            };
            let mut within = item.within.clone();
            within.steps.extend([Step::from("items"), Step::Index(index)]);
            self.take(value, Item { identity, within, ..item.clone() });
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

impl Item {
    /// What an object in this list is if it does not say so itself: in a list of one kind, which is
    /// what `kubectl get` writes, it may leave its kind out.
    fn identity_in(&self, value: &Value<'_>) -> Option<Identity> {
        let kind = self.identity.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        value.as_map()?;
        let metadata =
            |key| value.at(&["metadata", key]).and_then(Value::as_str).map(str::to_owned);
        Some(Identity {
            kind: kind.to_owned(),
            namespace: metadata("namespace"),
            name: metadata("name").unwrap_or_default(),
            generate_name: metadata("generateName"),
            uid: metadata("uid"),
            ..Identity::clone(&self.identity)
        })
    }
}

/// `kind: List`, or the list of one kind.
fn is_list(value: &Value<'_>, identity: &Identity) -> bool {
    let items = value.get("items");
    identity.kind.ends_with("List")
        && items.is_some_and(|it| it.as_list().is_some() || it.is_null())
}

fn down<'v, 't>(value: &'v Value<'t>, path: &Path) -> Option<&'v Value<'t>> {
    path.steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.as_list()?.get(*index as usize),
    })
}

fn down_mut<'v, 't>(value: &'v mut Value<'t>, path: &Path) -> Option<&'v mut Value<'t>> {
    path.steps.iter().try_fold(value, |value, step| match (step, &mut value.body) {
        (Step::Key(key), Body::Map(map)) => map.get_mut(key),
        (Step::Index(index), Body::List(items)) => items.get_mut(*index as usize),
        _ => None,
    })
}
