use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::shell;
use crate::resource::workload::{PROBES, runs};

declare_rule! {
    /// Flags a probe whose command says the same whatever state the program is in.
    ///
    /// ## Why
    ///
    /// A probe that can't fail is worse than none: it looks as if somebody watched. The common
    /// mistake is a command cut into items behind `sh -c`: the shell takes the first as its whole
    /// script, and never sees the others.
    ///
    /// ## Fields
    ///
    /// `exec.command` of `livenessProbe`, `readinessProbe` and `startupProbe` of every container.
    /// Flagged are `true` and `echo`, a script that ends with them, with `exit 0` or with
    /// `|| true`, and arguments that the shell never sees. With `set -e` or `sh -e` each command
    /// of the script counts. A script that is not understood counts as one that can fail.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: what shows that a program is well, only its authors know.
    ///
    /// ## Invalid
    ///
    /// The shell runs `curl` and nothing else:
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: rest
    /// spec:
    ///   containers:
    ///     - name: rest
    ///       image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    ///       livenessProbe:
    ///         exec:
    ///           command: [sh, -c, curl, --fail, 'http://localhost:5000/health']
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: rest
    /// spec:
    ///   containers:
    ///     - name: rest
    ///       image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    ///       readinessProbe:
    ///         exec:
    ///           command: [sh, -c, 'curl --fail http://localhost:5000/health || true']
    ///       startupProbe:
    ///         exec:
    ///           command: ['true']
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: rest
    /// spec:
    ///   containers:
    ///     - name: rest
    ///       image: artefact.skao.int/ska-oso-ptt-services:0.4.0
    ///       livenessProbe:
    ///         exec:
    ///           command: [sh, -c, 'curl --fail http://localhost:5000/health && echo well']
    ///       readinessProbe:
    ///         httpGet:
    ///           path: /health
    ///           port: 5000
    /// ```
    ///
    /// ## References
    ///
    /// - POSIX.1-2024, [sh](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/sh.html):
    ///   operands of `-c`
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   probes. That they must be able to fail is ours.
    pub(crate) static PROBE_INEFFECTIVE = {
        id: "probe-ineffective",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["pods"],
        check: ProbeIneffective,
    }
}

struct ProbeIneffective;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for ProbeIneffective {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for ProbeIneffective {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            for (field, name) in PROBES {
                let Some(command) = container.node.find(&[field, "exec", "command"]) else {
                    continue;
                };
                let items: Vec<Node<'s>> = command.items().collect();
                let words: Vec<&str> = items.iter().filter_map(|item| item.as_str()).collect();
                if words.is_empty() || words.len() != items.len() {
                    continue;
                }
                let lost = shell::shell_call(&words).and_then(|call| call.lost);
                if let Some(first) = lost.and_then(|index| items.get(index)) {
                    let message =
                        format!("{name} of {container} has arguments that its shell never sees");
                    cx.report(*first, message)
                        .help("write the whole command as one item after `-c`");
                } else if !shell::can_fail(&words) {
                    cx.report(command, format!("{name} of {container} can't fail"))
                        .help("let the command end with an error when the program is not well");
                }
            }
        }
        Ok(())
    }
}
