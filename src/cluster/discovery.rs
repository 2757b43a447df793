//! Which kinds the API server serves, and under which names of resources.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::words;
use kube::discovery::{ApiCapabilities, ApiGroup, ApiResource, Discovery, Scope, verbs};

/// How long to wait for more definitions that come in one go, and for the API server to serve
/// what they define.
const GATHER: Duration = Duration::from_millis(500);
/// How long what is served is believed without a sign: groups also come from other API servers.
const EVERY: Duration = Duration::from_secs(300);
const RETRY: Duration = Duration::from_secs(2);

/// The kinds that are served, in every version, in order of group, version and kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    pub resources: Vec<Resource>,
}

/// A kind in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub api: ApiResource,
    pub namespaced: bool,
    /// Whether this version is the one that the group prefers, or the most stable one of a kind that
    /// is not in it.
    pub preferred: bool,
    pub subresources: Vec<Subresource>,
    operations: Vec<String>,
}

/// A part of a kind that is written by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// What comes behind the slash: `status`, `scale`, `ephemeralcontainers`.
    pub name: String,
    /// The kind of what is sent there.
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Served {
    /// Asks the API server: two requests, whatever the number of groups.
    ///
    /// # Errors
    ///
    /// The API server does not answer, or not in a way that is understood.
    pub async fn ask(client: Client) -> Result<Self, kube::Error> {
        let discovery = Discovery::new(client).run_aggregated().await?;
        let mut resources: Vec<Resource> = discovery.groups().flat_map(resources_of).collect();
        resources.sort_by(|one, two| key(&one.api).cmp(&key(&two.api)));
        Ok(Self { resources })
    }

    /// The kinds once each, in the version that their group prefers.
    pub fn preferred(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|resource| resource.preferred)
    }

    /// Whether a kind is served, in whatever version; the group `*` is any one.
    pub fn has(&self, group: &str, kind: &str) -> bool {
        self.resources
            .iter()
            .any(|it| it.api.kind == kind && (group == "*" || it.api.group == group))
    }
}

impl Resource {
    pub fn can_be_listed(&self) -> bool {
        self.supports(verbs::LIST)
    }

    pub fn can_be_watched(&self) -> bool {
        self.supports(verbs::LIST) && self.supports(verbs::WATCH)
    }

    /// Whether a client can write such objects at all.
    pub fn can_be_written(&self) -> bool {
        [verbs::CREATE, verbs::UPDATE, verbs::PATCH, verbs::DELETE]
            .iter()
            .any(|verb| self.supports(verb))
    }

    fn supports(&self, verb: &str) -> bool {
        self.operations.iter().any(|it| it == verb)
    }
}

/// What is served, asked again whenever a CustomResourceDefinition changes. Empty at first.
pub(super) fn follow(client: Client) -> watch::Receiver<Arc<Served>> {
    let (sender, receiver) = watch::channel(Arc::default());
    tokio::spawn(async move {
        let definitions: Api<PartialObjectMeta<CustomResourceDefinition>> =
            Api::all(client.clone());
        let mut changes = watcher(definitions, Config::default()).default_backoff().boxed();
        while !sender.is_closed() {
            let wait = match Served::ask(client.clone()).await {
                Ok(served) => {
                    sender.send_if_modified(|before| {
                        let changed = **before != served;
                        *before = Arc::new(served);
                        changed
                    });
                    EVERY
                }
                Err(error) => {
                    warn!("what the API server serves can't be asked: {}", words(&error));
                    RETRY
                }
            };
            // A sign, and then until there is none for a moment.
            if let Ok(Some(Err(error))) = timeout(wait, changes.next()).await {
                warn!("definitions can't be watched: {error}");
                sleep(RETRY).await;
            }
            while let Ok(Some(_)) = timeout(GATHER, changes.next()).await {}
        }
    });
    receiver
}

fn resources_of(group: &ApiGroup) -> Vec<Resource> {
    let recommended = group.recommended_resources();
    // A kind that the preferred version lacks is served in another one: in the most stable one,
    // then, for it is to be listed too.
    let mut preferred = group.resources_by_stability();
    preferred.retain(|(api, _)| recommended.iter().all(|(it, _)| it.kind != api.kind));
    preferred.extend(recommended);
    let in_version = |version| {
        let preferred = &preferred;
        group.versioned_resources(version).into_iter().map(move |(api, capabilities)| {
            let preferred = preferred.iter().any(|(it, _)| *it == api);
            Resource::new(api, capabilities, preferred)
        })
    };
    group.versions().flat_map(in_version).collect()
}

impl Resource {
    /// A kind as the API server tells of it.
    pub fn new(api: ApiResource, capabilities: ApiCapabilities, preferred: bool) -> Self {
        let subresources = capabilities.subresources.into_iter().map(|(part, _)| Subresource {
            name: part.plural,
            group: part.group,
            version: part.version,
            kind: part.kind,
        });
        Self {
            api,
            namespaced: capabilities.scope == Scope::Namespaced,
            preferred,
            subresources: subresources.collect(),
            operations: capabilities.operations,
        }
    }
}

fn key(api: &ApiResource) -> (&str, &str, &str) {
    (&api.group, &api.version, &api.kind)
}
