use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, ParameterError};

declare_rule! {
    /// Flags an Ingress that names a host.
    ///
    /// ## Why
    ///
    /// SKA clusters serve everybody under one host name and tell releases apart by path. A host in
    /// a chart is right on one cluster only; elsewhere nothing answers, or the Ingress takes a name
    /// that is another team's.
    ///
    /// ## Fields
    ///
    /// `spec.rules[*].host` of an Ingress.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: globs of hosts that may be named. The default is none.
    ///
    /// ## Fix
    ///
    /// None: without the host the path must not collide with another one.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    /// spec:
    ///   rules:
    ///     - host: taranta.example.org
    ///       http:
    ///         paths:
    ///           - path: /ska-mid/taranta
    ///             pathType: Prefix
    ///             backend:
    ///               service:
    ///                 name: taranta
    ///                 port:
    ///                   number: 80
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /ska-mid/taranta
    ///             pathType: Prefix
    ///             backend:
    ///               service:
    ///                 name: taranta
    ///                 port:
    ///                   number: 80
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Policy agent](https://developer.skatelescope.org/en/latest/explanation/policy-agent.html):
    ///   `ingress-host-not-allowed`
    pub(crate) static INGRESS_HOST = {
        id: "ingress-host",
        category: Convention,
        severity: High,
        since: "0.1.0",
        kinds: &["networking.k8s.io/*/Ingress"],
        check: IngressHost,
    }
}

struct IngressHost {
    allowed: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of hosts that may be named.
    #[serde(default)]
    allowed: Globs,
}

impl Configure for IngressHost {
    type Parameters = Parameters;

    fn configure(Parameters { allowed }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { allowed })
    }
}

impl Check for IngressHost {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for rule in cx.object().at(&["spec", "rules"]).items() {
            let host = rule.get("host");
            let Some(name) = host.as_str().filter(|name| !name.is_empty()) else { continue };
            if !self.allowed.matches(name) {
                cx.report(host, format!("the Ingress names host {}", host.shown()))
                    .help("leave the host out, and put namespace and release into the path");
            }
        }
        Ok(())
    }
}
