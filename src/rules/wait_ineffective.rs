use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, ParameterError};
use crate::resource::byte_pattern::BytePattern;
use crate::resource::shell;
use crate::resource::workload::{Sort, runs};

declare_rule! {
    /// Flags an init container that waits for something and goes on whatever comes of it.
    ///
    /// ## Why
    ///
    /// An init container holds the others back by failing: then it is started again. A script that
    /// ends with `echo` or `|| true` never fails, so what should wait for the configuration Job or
    /// the TANGO database starts without it, and the device server comes up with no devices.
    ///
    /// ## Fields
    ///
    /// `command` and `args` of init containers that are no sidecars: a shell script in which
    /// something waits for a limited time (`kubectl wait`, `wait-for-it.sh`, `retry`,
    /// `tango_admin --check-device` or `--ping-device`, `nc -z`, `pg_isready`), and which can't
    /// fail. A loop (`until …; do sleep 1; done`) waits as long as it takes, and is let be. A
    /// script that is not understood counts as one that can fail.
    ///
    /// ## Parameters
    ///
    /// It has none.
    ///
    /// ## Fix
    ///
    /// None: the pod may rely on going on.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: wait-for-configuration
    ///           image: artefact.skao.int/ska-kubectl:1.30.2
    ///           command: [sh, -c]
    ///           args: ['kubectl wait job --for=condition=complete tangotest-config --timeout=120s; echo $?']
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-images-tango-java:9.5.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: wait-for-configuration
    ///           image: artefact.skao.int/ska-kubectl:1.30.2
    ///           command: [sh, -c]
    ///           args: [kubectl wait job tangotest-config --for=condition=complete --timeout=120s]
    ///         - name: wait-for-etcd
    ///           image: artefact.skao.int/ska-etcd:3.3.25
    ///           command: [sh, -c, 'until etcdctl get x; do sleep 1; done; echo ready']
    ///       containers:
    ///         - name: device-server
    ///           image: artefact.skao.int/ska-tango-images-tango-java:9.5.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Init containers](https://kubernetes.io/docs/concepts/workloads/pods/init-containers/)
    /// - ska-tango-charts, `wait-for-configuration`, which does it. The rule is ours.
    pub(crate) static WAIT_INEFFECTIVE = {
        id: "wait-ineffective",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["pods"],
        check: WaitIneffective,
    }
}

struct WaitIneffective;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {}

impl Configure for WaitIneffective {
    type Parameters = Parameters;

    fn configure(Parameters {}: Parameters) -> Result<Self, ParameterError> {
        Ok(Self)
    }
}

impl Check for WaitIneffective {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for container in runs(cx) {
            if container.sort != Sort::Init || container.is_sidecar() {
                continue;
            }
            let line = container.command_line();
            let words: Vec<&str> = line.iter().filter_map(|item| item.as_str()).collect();
            if words.len() != line.len() {
                continue;
            }
            let Some(call) = shell::shell_call(&words) else { continue };
            if !waits_for_a_while(call.script) || shell::can_fail(&words) {
                continue;
            }
            let script = line.into_iter().find(|item| item.as_str() == Some(call.script));
            if let Some(place) = script {
                cx.report(place, format!("{container} waits, and goes on whatever comes of it"))
                    .help("let the script end with the command that waits");
            }
        }
        Ok(())
    }
}

/// Whether something in the script waits, but not for ever.
fn waits_for_a_while(script: &str) -> bool {
    static WAITS: BytePattern = BytePattern::new(
        r"\bkubectl\s+wait\b|\bwait-for|\bretry\b|--(?:check|ping)-device\b|\bnc\s+-\w*z|\bpg_isready\b",
    );
    let loops = || shell::words(script).any(|(word, _)| matches!(word, "until" | "while"));
    WAITS.is_match(script) && !loops()
}
