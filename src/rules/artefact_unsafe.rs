use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::artefact::problems;

declare_rule! {
    /// Flags an artefact that harms whoever unpacks or renders it.
    ///
    /// ## Why
    ///
    /// An archive may hold names that lead out of the folder it is unpacked in, links to elsewhere,
    /// or a few kilobytes that unpack to a full disk. A chart may hold a template that never ends.
    /// Whoever installs it finds out too late.
    ///
    /// ## Fields
    ///
    /// `problems` of an artefact that are `unsafe`, as its inspector came upon them: names with
    /// `..` or from the root, links that lead out, devices, more entries or bytes than are read, a
    /// file that takes more memory or time to open than any honest one.
    ///
    /// ## Parameters
    ///
    /// None. What may stay as it is, a waiver names.
    ///
    /// ## Fix
    ///
    /// None: the artefact has to be built again.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: raw
    /// repository: raw-internal
    /// name: ska-telmodel-data
    /// version: 1.0.0
    /// problems:
    ///   - sort: unsafe
    ///     place: ../../etc/cron.d/job
    ///     message: has a name that leads out of the archive
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: raw
    /// repository: raw-internal
    /// name: ska-telmodel-data
    /// version: 1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - CWE-22 (path traversal), CWE-409 (data amplification)
    pub(crate) static ARTEFACT_UNSAFE = {
        id: "artefact-unsafe",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactUnsafe,
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArtefactUnsafe {}

impl Configure for ArtefactUnsafe {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for ArtefactUnsafe {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for (node, message) in problems(cx.object(), "unsafe") {
            cx.report(node, message).help("build it again without that, and unpack it nowhere");
        }
        Ok(())
    }
}
