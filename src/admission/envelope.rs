//! What an AdmissionReview asks, without building what nobody judges.
//!
//! The API server writes `kind` before `object`, so an object that no policy is about is only
//! scanned; `managedFields`, often half of an object, never becomes a tree; `oldObject` stays
//! text until the ratchet asks for it.
//!
//! Fields: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Malformed, Stage};
use crate::document::{Value, Without};
use crate::engine::{Engine, Operation, User};

/// One request for a review, borrowing from the body.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    pub(super) uid: String,
    pub(super) kind: Kind,
    pub(super) subresource: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) operation: Option<Operation>,
    pub(super) user: User,
    /// `None` where the request has none, and where no policy is about the kind.
    pub(super) object: Option<Value<'a>>,
    pub(super) old_object: Option<&'a RawValue>,
}

/// A kind as a review names it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Kind {
    #[serde(default)]
    pub(super) group: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) kind: String,
}

const MANAGED_FIELDS: Without = Without { parent: "metadata", key: "managedFields" };

impl<'a> Request<'a> {
    /// Reads a body.
    pub(super) fn read(engine: &Engine, stage: Stage, body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_with(Wanted::Of(engine, stage), body)
    }

    /// Reads all of a body, of whatever kind its object is.
    pub(super) fn read_whole(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_with(Wanted::Everything, body)
    }

    /// Reads who asks for what, and no object.
    pub(super) fn read_outside(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_with(Wanted::Nothing, body)
    }

    fn read_with(wanted: Wanted<'_>, body: &'a [u8]) -> Result<Self, Malformed> {
        let malformed = |what: String| Malformed(format!("no AdmissionReview: {what}"));
        let text = std::str::from_utf8(body).map_err(|err| malformed(err.to_string()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let review = ReviewSeed(wanted).deserialize(&mut json);
        let review = review.and_then(|review| json.end().map(|()| review));
        let review = review.map_err(|err| malformed(told(&err)))?;
        if review.kind != "AdmissionReview" || review.api_version != "admission.k8s.io/v1" {
            let got = format!("{} {}", clipped(&review.api_version), clipped(&review.kind));
            return Err(malformed(format!("expected admission.k8s.io/v1, got `{}`", got.trim())));
        }
        let request = review.request.ok_or_else(|| malformed("`request` is missing".to_owned()))?;
        if request.uid.is_empty() {
            return Err(malformed("`request.uid` is missing".to_owned()));
        }
        if request.operation.is_none() {
            return Err(malformed("`request.operation` is missing".to_owned()));
        }
        if request.kind.kind.is_empty() {
            return Err(malformed("`request.kind.kind` is missing".to_owned()));
        }
        Ok(request)
    }

    /// The object before the operation.
    pub(super) fn old_object(&self) -> Option<Value<'a>> {
        let text = self.old_object?.get();
        let mut json = serde_json::Deserializer::from_str(text);
        let value = MANAGED_FIELDS.deserialize(&mut json).ok()?;
        (!value.is_null()).then_some(value)
    }
}

/// What is wrong with a body, and where. Where a value is of the wrong type, serde's own words quote
/// it, and it may be a secret that stands in the wrong place.
fn told(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return error.to_string();
    }
    let (message, at) = (error.to_string(), (error.line(), error.column()));
    let quotes = message.starts_with("invalid ") || message.starts_with("unknown ");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if quotes => {
            // It ends with the place already.
            format!("a value is not what it should be: expected {expected}")
        }
        None if quotes => {
            format!("a value is not what it should be at line {} column {}", at.0, at.1)
        }
        _ => message,
    }
}

/// The first characters of what a stranger sent, for an error message.
fn clipped(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(64).collect()
}

/// Which objects are worth building.
#[derive(Clone, Copy)]
enum Wanted<'e> {
    Nothing,
    Everything,
    Of(&'e Engine, Stage),
}

impl Wanted<'_> {
    /// Whether the objects of a request are worth building, by what was read of it before them.
    fn wants(self, request: &Request<'_>) -> bool {
        let (engine, stage) = match self {
            Self::Nothing => return false,
            Self::Everything => return true,
            Self::Of(engine, stage) => (engine, stage),
        };
        let kind = &request.kind.kind;
        let judged = kind.is_empty() || engine.may_judge(kind);
        let created = request.operation.is_none_or(|it| it == Operation::Create);
        judged && (stage == Stage::Validate || (created && engine.may_change()))
    }
}

#[derive(Default)]
struct Review<'a> {
    kind: String,
    api_version: String,
    request: Option<Request<'a>>,
}

struct ReviewSeed<'e>(Wanted<'e>);

impl<'de> DeserializeSeed<'de> for ReviewSeed<'_> {
    type Value = Review<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Review<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReviewSeed<'_> {
    type Value = Review<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionReview")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Review<'de>, A::Error> {
        let mut review = Review::default();
        while let Some(key) = fields.next_key::<ReviewField>()? {
            match key {
                ReviewField::Kind => review.kind = fields.next_value()?,
                ReviewField::ApiVersion => review.api_version = fields.next_value()?,
                ReviewField::Request => {
                    review.request = Some(fields.next_value_seed(RequestSeed(self.0))?);
                }
                ReviewField::Other => _ = fields.next_value::<IgnoredAny>()?,
            }
        }
        Ok(review)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum ReviewField {
    Kind,
    ApiVersion,
    Request,
    #[serde(other)]
    Other,
}

struct RequestSeed<'e>(Wanted<'e>);

impl<'de> DeserializeSeed<'de> for RequestSeed<'_> {
    type Value = Request<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Request<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum RequestField {
    Uid,
    Kind,
    SubResource,
    Name,
    Namespace,
    Operation,
    UserInfo,
    Object,
    OldObject,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Option<Vec<String>>,
}

impl<'de> Visitor<'de> for RequestSeed<'_> {
    type Value = Request<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionRequest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Request<'de>, A::Error> {
        let mut request = Request::default();
        while let Some(key) = fields.next_key::<RequestField>()? {
            match key {
                RequestField::Uid => request.uid = fields.next_value()?,
                RequestField::Kind => request.kind = fields.next_value()?,
                RequestField::SubResource => request.subresource = text(&mut fields)?,
                RequestField::Name => request.name = text(&mut fields)?,
                RequestField::Namespace => request.namespace = text(&mut fields)?,
                RequestField::Operation => request.operation = Some(fields.next_value()?),
                RequestField::UserInfo => {
                    let user: UserInfo = fields.next_value()?;
                    let groups = user.groups.unwrap_or_default();
                    request.user = User { name: user.username, groups };
                }
                RequestField::Object if self.0.wants(&request) => {
                    let object = fields.next_value_seed(MANAGED_FIELDS)?;
                    request.object = (!object.is_null()).then_some(object);
                }
                RequestField::OldObject if self.0.wants(&request) => {
                    request.old_object = Some(fields.next_value::<&'de RawValue>()?);
                }
                RequestField::Object | RequestField::OldObject | RequestField::Other => {
                    _ = fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        // An object that came before its kind was built; whether it is a map is for the rules.
        if let Some(object) = &request.object
            && object.as_map().is_none()
        {
            return Err(A::Error::custom("`request.object` is no map"));
        }
        Ok(request)
    }
}

/// A text that may be `null`.
fn text<'de, A: MapAccess<'de>>(fields: &mut A) -> Result<String, A::Error> {
    Ok(fields.next_value::<Option<String>>()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let custom = |text: &str| <serde_json::Error as serde::de::Error>::custom(text);
        for (text, expected) in [
            ("invalid type: string \"hunter2\", expected a map", "expected a map"),
            ("invalid value: hunter2", "a value is not what it should be at line 0 column 0"),
            ("unknown field `hunter2`", "a value is not what it should be at line 0 column 0"),
            ("missing field `uid`", "missing field `uid`"),
        ] {
            let told = told(&custom(text));
            assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
        }
    }
}
