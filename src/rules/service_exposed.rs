use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::workload::TANGO_GROUP;

declare_rule! {
    /// Flags a Service that is reachable from outside the cluster.
    ///
    /// ## Why
    ///
    /// A NodePort opens a port on every node, and two releases can't have the same one. A load
    /// balancer takes one of few addresses. What needs to be reached goes through the Ingress,
    /// which has names, TLS and access control. Charts expose device servers for Minikube, and the
    /// setting is easily left on.
    ///
    /// ## Fields
    ///
    /// `spec.type` of a Service; `spec.enableLoadBalancer` of a `DeviceServer` or `DatabaseDS`,
    /// and `spec.serviceType` of a `DatabaseDS`.
    ///
    /// ## Parameters
    ///
    /// - `types`: which types are flagged, of `NodePort`, `LoadBalancer` and `ExternalName`. The
    ///   default is `NodePort` and `LoadBalancer`.
    /// - `ports`: only Services with one of these ports are flagged. The default is any.
    /// - `exceptPorts`: Services with one of these ports are left to another entry.
    ///
    /// ## Fix
    ///
    /// None: somebody may rely on the way in.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   type: NodePort
    ///   ports:
    ///     - port: 3306
    /// ```
    ///
    /// ```yaml
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   enableLoadBalancer: true
    /// ```
    ///
    /// A database:
    ///
    /// ```yaml
    /// # params: {ports: [22, 3306, 5432]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   type: LoadBalancer
    ///   ports:
    ///     - port: 3306
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   ports:
    ///     - port: 3306
    /// ```
    ///
    /// ```yaml
    /// # params: {types: [NodePort, LoadBalancer], exceptPorts: [443]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: archive
    /// spec:
    ///   type: LoadBalancer
    ///   ports:
    ///     - port: 443
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   `ClusterIP`; `NodePort` only in exceptional circumstances
    /// - ska-tango-charts: `exposeDS`, `exposeDatabaseDS`, `global.exposeAllDS`
    pub(crate) static SERVICE_EXPOSED = {
        id: "service-exposed",
        category: Security,
        severity: Medium,
        since: "0.1.0",
        kinds: &[
            "v1/Service",
            "tango.tango-controls.org/*/DeviceServer",
            "tango.tango-controls.org/*/DatabaseDS",
        ],
        check: ServiceExposed,
    }
}

const HELP: &str = "use `ClusterIP`, and an Ingress for what people open in a browser";

struct ServiceExposed {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Which types are flagged.
    #[serde(default = "outside")]
    #[schemars(length(min = 1))]
    types: Vec<Type>,
    /// Only Services with one of these ports are flagged.
    #[serde(default)]
    ports: Vec<u16>,
    /// Services with one of these ports are left to another entry.
    #[serde(default)]
    except_ports: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
enum Type {
    NodePort,
    LoadBalancer,
    ExternalName,
}

impl Configure for ServiceExposed {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        if parameters.types.is_empty() {
            return Err(ParameterError::new("types", "must name at least one type"));
        }
        Ok(Self { parameters })
    }
}

impl Check for ServiceExposed {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let spec = cx.object().get("spec");
        if cx.subject().identity.group != TANGO_GROUP {
            let Parameters { ports, except_ports, .. } = &self.parameters;
            let has = |numbers: &[u16]| {
                let mut all = spec.get("ports").items().filter_map(|it| it.get("port").as_int());
                all.any(|port| numbers.iter().any(|number| i64::from(*number) == port))
            };
            if (ports.is_empty() || has(ports)) && (except_ports.is_empty() || !has(except_ports)) {
                self.judge(cx, spec.get("type"), "the Service");
            }
            return Ok(());
        }
        if !self.parameters.ports.is_empty() {
            return Ok(());
        }
        let balanced = spec.get("enableLoadBalancer");
        if self.parameters.types.contains(&Type::LoadBalancer) && balanced.as_bool() == Some(true) {
            let kind = &cx.subject().identity.kind;
            let message = format!("the {kind} gets a load balancer, and is reachable from outside");
            cx.report(balanced, message).help("set it only in Minikube");
        }
        self.judge(cx, spec.get("serviceType"), "the Service of the database");
        Ok(())
    }
}

impl ServiceExposed {
    fn judge<'s>(&'s self, cx: &mut Context<'s>, place: Node<'s>, what: &str) {
        let named = place.as_str();
        if let Some(it) = self.parameters.types.iter().find(|it| Some(it.as_str()) == named) {
            let way = match it {
                Type::NodePort => "opens a port on every node",
                Type::LoadBalancer => "gets an address outside of the cluster",
                Type::ExternalName => "leads out of the cluster",
            };
            cx.report(place, format!("{what} of type `{}` {way}", it.as_str())).help(HELP);
        }
    }
}

impl Type {
    fn as_str(self) -> &'static str {
        match self {
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
            Self::ExternalName => "ExternalName",
        }
    }
}

fn outside() -> Vec<Type> {
    vec![Type::NodePort, Type::LoadBalancer]
}
