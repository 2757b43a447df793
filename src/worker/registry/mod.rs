//! A repository of a registry, by the OCI distribution API.
//!
//! Source: OCI distribution specification 1.1.

mod access;
mod pull;
mod write;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::process::ChildStdin;

use super::fetch::{self, Bounds, Fed, Fetched, hex};
use super::site::Site;
use super::trouble::Trouble;
use crate::artefact::inspect::oci::{self, Blob};
use access::Wanted;

pub(super) use pull::Pulled;

/// A repository of a registry.
#[derive(Debug)]
pub(super) struct Registry<'s> {
    site: &'s Site,
    /// The folders before `v2` in addresses: Nexus serves registries below its own.
    before: Vec<&'s str>,
    /// The name of the repository: `ska-tango-examples`.
    name: &'s str,
    /// What is done with which repository, as a token's scope says it.
    scopes: Vec<String>,
    /// What the registry wants to see, once it was asked.
    wanted: Option<Wanted>,
}

/// A manifest as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: String,
    /// As `sha256:…`.
    pub(super) digest: String,
}

/// The largest manifest or configuration, in bytes: registries take no larger manifest.
const DOCUMENT_BYTES: usize = 4 << 20;

impl<'s> Registry<'s> {
    /// `actions` are what is done there, of `pull`, `push` and `delete`, with commas.
    pub(super) fn new(site: &'s Site, before: Vec<&'s str>, name: &'s str, actions: &str) -> Self {
        let scopes = vec![format!("repository:{name}:{actions}")];
        Self { site, before, name, scopes, wanted: None }
    }

    /// What lists the names of all repositories.
    pub(super) fn catalogue(site: &'s Site) -> Self {
        let scopes = vec!["registry:catalog:*".to_owned()];
        Self { site, before: Vec::new(), name: "", scopes, wanted: None }
    }

    /// Says that another repository of the registry is read too.
    pub(super) fn reads_too(&mut self, name: &str) {
        self.scopes.push(format!("repository:{name}:pull"));
    }

    /// All tags; none if there is no such repository.
    pub(super) async fn tags(&mut self) -> Result<Vec<String>, Trouble> {
        let Some(text) = self.document("tags", "list").await? else { return Ok(Vec::new()) };
        let tags: Option<Tags> = serde_json::from_slice(&text).ok();
        Ok(tags.and_then(|list| list.tags).unwrap_or_default())
    }

    /// The digest and the size of what a tag leads to; `None` if it leads nowhere.
    pub(super) async fn digest(&mut self, tag: &str) -> Result<Option<(String, u64)>, Trouble> {
        let manifest = self.document("manifests", tag).await?;
        Ok(manifest.map(|bytes| (digest_of(&bytes), bytes.len() as u64)))
    }

    /// Whether a tag leads to this digest.
    pub(super) async fn leads(&mut self, tag: &str, digest: &str) -> Result<bool, Trouble> {
        Ok(self.digest(tag).await?.is_some_and(|(there, _)| there == digest))
    }

    /// A manifest by its tag or its digest; `None` if there is none.
    pub(super) async fn stored(&mut self, reference: &str) -> Result<Option<Stored>, Trouble> {
        let Some(answer) = self.ask_for("manifests", reference).await? else { return Ok(None) };
        let said = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = said.unwrap_or_default().to_owned();
        let bytes = self.site.short(answer, DOCUMENT_BYTES).await?;
        let digest = digest_of(&bytes);
        Ok(Some(Stored { bytes, media_type, digest }))
    }

    /// A file of the repository, by its digest.
    pub(super) async fn file(&mut self, blob: &Blob, bounds: Bounds) -> Result<Fetched, Trouble> {
        let url = self.address("blobs", &blob.digest);
        let call = self.call(Method::GET, &url).await?;
        fetch::file(self.site, call, bounds).await
    }

    /// A small document; `None` if there is none.
    async fn document(&mut self, sort: &str, reference: &str) -> Result<Option<Vec<u8>>, Trouble> {
        match self.ask_for(sort, reference).await? {
            Some(answer) => self.site.short(answer, DOCUMENT_BYTES).await.map(Some),
            None => Ok(None),
        }
    }

    async fn ask_for(&mut self, sort: &str, reference: &str) -> Result<Option<Response>, Trouble> {
        let url = self.address(sort, reference);
        let call = self.call(Method::GET, &url).await?;
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.site.odd("a manifest", status)),
        }
    }

    /// Feeds a file of the repository to a process as it comes in.
    pub(super) async fn feed(
        &mut self,
        blob: &Blob,
        bounds: Bounds,
        to: ChildStdin,
    ) -> Result<Fed, Trouble> {
        let url = self.address("blobs", &blob.digest);
        let call = self.call(Method::GET, &url).await?;
        fetch::feed(self.site, call, bounds, to).await
    }

    fn address(&self, sort: &str, reference: &str) -> Url {
        let before = self.before.iter().copied().chain(["v2"]);
        self.site.address(before.chain(self.name.split('/')).chain([sort, reference]))
    }
}

/// Registries write null for none.
#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn accepted() -> HeaderMap {
    let value = HeaderValue::try_from(oci::ACCEPTED.join(", "));
    value.into_iter().map(|value| (ACCEPT, value)).collect()
}
