use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::workload::containers;

declare_rule! {
    /// Flags a port of a device server that has not the number which others expect.
    ///
    /// ## Why
    ///
    /// A device server publishes its ports to the TANGO database, and firewalls and load balancers
    /// are set up for the numbers that all servers use. Behind another number events don't arrive,
    /// while commands do.
    ///
    /// ## Fields
    ///
    /// The ports called `tango-server`, `tango-heartbeat` and `tango-event`: `spec.ports[*].port`
    /// of a Service, `ports[*].containerPort` of a container.
    ///
    /// ## Parameters
    ///
    /// - `server`, `heartbeat`, `event`: the numbers. The defaults are those of ska-tango-charts,
    ///   45450, 45460 and 45470.
    ///
    /// ## Fix
    ///
    /// None: the program has to listen on the port too.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   ports:
    ///     - name: tango-server
    ///       port: 45451
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   containers:
    ///     - name: device-server
    ///       ports:
    ///         - name: tango-event
    ///           containerPort: 45460
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: motor-01
    /// spec:
    ///   ports:
    ///     - name: tango-server
    ///       port: 45450
    ///     - name: http
    ///       port: 80
    /// ```
    ///
    /// ## References
    ///
    /// - ska-tango-charts, `ska-tango-util`: `global.device_server_port`
    pub(crate) static TANGO_PORT = {
        id: "tango-port",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["v1/Service", "pods"],
        check: TangoPort,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TangoPort {
    /// The port for requests.
    #[serde(default = "server")]
    server: u16,
    /// The port for heartbeats of events.
    #[serde(default = "heartbeat")]
    heartbeat: u16,
    /// The port for events.
    #[serde(default = "event")]
    event: u16,
}

impl Configure for TangoPort {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for TangoPort {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        if let Some(pod) = cx.pod() {
            for container in containers(pod) {
                self.judge(cx, container.node.get("ports"), "containerPort");
            }
        } else {
            self.judge(cx, cx.object().at(&["spec", "ports"]), "port");
        }
        Ok(())
    }
}

impl TangoPort {
    fn judge<'s>(&'s self, cx: &mut Context<'s>, ports: Node<'s>, number: &'static str) {
        for port in ports.items() {
            let name = port.get("name");
            let wanted = match name.as_str() {
                Some("tango-server") => self.server,
                Some("tango-heartbeat") => self.heartbeat,
                Some("tango-event") => self.event,
                _ => continue,
            };
            let place = port.get(number);
            if place.as_int().is_some_and(|it| it != i64::from(wanted)) {
                cx.report(
                    place,
                    format!("port {} is {}, not {wanted}", name.shown(), place.shown()),
                )
                .help(format!("use {wanted}, here and in the server's environment"));
            }
        }
    }
}

fn server() -> u16 {
    45_450
}

fn heartbeat() -> u16 {
    45_460
}

fn event() -> u16 {
    45_470
}
