//! Creations without a pause, to see whether one fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::json;

use super::api::{Api, Refused};

/// Two clients that create ConfigMaps in dry runs: webhooks are asked, and nothing is kept.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Outcome>>,
}

#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) created: usize,
    pub(crate) failed: Vec<Refused>,
}

impl Load {
    /// Starts in a namespace, with these labels on what is created.
    pub(crate) fn start(api: &Api, namespace: &str, labels: &[&str]) -> Self {
        let over: Arc<AtomicBool> = Arc::default();
        let clients = (0..2).map(|client| {
            let (api, over) = (api.clone(), Arc::clone(&over));
            let path = format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All");
            let labels: serde_json::Map<_, _> =
                labels.iter().map(|it| ((*it).to_owned(), json!("x"))).collect();
            thread::spawn(move || {
                let mut outcome = Outcome::default();
                while !over.load(Ordering::Relaxed) {
                    let name = format!("load-{client}-{}", outcome.created);
                    let object = json!({"metadata": {"name": name, "labels": labels}});
                    match api.post(&path, &object) {
                        Ok(_) => outcome.created += 1,
                        Err(refused) => outcome.failed.push(refused),
                    }
                }
                outcome
            })
        });
        let clients = clients.collect();
        Self { over, clients }
    }

    /// Ends it, and says what became of it.
    pub(crate) fn end(self) -> Outcome {
        self.over.store(true, Ordering::Relaxed);
        self.clients.into_iter().fold(Outcome::default(), |mut all, client| {
            let outcome = client.join().unwrap();
            all.created += outcome.created;
            all.failed.extend(outcome.failed);
            all
        })
    }
}

impl Outcome {
    /// Fails the test if one creation failed, or if there were hardly any.
    pub(crate) fn must_be_clean(&self) {
        assert!(self.failed.is_empty(), "{} created, {:?}", self.created, self.failed);
        assert!(self.created > 100, "{}", self.created);
    }
}
