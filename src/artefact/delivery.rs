//! One delivery of a webhook of Nexus: which components changed.
//!
//! Shapes: `RepositoryComponentWebhook` and `RepositoryAssetWebhook` of nexus-core. A delivery
//! carries no digest, comes in no promised order, late, twice or never. So it is a hint to look,
//! and what the repository says afterwards is what counts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use super::Coordinates;

/// The header with the delivery's own id.
pub const ID_HEADER: &str = "x-nexus-webhook-delivery";

/// The longest name, version or id that is believed.
const LONGEST: usize = 1024;
/// The most components of one delivery.
const MOST: usize = 10_000;

/// What one delivery says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When Nexus wrote it, if it says so.
    pub time: Option<Timestamp>,
    /// Who caused it, as `user/address`; empty if unknown.
    pub initiator: String,
    pub repository: String,
    pub hints: Vec<Hint>,
}

/// A reason to look at a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// This component, by the repository's id for it. What it is called is not always known.
    Component { id: String, coordinates: Coordinates },
    /// A file changed, and its component is not said: ids of files and of components are counted
    /// apart.
    File { path: String },
}

/// Why a body is no delivery, in words for whoever set up the webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the body is no event of Nexus: {0}")]
    Json(String),
    #[error(
        "the event has neither a component nor an asset: enable the events `component` or `asset` only"
    )]
    Other,
    #[error("field `{0}` is empty, too long, or has characters that it can't have")]
    Field(&'static str),
    #[error("the event names more than {MOST} components")]
    Many,
}

impl Delivery {
    /// Reads the body of a component or asset event.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let event: Event =
            serde_json::from_slice(body).map_err(|error| Unreadable::Json(error.to_string()))?;
        let repository = checked(event.repository_name.clone(), "repositoryName", is_name)?;
        let hints = event.hints(&repository)?;
        Ok(Self {
            time: event.timestamp.and_then(|text| text.parse().ok()),
            initiator: event.initiator.unwrap_or_default().chars().take(LONGEST).collect(),
            repository,
            hints,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    timestamp: Option<String>,
    initiator: Option<String>,
    repository_name: String,
    component: Option<Component>,
    /// Of a purge: ids as the repository has them inside.
    components: Option<Vec<String>>,
    asset: Option<Asset>,
    assets: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    component_id: String,
    format: String,
    name: String,
    group: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
}

impl Event {
    fn hints(&self, repository: &str) -> Result<Vec<Hint>, Unreadable> {
        if let Some(component) = &self.component {
            return component.hint(repository).map(|hint| vec![hint]);
        }
        if let Some(ids) = &self.components {
            if ids.len() > MOST {
                return Err(Unreadable::Many);
            }
            return ids.iter().map(|id| purged(repository, id)).collect();
        }
        if let Some(asset) = &self.asset {
            let path = checked(asset.name.clone(), "asset.name", is_name)?;
            return Ok(vec![Hint::File { path }]);
        }
        // A purge of files says nothing that the purge of their components does not.
        if self.assets.is_some() { Ok(Vec::new()) } else { Err(Unreadable::Other) }
    }
}

impl Component {
    fn hint(&self, repository: &str) -> Result<Hint, Unreadable> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let format = checked(self.format.clone(), "component.format", is_name)?;
        let name = checked(self.name.clone(), "component.name", is_name)?;
        let group = checked(optional(&self.group), "component.group", is_text)?;
        let version = checked(optional(&self.version), "component.version", is_text)?;
        Ok(Hint::Component {
            id: checked(self.component_id.clone(), "component.componentId", is_id)?,
            coordinates: Coordinates::of(repository, &format, &group, &name, &version),
        })
    }
}

/// A component that is gone. Its id for the outside is made as `RepositoryItemIDXO` makes it.
fn purged(repository: &str, id: &str) -> Result<Hint, Unreadable> {
    let id = checked(id.to_owned(), "components", is_name)?;
    let coordinates = Coordinates { repository: repository.to_owned(), ..Coordinates::default() };
    Ok(Hint::Component { id: URL_SAFE_NO_PAD.encode(format!("{repository}:{id}")), coordinates })
}

fn checked(
    text: String,
    field: &'static str,
    good: fn(&str) -> bool,
) -> Result<String, Unreadable> {
    if text.len() <= LONGEST && good(&text) { Ok(text) } else { Err(Unreadable::Field(field)) }
}

fn is_text(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && is_text(text)
}

/// It becomes one segment of a path.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(name: &str, id: &str) -> String {
        format!(
            r#"{{"timestamp":"2026-11-21T12:44:45.201+00:00","nodeId":"n","initiator":"admin/127.0.0.1",
            "repositoryName":"raw-internal","action":"CREATED","component":{{"id":"4f1bbcdd",
            "componentId":"{id}","format":"raw","name":"{name}","group":"/ska-thing","version":""}}}}"#
        )
    }

    #[test]
    fn a_component_is_looked_at_by_its_id() {
        let body = component("/ska-thing/ska-thing-0.1.0.tar.gz", "cmF3LWludGVybmFsOjRmMWJiY2Rk");
        let read = Delivery::read(body.as_bytes()).unwrap();
        assert_eq!((&*read.repository, &*read.initiator), ("raw-internal", "admin/127.0.0.1"));
        assert_eq!(read.time, "2026-11-21T12:44:45.201Z".parse().ok());
        let [Hint::Component { id, coordinates }] = &read.hints[..] else { panic!("{read:?}") };
        assert_eq!(id, "cmF3LWludGVybmFsOjRmMWJiY2Rk");
        assert_eq!((&*coordinates.name, &*coordinates.version), ("ska-thing", "0.1.0"));
    }

    #[test]
    fn a_purge_names_components_by_the_inner_id() {
        let body =
            r#"{"repositoryName":"raw-internal","action":"PURGED","components":["4f1bbcdd"]}"#;
        let read = Delivery::read(body.as_bytes()).unwrap();
        let [Hint::Component { id, .. }] = &read.hints[..] else { panic!("{read:?}") };
        assert_eq!(id, "cmF3LWludGVybmFsOjRmMWJiY2Rk");
    }

    #[test]
    fn an_asset_does_not_say_its_component() {
        let body = r#"{"repositoryName":"r","action":"CREATED","asset":{"id":"1","assetId":"x","name":"/a"}}"#;
        let read = Delivery::read(body.as_bytes()).unwrap();
        assert_eq!(read.hints, [Hint::File { path: "/a".to_owned() }]);
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_reason() {
        for (body, reason) in [
            ("", "no event of Nexus"),
            ("[]", "no event of Nexus"),
            (r#"{"repositoryName":"r"}"#, "neither a component nor an asset"),
            (r#"{"repositoryName":"","asset":{"name":"a"}}"#, "`repositoryName`"),
            (&component("", "x"), "`component.name`"),
            (&component(r"a\u0000", "x"), "`component.name`"),
            (&component("a", "../b"), "`component.componentId`"),
            (&component(&"a".repeat(1025), "x"), "`component.name`"),
        ] {
            let refused = Delivery::read(body.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(reason), "{body}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_fail_otherwise(body in ".{0,200}") {
            let _ = Delivery::read(body.as_bytes());
        }
    }
}
