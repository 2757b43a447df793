//! Moves an artefact out of its repository: copy, verify, then delete.
//!
//! The open-source Nexus has no move. Whatever happens in between, the artefact is in one of the
//! two repositories: it is deleted only when the copy was read back and is the same.

use super::image;
use crate::artefact::{Asset, Push};
use crate::worker::nexus::Nexus;
use crate::worker::queue::Claim;
use crate::worker::record::{Ended, Open, Record};
use crate::worker::source::Source;
use crate::worker::trouble::Trouble;

/// What is noted between the copy and the deletion.
const COPIED: &str = "copied";

pub(super) async fn run(
    claim: &Claim,
    record: &Record,
    source: &Source,
    open: &Open,
    there: Option<&Push>,
) -> Result<Ended, Trouble> {
    let Some(quarantine) = source.settings.quarantine.as_deref() else {
        return Ok(Ended::Moot("the repository has no quarantine any more".to_owned()));
    };
    let moved = || Ok(Ended::Done(format!("moved to `{quarantine}`")));
    let Some(push) = there else {
        // Whoever noted the copy deleted it, and did not live to say so.
        return match open.detail == COPIED {
            true => moved(),
            false => Ok(Ended::Moot("the component is gone".to_owned())),
        };
    };
    if push.digest != open.digest {
        return Ok(Ended::Moot("the component has other files".to_owned()));
    }
    match (source.shelves(), source.nexus()) {
        (Some(shelves), _) => image::copy(shelves, push).await?,
        (None, Some(nexus)) => {
            for asset in &push.assets {
                copy(nexus, push, asset, quarantine).await?;
            }
        }
        (None, None) => return Ok(Ended::Moot("only images are moved there".to_owned())),
    }
    record.note(claim, open, COPIED).await?;

    // The lease lasts in full from here, and longer than the deletion may take.
    if !claim.renew().await? {
        return Err(Trouble::Lost);
    }
    match source.look(&push.component).await? {
        Some(still) if still.digest == open.digest => source.delete(&still).await?,
        Some(_) => return Err(Trouble::Changed),
        None => {}
    }
    moved()
}

/// Sees to it that a file is in quarantine, byte for byte.
async fn copy(nexus: &Nexus, push: &Push, asset: &Asset, quarantine: &str) -> Result<(), Trouble> {
    if nexus.has(quarantine, asset).await? {
        return Ok(());
    }
    let (format, from) = (&push.coordinates.format, &push.coordinates.repository);
    if !nexus.copy(format, from, asset, quarantine).await? {
        return Err(Trouble::Changed);
    }
    match nexus.has(quarantine, asset).await? {
        true => Ok(()),
        false => {
            let message = format!("`{}` is not the same in `{quarantine}`", asset.path);
            Err(Trouble::Failed(message))
        }
    }
}
