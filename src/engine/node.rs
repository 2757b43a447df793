//! A place in a subject, as rules see it.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::iter;
use std::rc::Rc;

use super::walk::{Place, Run, Trail, Walk, Way};
use super::{Identity, Schema, Shape};
use crate::document::{Body, Entry, Map, Path, Pointer, Step, Value, write_escaped};

/// What stands for a value that must not be shown.
pub const MASK: &str = "•••";

/// A place in a subject: the value there, if any, and the way to it.
///
/// A field that is absent still has a place, so a rule can point at what is missing as easily
/// as at what is wrong. An absent field and its API default read the same; so do an absent
/// field and `null`. A string that holds a document is walked as that document.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    walk: &'s Walk<'s>,
    place: Place<'s>,
    at: u32,
}

impl<'s> Node<'s> {
    pub(super) fn new(walk: &'s Walk<'s>, place: Place<'s>, at: u32) -> Self {
        Self { walk, place, at }
    }

    /// The field `key`, whether or not it is there.
    #[must_use]
    pub fn get(self, key: &'s str) -> Self {
        match self.walk.known(self.at, key) {
            Some(known) => known,
            None => self.walk.enter(self.at, key, self.field(key)),
        }
    }

    /// The field at the end of `keys`.
    #[must_use]
    pub fn at(self, keys: &[&'s str]) -> Self {
        keys.iter().fold(self, |node, key| node.get(key))
    }

    /// The field at the end of `keys` if it is there. Cheaper than [`Node::at`] for what most objects
    /// do not have, since no place is kept for what is absent.
    #[must_use]
    pub fn find(self, keys: &[&'s str]) -> Option<Self> {
        keys.iter().try_fold(self, |node, key| {
            let known = node.walk.known(node.at, key);
            let found = known.or_else(|| {
                node.charge(1);
                let place = node.field(key);
                place.value.is_some().then(|| node.walk.enter(node.at, key, place))
            });
            found.filter(|it| it.exists())
        })
    }

    /// The items of a list, without those that the API server adds; none if this is no list.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let list = self.inner().and_then(Value::as_list);
        let run = list.map_or(Run::EMPTY, |items| self.walk.run(self.at, self.items_of(items)));
        self.visit(run).map(|(_, item)| item)
    }

    /// The fields of a map that are there and not `null`, in the order of the text, without those
    /// that the API server adds.
    pub fn fields(self) -> impl Iterator<Item = (&'s str, Self)> {
        let map = self.inner().and_then(Value::as_map);
        let run = map.map_or(Run::EMPTY, |map| self.walk.run(self.at, self.fields_of(map)));
        self.visit(run).map(|(way, field)| (way.key(), field))
    }

    /// The place that holds this one; the root holds itself.
    #[must_use]
    pub fn parent(self) -> Self {
        let at = self.trail().map_or(0, |trail| trail.parent);
        match self.walk.trail(at) {
            Some(trail) => Self { at, place: trail.place, ..self },
            None => self,
        }
    }

    /// The object's root.
    #[must_use]
    pub fn root(self) -> Self {
        self.walk.root()
    }

    /// Whether a value is there, or the API server puts one there.
    pub fn exists(self) -> bool {
        self.place.value.is_some()
    }

    /// Whether the value is in the subject itself and no API default.
    pub fn is_written(self) -> bool {
        self.place.written
    }

    /// Whether there is nothing: no value, or an empty string, list or map.
    pub fn is_empty(self) -> bool {
        self.place.value.is_none_or(|value| match &value.body {
            Body::Null => true,
            Body::Text(text) => text.is_empty(),
            Body::List(items) => items.is_empty(),
            Body::Map(map) => map.is_empty(),
            Body::Bool(_) | Body::Int(_) | Body::Float(_) => false,
        })
    }

    /// The value as it stands, a string that holds a document as that string.
    pub fn value(self) -> Option<&'s Value<'s>> {
        self.place.value
    }

    pub fn as_str(self) -> Option<&'s str> {
        self.place.value?.as_str()
    }

    pub fn as_bool(self) -> Option<bool> {
        self.place.value?.as_bool()
    }

    pub fn as_int(self) -> Option<i64> {
        self.place.value?.as_int()
    }

    /// A scalar as text: `80` and `"80"` read the same, as the API server takes either for many
    /// fields.
    pub fn scalar(self) -> Option<Cow<'s, str>> {
        match &self.place.value?.body {
            Body::Text(text) => Some(Cow::Borrowed(text)),
            Body::Int(number) => Some(number.to_string().into()),
            Body::Float(number) => Some(number.to_string().into()),
            Body::Bool(flag) => Some(flag.to_string().into()),
            Body::Null | Body::List(_) | Body::Map(_) => None,
        }
    }

    /// The last key on the way here; empty at the root and for an item of a list.
    pub fn key(self) -> &'s str {
        self.trail().map_or("", |trail| trail.way().key())
    }

    /// The rank in its list; `None` for what is no item of one.
    pub fn index(self) -> Option<u32> {
        match self.trail()?.way() {
            Way::Index(index) => Some(index),
            Way::Key(_) => None,
        }
    }

    /// Why the document that this string should hold can't be read; `None` if it can, or if
    /// none should be here.
    pub fn broken(self) -> Option<&'s str> {
        self.content()?.as_ref().err().map(String::as_str)
    }

    /// Whether this string holds a document that can be read.
    pub fn holds_document(self) -> bool {
        matches!(self.content(), Some(Ok(_)))
    }

    /// Whether the value must not be shown.
    pub fn is_sensitive(self) -> bool {
        self.walk.is_sensitive(self.at, || self.schema().sensitive(self))
    }

    /// The value for a message, in backticks: scalars only, cut at 120 characters, `•••` where
    /// it must not be shown.
    pub fn shown(self) -> String {
        if self.is_sensitive() {
            return format!("`{MASK}`");
        }
        match self.scalar() {
            Some(text) => quoted(&text),
            None => self.place.value.map_or("nothing", Value::type_name).to_owned(),
        }
    }

    /// What the subject is.
    pub fn identity(self) -> &'s Identity {
        self.walk.identity()
    }

    /// What is known of the value here; nothing where there is none.
    pub fn shape(self) -> Shape {
        self.place.shape
    }

    pub fn schema(self) -> &'static dyn Schema {
        self.walk.schema()
    }

    /// What runs in the object of which this is the root.
    pub(super) fn containers(self, pod: impl FnOnce() -> Option<Self>) -> Rc<[Self]> {
        self.walk.containers(|| self.schema().containers(self, pod()).into())
    }

    /// Whether the place lies in a document that a string holds.
    pub fn is_inside(self) -> bool {
        self.place.inside
    }

    /// Spends steps on work that no visit counts, such as matching a long text.
    pub fn charge(self, steps: u64) {
        self.walk.charge(steps);
    }

    /// How many steps it is from the object's root.
    pub fn depth(self) -> usize {
        self.climb().count()
    }

    /// The way here from the object's root.
    pub fn path(self) -> Path {
        let mut steps = Vec::with_capacity(self.depth());
        steps.extend(self.climb().map(|trail| match trail.way() {
            Way::Key(key) => Step::Key(key.into()),
            Way::Index(index) => Step::Index(index),
        }));
        steps.reverse();
        Path { steps }
    }

    /// The way here, written down. What `paper` holds is lost: room to write in, for many ways.
    pub(super) fn pointer(self, paper: &mut String) -> Pointer {
        paper.clear();
        self.write_pointer(self.at, paper);
        Pointer::written(paper)
    }

    fn write_pointer(self, at: u32, pointer: &mut String) {
        let Some(trail) = self.walk.trail(at).filter(|_| at != 0) else { return };
        self.write_pointer(trail.parent, pointer);
        pointer.push('/');
        // A string takes all that is written.
        _ = match trail.way() {
            Way::Key(key) => write_escaped(key, pointer),
            Way::Index(index) => write!(pointer, "{index}"),
        };
    }

    /// The way here with list items named by their merge key, so that it stays the same when
    /// items move: `spec/containers/[name=web]/image`.
    pub(super) fn stable_path(self) -> String {
        let mut path = String::new();
        self.write_stable_path(self.at, &mut path);
        path
    }

    fn write_stable_path(self, at: u32, path: &mut String) {
        let Some(trail) = self.walk.trail(at).filter(|_| at != 0) else { return };
        self.write_stable_path(trail.parent, path);
        if trail.parent != 0 {
            path.push('/');
        }
        match trail.way() {
            // A string takes all that is written.
            Way::Key(key) => _ = write_escaped(key, path),
            Way::Index(index) => self.write_item_name(trail, index, path),
        }
    }

    /// The deepest place on the way here that is written in the subject, and the keys below it;
    /// `None` if the way goes through an item of a list that is not written.
    pub(super) fn written_part(self) -> Option<(Self, Vec<&'s str>)> {
        let mut missing = Vec::new();
        let mut node = self;
        while !node.is_written() {
            match node.trail()?.way() {
                Way::Key(key) => missing.push(key),
                Way::Index(_) => return None,
            }
            node = node.parent();
        }
        missing.reverse();
        Some((node, missing))
    }

    fn is_assigned(self, key: &str, value: &Value<'_>) -> bool {
        self.place.shape != Shape::UNKNOWN && self.schema().assigned(self, key, value)
    }

    fn write_item_name(self, item: Trail<'s>, index: u32, path: &mut String) {
        let list = self.walk.trail(item.parent);
        let merge_key = list.and_then(|list| self.schema().item_key(list.place.shape));
        let value = item.place.value;
        for key in merge_key.into_iter().chain(["name"]) {
            // A string takes all that is written.
            _ = match value.and_then(|value| value.get(key)).map(|name| &name.body) {
                Some(Body::Text(name)) => write!(path, "[{key}={name}]"),
                Some(Body::Int(number)) => write!(path, "[{key}={number}]"),
                _ => continue,
            };
            return;
        }
        _ = write!(path, "{index}");
    }

    /// The places from here to below the root.
    fn climb(self) -> impl Iterator<Item = Trail<'s>> {
        let trail = move |at: u32| self.walk.trail(at).filter(|_| at != 0);
        iter::successors(trail(self.at), move |below| trail(below.parent))
    }

    fn trail(self) -> Option<Trail<'s>> {
        self.walk.trail(self.at)
    }

    /// The value to walk into: for a string that holds a document, that document.
    fn inner(self) -> Option<&'s Value<'s>> {
        match self.content() {
            Some(Ok(document)) => Some(document),
            _ => self.place.value,
        }
    }

    fn content(self) -> Option<&'s Result<Value<'s>, String>> {
        let value = self.place.value.filter(|value| value.as_str().is_some())?;
        if self.place.shape == Shape::UNKNOWN { None } else { self.walk.document_in(value) }
    }

    /// Works out what is at the field `key`.
    fn field(self, key: &str) -> Place<'s> {
        if self.value().is_none() {
            return self.below(None, None, Shape::UNKNOWN);
        }
        let written = self
            .inner()
            .and_then(|value| value.get(key))
            .filter(|value| !value.is_null() && !self.is_assigned(key, value));
        let value = match written {
            None if self.shape() != Shape::UNKNOWN => {
                let default = self.schema().default(self, key);
                default.filter(|value| !self.is_assigned(key, value))
            }
            written => written,
        };
        // Below what is absent nobody asks for more.
        let shape = value.map_or(Shape::UNKNOWN, |_| self.schema().field(self.shape(), key));
        self.below(written, value, shape)
    }

    fn items_of(self, items: &'s [Value<'s>]) -> impl Iterator<Item = (Way<'s>, Place<'s>)> {
        let shape = self.schema().item(self.shape());
        let is_own = move |item: &Value<'_>| {
            self.shape() == Shape::UNKNOWN || !self.schema().injected(self.shape(), item)
        };
        let items = (0..).zip(items).filter(move |(_, item)| is_own(item));
        items.map(move |(index, item)| {
            (Way::Index(index), self.below(Some(item), Some(item), shape))
        })
    }

    fn fields_of(self, map: &'s Map<'s>) -> impl Iterator<Item = (Way<'s>, Place<'s>)> {
        let is_there = move |entry: &Entry<'_>| {
            !entry.value.is_null() && !self.is_assigned(&entry.key, &entry.value)
        };
        map.iter().filter(move |entry| is_there(entry)).map(move |entry| {
            let shape = self.schema().field(self.shape(), &entry.key);
            let value = Some(&entry.value);
            (Way::Key(&entry.key), self.below(value, value, shape))
        })
    }

    /// What is at a place right below this one.
    fn below(
        self,
        written: Option<&'s Value<'s>>,
        value: Option<&'s Value<'s>>,
        shape: Shape,
    ) -> Place<'s> {
        let inside = self.is_inside() || self.as_str().is_some();
        Place {
            value,
            shape: if inside { Shape::UNKNOWN } else { shape },
            // What is below a default is as little written as the default itself.
            written: written.is_some() && self.is_written(),
            inside,
        }
    }

    fn visit(self, run: Run) -> impl Iterator<Item = (Way<'s>, Self)> {
        (run.first..run.end).filter_map(move |at| self.walk.visit(at))
    }
}

/// A text of the subject for a message: in backticks, in one line, cut at 120 characters.
pub(super) fn quoted(text: &str) -> String {
    const LIMIT: usize = 120;
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'`';
    if text.len() <= LIMIT && text.bytes().all(is_plain) {
        return ["`", text, "`"].concat();
    }
    let mut shown = String::from("`");
    for char in text.chars().take(LIMIT) {
        match char {
            '\n' | '\r' | '\t' | '`' => shown.push(' '),
            char if char.is_control() => _ = write!(shown, "\\u{{{:x}}}", u32::from(char)),
            char => shown.push(char),
        }
    }
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// Shows the path, never the value: a node may end in a log.
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.path())
    }
}
