//! Typed structs from a [`Value`]: the parameters of a rule, a policy.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::map::Entry;
use super::path::{Path, Step};
use super::value::{Body, Value};

/// Reads a `T` out of `value`, of which it may borrow the strings.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value<'_>) -> Result<T, TypeError> {
    T::deserialize(Typed(value)).map_err(|mut error| {
        error.path.steps.reverse();
        error
    })
}

/// Why a value does not fit a type, and at which place below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    pub message: String,
    /// The way to the value that does not fit; for an unknown or a missing field, to its map.
    pub path: Path,
    /// What the field is called that has no place in its map, or is missing there.
    pub field: Option<Field>,
}

/// A field that a type and a map do not agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Missing(&'static str),
    /// The type knows the `known` fields only.
    Unknown {
        name: String,
        known: &'static [&'static str],
    },
}

impl std::error::Error for TypeError {}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The messages are ours, since a policy's author reads them: no type names.
impl serde::de::Error for TypeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), path: Path::root(), field: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("{} where {} must stand", Found(found), words(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("{length} items where {} must stand", words(expected)))
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("`{variant}` is none of `{}`", known.join("`, `")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let field = Some(Field::Unknown { name: name.into(), known });
        Self { field, ..Self::custom(format_args!("unknown field `{name}`")) }
    }

    fn missing_field(name: &'static str) -> Self {
        let field = Some(Field::Missing(name));
        Self { field, ..Self::custom(format_args!("field `{name}` is missing")) }
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::custom(format_args!("field `{name}` stands twice"))
    }
}

/// What was found, in the words of a message.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(flag) => write!(f, "`{flag}`"),
            Unexpected::Unsigned(number) => write!(f, "`{number}`"),
            Unexpected::Signed(number) => write!(f, "`{number}`"),
            Unexpected::Float(number) => write!(f, "`{number}`"),
            Unexpected::Char(letter) => write!(f, "`{letter}`"),
            Unexpected::Str(text) => write!(f, "`{text}`"),
            Unexpected::Unit | Unexpected::Option => f.write_str("null"),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a map"),
            other => write!(f, "{other}"),
        }
    }
}

/// What must stand at a place, in the words of a message: serde writes Rust's types.
fn words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let words = match expected.as_str() {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a borrowed string" => "a string",
        "a sequence" => "a list",
        _ => return expected,
    };
    words.into()
}

#[derive(Clone, Copy)]
struct Typed<'de, 'a>(&'de Value<'a>);

impl<'de> Deserializer<'de> for Typed<'de, '_> {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match &self.0.body {
            Body::Null => visitor.visit_unit(),
            Body::Bool(flag) => visitor.visit_bool(*flag),
            Body::Int(number) => visitor.visit_i64(*number),
            Body::Float(number) => visitor.visit_f64(*number),
            Body::Text(text) => visitor.visit_borrowed_str(text),
            Body::List(items) => visitor.visit_seq(Items { items: items.iter(), next: 0 }),
            Body::Map(map) => visitor.visit_map(Fields { entries: map.iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self.0.body {
            Body::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        match &self.0.body {
            Body::Text(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Body::Map(map) => match (map.iter().next(), map.len()) {
                (Some(entry), 1) => visitor.visit_enum(Variant(entry)),
                _ => Err(TypeError::custom("a map of one field must stand here")),
            },
            _ => Err(TypeError::custom(format_args!(
                "{} where a string or a map of one field must stand",
                self.0.type_name()
            ))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        match self.0.body {
            Body::Map(_) => self.deserialize_any(visitor),
            _ => Err(TypeError::custom(format_args!(
                "{} where a map must stand",
                self.0.type_name()
            ))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de, 'a> {
    items: std::slice::Iter<'de, Value<'a>>,
    next: u32,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = TypeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TypeError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Typed(item)).map(Some).map_err(|error| below(error, Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Fields<'de, 'a> {
    entries: std::slice::Iter<'de, Entry<'a>>,
    value: Option<&'de Entry<'a>>,
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = TypeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TypeError> {
        self.value = self.entries.next();
        let Some(entry) = self.value else { return Ok(None) };
        seed.deserialize(key(entry)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, TypeError> {
        let Some(entry) = self.value.take() else {
            return Err(TypeError::custom("a value without a key"));
        };
        seed.deserialize(Typed(&entry.value)).map_err(|error| below(error, Step::from(&*entry.key)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// `{name: content}` as a variant of an enum.
struct Variant<'de, 'a>(&'de Entry<'a>);

impl<'de> EnumAccess<'de> for Variant<'de, '_> {
    type Error = TypeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), TypeError> {
        seed.deserialize(key(self.0)).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de, '_> {
    type Error = TypeError;

    fn unit_variant(self) -> Result<(), TypeError> {
        self.newtype_variant_seed(std::marker::PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, TypeError> {
        let below = |error| below(error, Step::from(&*self.0.key));
        seed.deserialize(Typed(&self.0.value)).map_err(below)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, TypeError> {
        let below = |error| below(error, Step::from(&*self.0.key));
        Typed(&self.0.value).deserialize_any(visitor).map_err(below)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        self.tuple_variant(0, visitor)
    }
}

fn key<'de>(entry: &'de Entry<'_>) -> CowStrDeserializer<'de, TypeError> {
    CowStrDeserializer::new(Cow::Borrowed(&*entry.key))
}

/// The steps of an error gather from the inside out, and are turned around at the end.
fn below(mut error: TypeError, step: Step) -> TypeError {
    error.path.steps.push(step);
    error
}
