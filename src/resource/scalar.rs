//! Single values in the parameters of rules, as text.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use crate::document::{Body, Value};

/// A string, a number or a boolean, read as its text: `80` and `"80"` are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scalar(String);

impl Scalar {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let unexpected = |found| D::Error::invalid_type(found, &"a single value");
        match Value::deserialize(deserializer)?.body {
            Body::Text(text) => Ok(Self(text.into_owned())),
            Body::Int(number) => Ok(Self(number.to_string())),
            Body::Float(number) => Ok(Self(number.to_string())),
            Body::Bool(flag) => Ok(Self(flag.to_string())),
            Body::Null => Err(unexpected(Unexpected::Unit)),
            Body::List(_) => Err(unexpected(Unexpected::Seq)),
            Body::Map(_) => Err(unexpected(Unexpected::Map)),
        }
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["string", "number", "boolean"]})
    }
}
