//! A registry of the OCI distribution API that is no Nexus: Harbor, or a plain one.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::sleep;

use super::registry::Registry;
use super::site::Site;
use super::trouble::Trouble;
use crate::artefact::{Asset, Coordinates, Page, Push, event};

/// How many names one page of the catalogue has.
const NAMES: &str = "100";

/// The names of a registry below one folder.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    site: Site,
    /// What the configuration calls it, and what the names in it begin with: `production`.
    folder: String,
}

/// A page of names, as registries write it.
#[derive(Deserialize)]
struct Names {
    repositories: Vec<String>,
}

impl Catalogue {
    pub(super) const fn new(site: Site, folder: String) -> Self {
        Self { site, folder }
    }

    /// What stands under the name and the tag that an id of ours holds; none if nothing does.
    pub(super) async fn component(&self, id: &str) -> Result<Option<Push>, Trouble> {
        match event::tagged(id) {
            Some((name, tag)) => self.push(&mut self.registry(&name, "pull"), &name, &tag).await,
            None => Ok(None),
        }
    }

    /// The tags of a page of names, with `pause` before each further call; the token is the last
    /// name of the page before.
    pub(super) async fn page(&self, token: Option<&str>, pause: Duration) -> Result<Page, Trouble> {
        let mut url = self.site.address(["v2", "_catalog"]);
        url.query_pairs_mut().append_pair("n", NAMES);
        if let Some(last) = token {
            url.query_pairs_mut().append_pair("last", last);
        }
        let call = Registry::catalogue(&self.site).call(Method::GET, &url).await?;
        let answer = self.site.send(call).await?;
        // One that has no catalogue may hold anything, and is not taken for an empty one.
        if answer.status() != StatusCode::OK {
            return Err(self.site.odd("the catalogue", answer.status()));
        }
        let body = self.site.body(answer).await?;
        let names: Names = serde_json::from_slice(&body).map_err(|error| {
            Trouble::Failed(format!("`{}` has no catalogue: {error}", self.site.name()))
        })?;
        let folder = format!("{}/", self.folder);
        let mut page = Page { token: names.repositories.last().cloned(), ..Page::default() };
        for name in names.repositories.iter().filter(|name| name.starts_with(&folder)) {
            sleep(pause).await;
            let mut registry = self.registry(name, "pull");
            for tag in registry.tags().await? {
                sleep(pause).await;
                page.pushes.extend(self.push(&mut registry, name, &tag).await?);
            }
        }
        Ok(page)
    }

    /// Takes away what a push is, and no other tag that leads to the same image.
    pub(super) async fn delete(&self, push: &Push) -> Result<(), Trouble> {
        let Coordinates { path, version, .. } = &push.coordinates;
        self.registry(path, "pull,push,delete").remove(version, &push.digest).await
    }

    fn registry<'s>(&'s self, name: &'s str, actions: &str) -> Registry<'s> {
        Registry::new(&self.site, vec![], name, actions)
    }

    async fn push(
        &self,
        registry: &mut Registry<'_>,
        name: &str,
        tag: &str,
    ) -> Result<Option<Push>, Trouble> {
        let Some((digest, size_bytes)) = registry.digest(tag).await? else { return Ok(None) };
        let id = event::component(name, tag);
        let asset = Asset {
            path: format!("v2/{name}/manifests/{tag}"),
            id: id.clone(),
            sha256: digest.trim_start_matches("sha256:").to_owned(),
            size_bytes,
            uploader: String::new(),
        };
        let coordinates = Coordinates::of_image(&self.folder, name, tag);
        Ok(Some(Push { coordinates, component: id, assets: vec![asset], digest }))
    }
}
