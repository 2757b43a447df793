use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Globs, Kinds, Missing, Observer, ParameterError};
use crate::resource::nearby;
use crate::resource::phrase;
use crate::resource::reference::{Reference, Target, references};

declare_rule! {
    /// Flags a field in which Kubernetes expects the name of another object that is not there.
    ///
    /// ## Why
    ///
    /// The objects of a release belong together: the configuration of a device server, the account
    /// that its Job waits with, its Role and the claim for its data. One that is misspelt keeps a
    /// pod waiting without end, and the reason stands in an event that nobody reads.
    ///
    /// ## Fields
    ///
    /// - of pods: ConfigMaps, Secrets and claims in `volumes`, `env` and `envFrom`, the
    ///   `serviceAccountName`, and the networks in the annotation `k8s.v1.cni.cncf.io/networks`;
    /// - of a RoleBinding the Role, and the ServiceAccounts among its subjects;
    /// - of a HorizontalPodAutoscaler what it scales;
    /// - of an Ingress the Services behind it.
    ///
    /// A reference beside which `optional: true` stands passes. Clients create objects in an order
    /// of their own, so at admission a finding is at most a warning. In a set that is not said to
    /// be complete the other object may live elsewhere, and the message says so.
    ///
    /// ## Parameters
    ///
    /// - `kinds`: the kinds that are looked for, of `ConfigMap`, `Secret`, `PersistentVolumeClaim`,
    ///   `ServiceAccount`, `NetworkAttachmentDefinition`, `Role`, `Service`, `Deployment` and
    ///   `StatefulSet`. The default, which is ours, is all but `Secret`: Vault and people make
    ///   those.
    /// - `except`: globs of names that are never missed. The default is `default` and
    ///   `kube-root-ca.crt`, which each namespace has.
    ///
    /// ## Fix
    ///
    /// None: either side may be wrong.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {complete: true, objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: motor-dsconfig-json, namespace: mid}}'}
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: motor-config
    ///   namespace: mid
    /// spec:
    ///   template:
    ///     spec:
    ///       serviceAccountName: motor-sa
    ///       containers:
    ///         - name: dsconfig
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///       volumes:
    ///         - name: configuration
    ///           configMap:
    ///             name: motor-dsconfig
    /// ```
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: k8s.cni.cncf.io/v1, kind: NetworkAttachmentDefinition, metadata: {name: cbf, namespace: kube-system}}'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    ///   namespace: low
    ///   annotations:
    ///     k8s.v1.cni.cncf.io/networks: kube-system/cbf@net1, sdp
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {complete: true, objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: motor-dsconfig-json, namespace: mid}}'}
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: motor-config
    ///   namespace: mid
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: dsconfig
    ///           image: artefact.skao.int/ska-tango-images-tango-dsconfig:1.5.13
    ///           envFrom:
    ///             - configMapRef:
    ///                 name: overrides
    ///                 optional: true
    ///       volumes:
    ///         - name: configuration
    ///           configMap:
    ///             name: motor-dsconfig-json
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [ConfigMaps](https://kubernetes.io/docs/concepts/configuration/configmap/)
    /// - ska-tango-charts, `ska-tango-util`: the objects of a device server
    /// - k8snetworkplumbingwg, multi-network specification: the annotation
    pub(crate) static REFERENCE_BROKEN = {
        id: "reference-broken",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &[
            "pods",
            "rbac.authorization.k8s.io/*/RoleBinding",
            "autoscaling/*/HorizontalPodAutoscaler",
            "networking.k8s.io/*/Ingress",
        ],
        check: ReferenceBroken,
    }
}

struct ReferenceBroken {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The kinds that are looked for.
    #[serde(default = "all_but_secrets")]
    #[schemars(length(min = 1))]
    kinds: Vec<Target>,
    /// Globs of names that are never missed.
    #[serde(default = "of_each_namespace")]
    except: Globs,
}

impl Configure for ReferenceBroken {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        if parameters.kinds.is_empty() {
            return Err(ParameterError::new("kinds", "must name a kind"));
        }
        Ok(Self { parameters })
    }
}

impl Check for ReferenceBroken {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let Parameters { kinds, except } = &self.parameters;
        let mut missing: Vec<Reference<'s>> = Vec::new();
        references(cx.object(), cx.pod(), &mut |reference| {
            let Reference { target, name, namespace, .. } = &reference;
            if !kinds.contains(target) || except.matches(name) {
                return Ok(());
            }
            let what = format!("{} {name}", target.as_str());
            let found = match namespace {
                None => nearby::find(cx, &what)?,
                Some(namespace) => nearby::find_in(cx, namespace, &what)?,
            };
            if found.is_empty() {
                missing.push(reference);
            }
            Ok(())
        })?;
        for Reference { target, place, name, .. } in missing {
            let known = if cx.knows_all_others()? { "" } else { " that is known" };
            let shown = match place.is_sensitive() {
                true => place.shown(),
                false => format!("`{}`", phrase::line(&name)),
            };
            cx.report(place, format!("no {}{known} is called {shown}", target.as_str()))
                .help("create it, or correct the name")
                .rests_on_absence();
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        let kinds: Vec<&str> =
            self.parameters.kinds.iter().flat_map(|it| it.made_by()).copied().collect();
        Kinds::parse(&kinds).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        let object = observer.object();
        let place = Target::name_of_made(object);
        if let (Some(target), Some(name)) = (Target::made(object.identity()), place.as_str()) {
            nearby::note(observer, &format!("{} {name}", target.as_str()), place, "");
        }
    }
}

fn all_but_secrets() -> Vec<Target> {
    Target::ALL.into_iter().filter(|it| *it != Target::Secret).collect()
}

fn of_each_namespace() -> Globs {
    Globs::new(["default", "kube-root-ca.crt"]).unwrap_or_default()
}
