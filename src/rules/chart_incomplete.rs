use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError};

declare_rule! {
    /// Flags a chart that does not say what it is, or a part of it that can't be left out.
    ///
    /// ## Why
    ///
    /// Who finds a chart in the repository wants to know what it does, whom to ask, and where its
    /// source lies. Who puts it into an umbrella chart wants to leave out what is there already.
    ///
    /// ## Fields
    ///
    /// `description`, `home`, `maintainers` and `sources` of `Chart.yaml`: not empty. `condition`
    /// of each of its `dependencies`; a library has none to leave out.
    ///
    /// ## Parameters
    ///
    /// - `fields`: the fields that must be there. The default is those four.
    /// - `unconditional`: globs of charts that may be a dependency without a condition. The default
    ///   is `*-util`, which is ours: libraries such as `ska-tango-util`.
    ///
    /// ## Fix
    ///
    /// None: the chart has to be packed again.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// chart:
    ///   name: ska-tango-examples
    ///   version: 1.0.0
    ///   description: examples of device servers
    ///   home: https://gitlab.com/ska-telescope/ska-tango-examples
    ///   dependencies:
    ///     - name: ska-tango-base
    ///       version: 0.4.18
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// format: helm
    /// repository: helm-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// chart:
    ///   name: ska-tango-examples
    ///   version: 1.0.0
    ///   description: examples of device servers
    ///   home: https://gitlab.com/ska-telescope/ska-tango-examples
    ///   sources: [https://gitlab.com/ska-telescope/ska-tango-examples]
    ///   maintainers: [{name: Ada Lovelace}]
    ///   dependencies:
    ///     - name: ska-tango-util
    ///       version: 0.4.18
    ///     - name: ska-tango-base
    ///       version: 0.4.18
    ///       condition: ska-tango-base.enabled
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html)
    pub(crate) static CHART_INCOMPLETE = {
        id: "chart-incomplete",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["artefacts/helm"],
        check: ChartIncomplete,
    }
}

struct ChartIncomplete {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The fields that must be there.
    #[serde(default = "described")]
    fields: Vec<String>,
    /// Globs of charts that may be a dependency without a condition.
    #[serde(default = "libraries")]
    unconditional: Globs,
}

impl Configure for ChartIncomplete {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for ChartIncomplete {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let chart = cx.object().get("chart");
        if chart.is_empty() {
            return Ok(());
        }
        for field in &self.parameters.fields {
            let node = chart.get(field);
            if is_blank(node) {
                cx.report(node, format!("the chart says no `{field}`"))
                    .help(format!("add `{field}` to `Chart.yaml`"));
            }
        }
        if chart.get("type").as_str() == Some("library") {
            return Ok(());
        }
        for dependency in chart.get("dependencies").items() {
            let (name, condition) = (dependency.get("name"), dependency.get("condition"));
            let may = self.parameters.unconditional.matches(name.as_str().unwrap_or_default());
            if is_blank(condition) && !may {
                let message = format!("dependency {} can't be left out", name.shown());
                cx.report(condition, message).help("give it a `condition`, as `NAME.enabled`");
            }
        }
        Ok(())
    }
}

/// Whether nothing is there, or a text of nothing.
fn is_blank(node: Node<'_>) -> bool {
    node.is_empty() || node.as_str().is_some_and(|text| text.trim().is_empty())
}

fn described() -> Vec<String> {
    ["description", "home", "maintainers", "sources"].map(str::to_owned).into()
}

fn libraries() -> Globs {
    Globs::new(["*-util"]).unwrap_or_default()
}
