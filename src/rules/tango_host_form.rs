use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError};
use crate::resource::phrase;
use crate::resource::secret::is_literal;
use crate::resource::tango_host::TangoHost;
use crate::resource::workload::{is_device_server, runs};

declare_rule! {
    /// Flags an address of a TANGO database that is malformed or will not last.
    ///
    /// ## Why
    ///
    /// A device server that can't find its database does not start. An IP address changes when
    /// the database is started anew, and the port of a NodePort Service when it is made anew; the
    /// name of a Service stays.
    ///
    /// ## Fields
    ///
    /// Environment variables `TANGO_HOST` of every container and of a `DeviceServer`, the key
    /// `TANGO_HOST` of a ConfigMap, and `spec.databaseds` of a `DeviceServer`, which is a host
    /// name without a port. `host:port`, or several of them with commas between, is allowed; a
    /// value that a variable fills in (`$(DATABASE):10000`) is not judged.
    ///
    /// ## Parameters
    ///
    /// - `names`: globs of the names under which an address is looked for. The default is
    ///   `TANGO_HOST`.
    ///
    /// ## Fix
    ///
    /// None: which Service is meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: itango
    /// spec:
    ///   initContainers:
    ///     - name: wait
    ///       image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: tango://databaseds:10000
    ///   containers:
    ///     - name: itango
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:9.5.0
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: 192.168.93.47:10000
    ///     - name: other
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:9.5.0
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: k8s.stfc.skao.int:30123
    /// ```
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   databaseds: tango-databaseds:10000
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: itango
    /// spec:
    ///   containers:
    ///     - name: itango
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:9.5.0
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: tango-databaseds.ska-mid.svc.cluster.local:10000
    ///     - name: other
    ///       image: artefact.skao.int/ska-tango-images-tango-itango:9.5.0
    ///       env:
    ///         - name: TANGO_HOST
    ///           value: $(DATABASE):10000
    /// ```
    ///
    /// ## References
    ///
    /// - TANGO controls, [TANGO_HOST](https://tango-controls.readthedocs.io/en/latest/)
    /// - ska-tango-charts, `global.tango_host`
    /// - That an IP address or a NodePort will not last is ours.
    pub(crate) static TANGO_HOST_FORM = {
        id: "tango-host-form",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer", "v1/ConfigMap"],
        check: TangoHostForm,
    }
}

struct TangoHostForm {
    names: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of the names under which an address is looked for.
    #[serde(default = "tango_host")]
    names: Globs,
}

impl Configure for TangoHostForm {
    type Parameters = Parameters;

    fn configure(Parameters { names }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { names })
    }
}

impl Check for TangoHostForm {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        for variable in runs(cx).flat_map(|container| container.node.get("env").items()) {
            let name = variable.get("name").as_str().unwrap_or_default();
            if self.names.matches(name) {
                judge(cx, name, variable.get("value"));
            }
        }
        if object.identity().kind == "ConfigMap" {
            for (key, value) in object.get("data").fields() {
                if self.names.matches(key) {
                    judge(cx, key, value);
                }
            }
        }
        if is_device_server(object.identity()) {
            judge_database(cx, object.at(&["spec", "databaseds"]));
        }
        Ok(())
    }
}

fn judge<'s>(cx: &mut Context<'s>, name: &str, place: Node<'s>) {
    const HELP: &str =
        "write the name of the database's Service and its port: `tango-databaseds:10000`";
    let Some(text) = place.as_str().filter(|text| is_literal(text) && !text.contains('$')) else {
        return;
    };
    let problem = match TangoHost::parse(text) {
        Err(_) => "is not `host:port`",
        Ok(host) if host.addresses.iter().any(|it| it.is_ip_address()) => {
            "is an IP address, which does not stay"
        }
        Ok(host) if host.addresses.iter().any(|it| it.is_node_port()) => {
            "has the port of a NodePort Service, which does not stay"
        }
        Ok(_) => return,
    };
    cx.report(place, format!("`{}` {problem}", phrase::line(name))).help(HELP);
}

fn judge_database<'s>(cx: &mut Context<'s>, place: Node<'s>) {
    let Some(text) = place.as_str().filter(|text| !text.is_empty()) else { return };
    let problem = match TangoHost::parse(text).map(|host| host.addresses) {
        Ok(addresses) => match addresses.as_slice() {
            [one] if one.is_ip_address() => "is an IP address, which does not stay",
            [one] if one.port.is_some() => "has a port, where only a host is meant",
            [_] => return,
            _ => "names several databases",
        },
        Err(_) => "is no host name",
    };
    cx.report(place, format!("database {} {problem}", place.shown()))
        .help("write the name of the DatabaseDS: `tango-databaseds`");
}

fn tango_host() -> Globs {
    Globs::new(["TANGO_HOST"]).unwrap_or_default()
}
