//! A [`Value`] to serde, and to and from `serde_json`, whose values exist only where JSON Patch
//! needs them.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::map::{Entry, MapBuilder};
use super::number;
use super::value::{Body, Span, Value};

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.body {
            Body::Null => serializer.serialize_unit(),
            Body::Bool(flag) => serializer.serialize_bool(*flag),
            Body::Int(number) => serializer.serialize_i64(*number),
            Body::Float(number) => serializer.serialize_f64(*number),
            Body::Text(text) => serializer.serialize_str(text),
            Body::List(items) => serializer.collect_seq(items),
            Body::Map(map) => {
                serializer.collect_map(map.iter().map(|entry| (&entry.key, &entry.value)))
            }
        }
    }
}

/// The order of fields is lost.
impl From<&Value<'_>> for Json {
    fn from(value: &Value<'_>) -> Self {
        match &value.body {
            Body::Null => Self::Null,
            Body::Bool(flag) => Self::Bool(*flag),
            Body::Int(number) => Self::from(*number),
            Body::Float(number) => Self::from(*number),
            Body::Text(text) => Self::String(text.clone().into_owned()),
            Body::List(items) => items.iter().map(Self::from).collect(),
            Body::Map(map) => {
                map.iter().map(|entry| (&*entry.key, Self::from(&entry.value))).collect()
            }
        }
    }
}

/// Borrows the strings. A number that only `serde_json` can hold is null.
impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        Self::new(match json {
            Json::Null => Body::Null,
            Json::Bool(flag) => Body::Bool(*flag),
            Json::Number(held) => match (held.as_i64(), held.as_f64()) {
                (Some(number), _) => Body::Int(number),
                (None, Some(number)) => number::from_float(number).unwrap_or(Body::Null),
                (None, None) => Body::Null,
            },
            Json::String(text) => Body::Text(text.as_str().into()),
            Json::Array(items) => Body::List(items.iter().map(Self::from).collect()),
            Json::Object(object) => {
                let mut fields = MapBuilder::default();
                for (key, value) in object {
                    let value = Self::from(value);
                    fields.insert(Entry { key: key.into(), key_span: Span::NONE, value });
                }
                Body::Map(fields.build())
            }
        })
    }
}

impl From<Json> for Value<'static> {
    fn from(json: Json) -> Self {
        Value::from(&json).into_owned()
    }
}
