//! What is written to a registry: blobs, manifests, and the end of a tag.
//!
//! Source: OCI distribution specification 1.1, "Push", "Content Management".

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Method, Response, StatusCode, Url};
use serde_json::json;

use super::{Registry, Stored, digest_of};
use crate::artefact::inspect::oci::Blob;
use crate::worker::trouble::Trouble;

/// The type of a manifest of ours.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A configuration that says nothing, and its type.
const EMPTY: (&[u8], &str) = (b"{}", "application/vnd.oci.empty.v1+json");

impl Registry<'_> {
    /// Whether the repository has a blob.
    pub(in crate::worker) async fn has(&mut self, blob: &Blob) -> Result<bool, Trouble> {
        let url = self.address("blobs", &blob.digest);
        let call = self.call(Method::HEAD, &url).await?;
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(self.site.odd("the question for a blob", status)),
        }
    }

    /// Copies a blob from another repository as it streams in: the registry takes nothing of another
    /// digest. `mount` names that repository where the same registry holds it.
    pub(in crate::worker) async fn copy(
        &mut self,
        from: &mut Registry<'_>,
        blob: &Blob,
        mount: Option<&str>,
    ) -> Result<(), Trouble> {
        let Some(upload) = self.begin(mount.map(|from| (from, blob))).await? else { return Ok(()) };
        let url = from.address("blobs", &blob.digest);
        let call = from.call(Method::GET, &url).await?;
        let answer = from.site.send(call).await?;
        match answer.status() {
            StatusCode::OK => self.finish(upload, blob, Body::from(answer)).await,
            StatusCode::NOT_FOUND => Err(Trouble::Changed),
            status => Err(from.site.odd("a blob", status)),
        }
    }

    /// Puts a manifest under a tag or its digest.
    pub(in crate::worker) async fn put(
        &mut self,
        reference: &str,
        manifest: &Stored,
    ) -> Result<(), Trouble> {
        let url = self.address("manifests", reference);
        let call = self.call(Method::PUT, &url).await?;
        let call = call.header(CONTENT_TYPE, &manifest.media_type).body(manifest.bytes.clone());
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK => Ok(()),
            status => Err(self.site.odd("a manifest that is put there", status)),
        }
    }

    /// Takes a tag away with the manifest that it leads to, unless other tags lead there too: then
    /// the tag alone.
    ///
    /// No registry does this in one step: a tag that somebody sets to this very manifest meanwhile
    /// goes with it.
    pub(in crate::worker) async fn remove(
        &mut self,
        tag: &str,
        digest: &str,
    ) -> Result<(), Trouble> {
        for other in self.tags().await? {
            let shares = other != tag
                && self.digest(&other).await?.is_some_and(|(its_own, _)| its_own == digest);
            if shares {
                return self.untag(tag).await;
            }
        }
        self.delete(digest).await
    }

    /// Takes a tag away. Where a registry deletes manifests alone, the tag is given one of its own
    /// first.
    async fn untag(&mut self, tag: &str) -> Result<(), Trouble> {
        // Some refuse it, some fail, and some only say that there is no such manifest.
        _ = self.delete(tag).await;
        if self.digest(tag).await?.is_none() {
            return Ok(());
        }
        let (bytes, media_type) = EMPTY;
        let empty = Blob {
            media_type: media_type.to_owned(),
            digest: digest_of(bytes),
            size: bytes.len() as u64,
        };
        if !self.has(&empty).await?
            && let Some(upload) = self.begin(None).await?
        {
            self.finish(upload, &empty, Body::from(bytes)).await?;
        }
        let described =
            json!({"mediaType": media_type, "digest": empty.digest, "size": empty.size});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": described,
            "layers": [described], "annotations": {"int.skao.portcullis.removed": tag}});
        let bytes = manifest.to_string().into_bytes();
        let digest = digest_of(&bytes);
        let stored = Stored { bytes, media_type: MANIFEST.to_owned(), digest: digest.clone() };
        self.put(tag, &stored).await?;
        self.delete(&digest).await
    }

    /// Deletes a manifest; one that is gone already is deleted.
    async fn delete(&mut self, reference: &str) -> Result<(), Trouble> {
        let url = self.address("manifests", reference);
        let call = self.call(Method::DELETE, &url).await?;
        match self.site.send(call).await?.status() {
            StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NOT_FOUND => Ok(()),
            status => Err(self.site.odd("the deletion of a manifest", status)),
        }
    }

    /// Begins an upload; `None` if the registry has mounted the blob and needs none.
    async fn begin(&mut self, mount: Option<(&str, &Blob)>) -> Result<Option<Url>, Trouble> {
        let mut url = self.address("blobs", "uploads");
        // The specification's address ends with a slash.
        url.set_path(&format!("{}/", url.path()));
        if let Some((from, blob)) = mount {
            url.query_pairs_mut().append_pair("mount", &blob.digest).append_pair("from", from);
        }
        let call = self.call(Method::POST, &url).await?.header(CONTENT_LENGTH, 0);
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::CREATED if mount.is_some() => Ok(None),
            StatusCode::ACCEPTED => self.session(&answer).map(Some).ok_or_else(|| {
                let name = self.site.name();
                Trouble::Failed(format!("`{name}` does not say where a blob is to be sent to"))
            }),
            status => Err(self.site.odd("the beginning of an upload", status)),
        }
    }

    /// Where the bytes are to be sent: always to this server, whatever a proxy before it has made of
    /// its address.
    fn session(&self, answer: &Response) -> Option<Url> {
        let location = answer.headers().get(LOCATION)?.to_str().ok()?;
        let said = answer.url().join(location).ok()?;
        let Some((_, session)) = said.path().split_once("/blobs/uploads/") else {
            return self.site.is_below(&said).then_some(said);
        };
        let mut url = self.address("blobs", "uploads");
        url.set_path(&format!("{}/{session}", url.path()));
        url.set_query(said.query());
        Some(url)
    }

    async fn finish(&mut self, mut upload: Url, blob: &Blob, body: Body) -> Result<(), Trouble> {
        upload.query_pairs_mut().append_pair("digest", &blob.digest);
        let call = self.call(Method::PUT, &upload).await?;
        let call = call
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, blob.size)
            .body(body);
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            status => Err(self.site.odd("a blob", status)),
        }
    }
}
