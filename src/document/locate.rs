//! From a path to the place in the text, also inside embedded documents.

use std::cell::OnceCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::embedded;
use super::path::{Path, Step};
use super::scalar::Origin;
use super::value::{Body, Span, Value};

/// Where something stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the path leads to. If it leads to nothing, what comes nearest: the key of the last
    /// parent that exists, or the first line of a parent without a key.
    pub span: Span,
    /// The key of the field that the path leads to, or of that parent.
    pub key: Option<Span>,
    /// The path leads to this. Otherwise something in it is missing, and this is a parent.
    pub exact: bool,
}

/// Finds places in one text, one after another. An embedded document is read once, however many
/// places in it are looked for.
#[derive(Debug)]
pub struct Locator<'v> {
    text: &'v str,
    /// By where the string begins that holds the document; `None` where it holds none.
    embedded: HashMap<u32, Option<Embedded<'v>>, RandomState>,
}

#[derive(Debug)]
struct Embedded<'v> {
    document: Tree<'v>,
    /// `None` if nobody can tell.
    origin: OnceCell<Option<Origin>>,
}

#[derive(Debug)]
enum Tree<'v> {
    Read(Value<'v>),
    Known(&'v Value<'v>),
}

/// Finds what `path` leads to in `value`, which was read from `text`.
///
/// Where the path goes on inside a string, the string is read as an [embedded
/// document](embedded::read), and the place is the one in `text` that was decoded to what is
/// found.
pub fn locate(text: &str, value: &Value<'_>, path: &Path) -> Place {
    Locator::new(text).locate(value, path)
}

impl<'v> Locator<'v> {
    /// Looks for places in `text`.
    pub fn new(text: &'v str) -> Self {
        Self { text, embedded: HashMap::default() }
    }

    /// Makes use of an embedded document that was read already: what the string `holder` holds.
    pub fn know(&mut self, holder: &Value<'_>, document: &'v Value<'v>) {
        let embedded = Embedded::new(Tree::Known(document));
        self.embedded.insert(holder.span.start, embedded);
    }

    /// Finds what `path` leads to in `value`, which was read from the text, as [`locate`] does.
    pub fn locate(&mut self, value: &'v Value<'_>, path: &Path) -> Place {
        let whole = Place { span: first_line(self.text, value.span), key: None, exact: false };
        self.walk(value, &path.steps).unwrap_or(whole)
    }

    /// `None` if not even the first step leads anywhere.
    fn walk(&mut self, root: &'v Value<'_>, steps: &[Step]) -> Option<Place> {
        let mut nearest = None;
        let mut value = root;
        let mut key = None;
        for (index, step) in steps.iter().enumerate() {
            let next = match &value.body {
                Body::Map(map) => match step {
                    Step::Key(name) => map.entry(name),
                    Step::Index(number) => map.entry(&number.to_string()),
                }
                .map(|entry| (&entry.value, Some(entry.key_span))),
                Body::List(items) => {
                    let at = match step {
                        Step::Index(at) => Some(*at as usize),
                        Step::Key(name) => name.parse().ok(),
                    };
                    at.and_then(|at| items.get(at)).map(|item| (item, None))
                }
                Body::Text(decoded) => {
                    let inside = self.inside(value.span, decoded, steps.get(index..)?);
                    return inside.or(nearest);
                }
                Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => None,
            };
            let Some((inner, inner_key)) = next else { return nearest };
            (value, key) = (inner, inner_key);
            let span = key.unwrap_or_else(|| first_line(self.text, value.span));
            nearest = Some(Place { span, key, exact: false });
        }
        Some(Place { span: value.span, key, exact: true })
    }

    fn inside(&mut self, token: Span, decoded: &'v str, steps: &[Step]) -> Option<Place> {
        let text = self.text;
        let read = || Embedded::new(Tree::Read(embedded::read(decoded).ok()?.value));
        let embedded = self.embedded.entry(token.start).or_insert_with(read).as_ref()?;
        let origin = embedded.origin.get_or_init(|| Origin::of(text, token, decoded)).as_ref()?;
        // A document in an embedded one is rare, and is read anew.
        let Place { span, key, exact } = Locator::new(decoded).walk(embedded.tree(), steps)?;
        Some(Place { span: origin.span(span), key: key.map(|key| origin.span(key)), exact })
    }
}

impl<'v> Embedded<'v> {
    /// `None` for a string that holds but a string: it would lead to itself.
    fn new(document: Tree<'v>) -> Option<Self> {
        let embedded = Self { document, origin: OnceCell::new() };
        matches!(embedded.tree().body, Body::Map(_) | Body::List(_)).then_some(embedded)
    }

    fn tree(&self) -> &Value<'v> {
        match &self.document {
            Tree::Read(tree) => tree,
            Tree::Known(tree) => tree,
        }
    }
}

/// The part of a span that stands in its first line.
fn first_line(text: &str, span: Span) -> Span {
    let source = text.get(span.range()).unwrap_or_default();
    let line = source.lines().next().unwrap_or_default();
    Span::new(span.start, span.start.saturating_add(u32::try_from(line.len()).unwrap_or(u32::MAX)))
}
