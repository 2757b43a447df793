//! Which fields of Kubernetes' own kinds hold the names of other objects.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use super::workload::containers;
use crate::document::json;
use crate::engine::{Identity, Missing, Node};

/// A kind that others refer to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Target {
    ConfigMap,
    Secret,
    PersistentVolumeClaim,
    ServiceAccount,
    NetworkAttachmentDefinition,
    Role,
    Service,
    Deployment,
    StatefulSet,
}

/// A name of another object.
#[derive(Clone, Debug)]
pub struct Reference<'s> {
    pub target: Target,
    pub place: Node<'s>,
    pub name: Cow<'s, str>,
    /// Where the other object is; `None` where the one that names it is.
    pub namespace: Option<Cow<'s, str>>,
}

/// The annotation by which a pod gets further networks.
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// What is done with each reference. The first error ends the way through the object.
type Visit<'v, 's> = dyn FnMut(Reference<'s>) -> Result<(), Missing> + 'v;

/// Goes through every name of another object that must exist.
///
/// # Errors
///
/// The first that `visit` returns.
pub fn references<'s>(
    object: Node<'s>,
    pod: Option<Node<'s>>,
    visit: &mut Visit<'_, 's>,
) -> Result<(), Missing> {
    if let Some(pod) = pod {
        return of_pod(pod, visit);
    }
    match object.identity().kind.as_str() {
        "RoleBinding" => of_role_binding(object, visit),
        "HorizontalPodAutoscaler" => of_autoscaler(object, visit),
        "Ingress" => of_ingress(object, visit),
        _ => Ok(()),
    }
}

impl Target {
    pub const ALL: [Self; 9] = [
        Self::ConfigMap,
        Self::Secret,
        Self::PersistentVolumeClaim,
        Self::ServiceAccount,
        Self::NetworkAttachmentDefinition,
        Self::Role,
        Self::Service,
        Self::Deployment,
        Self::StatefulSet,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::ServiceAccount => "ServiceAccount",
            Self::NetworkAttachmentDefinition => "NetworkAttachmentDefinition",
            Self::Role => "Role",
            Self::Service => "Service",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// The kinds, as a scope writes them, whose objects are or make one.
    pub const fn made_by(self) -> &'static [&'static str] {
        match self {
            Self::ConfigMap => &["v1/ConfigMap"],
            Self::Secret => &["v1/Secret", "secrets.hashicorp.com/*/VaultStaticSecret"],
            Self::PersistentVolumeClaim => &["v1/PersistentVolumeClaim"],
            Self::ServiceAccount => &["v1/ServiceAccount"],
            Self::NetworkAttachmentDefinition => &["k8s.cni.cncf.io/*/NetworkAttachmentDefinition"],
            Self::Role => &["rbac.authorization.k8s.io/*/Role"],
            Self::Service => &["v1/Service"],
            Self::Deployment => &["apps/*/Deployment"],
            Self::StatefulSet => &["apps/*/StatefulSet"],
        }
    }

    /// What such an object is or makes.
    pub fn made(identity: &Identity) -> Option<Self> {
        match identity.kind.as_str() {
            "VaultStaticSecret" => Some(Self::Secret),
            kind => Self::ALL.into_iter().find(|target| target.as_str() == kind),
        }
    }

    /// Where the name of what it is or makes stands.
    pub fn name_of_made(object: Node<'_>) -> Node<'_> {
        match object.identity().kind.as_str() {
            "VaultStaticSecret" => object.at(&["spec", "destination", "name"]),
            _ => object.at(&["metadata", "name"]),
        }
    }
}

/// Visits the name at the end of `keys`, if it is there, unless it is empty or may be of nothing.
fn one<'s>(
    visit: &mut Visit<'_, 's>,
    target: Target,
    holder: Node<'s>,
    keys: &[&'s str],
) -> Result<(), Missing> {
    let Some(place) = holder.find(keys) else { return Ok(()) };
    let is_optional = || place.parent().get("optional").as_bool() == Some(true);
    match place.as_str() {
        Some(name) if !name.is_empty() && !is_optional() => {
            visit(Reference { target, place, name: name.into(), namespace: None })
        }
        _ => Ok(()),
    }
}

fn of_pod<'s>(pod: Node<'s>, visit: &mut Visit<'_, 's>) -> Result<(), Missing> {
    let spec = pod.get("spec");
    for volume in spec.get("volumes").items() {
        one(visit, Target::ConfigMap, volume, &["configMap", "name"])?;
        one(visit, Target::Secret, volume, &["secret", "secretName"])?;
        let claim = &["persistentVolumeClaim", "claimName"];
        one(visit, Target::PersistentVolumeClaim, volume, claim)?;
        let sources = volume.find(&["projected", "sources"]);
        for source in sources.into_iter().flat_map(Node::items) {
            one(visit, Target::ConfigMap, source, &["configMap", "name"])?;
            one(visit, Target::Secret, source, &["secret", "name"])?;
        }
    }
    for container in containers(pod) {
        for source in container.node.find(&["envFrom"]).into_iter().flat_map(Node::items) {
            one(visit, Target::ConfigMap, source, &["configMapRef", "name"])?;
            one(visit, Target::Secret, source, &["secretRef", "name"])?;
        }
        for variable in container.node.get("env").items() {
            if let Some(source) = variable.find(&["valueFrom"]) {
                one(visit, Target::ConfigMap, source, &["configMapKeyRef", "name"])?;
                one(visit, Target::Secret, source, &["secretKeyRef", "name"])?;
            }
        }
    }
    one(visit, Target::ServiceAccount, spec, &["serviceAccountName"])?;
    let networks = pod.find(&["metadata", "annotations", NETWORKS]);
    match networks.and_then(|place| Some((place, place.as_str()?))) {
        Some((place, text)) => {
            place.charge(text.len() as u64);
            of_networks(place, text, visit)
        }
        None => Ok(()),
    }
}

/// `NAMESPACE/NAME@INTERFACE`, several with commas between, or a JSON list of maps.
fn of_networks<'s>(
    place: Node<'s>,
    text: &'s str,
    visit: &mut Visit<'_, 's>,
) -> Result<(), Missing> {
    let target = Target::NetworkAttachmentDefinition;
    if text.trim_start().starts_with('[') {
        let Ok(document) = json::read(text) else { return Ok(()) };
        for item in document.value.as_list().unwrap_or_default() {
            let text = |key| item.get(key).and_then(|it| it.as_str()).map(str::to_owned);
            if let Some(name) = text("name") {
                let namespace = text("namespace").map(Cow::Owned);
                visit(Reference { target, place, name: name.into(), namespace })?;
            }
        }
        return Ok(());
    }
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let item = item.split('@').next().unwrap_or(item);
        let (namespace, name) = match item.split_once('/') {
            Some((namespace, name)) => (Some(Cow::Borrowed(namespace)), name),
            None => (None, item),
        };
        visit(Reference { target, place, name: name.into(), namespace })?;
    }
    Ok(())
}

fn of_role_binding<'s>(object: Node<'s>, visit: &mut Visit<'_, 's>) -> Result<(), Missing> {
    let role = object.get("roleRef");
    if role.get("kind").as_str() == Some("Role") {
        one(visit, Target::Role, role, &["name"])?;
    }
    for subject in object.get("subjects").items() {
        if subject.get("kind").as_str() == Some("ServiceAccount") {
            let namespace = subject.get("namespace").as_str().filter(|it| !it.is_empty());
            let mut there = |reference: Reference<'s>| {
                visit(Reference { namespace: namespace.map(Cow::Borrowed), ..reference })
            };
            one(&mut there, Target::ServiceAccount, subject, &["name"])?;
        }
    }
    Ok(())
}

fn of_autoscaler<'s>(object: Node<'s>, visit: &mut Visit<'_, 's>) -> Result<(), Missing> {
    let target = object.at(&["spec", "scaleTargetRef"]);
    match target.get("kind").as_str() {
        Some("Deployment") => one(visit, Target::Deployment, target, &["name"]),
        Some("StatefulSet") => one(visit, Target::StatefulSet, target, &["name"]),
        _ => Ok(()),
    }
}

fn of_ingress<'s>(object: Node<'s>, visit: &mut Visit<'_, 's>) -> Result<(), Missing> {
    let spec = object.get("spec");
    one(visit, Target::Service, spec, &["defaultBackend", "service", "name"])?;
    for rule in spec.get("rules").items() {
        for path in rule.at(&["http", "paths"]).items() {
            let backend = path.get("backend");
            one(visit, Target::Service, backend, &["service", "name"])?;
            // As `networking.k8s.io/v1beta1` had it.
            one(visit, Target::Service, backend, &["serviceName"])?;
        }
    }
    Ok(())
}
