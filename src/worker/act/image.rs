//! Copies an image into quarantine: every platform, all that is said about it, and then its tag.

use std::pin::Pin;

use crate::artefact::Push;
use crate::artefact::inspect::oci::{Blob, Document};
use crate::worker::registry::{Registry, Stored};
use crate::worker::shelf::Shelves;
use crate::worker::trouble::Trouble;

/// How deep an index may stand in another.
const DEPTH: u32 = 3;

/// Types of layers that a registry need not have: they are fetched from their makers.
const ELSEWHERE: [&str; 2] = [".foreign.", ".nondistributable."];

/// Sees to it that quarantine has under the same tag what the repository has.
///
/// The registry checks the digest of all that it is sent, and takes no manifest without the parts;
/// the tag is the last of it. So a tag that leads to the same digest says that all is there.
pub(super) async fn copy(shelves: &Shelves, push: &Push) -> Result<(), Trouble> {
    let (name, tag) = (&push.coordinates.path, &push.coordinates.version);
    let there = shelves.renamed(name);
    let mut from = shelves.from.registry(name, "pull");
    let mut to = shelves.to.registry(&there, "pull,push");
    let Some(manifest) = from.stored(tag).await?.filter(|it| push.lists(&it.digest)) else {
        return Err(Trouble::Changed);
    };
    let mount = shelves.are_one().then_some(name.as_str());
    if let Some(mount) = mount {
        to.reads_too(mount);
    }
    if to.leads(tag, &manifest.digest).await? {
        return Ok(());
    }
    Copier { from, to: &mut to, mount }.parts(&manifest, DEPTH).await?;
    to.put(tag, &manifest).await?;
    match to.leads(tag, &manifest.digest).await? {
        true => Ok(()),
        false => Err(Trouble::Failed(format!("`{there}:{tag}` is not the same in quarantine"))),
    }
}

struct Copier<'c, 'r> {
    from: Registry<'r>,
    to: &'c mut Registry<'r>,
    /// The repository to mount blobs from.
    mount: Option<&'r str>,
}

impl Copier<'_, '_> {
    /// Copies what a manifest names.
    fn parts<'a>(
        &'a mut self,
        manifest: &'a Stored,
        depth: u32,
    ) -> Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send + 'a>> {
        Box::pin(async move {
            let broken = |why: &str| Trouble::Failed(format!("it can't be copied: {why}"));
            match Document::read(&manifest.bytes).map_err(|error| broken(&error.to_string()))? {
                Document::Manifest(it) => {
                    self.blob(&it.config).await?;
                    for layer in &it.layers {
                        self.blob(layer).await?;
                    }
                }
                Document::Index(listed) => {
                    let deeper = depth.checked_sub(1).ok_or_else(|| broken("it has no end"))?;
                    for it in listed {
                        let digest = &it.blob.digest;
                        let part = self.from.stored(digest).await?;
                        let part = part.filter(|part| part.digest == *digest).ok_or_else(|| {
                            broken(&format!("the registry has no manifest `{digest}`"))
                        })?;
                        self.parts(&part, deeper).await?;
                        self.to.put(digest, &part).await?;
                    }
                }
            }
            Ok(())
        })
    }

    async fn blob(&mut self, blob: &Blob) -> Result<(), Trouble> {
        if ELSEWHERE.iter().any(|it| blob.media_type.contains(it)) || self.to.has(blob).await? {
            return Ok(());
        }
        self.to.copy(&mut self.from, blob, self.mount).await
    }
}
