use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Missing, Node, ParameterError};
use crate::resource::phrase;

declare_rule! {
    /// Flags storage whose class is not named, or is none of those that are allowed.
    ///
    /// ## Why
    ///
    /// Without a class the cluster's default is taken, which differs from site to site: a claim
    /// that is shared on one is bound to a node on the next, or never bound at all.
    ///
    /// ## Fields
    ///
    /// `spec.storageClassName` of a PersistentVolumeClaim, of a PersistentVolume, and of the
    /// `volumeClaimTemplates` of a StatefulSet. The empty string, which asks for a volume without
    /// a class, counts as named. In a cluster with a default class the API server fills the field
    /// of a claim before any webhook sees it, so there only a lint finds that it is absent.
    ///
    /// ## Parameters
    ///
    /// - `allowed`: globs of classes that may be used. The default is any.
    ///
    /// ## Fix
    ///
    /// None: which class fits is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata:
    ///   name: leader
    /// spec:
    ///   storageClassName:
    ///   accessModes: [ReadWriteMany]
    ///   resources:
    ///     requests:
    ///       storage: 1Mi
    /// ```
    ///
    /// ```yaml
    /// # params: {allowed: [nfss1, bds1, ceph-cephfs]}
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   volumeClaimTemplates:
    ///     - metadata:
    ///         name: data
    ///       spec:
    ///         storageClassName: standard
    ///         accessModes: [ReadWriteOnce]
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {allowed: [nfss1, bds1, ceph-cephfs]}
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata:
    ///   name: leader
    /// spec:
    ///   storageClassName: nfss1
    ///   accessModes: [ReadWriteMany]
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   `storageClassName` is explicit
    /// - Kubernetes, [Storage classes](https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1)
    pub(crate) static STORAGE_CLASS = {
        id: "storage-class",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["v1/PersistentVolumeClaim", "v1/PersistentVolume", "apps/*/StatefulSet"],
        check: StorageClass,
    }
}

struct StorageClass {
    allowed: Globs,
    help: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// Globs of classes that may be used; any if not given.
    #[serde(default)]
    allowed: Globs,
}

impl Configure for StorageClass {
    type Parameters = Parameters;

    fn configure(Parameters { allowed }: Parameters) -> Result<Self, ParameterError> {
        let help = match allowed.patterns() {
            [] => "name the class that the data need, such as `nfss1`".to_owned(),
            patterns => format!("use {}", phrase::either(patterns)),
        };
        Ok(Self { allowed, help })
    }
}

impl Check for StorageClass {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let kind = object.identity().kind.as_str();
        if kind != "StatefulSet" {
            self.judge(cx, object.get("spec"), &format!("the {kind}"));
            return Ok(());
        }
        for claim in object.at(&["spec", "volumeClaimTemplates"]).items() {
            let name = format!("claim {}", claim.at(&["metadata", "name"]).shown());
            self.judge(cx, claim.get("spec"), &name);
        }
        Ok(())
    }
}

impl StorageClass {
    fn judge<'s>(&'s self, cx: &mut Context<'s>, spec: Node<'s>, what: &str) {
        let class = spec.get("storageClassName");
        let message = match class.as_str() {
            None => format!("{what} names no storage class"),
            Some(name) if !self.allowed.is_empty() && !self.allowed.matches(name) => {
                format!("{what} has storage class {}, which is not allowed", class.shown())
            }
            Some(_) => return,
        };
        cx.report(class, message).help(self.help.clone());
    }
}
