//! Events: what a person should hear of who asks kubectl and not the log.

use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource as _};
use tracing::warn;

use super::own::Own;
use super::words;

/// Writes Events. That one can't be written is logged and stops nothing.
#[derive(Clone)]
pub(super) struct Events {
    recorder: Recorder,
    pod: ObjectReference,
}

impl Events {
    pub(super) fn new(client: Client, own: &Own) -> Self {
        let reporter = Reporter {
            controller: "portcullis.skao.int".to_owned(),
            instance: Some(own.pod.clone()),
        };
        let pod = ObjectReference {
            api_version: Some(Pod::api_version(&()).into_owned()),
            kind: Some(Pod::kind(&()).into_owned()),
            name: Some(own.pod.clone()),
            namespace: Some(own.namespace.clone()),
            ..ObjectReference::default()
        };
        Self { recorder: Recorder::new(client, reporter), pod }
    }

    /// Says something of the installation itself.
    pub(super) async fn say(&self, type_: EventType, reason: &str, note: String) {
        self.say_of(&self.pod, type_, reason, note).await;
    }

    /// Says something of an object.
    pub(super) async fn say_of(
        &self,
        object: &ObjectReference,
        type_: EventType,
        reason: &str,
        note: String,
    ) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            // The API server takes no longer one.
            note: Some(note.chars().take(1_000).collect()),
            action: reason.to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, object).await {
            warn!("the Event `{reason}` can't be written: {}", words(&error));
        }
    }
}
