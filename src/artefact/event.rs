//! Events of registries that are no Nexus: which tags were pushed.
//!
//! Shapes: Harbor's webhook payload, in its default format and as CloudEvents ("Configure Webhook
//! Notifications" at goharbor.io); the notifications of CNCF Distribution
//! (`application/vnd.docker.distribution.events.v2+json`, and v1). As with Nexus, they are hints to
//! look; what the registry says afterwards is what counts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

/// The longest name that is believed: distribution takes no longer one.
const NAME: usize = 255;
/// The longest tag.
const TAG: usize = 128;
/// The most events of one call.
const MOST: usize = 10_000;

/// What one call says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The event's own id; empty if it has none, or if there are several.
    pub id: String,
    /// When it was written, if it says so.
    pub time: Option<Timestamp>,
    pub tags: Vec<Tagged>,
}

/// A tag that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The name with its folders: `production/ska-thing`.
    pub name: String,
    pub tag: String,
    /// Who pushed it; empty if unknown.
    pub initiator: String,
}

/// Why a body is no event, in words for whoever set up the webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the body is no event of {0}: {1}")]
    Json(&'static str, String),
    #[error("the body has more than {MOST} events")]
    Many,
    #[error("the event names `{0}`, which is no image")]
    Name(String),
}

impl Told {
    /// Reads an event of Harbor. Those that push nothing name no tags.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn of_harbor(body: &[u8]) -> Result<Self, Unreadable> {
        let event: Harbor = serde_json::from_slice(body)
            .map_err(|error| Unreadable::Json("Harbor", error.to_string()))?;
        let Harbor { kind, occur_at, time, id, operator, data } = event;
        let written = time.and_then(|text| text.parse().ok());
        let time = written.or_else(|| occur_at.and_then(|it| Timestamp::from_second(it).ok()));
        let mut told = Self { id: id.unwrap_or_default(), time, tags: Vec::new() };
        if !matches!(kind.as_str(), "PUSH_ARTIFACT" | "harbor.artifact.pushed") {
            return Ok(told);
        }
        let Some(HarborData { resources, repository }) = data else {
            return Err(Unreadable::Json("Harbor", "it has no `event_data`".to_owned()));
        };
        if resources.len() > MOST {
            return Err(Unreadable::Many);
        }
        let operator = operator.unwrap_or_default();
        for resource in resources {
            let tag = resource.tag.unwrap_or_default();
            told.take(&repository.repo_full_name, &tag, &operator)?;
        }
        Ok(told)
    }

    /// Reads notifications of a registry. Those that push no tag are passed over.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn of_registry(body: &[u8]) -> Result<Self, Unreadable> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|error| Unreadable::Json("a registry", error.to_string()))?;
        let events = envelope.events;
        if events.len() > MOST {
            return Err(Unreadable::Many);
        }
        let mut told = Self::default();
        if let [only] = events.as_slice() {
            told.id = only.id.clone().unwrap_or_default();
            told.time = only.timestamp.as_ref().and_then(|text| text.parse().ok());
        }
        for event in events.iter().filter(|it| it.action == "push") {
            let Target { repository, tag } = &event.target;
            let actor = event.actor.as_ref().and_then(|it| it.name.clone()).unwrap_or_default();
            told.take(repository, tag.as_deref().unwrap_or_default(), &actor)?;
        }
        Ok(told)
    }

    /// Takes a tag. What was pushed by its digest alone has none.
    fn take(&mut self, name: &str, tag: &str, initiator: &str) -> Result<(), Unreadable> {
        if tag.is_empty() || tag.contains(':') {
            return Ok(());
        }
        if !is_name(name) || !is_tag(tag) {
            return Err(Unreadable::Name(shown(&format!("{name}:{tag}"))));
        }
        let initiator = shown(initiator);
        self.tags.push(Tagged { name: name.to_owned(), tag: tag.to_owned(), initiator });
        Ok(())
    }
}

/// The id under which the queue knows a tag.
pub fn component(name: &str, tag: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{name}:{tag}"))
}

/// The name and the tag of such an id.
pub fn tagged(component: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(component).ok()?).ok()?;
    let (name, tag) = text.rsplit_once(':')?;
    Some((name.to_owned(), tag.to_owned()))
}

/// It becomes a part of a path.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    let part = |part: &str| part.bytes().any(|it| it.is_ascii_alphanumeric());
    text.len() <= NAME && text.split('/').all(|it| part(it) && it.bytes().all(plain))
}

fn is_tag(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= TAG && !text.starts_with(['.', '-']) && text.bytes().all(plain)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

/// Both of Harbor's formats: CloudEvents has `data` and `time`, the default `event_data` and
/// `occur_at`.
#[derive(Deserialize)]
struct Harbor {
    #[serde(rename = "type")]
    kind: String,
    occur_at: Option<i64>,
    time: Option<String>,
    id: Option<String>,
    operator: Option<String>,
    #[serde(alias = "event_data")]
    data: Option<HarborData>,
}

#[derive(Deserialize)]
struct HarborData {
    #[serde(default)]
    resources: Vec<HarborResource>,
    repository: HarborRepository,
}

#[derive(Deserialize)]
struct HarborResource {
    tag: Option<String>,
}

#[derive(Deserialize)]
struct HarborRepository {
    repo_full_name: String,
}

#[derive(Deserialize)]
struct Envelope {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: Option<String>,
    timestamp: Option<String>,
    action: String,
    target: Target,
    actor: Option<Actor>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    repository: String,
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Actor {
    name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARBOR: &str = r#"{"type": "PUSH_ARTIFACT", "occur_at": 1586922308, "operator": "ada",
        "event_data": {"resources": [{"digest": "sha256:8a9e", "tag": "1.0.0",
        "resource_url": "harbor/production/ska-thing:1.0.0"}], "repository": {"date_created": 1,
        "name": "ska-thing", "namespace": "production", "repo_full_name": "production/ska-thing",
        "repo_type": "private"}}}"#;
    const CLOUD: &str = r#"{"specversion": "1.0", "id": "4b2f89a6", "source": "/projects/2/webhook/policies/1",
        "type": "harbor.artifact.pushed", "datacontenttype": "application/json",
        "time": "2020-04-15T03:45:08Z", "data": {"resources": [{"tag": "1.0.0"}], "repository":
        {"repo_full_name": "production/ska-thing"}}, "operator": "ada"}"#;
    const REGISTRY: &str = r#"{"events": [{"id": "320678d8", "timestamp": "2020-04-15T03:45:08Z",
        "action": "push", "target": {"mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:fea8", "size": 708, "length": 708, "repository": "production/ska-thing",
        "url": "http://a/v2/b", "tag": "1.0.0"}, "request": {"id": "6df2"}, "actor": {"name": "ada"},
        "source": {"addr": "a:5000"}}]}"#;

    #[test]
    fn every_format_tells_the_tag_that_was_pushed() {
        let tag = Tagged {
            name: "production/ska-thing".to_owned(),
            tag: "1.0.0".to_owned(),
            initiator: "ada".to_owned(),
        };
        let time = "2020-04-15T03:45:08Z".parse().ok();
        for (told, id) in [
            (Told::of_harbor(HARBOR.as_bytes()), ""),
            (Told::of_harbor(CLOUD.as_bytes()), "4b2f89a6"),
            (Told::of_registry(REGISTRY.as_bytes()), "320678d8"),
        ] {
            assert_eq!(told, Ok(Told { id: id.to_owned(), time, tags: vec![tag.clone()] }));
        }
    }

    #[test]
    fn what_pushes_no_tag_is_passed_over() {
        let none = |text: String| Told::of_harbor(text.as_bytes()).unwrap().tags;
        assert!(none(HARBOR.replace("PUSH_ARTIFACT", "SCANNING_COMPLETED")).is_empty());
        assert!(none(HARBOR.replace(r#""tag": "1.0.0""#, r#""tag": "sha256:8a9e""#)).is_empty());
        let none = |text: String| Told::of_registry(text.as_bytes()).unwrap().tags;
        assert!(none(REGISTRY.replace("push", "pull")).is_empty());
        assert!(none(REGISTRY.replace(r#", "tag": "1.0.0""#, "")).is_empty());
        assert_eq!(Told::of_registry(br#"{"events": []}"#), Ok(Told::default()));
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_reason() {
        for (refused, reason) in [
            (Told::of_harbor(b"[]"), "no event of Harbor"),
            (Told::of_harbor(br#"{"type": "PUSH_ARTIFACT"}"#), "no `event_data`"),
            (Told::of_registry(b"{}"), "no event of a registry"),
            (
                Told::of_registry(REGISTRY.replace("production/", "../").as_bytes()),
                "`../ska-thing:1.0.0`, which is no image",
            ),
            (Told::of_harbor(HARBOR.replace("\"1.0.0\"", "\"a/b\"").as_bytes()), "no image"),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn an_id_leads_back_to_its_tag() {
        let read = tagged(&component("a/b", "1.0.0"));
        assert_eq!(read, Some(("a/b".to_owned(), "1.0.0".to_owned())));
        assert_eq!(tagged("!"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_fail_otherwise(body in ".{0,200}") {
            let _ = Told::of_harbor(body.as_bytes());
            let _ = Told::of_registry(body.as_bytes());
        }
    }
}
