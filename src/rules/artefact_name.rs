use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};
use crate::resource::name::NameStyle;

declare_rule! {
    /// Flags an artefact whose name does not say that it is one of SKA's.
    ///
    /// ## Why
    ///
    /// The name of an artefact says which project it comes from. One outside of the convention
    /// can't be told from a third party's, and nobody finds the source.
    ///
    /// ## Fields
    ///
    /// `name` of an artefact: `ska-`, then words of lower-case letters and digits joined by single
    /// hyphens. Python distributions are compared after the normalisation of PEP 503, so
    /// `ska_sdp.receive` is allowed; Ansible collections have underscores for hyphens.
    ///
    /// ## Parameters
    ///
    /// - `except`: globs of names that are allowed as they are. The default is none.
    ///
    /// ## Fix
    ///
    /// None: an artefact is published under its name.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: tango-examples
    /// version: 1.0.0
    /// ```
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska_tango_examples
    /// version: 1.0.0
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
    /// - SKA developer portal, [Central Artefact Repository](https://developer.skatelescope.org/en/latest/explanation/central-artefact-repository.html)
    ///   and the tutorial on releases, which sum up ADR-25. Its text is not public, so the exact
    ///   form is ours.
    pub(crate) static ARTEFACT_NAME = {
        id: "artefact-name",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactName,
    }
}

struct ArtefactName {
    except: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of names that are allowed as they are.
    #[serde(default)]
    except: Globs,
}

impl Configure for ArtefactName {
    type Parameters = Parameters;

    fn configure(Parameters { except }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { except })
    }
}

impl Check for ArtefactName {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let artefact = cx.object();
        let name = artefact.get("name");
        let text = name.as_str().unwrap_or_default();
        if self.except.matches(text) {
            return Ok(());
        }
        let format = artefact.get("format").as_str().unwrap_or_default();
        if let Err(error) = NameStyle::of_format(format).check_artefact(text) {
            cx.report(name, format!("name {} of the artefact {error}", name.shown()))
                .help("name it after its project: `ska-`, then lower-case words joined by hyphens");
        }
        Ok(())
    }
}
