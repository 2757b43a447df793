//! Lists of objects, page by page, as the text that the API server sends.
//!
//! The objects go from that text straight into the tree that rules judge; nothing lies between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kube::api::{DynamicObject, ListParams, Request};
use kube::discovery::ApiResource;
use kube::{Client, Resource as _};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::document::{Body, Entry, MAX_BYTES, Map, Problem, Span, Value, json};
use crate::engine::Identity;

/// How many objects are asked for at once.
const PAGE: u32 = 500;

/// Which objects are listed.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) api: ApiResource,
    /// `None` for those of all namespaces, and for kinds that have none.
    pub(super) namespace: Option<String>,
    pub(super) depth: Depth,
    pub(super) labels: Option<String>,
}

/// How much of an object is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Whole,
    Metadata,
}

/// A list on its way.
pub(super) struct Pages<'p> {
    client: &'p Client,
    pace: Option<&'p Pace>,
    target: &'p Target,
    limit: u32,
    /// What brings the next page; `None` before the first.
    token: Option<String>,
    is_done: bool,
    /// The version of the whole list.
    version: Option<String>,
    /// Whether a page is as good from a later version, where the list took so long that its own
    /// is forgotten.
    may_mix: bool,
}

/// Some objects of one kind, as text.
#[derive(Debug)]
pub(super) struct Page {
    api: ApiResource,
    text: String,
}

/// An object and what it is.
#[derive(Debug)]
pub(super) struct Object<'t> {
    pub(super) identity: Arc<Identity>,
    pub(super) value: Value<'t>,
}

/// Keeps requests apart, and counts them.
#[derive(Debug)]
pub(super) struct Pace {
    apart: Duration,
    next: Mutex<Option<Instant>>,
    count: AtomicUsize,
}

/// What a page says of the list.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    metadata: ListMeta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    r#continue: String,
    resource_version: String,
}

impl Target {
    pub(super) fn new(api: &ApiResource) -> Self {
        Self { api: api.clone(), namespace: None, depth: Depth::Whole, labels: None }
    }

    pub(super) fn url(&self) -> String {
        DynamicObject::url_path(&self.api, self.namespace.as_deref())
    }
}

impl<'p> Pages<'p> {
    pub(super) fn new(client: &'p Client, target: &'p Target) -> Self {
        Self {
            client,
            pace: None,
            target,
            limit: PAGE,
            token: None,
            is_done: false,
            version: None,
            may_mix: false,
        }
    }

    /// At this pace, and with the rest of a later version where the list's own is forgotten.
    pub(super) fn paced(mut self, pace: &'p Pace) -> Self {
        self.pace = Some(pace);
        self.may_mix = true;
        self
    }

    /// The version that the list is of, once a page has come.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The next page; `None` behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, kube::Error> {
        while !self.is_done {
            if let Some(pace) = self.pace {
                pace.wait().await;
            }
            let text = match self.client.request_text(self.request()?).await {
                Ok(text) => text,
                Err(error) => match self.later_token(&error) {
                    Some(token) => {
                        self.token = Some(token);
                        continue;
                    }
                    None => return Err(error),
                },
            };
            if text.len() > MAX_BYTES && self.limit > 1 {
                self.limit = (self.limit / 8).max(1);
                continue;
            }
            let head: Head = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
            let ListMeta { r#continue, resource_version } = head.metadata;
            self.version.get_or_insert(resource_version);
            self.is_done = r#continue.is_empty();
            self.token = Some(r#continue);
            return Ok(Some(Page { api: self.target.api.clone(), text }));
        }
        Ok(None)
    }

    fn request(&self) -> Result<hyper::http::Request<Vec<u8>>, kube::Error> {
        let wanted = ListParams {
            label_selector: self.target.labels.clone(),
            limit: Some(self.limit),
            continue_token: self.token.clone(),
            ..ListParams::default()
        };
        let request = Request::new(self.target.url());
        let built = match self.target.depth {
            Depth::Whole => request.list(&wanted),
            Depth::Metadata => request.list_metadata(&wanted),
        };
        built.map_err(kube::Error::BuildRequest)
    }

    /// What goes on with a list whose version is forgotten (410 Gone, reason Expired).
    fn later_token(&self, error: &kube::Error) -> Option<String> {
        let kube::Error::Api(status) = error else { return None };
        let token = status.metadata.as_ref()?.continue_.clone()?;
        (self.may_mix && status.code == 410 && !token.is_empty()).then_some(token)
    }
}

impl Page {
    pub(super) fn api(&self) -> &ApiResource {
        &self.api
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The objects of the page, without what says who wrote which field of them.
    pub(super) fn read(&self) -> Result<Vec<Object<'_>>, Problem> {
        let document = json::read(&self.text)?;
        let Body::Map(list) = document.value.body else { return Ok(Vec::new()) };
        let items = list.into_iter().find(|entry| entry.key == "items").map(|it| it.value.body);
        let Some(Body::List(items)) = items else { return Ok(Vec::new()) };
        Ok(items.into_iter().filter_map(|item| Object::new(item, &self.api)).collect())
    }
}

impl<'t> Object<'t> {
    /// Reads one object of a kind.
    pub(super) fn read(text: &'t str, api: &ApiResource) -> Result<Option<Self>, Problem> {
        Ok(Self::new(json::read(text)?.value, api))
    }

    /// In a list of Kubernetes' own kinds the items don't say what they are.
    fn new(value: Value<'t>, api: &ApiResource) -> Option<Self> {
        let Body::Map(mut fields) = value.body else { return None };
        if let Some(metadata) = fields.get_mut("metadata") {
            strip(metadata);
        }
        let kind = Value::text(api.kind.clone());
        let version = Value::text(api.api_version.clone());
        for (key, value) in [("apiVersion", version), ("kind", kind)] {
            fields.insert(Entry { key: key.into(), key_span: Span::NONE, value });
        }
        let value = Value { span: value.span, body: Body::Map(fields) };
        let identity = Identity::of_object(&value)?.into();
        Some(Self { identity, value })
    }

    pub(super) fn uid(&self) -> &str {
        self.identity.uid.as_deref().unwrap_or_default()
    }
}

impl Pace {
    /// So many requests a second; any number if it is 0.
    pub(super) fn new(requests_per_second: f64) -> Self {
        let apart = match requests_per_second > 0.0 {
            true => Duration::try_from_secs_f64(1.0 / requests_per_second).unwrap_or_default(),
            false => Duration::ZERO,
        };
        Self { apart, next: Mutex::new(None), count: AtomicUsize::new(0) }
    }

    /// Waits for the next request's turn.
    pub(super) async fn wait(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if self.apart.is_zero() {
            return;
        }
        let at = {
            let mut next = self.next.lock().await;
            let at = next.unwrap_or_else(Instant::now).max(Instant::now());
            *next = Some(at + self.apart);
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// How many requests there were.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// Takes `managedFields` out of an object's metadata.
fn strip(metadata: &mut Value<'_>) {
    let Body::Map(fields) = &mut metadata.body else { return };
    if fields.entry("managedFields").is_some() {
        let all = std::mem::take(fields);
        *fields = all.into_iter().filter(|it| it.key != "managedFields").collect::<Map<'_>>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> ApiResource {
        ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&())
    }

    #[test]
    fn items_of_a_list_say_what_they_are_and_not_who_wrote_them() {
        let text = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},
            "items":[{"metadata":{"name":"a","namespace":"demo","uid":"u1",
            "managedFields":[{"manager":"kubectl"}],"labels":{"b":"c"}},"spec":{}}]}"#;
        let page = Page { api: pods(), text: text.to_owned() };
        let objects = page.read().unwrap();
        let [object] = objects.as_slice() else { panic!("{objects:?}") };
        assert_eq!(object.identity.to_string(), "Pod `demo/a`");
        assert_eq!((object.uid(), object.identity.api_version()), ("u1", "v1".to_owned()));
        assert_eq!(object.value.get("kind").and_then(Value::as_str), Some("Pod"));
        assert!(object.value.at(&["metadata", "managedFields"]).is_none());
        assert!(object.value.at(&["metadata", "labels", "b"]).is_some());
    }

    #[tokio::test]
    async fn requests_keep_their_distance() {
        let pace = Pace::new(200.0);
        let begin = Instant::now();
        for _ in 0..5 {
            pace.wait().await;
        }
        assert_eq!(pace.count(), 5);
        assert!(begin.elapsed() >= Duration::from_millis(20));
    }
}
