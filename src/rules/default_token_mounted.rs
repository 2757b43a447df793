use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::{Body, Span, Value};
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Missing, Node, ParameterError,
};
use crate::resource::workload::containers;

declare_rule! {
    /// Flags a pod that gets a token of the API server which it has no use for.
    ///
    /// ## Why
    ///
    /// Unless told otherwise, Kubernetes puts a token of the namespace's default account into every
    /// container. Few programs ask the API server for anything; whoever breaks into one has the
    /// token.
    ///
    /// ## Fields
    ///
    /// `spec.automountServiceAccountToken` of a pod or pod template that names no service account
    /// of its own. A pod whose command lines call `kubectl` or `helm` passes, as the charts' waiting
    /// init containers do. What the account itself says of it is not known here.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// Sets the field to `false`. Safe for what is known of the program; with `mutate: true` and
    /// `templates: true` a policy does it. In a pod it comes too late: the token is mounted before
    /// any webhook sees it.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: rest
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: rest
    ///           image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: rest
    /// spec:
    ///   template:
    ///     spec:
    ///       automountServiceAccountToken: false
    ///       containers:
    ///         - name: rest
    ///           image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    /// ```
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: wait-for-configuration
    ///           image: artefact.skao.int/ska-kubectl:1.30.2
    ///           command: [sh, -c, 'kubectl wait job --for=condition=complete motor-config']
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-images-tango-java:9.5.0
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   the default token is not mounted
    pub(crate) static DEFAULT_TOKEN_MOUNTED = {
        id: "default-token-mounted",
        category: Security,
        severity: Low,
        since: "0.1.0",
        kinds: &["pods"],
        check: DefaultTokenMounted,
    }
}

static NO: Value<'static> = Value { span: Span::NONE, body: Body::Bool(false) };

struct DefaultTokenMounted;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for DefaultTokenMounted {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for DefaultTokenMounted {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Some(pod) = cx.pod() else { return Ok(()) };
        let spec = pod.get("spec");
        let place = spec.get("automountServiceAccountToken");
        let account = spec.get("serviceAccountName").as_str().unwrap_or_default();
        if place.exists() || !matches!(account, "" | "default") || asks_the_server(pod) {
            return Ok(());
        }
        let fix = Fix::set("mount no token", Applicability::Safe, place, &NO);
        cx.report(place, "the pod gets the token of the default account")
            .help("set `automountServiceAccountToken` to `false`")
            .fix(fix);
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        let keys = |template: &[&'p str]| {
            let field = ["spec", "automountServiceAccountToken"];
            template.iter().copied().chain(field).map(FieldStep::Key).collect()
        };
        template.map(keys).into_iter().collect()
    }

    fn fills(&self) -> Option<&Value<'static>> {
        Some(&NO)
    }
}

/// Whether a command line names a program that talks to the API server.
fn asks_the_server(pod: Node<'_>) -> bool {
    let is_client = |word: Node<'_>| {
        word.as_str().is_some_and(|word| word.contains("kubectl") || word.contains("helm"))
    };
    containers(pod).any(|it| {
        let image = it.node.get("image").as_str().unwrap_or_default();
        image.contains("kubectl") || it.command_line().into_iter().any(is_client)
    })
}
