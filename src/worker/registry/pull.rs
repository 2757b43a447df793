//! What a reference leads to, for every platform: what there is to judge.

use super::{Registry, digest_of};
use crate::artefact::inspect::oci::{self, Blob, Config, Document, Listed, Manifest};
use crate::artefact::subject::{Artefact, Form, Part, Problem, Sort};
use crate::worker::fetch::{Bounds, Fetched, Whole};
use crate::worker::trouble::Trouble;

/// What a reference leads to.
#[derive(Debug)]
pub(in crate::worker) struct Pulled {
    pub(in crate::worker) artefact: Artefact,
    /// What was stored under the reference, as `sha256:…`.
    pub(in crate::worker) digest: String,
    /// Of all platforms, each once.
    pub(in crate::worker) layers: Vec<Blob>,
    /// The chart, if it is one.
    pub(in crate::worker) chart: Option<Whole>,
}

impl Registry<'_> {
    /// Reads what a tag or a digest leads to; `None` if it leads nowhere.
    ///
    /// # Errors
    ///
    /// The registry does not work, or does not want to answer.
    pub(in crate::worker) async fn pull(
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
}

impl Pulled {
    fn tell(&mut self, place: &str, message: &str) {
        self.artefact.problems.push(problem(place, message));
    }
}

fn problem(place: &str, message: &str) -> Problem {
    Problem { sort: Sort::Broken, place: place.to_owned(), message: message.to_owned() }
}
