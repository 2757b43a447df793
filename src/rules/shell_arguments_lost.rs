use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::shell;
use crate::resource::workload::runs;

declare_rule! {
    /// Flags arguments after `sh -c SCRIPT` that the script never uses.
    ///
    /// ## Why
    ///
    /// The shell takes one argument as the script. What follows becomes `$0`, `$1` and so on, and
    /// is lost unless the script names it. So `sh -c` with `retry`, `--tries=10`, `tango_admin`
    /// in a list of their own runs a bare `retry`, and an init container that should wait for the
    /// TANGO database waits for nothing.
    ///
    /// ## Fields
    ///
    /// `command` and `args` of every container, taken together, and `exec.command` of
    /// `lifecycle.postStart` and `lifecycle.preStop`. Without a `command` the image's own is run,
    /// which nobody here knows. Probes are left to `probe-ineffective`.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: joining the words can change what the shell makes of them.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: tangotest-config
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       initContainers:
    ///         - name: check-databaseds-ready
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           command: [sh, -c]
    ///           args: [retry, --sleep=1, --tries=100, --, tango_admin, --check-device, sys/database/2]
    ///       containers:
    ///         - name: dsconfig
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           lifecycle:
    ///             preStop:
    ///               exec:
    ///                 command: [/bin/sh, -c, sleep, '5']
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: volume-admin
    /// spec:
    ///   initContainers:
    ///     - name: check-databaseds-ready
    ///       image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///       command: [retry, --sleep=1, --, tango_admin, --check-device, sys/database/2]
    ///     - name: named
    ///       image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///       command: [sh, -c, 'exec "$@"', sh, sleep, '5']
    ///   containers:
    ///     - name: volume-admin
    ///       image: artefact.skao.int/ska-alpine:3.12.0
    ///       command: [/bin/sh, -c, --]
    ///       args: ['while true; do sleep 30; done']
    /// ```
    ///
    /// ## References
    ///
    /// - POSIX.1-2024, [sh](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/sh.html):
    ///   operands of `-c`
    pub(crate) static SHELL_ARGUMENTS_LOST = {
        id: "shell-arguments-lost",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["pods"],
        check: ShellArgumentsLost,
    }
}

struct ShellArgumentsLost;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for ShellArgumentsLost {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for ShellArgumentsLost {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            let hook = |name| container.node.find(&["lifecycle", name, "exec", "command"]);
            let hook = |name| hook(name).map(|line| line.items().collect()).unwrap_or_default();
            let lines: [(&str, Vec<Node<'s>>); 3] = [
                ("", container.command_line()),
                ("postStart hook of ", hook("postStart")),
                ("preStop hook of ", hook("preStop")),
            ];
            for (whose, line) in lines {
                let words: Vec<&str> = line.iter().filter_map(|item| item.as_str()).collect();
                if words.len() != line.len() {
                    continue;
                }
                let lost = shell::shell_call(&words).and_then(|call| call.lost);
                if let Some(first) = lost.and_then(|index| line.get(index)) {
                    let message =
                        format!("{whose}{container} has arguments that its shell never sees");
                    cx.report(*first, message).help(
                        "write the whole command as one item after `-c`, or leave `sh -c` out",
                    );
                }
            }
        }
        Ok(())
    }
}
