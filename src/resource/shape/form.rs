//! What the table of shapes is made of: forms of values, fields, and what fills them.

use std::borrow::Cow;
use std::fmt;

use crate::document::{Body, Map, Span, Value};
use crate::engine::Node;

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Form {
    /// A value that stays as it is written, or of which nothing needs to be known.
    Plain,
    /// A string; an empty one is dropped.
    Text,
    /// A boolean; `false` is dropped.
    Flag,
    /// An integer; zero is dropped.
    Number,
    Quantity,
    /// A string that holds JSON.
    Json,
    /// A string in a ConfigMap that holds what its key's extension says.
    File,
    Struct(&'static [Field]),
    List(List),
    /// Keys of any name; an empty map is dropped.
    Map(Keys),
}

/// A map whose keys are data.
pub(super) struct Keys {
    pub(super) value: &'static Form,
    /// Works out the value of an absent key from the node that holds the map.
    pub(super) fill: Option<ComputedKey>,
    /// Keys that get a value which nobody knows beforehand.
    pub(super) assigned: &'static [&'static str],
}

/// Works out the value of a key from the node of its map.
pub(super) type ComputedKey = for<'s> fn(Node<'s>, &str) -> Option<&'s Value<'s>>;

/// A list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) item: &'static Form,
    /// The field that names an item.
    pub(super) key: Option<&'static str>,
    /// Tells the items that the API server adds by itself.
    pub(super) injected: Option<fn(&Value<'_>) -> bool>,
    /// Whether an empty one is dropped.
    pub(super) drops_empty: bool,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) form: &'static Form,
    pub(super) fill: Fill,
    pub(super) source: Source,
}

/// What the API server does with an absent field.
pub(super) enum Fill {
    /// It stays absent.
    Nothing,
    /// It gets this value.
    Is(Value<'static>),
    /// It gets a value that depends on what is beside it.
    Depends(Computed),
    /// It gets a value in some objects and stays absent in others.
    May(Computed),
    /// It gets a value that cannot be known beforehand, such as a uid or an address, or items
    /// that are none of the author's.
    Assigned,
    /// As `Assigned`, in some objects or some clusters.
    MayBeAssigned,
}

/// Works out a value from the node that holds the absent field.
pub(super) type Computed = for<'s> fn(Node<'s>) -> Option<&'s Value<'s>>;

/// Which part of the API server fills a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The defaulting functions of the API group (`SetDefaults_…`, `+default=`).
    Defaults,
    /// The conversion between API versions, which keeps two names of one field equal.
    Conversion,
    /// What happens when an object is created (`PrepareForCreate` of its strategy).
    Creation,
    /// An admission plugin that is on by default.
    Plugin(&'static str),
}

pub(super) static PLAIN: Form = Form::Plain;
pub(super) static TEXT: Form = Form::Text;
pub(super) static FLAG: Form = Form::Flag;
pub(super) static NUMBER: Form = Form::Number;
pub(super) static QUANTITY: Form = Form::Quantity;
pub(super) static TEXTS: Form = list(&PLAIN);
pub(super) static LABELS: Form = keys_of(&PLAIN);
pub(super) static QUANTITIES: Form = keys_of(&QUANTITY);

/// A map whose absent keys stay absent.
pub(super) const fn keys_of(value: &'static Form) -> Form {
    Form::Map(Keys { value, fill: None, assigned: &[] })
}

/// A map whose absent keys are worked out.
pub(super) const fn filled_keys_of(value: &'static Form, fill: ComputedKey) -> Form {
    Form::Map(Keys { value, fill: Some(fill), assigned: &[] })
}

/// A list whose items have no name.
pub(super) const fn list(item: &'static Form) -> Form {
    Form::List(List::of(item))
}

/// A list whose items are named by one of their fields.
pub(super) const fn list_by(key: &'static str, item: &'static Form) -> Form {
    Form::List(List::of(item).by(key))
}

/// A field that stays absent.
pub(super) const fn field(key: &'static str, form: &'static Form) -> Field {
    Field { key, form, fill: Fill::Nothing, source: Source::Defaults }
}

/// A field that gets this string.
pub(super) const fn text(key: &'static str, default: &'static str) -> Field {
    let value = Value { span: Span::NONE, body: Body::Text(Cow::Borrowed(default)) };
    Field { key, form: &TEXT, fill: Fill::Is(value), source: Source::Defaults }
}

/// A field that gets this string, and in which an empty one is a value as any other.
pub(super) const fn optional_text(key: &'static str, default: &'static str) -> Field {
    let value = Value { span: Span::NONE, body: Body::Text(Cow::Borrowed(default)) };
    Field { key, form: &PLAIN, fill: Fill::Is(value), source: Source::Defaults }
}

/// A field that gets this integer, also where it is zero.
pub(super) const fn number(key: &'static str, default: i64) -> Field {
    let value = Value { span: Span::NONE, body: Body::Int(default) };
    Field { key, form: &NUMBER, fill: Fill::Is(value), source: Source::Defaults }
}

/// A field that gets this integer, and in which zero is a value as any other.
pub(super) const fn optional_number(key: &'static str, default: i64) -> Field {
    let value = Value { span: Span::NONE, body: Body::Int(default) };
    Field { key, form: &PLAIN, fill: Fill::Is(value), source: Source::Defaults }
}

/// A field that gets this boolean.
pub(super) const fn flag(key: &'static str, default: bool) -> Field {
    let value = Value { span: Span::NONE, body: Body::Bool(default) };
    Field { key, form: &PLAIN, fill: Fill::Is(value), source: Source::Defaults }
}

/// A field that gets an empty map, which the fields inside it then fill.
pub(super) const fn empty(key: &'static str, form: &'static Form) -> Field {
    Field { key, form, fill: Fill::Is(EMPTY), source: Source::Defaults }
}

/// A field that gets a value which depends on what is beside it.
pub(super) const fn depends(key: &'static str, form: &'static Form, value: Computed) -> Field {
    Field { key, form, fill: Fill::Depends(value), source: Source::Defaults }
}

/// A field that gets a value in some objects.
pub(super) const fn may(key: &'static str, form: &'static Form, value: Computed) -> Field {
    Field { key, form, fill: Fill::May(value), source: Source::Defaults }
}

/// A field that gets a value which nobody knows beforehand.
pub(super) const fn assigned(key: &'static str, form: &'static Form, source: Source) -> Field {
    Field { key, form, fill: Fill::Assigned, source }
}

/// A field that gets such a value in some objects or some clusters.
pub(super) const fn may_be_assigned(
    key: &'static str,
    form: &'static Form,
    source: Source,
) -> Field {
    Field { key, form, fill: Fill::MayBeAssigned, source }
}

impl List {
    /// A list whose items have no name, and of which an empty one is dropped.
    pub(super) const fn of(item: &'static Form) -> Self {
        Self { item, key: None, injected: None, drops_empty: true }
    }

    /// The same list, its items named by one of their fields.
    pub(super) const fn by(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// The same list, without the items of which this holds.
    pub(super) const fn without(mut self, injected: fn(&Value<'_>) -> bool) -> Self {
        self.injected = Some(injected);
        self
    }

    /// The same list, of which an empty one stays.
    pub(super) const fn kept(mut self) -> Self {
        self.drops_empty = false;
        self
    }
}

impl Field {
    /// The same row, filled by another part of the API server.
    pub(super) const fn by(mut self, source: Source) -> Self {
        self.source = source;
        self
    }
}

const EMPTY: Value<'static> = Value { span: Span::NONE, body: Body::Map(Map::EMPTY) };

impl Form {
    /// Whether the API server drops such a value, because it can't be told from an absent one:
    /// what Go's `omitempty` does to fields that are no pointers.
    pub(super) fn drops(&self, value: &Value<'_>) -> bool {
        match (self, &value.body) {
            (Self::Text | Self::Json | Self::File, Body::Text(text)) => text.is_empty(),
            (Self::Flag, Body::Bool(flag)) => !flag,
            (Self::Number, Body::Int(number)) => *number == 0,
            (Self::List(list), Body::List(items)) => list.drops_empty && items.is_empty(),
            (Self::Map(_), Body::Map(map)) => map.is_empty(),
            _ => false,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(self.value).finish()
    }
}

impl fmt::Debug for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Is(_) => "Is",
            Self::Depends(_) => "Depends",
            Self::May(_) => "May",
            Self::Assigned => "Assigned",
            Self::MayBeAssigned => "MayBeAssigned",
        })
    }
}

/// In words for the author of a policy, after "is filled by".
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => write!(f, "the API server's defaults"),
            Self::Conversion => write!(f, "the API server, from the field's other name"),
            Self::Creation => write!(f, "the API server when it creates the object"),
            Self::Plugin(name) => write!(f, "the API server's {name} admission plugin"),
        }
    }
}
