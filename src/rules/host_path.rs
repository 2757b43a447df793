use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError};

declare_rule! {
    /// Flags a volume that is a directory of the node.
    ///
    /// ## Why
    ///
    /// A directory of the node is there on one node only, so the data are gone when the pod moves.
    /// It is also a way out of the container: much of a node can be taken over by whoever writes
    /// to its disk. A PersistentVolume with a `hostPath` is what charts make for Minikube.
    ///
    /// ## Fields
    ///
    /// `spec.volumes[*].hostPath` of a pod or pod template, `spec.volumes[*].hostPath` of a
    /// `DeviceServer`, and `spec.hostPath` of a PersistentVolume.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: globs of paths that may be mounted, such as `/dev/hugepages`. The default is
    ///   none.
    ///
    /// ## Fix
    ///
    /// None: where the data belong is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: receive
    ///           image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       volumes:
    ///         - name: data
    ///           hostPath:
    ///             path: /data
    /// ```
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata:
    ///   name: receive-volume
    /// spec:
    ///   hostPath:
    ///     path: /home/pss2sdp
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {allowed: [/dev/hugepages]}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///   volumes:
    ///     - name: data
    ///       persistentVolumeClaim:
    ///         claimName: data
    ///     - name: hugepages
    ///       hostPath:
    ///         path: /dev/hugepages
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/): baseline
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   host paths are restricted
    pub(crate) static HOST_PATH = {
        id: "host-path",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer", "v1/PersistentVolume"],
        check: HostPath,
    }
}

struct HostPath {
    allowed: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of paths that may be mounted.
    #[serde(default)]
    allowed: Globs,
}

impl Configure for HostPath {
    type Parameters = Parameters;

    fn configure(Parameters { allowed }: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { allowed })
    }
}

impl Check for HostPath {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let is_volume = object.identity().kind == "PersistentVolume";
        let holders: Vec<_> = if is_volume {
            vec![object.get("spec")]
        } else {
            let volumes = cx.pod().unwrap_or(object).find(&["spec", "volumes"]);
            volumes.into_iter().flat_map(Node::items).collect()
        };
        for holder in holders {
            let Some(path) = holder.find(&["hostPath", "path"]) else { continue };
            // The API server refuses `..` in it, so no path gets around a glob.
            if path.as_str().is_none_or(|path| self.allowed.matches(path)) {
                continue;
            }
            let what = if is_volume {
                "the PersistentVolume".to_owned()
            } else {
                format!("volume {}", holder.get("name").shown())
            };
            cx.report(path, format!("{what} is {} of the node", path.shown()))
                .help("use a PersistentVolumeClaim, or an `emptyDir` for what may be lost");
        }
        Ok(())
    }
}
