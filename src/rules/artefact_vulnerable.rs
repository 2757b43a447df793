use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError, Severity};

declare_rule! {
    /// Flags an artefact in which a scanner found a vulnerability.
    ///
    /// ## Why
    ///
    /// What is known to be broken is broken into. A package that has been mended since costs a new
    /// build, and nothing else.
    ///
    /// ## Fields
    ///
    /// `vulnerabilities` of an artefact, from the report of a scanner (Trivy or CycloneDX) that lies
    /// where the artefact door is told to look. Without a report the rule can't judge.
    ///
    /// ## Parameters
    ///
    /// - `from`: the least severity that is flagged. The default is `critical`, as at Harbor.
    /// - `fixedOnly`: whether only those are flagged that a later version of the package has not.
    ///   The default is `false`.
    /// - `except`: globs of ids that are accepted. The default is none.
    ///
    /// ## Fix
    ///
    /// None: the artefact has to be built again.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// vulnerabilities:
    ///   - id: CVE-2026-0001
    ///     severity: critical
    ///     package: openssl
    ///     fixedIn: 3.0.1
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {except: [CVE-2026-0001]}
    /// format: docker
    /// repository: docker-internal
    /// name: ska-tango-examples
    /// version: 1.0.0
    /// vulnerabilities:
    ///   - id: CVE-2026-0001
    ///     severity: critical
    ///     package: openssl
    ///   - id: CVE-2026-0002
    ///     severity: high
    ///     package: zlib
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Harbor](https://developer.skatelescope.org/en/latest/howto/harbor-usage.html):
    ///   no critical vulnerability in production
    /// - ska-cicd-artefact-validations: critical vulnerabilities of Python packages
    pub(crate) static ARTEFACT_VULNERABLE = {
        id: "artefact-vulnerable",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["artefacts"],
        check: ArtefactVulnerable,
    }
}

struct ArtefactVulnerable {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The least severity that is flagged.
    #[serde(default = "critical")]
    from: Severity,
    /// Whether only those are flagged that a later version of the package has not.
    #[serde(default)]
    fixed_only: bool,
    /// Globs of ids that are accepted.
    #[serde(default)]
    except: Globs,
}

impl Configure for ArtefactVulnerable {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { parameters })
    }
}

impl Check for ArtefactVulnerable {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let all = cx.object().get("vulnerabilities");
        if !all.is_written() {
            return Err(Missing("a vulnerability report"));
        }
        for node in all.items().filter(|node| self.flags(*node)) {
            let (package, fixed) = (node.get("package"), node.get("fixedIn"));
            let (id, severity) = (node.get("id"), node.get("severity"));
            let message = format!(
                "package {} has {}, which is {}",
                package.shown(),
                id.shown(),
                severity.shown()
            );
            let help = if fixed.is_empty() {
                "build it without the package, or have the id accepted".to_owned()
            } else {
                format!("build it with version {} of the package", fixed.shown())
            };
            cx.report(node, message).help(help);
        }
        Ok(())
    }
}

impl ArtefactVulnerable {
    fn flags(&self, node: Node<'_>) -> bool {
        let Parameters { from, fixed_only, except } = &self.parameters;
        let severity = match node.get("severity").as_str() {
            Some("critical") => Severity::Critical,
            Some("high") => Severity::High,
            Some("medium") => Severity::Medium,
            Some("low") => Severity::Low,
            _ => Severity::Info,
        };
        let is_left = *fixed_only && node.get("fixedIn").is_empty();
        severity >= *from
            && !is_left
            && !except.matches(node.get("id").as_str().unwrap_or_default())
    }
}

fn critical() -> Severity {
    Severity::Critical
}
