//! A registry of the OCI distribution API: what a reference leads to, for every platform.
//!
//! Source: OCI distribution specification 1.1; distribution's "Token Authentication".

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::fetch::{self, Bounds, Fetched, Whole, hex};
use super::site::Site;
use super::trouble::Trouble;
use crate::artefact::inspect::oci::{self, Blob, Config, Document, Listed, Manifest};
use crate::artefact::subject::{Artefact, Form, Part, Problem, Sort};

/// A repository of a registry.
#[derive(Debug)]
pub(super) struct Registry<'s> {
    site: &'s Site,
    /// The folders before `v2` in addresses: Nexus serves registries below its own.
    before: Vec<&'s str>,
    /// The name of the repository: `ska-tango-examples`.
    name: &'s str,
    /// What the registry wants to see, once it was asked: nothing, or a token.
    wanted: Option<Option<HeaderValue>>,
}

/// What a reference leads to.
#[derive(Debug)]
pub(super) struct Pulled {
    pub(super) artefact: Artefact,
    /// What was stored under the reference, as `sha256:…`.
    pub(super) digest: String,
    /// Of all platforms, each once.
    pub(super) layers: Vec<Blob>,
    /// The chart, if it is one.
    pub(super) chart: Option<Whole>,
}

/// The largest manifest or configuration, in bytes: registries take no larger manifest.
const DOCUMENT_BYTES: usize = 4 << 20;

impl<'s> Registry<'s> {
    pub(super) const fn new(site: &'s Site, before: Vec<&'s str>, name: &'s str) -> Self {
        Self { site, before, name, wanted: None }
    }

    /// Reads what a tag or a digest leads to; `None` if it leads nowhere.
    ///
    /// # Errors
    ///
    /// The registry does not work, or does not want to answer.
    pub(super) async fn pull(
        &mut self,
        reference: &str,
        bounds: Bounds,
    ) -> Result<Option<Pulled>, Trouble> {
        let Some(text) = self.document("manifests", reference).await? else { return Ok(None) };
        let digest = digest_of(&text);
        let artefact = Artefact { format: Form::Docker, ..Artefact::default() };
        let mut pulled = Pulled { artefact, digest, layers: Vec::new(), chart: None };
        if oci::is_digest(reference) && pulled.digest != reference {
            pulled.tell(reference, "has another digest than the one that it is named by");
        }
        match Document::read(&text) {
            Err(error) => pulled.tell("manifest", &error.to_string()),
            Ok(Document::Manifest(manifest)) => {
                if let Some(chart) = manifest.chart() {
                    pulled.artefact.format = Form::Helm;
                    pulled.chart = self.chart(chart, bounds, &mut pulled.artefact).await?;
                } else {
                    self.image(&manifest, None, &mut pulled).await?;
                }
            }
            Ok(Document::Index(listed)) => {
                for listed in listed.iter().filter(|it| !it.is_statement) {
                    self.platform(listed, &mut pulled).await?;
                }
                // An image that says the same of every platform says it once.
                if let Some(first) = pulled.artefact.parts.first() {
                    pulled.artefact.metadata.clone_from(&first.metadata);
                }
            }
        }
        Ok(Some(pulled))
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

    /// A file of the repository, by its digest.
    pub(super) async fn file(&mut self, blob: &Blob, bounds: Bounds) -> Result<Fetched, Trouble> {
        let url = self.address("blobs", &blob.digest);
        let call = self.call(&url).await?;
        fetch::file(self.site, call, bounds).await
    }

    async fn chart(
        &mut self,
        blob: &Blob,
        bounds: Bounds,
        artefact: &mut Artefact,
    ) -> Result<Option<Whole>, Trouble> {
        let message = match self.file(blob, bounds).await? {
            Fetched::File(whole) if format!("sha256:{}", whole.sha256) == blob.digest => {
                return Ok(Some(whole));
            }
            Fetched::File(_) => "has another digest than the one that it is named by",
            Fetched::Nothing => "is not in the registry",
            Fetched::TooLong => "is longer than is read",
        };
        artefact.problems.push(problem(&blob.digest, message));
        Ok(None)
    }

    /// Reads the manifest of one platform.
    async fn platform(&mut self, listed: &Listed, pulled: &mut Pulled) -> Result<(), Trouble> {
        let name = listed.platform.as_deref();
        let place = name.unwrap_or(&listed.blob.digest);
        if name.is_none_or(|name| !oci::is_known_platform(name)) {
            pulled.tell(place, "is a platform that nobody has");
        }
        let Some(text) = self.document("manifests", &listed.blob.digest).await? else {
            pulled.tell(place, "has no manifest in the registry");
            return Ok(());
        };
        if digest_of(&text) != listed.blob.digest {
            pulled.tell(place, "has another digest than the one that it is named by");
            return Ok(());
        }
        match Document::read(&text) {
            Ok(Document::Manifest(manifest)) => self.image(&manifest, Some(listed), pulled).await,
            Ok(Document::Index(_)) => {
                pulled.tell(place, "is an index in an index");
                Ok(())
            }
            Err(error) => {
                pulled.tell(place, &error.to_string());
                Ok(())
            }
        }
    }

    /// Reads the configuration of an image, which is `listed` in an index or stands alone.
    async fn image(
        &mut self,
        manifest: &Manifest,
        listed: Option<&Listed>,
        pulled: &mut Pulled,
    ) -> Result<(), Trouble> {
        let place = listed.and_then(|it| it.platform.as_deref()).unwrap_or("config");
        for layer in &manifest.layers {
            if !pulled.layers.contains(layer) {
                pulled.layers.push(layer.clone());
            }
        }
        let digest = &manifest.config.digest;
        let Some(text) = self.document("blobs", digest).await? else {
            pulled.tell(place, "has no configuration in the registry");
            return Ok(());
        };
        if digest_of(&text) != *digest {
            pulled.tell(place, "has a configuration with another digest than it is named by");
            return Ok(());
        }
        match Config::read(&text) {
            Err(error) => pulled.tell(place, &error.to_string()),
            Ok(config) => match listed {
                None => pulled.artefact.metadata = config.metadata,
                Some(listed) => {
                    if !place.starts_with(&config.platform) {
                        let message = format!("says in itself that it is for {}", config.platform);
                        pulled.tell(place, &message);
                    }
                    pulled.artefact.parts.push(Part {
                        name: place.to_owned(),
                        digest: Some(listed.blob.digest.clone()),
                        metadata: config.metadata,
                        ..Part::default()
                    });
                }
            },
        }
        Ok(())
    }

    /// A small document; `None` if there is none.
    async fn document(&mut self, sort: &str, reference: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let url = self.address(sort, reference);
        let call = self.call(&url).await?;
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::OK => self.site.short(answer, DOCUMENT_BYTES).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.site.odd("a manifest", status)),
        }
    }

    fn address(&self, sort: &str, reference: &str) -> Url {
        let before = self.before.iter().copied().chain(["v2"]);
        self.site.address(before.chain(self.name.split('/')).chain([sort, reference]))
    }

    /// A call for an address, with what the registry wants to see.
    async fn call(&mut self, url: &Url) -> Result<RequestBuilder, Trouble> {
        if self.wanted.is_none() {
            // Most registries want nothing, or what the call has.
            let call = self.site.call(Method::HEAD, url.clone()).await?;
            let answer = call.headers(accepted()).send().await;
            let answer = answer.map_err(|error| self.site.away(&error))?;
            let bearer = challenge(&answer).filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
            self.wanted = Some(match bearer {
                Some(challenge) => Some(self.ask_token(&challenge).await?),
                None => None,
            });
        }
        let mut headers = accepted();
        if let Some(Some(token)) = &self.wanted {
            headers.insert(AUTHORIZATION, token.clone());
        }
        Ok(self.site.call(Method::GET, url.clone()).await?.headers(headers))
    }

    /// Asks for a token, of the same server alone: nobody else gets our password.
    async fn ask_token(
        &self,
        challenge: &BTreeMap<String, String>,
    ) -> Result<HeaderValue, Trouble> {
        let site = self.site;
        let refused = |why: &str| Trouble::Failed(format!("`{}` {why}", site.name()));
        let realm = challenge.get("realm").and_then(|realm| Url::parse(realm).ok());
        let mut url = realm.ok_or_else(|| refused("wants a token and does not say from where"))?;
        if url.origin() != site.address([]).origin() {
            return Err(refused("sends us to another server for a token, which we do not ask"));
        }
        let scope = format!("repository:{}:pull", self.name);
        let service = challenge.get("service").map(String::as_str).unwrap_or_default();
        url.query_pairs_mut().append_pair("service", service).append_pair("scope", &scope);
        let answer = site.send(site.call(Method::GET, url).await?).await?;
        if answer.status() != StatusCode::OK {
            return Err(site.odd("the question for a token", answer.status()));
        }
        let text = site.short(answer, DOCUMENT_BYTES).await?;
        let token: Token = serde_json::from_slice(&text)
            .map_err(|_| refused("gives no token that can be read"))?;
        let token = token.token.or(token.access_token).unwrap_or_default();
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| refused("gives a token that is none"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Pulled {
    fn tell(&mut self, place: &str, message: &str) {
        self.artefact.problems.push(problem(place, message));
    }
}

/// Registries write null for none.
#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

fn problem(place: &str, message: &str) -> Problem {
    Problem { sort: Sort::Broken, place: place.to_owned(), message: message.to_owned() }
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn accepted() -> HeaderMap {
    let value = HeaderValue::try_from(oci::ACCEPTED.join(", "));
    value.into_iter().map(|value| (ACCEPT, value)).collect()
}

/// The fields of `Bearer realm="…",service="…"`.
fn challenge(answer: &Response) -> Option<BTreeMap<String, String>> {
    let text = answer.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let fields = text.strip_prefix("Bearer ")?.split(',');
    let pair = |field: &str| {
        let (key, value) = field.trim().split_once('=')?;
        Some((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    Some(fields.filter_map(pair).collect())
}
