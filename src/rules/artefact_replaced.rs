use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};

declare_rule! {
    /// Flags an artefact that took the place of another one of the same version.
    ///
    /// ## Why
    ///
    /// A published version never changes. Where it does, two sites run different programs under
    /// one name, and nothing that was tested can be found again.
    ///
    /// ## Fields
    ///
    /// `previous.digest` of an artefact, the digest that the same name and version had before in
    /// the same repository, against its `digest`.
    ///
    /// ## Parameters
    ///
    /// None. What may stay as it is, a waiver names.
    ///
    /// ## Fix
    ///
    /// None: what was changed is published as another version.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    /// previous:
    ///   digest: sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Central Artefact Repository](https://developer.skatelescope.org/en/latest/explanation/central-artefact-repository.html):
    ///   published artefacts are immutable
    pub(crate) static ARTEFACT_REPLACED = {
        id: "artefact-replaced",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactReplaced,
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArtefactReplaced {}

impl Configure for ArtefactReplaced {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for ArtefactReplaced {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let artefact = cx.object();
        let (digest, before) = (artefact.get("digest"), artefact.at(&["previous", "digest"]));
        if before.as_str().is_some_and(|it| digest.as_str().is_some_and(|now| now != it)) {
            let message = format!("the same version had digest {} before", before.shown());
            cx.report(digest, message)
                .help("publish what was changed as another version, and bring this one back");
        }
        Ok(())
    }
}
