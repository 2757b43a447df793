//! A Nexus Repository's REST interface: what is there, what to fetch, what to move.
//!
//! What it answers to what is not as it should be is recorded from a real one: 404 with nothing
//! for an id that is unknown or malformed, 500 for a page's token that is.

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};

use super::fetch::hex;
use super::site::Site;
use super::trouble::Trouble;
use crate::artefact::{Asset, Malformed, Page, Push};

/// A Nexus that holds repositories.
#[derive(Clone, Debug)]
pub(super) struct Nexus {
    site: Site,
}

const REST: [&str; 3] = ["service", "rest", "v1"];

impl Nexus {
    pub(super) const fn new(site: Site) -> Self {
        Self { site }
    }

    /// The component of an id; none if it is not there, or not any more.
    pub(super) async fn component(&self, id: &str) -> Result<Option<Push>, Trouble> {
        let url = self.site.address(REST.into_iter().chain(["components", id]));
        let answer = self.site.send(self.site.call(Method::GET, url).await?).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let body = self.site.body(answer).await?;
                Push::read(&body).map(Some).map_err(|malformed| self.malformed(&malformed))
            }
            other => Err(self.site.odd("a component", other)),
        }
    }

    /// A page of the components of a repository, the first without a token.
    pub(super) async fn page(
        &self,
        repository: &str,
        token: Option<&str>,
    ) -> Result<Page, Trouble> {
        let mut url = self.site.address(REST.into_iter().chain(["components"]));
        url.query_pairs_mut().append_pair("repository", repository);
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("continuationToken", token);
        }
        let answer = self.site.send(self.site.call(Method::GET, url).await?).await?;
        match answer.status() {
            StatusCode::OK => {
                let body = self.site.body(answer).await?;
                Page::read(&body).map_err(|malformed| self.malformed(&malformed))
            }
            other => Err(self.site.odd("the list of components", other)),
        }
    }

    /// Deletes a component; one that is gone already is deleted.
    pub(super) async fn delete(&self, id: &str) -> Result<(), Trouble> {
        let url = self.site.address(REST.into_iter().chain(["components", id]));
        let answer = self.site.send(self.site.call(Method::DELETE, url).await?).await?;
        match answer.status() {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            other => Err(self.site.odd("the deletion of a component", other)),
        }
    }

    /// Whether a repository has these bytes under this path.
    pub(super) async fn has(&self, repository: &str, asset: &Asset) -> Result<bool, Trouble> {
        let Some(mut file) = self.file(repository, &asset.path).await? else { return Ok(false) };
        let (mut hash, mut length) = (Sha256::new(), 0);
        while let Some(chunk) = file.chunk().await.map_err(|error| self.site.away(&error))? {
            length += chunk.len() as u64;
            if length > asset.size_bytes {
                return Ok(false);
            }
            hash.update(&chunk);
        }
        Ok(hex(&hash.finalize()) == asset.sha256)
    }

    /// Copies a file of a component into another repository of the same format, as it streams in.
    /// False if it is not there any more.
    pub(super) async fn copy(
        &self,
        format: &str,
        from: &str,
        asset: &Asset,
        to: &str,
    ) -> Result<bool, Trouble> {
        let Some(upload) = Upload::of(format, &asset.path) else {
            let message = format!("files of format `{format}` can't be copied to `{to}`");
            return Err(Trouble::Failed(message));
        };
        let Some(file) = self.file(from, &asset.path).await? else { return Ok(false) };
        let part = Part::stream_with_length(Body::from(file), asset.size_bytes)
            .file_name(upload.file.to_owned());
        let mut form = Form::new();
        for (field, value) in upload.fields {
            form = form.text(field, value);
        }
        let mut url = self.site.address(REST.into_iter().chain(["components"]));
        url.query_pairs_mut().append_pair("repository", to);
        let call =
            self.site.upload(Method::POST, url).await?.multipart(form.part(upload.part, part));
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::CREATED => Ok(true),
            other => Err(self.site.odd("an upload", other)),
        }
    }

    async fn file(&self, repository: &str, path: &str) -> Result<Option<Response>, Trouble> {
        let segments = ["repository", repository].into_iter().chain(path.split('/'));
        let url = self.site.address(segments);
        let answer = self.site.send(self.site.call(Method::GET, url).await?).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Ok(Some(answer)),
            other => Err(self.site.odd("a download", other)),
        }
    }

    fn malformed(&self, malformed: &Malformed) -> Trouble {
        Trouble::Failed(format!("`{}`: {malformed}", self.site.name()))
    }
}

/// How a file of a format is uploaded: the fields of the form, as the REST interface names them.
struct Upload<'a> {
    fields: Vec<(&'static str, String)>,
    part: &'static str,
    file: &'a str,
}

impl<'a> Upload<'a> {
    fn of(format: &str, path: &'a str) -> Option<Self> {
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        let placed = |directory_field, part, name_field| Self {
            fields: vec![(directory_field, format!("/{directory}")), (name_field, file.to_owned())],
            part,
            file,
        };
        let plain = |part| Self { fields: Vec::new(), part, file };
        Some(match format {
            "raw" => placed("raw.directory", "raw.asset1", "raw.asset1.filename"),
            "yum" => placed("yum.directory", "yum.asset", "yum.asset.filename"),
            "helm" => plain("helm.asset"),
            "pypi" => plain("pypi.asset"),
            "npm" => plain("npm.asset"),
            "apt" => plain("apt.asset"),
            _ => return None,
        })
    }
}
