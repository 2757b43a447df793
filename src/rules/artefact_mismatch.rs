use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::name::normalized_python_name;

declare_rule! {
    /// Flags an artefact that is called otherwise in itself than in its repository.
    ///
    /// ## Why
    ///
    /// Who asks the repository for one version gets another, and who looks at what is installed
    /// does not find where it came from.
    ///
    /// ## Fields
    ///
    /// `declared.name` and `declared.version`, which a chart, a Python distribution, an npm
    /// package, a conan recipe or an Ansible collection says of itself, against `name` and
    /// `version`; the same in each of the `parts`. Names of Python distributions are compared
    /// after the normalisation of PEP 503. What does not say it is not judged.
    ///
    /// ## Parameters
    ///
    /// None. What may stay as it is, a waiver names.
    ///
    /// ## Fix
    ///
    /// None: which of both is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 1.0.1
    /// declared:
    ///   name: ska-tango-examples
    ///   version: 1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: pypi
    /// repository: pypi-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// declared:
    ///   name: ska_tango_examples
    ///   version: 1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Central Artefact Repository](https://developer.skatelescope.org/en/latest/explanation/central-artefact-repository.html)
    /// - PEP 503, [normalised names](https://peps.python.org/pep-0503/#normalized-names)
    pub(crate) static ARTEFACT_MISMATCH = {
        id: "artefact-mismatch",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: &[
            "artefacts/ansible",
            "artefacts/conan",
            "artefacts/helm",
            "artefacts/npm",
            "artefacts/pypi",
        ],
        check: ArtefactMismatch,
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArtefactMismatch {}

impl Configure for ArtefactMismatch {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for ArtefactMismatch {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let artefact = cx.object();
        compare(cx, artefact);
        // A part that says the same as the whole is told there.
        let whole = artefact.get("declared");
        for part in artefact.get("parts").items() {
            let declared = part.get("declared");
            let is_same = |key: &'static str| declared.get(key).as_str() == whole.get(key).as_str();
            if !(is_same("name") && is_same("version")) {
                compare(cx, part);
            }
        }
        Ok(())
    }
}

/// Compares what `of` declares with what the artefact is called.
fn compare<'s>(cx: &mut Context<'s>, of: Node<'s>) {
    let artefact = cx.object();
    let is_python = artefact.get("format").as_str() == Some("pypi");
    for key in ["name", "version"] {
        let (known, declared) = (artefact.get(key), of.get("declared").get(key));
        let (Some(known_text), Some(text)) = (known.as_str(), declared.as_str()) else { continue };
        let is_same = match is_python && key == "name" {
            true => normalized_python_name(known_text) == normalized_python_name(text),
            false => known_text == text,
        };
        if !is_same && !known_text.is_empty() {
            let message = format!(
                "the artefact says that its {key} is {}, and the repository that it is {}",
                declared.shown(),
                known.shown(),
            );
            cx.report(declared, message).help("push it under the name and version that it has");
        }
    }
}
