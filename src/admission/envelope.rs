//! What an AdmissionReview asks, without building what nobody judges.
//!
//! The API server writes `kind` before `object`, so an object that no policy is about is only
//! read past; `managedFields`, often half of an object, never becomes a tree; `oldObject` stays
//! text until the ratchet asks for it.
//!
//! Fields: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>

use std::borrow::Cow;
use std::sync::Arc;

use super::{Malformed, Stage};
use crate::document::json::{Read, Reader, Without};
use crate::document::{Lines, Problem, Value};
use crate::engine::{Engine, Operation, User};

/// One request for a review, borrowing from the body.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    pub(super) uid: Cow<'a, str>,
    pub(super) kind: Kind<'a>,
    pub(super) subresource: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) namespace: Cow<'a, str>,
    pub(super) operation: Option<Operation>,
    pub(super) user: Arc<User>,
    /// `None` where the request has none, and where no policy is about the kind.
    pub(super) object: Option<Value<'a>>,
    pub(super) old_object: Option<&'a str>,
}

/// A kind as a review names it.
#[derive(Debug, Default)]
pub(super) struct Kind<'a> {
    pub(super) group: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
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
        let review = Review::read(wanted, text);
        let review = review.map_err(|problem| malformed(told(text, &problem)))?;
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
        let mut json = Reader::new(self.old_object?).ok()?.without(MANAGED_FIELDS);
        json.value().ok().filter(|value| !value.is_null())
    }
}

/// What is wrong with a body, and where. No value is quoted: it may be a secret that stands in the
/// wrong place.
fn told(text: &str, problem: &Problem) -> String {
    let at = Lines::new(text).position(problem.span.start);
    format!("{} at line {} column {}", problem.message, at.line, at.column)
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
    kind: Cow<'a, str>,
    api_version: Cow<'a, str>,
    request: Option<Request<'a>>,
}

impl<'a> Review<'a> {
    fn read(wanted: Wanted<'_>, text: &'a str) -> Read<Self> {
        let mut json = Reader::new(text)?.without(MANAGED_FIELDS);
        let mut review = Self::default();
        json.fields(|json, key| {
            match &*key {
                "kind" => review.kind = string(json)?,
                "apiVersion" => review.api_version = string(json)?,
                "request" => review.request = Some(request(json, wanted)?),
                _ => _ = json.skipped()?,
            }
            Ok(())
        })?;
        json.end().map(|()| review)
    }
}

fn request<'a>(json: &mut Reader<'a>, wanted: Wanted<'_>) -> Read<Request<'a>> {
    let mut request = Request::default();
    json.fields(|json, key| {
        match &*key {
            "uid" => request.uid = string(json)?,
            "kind" => request.kind = kind(json)?,
            "subResource" => request.subresource = string(json)?,
            "name" => request.name = string(json)?,
            "namespace" => request.namespace = string(json)?,
            "operation" => request.operation = Some(operation(json)?),
            "userInfo" => request.user = user(json)?.into(),
            "object" if wanted.wants(&request) => request.object = object(json)?,
            "oldObject" if wanted.wants(&request) => request.old_object = Some(json.skipped()?),
            _ => _ = json.skipped()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn kind<'a>(json: &mut Reader<'a>) -> Read<Kind<'a>> {
    let mut kind = Kind::default();
    json.fields(|json, key| {
        match &*key {
            "group" => kind.group = string(json)?,
            "version" => kind.version = string(json)?,
            "kind" => kind.kind = string(json)?,
            _ => _ = json.skipped()?,
        }
        Ok(())
    })?;
    Ok(kind)
}

fn operation(json: &mut Reader<'_>) -> Read<Operation> {
    let start = json.offset();
    let named = Operation::named(&json.text()?);
    named.ok_or_else(|| json.wrong(start, "CREATE, UPDATE, DELETE or CONNECT must stand here"))
}

fn user(json: &mut Reader<'_>) -> Read<User> {
    let mut user = User::default();
    json.fields(|json, key| {
        match &*key {
            "username" => user.name = string(json)?.into_owned(),
            "groups" if json.null()? => {}
            "groups" => json.list(|json| {
                user.groups.push(string(json)?.into_owned());
                Ok(())
            })?,
            _ => _ = json.skipped()?,
        }
        Ok(())
    })?;
    Ok(user)
}

fn object<'a>(json: &mut Reader<'a>) -> Read<Option<Value<'a>>> {
    let start = json.offset();
    let object = json.value()?;
    match object.as_map() {
        Some(_) => Ok(Some(object)),
        None if object.is_null() => Ok(None),
        None => Err(json.wrong(start, "`request.object` is no map")),
    }
}

/// A text that may be `null`.
fn string<'a>(json: &mut Reader<'a>) -> Read<Cow<'a, str>> {
    if json.null()? { Ok(Cow::Borrowed("")) } else { json.text() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_the_value() {
        let review =
            |request: &str| format!("{{\"kind\": \"AdmissionReview\",\n \"request\": {request}}}");
        for (request, expected) in [
            ("\"hunter2\"", "a map must stand here at line 2 column 13"),
            ("{\"uid\": [\"hunter2\"]}", "a string must stand here at line 2 column 21"),
            (
                "{\"operation\": \"hunter2\"}",
                "CREATE, UPDATE, DELETE or CONNECT must stand here at line 2 column 27",
            ),
            ("{\"object\": \"hunter2\"}", "`request.object` is no map at line 2 column 24"),
            ("{\"hunter2\" 1}", "`:` must stand here at line 2 column 24"),
        ] {
            let refused = Request::read_whole(review(request).as_bytes()).unwrap_err().0;
            assert_eq!(refused, format!("no AdmissionReview: {expected}"));
        }
    }
}
