use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::artefact::problems;

declare_rule! {
    /// Flags an artefact that is not what its format says.
    ///
    /// ## Why
    ///
    /// A wheel without `METADATA` can't be installed, a chart that does not render can't either,
    /// and an image for a platform that does not exist runs nowhere. Who needs it finds out when
    /// it is too late to ask its author.
    ///
    /// ## Fields
    ///
    /// `problems` of an artefact that are `broken`, as its inspector came upon them: an archive
    /// that can't be read, a file that its format asks for and that is not there or can't be read,
    /// a chart that does not render, a platform that is none, bytes with another digest than the
    /// one they are named by.
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
    /// format: pypi
    /// repository: pypi-internal
    /// name: ska_tango_examples
    /// version: 1.0.0
    /// problems:
    ///   - sort: broken
    ///     place: METADATA
    ///     message: is not in the wheel
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: pypi
    /// repository: pypi-internal
    /// name: ska_tango_examples
    /// version: 1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - Python Packaging User Guide, [Binary distribution format](https://packaging.python.org/en/latest/specifications/binary-distribution-format/)
    /// - Helm, [Charts](https://helm.sh/docs/topics/charts/)
    /// - OCI, [Image index](https://github.com/opencontainers/image-spec/blob/main/image-index.md)
    pub(crate) static ARTEFACT_BROKEN = {
        id: "artefact-broken",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactBroken,
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArtefactBroken {}

impl Configure for ArtefactBroken {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for ArtefactBroken {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for (node, message) in problems(cx.object(), "broken") {
            cx.report(node, message).help("build it again, and try it before it is pushed");
        }
        Ok(())
    }
}
