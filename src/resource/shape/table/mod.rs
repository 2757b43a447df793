//! The table: for every kind its fields, what the API server puts into those that are absent, and
//! which part of it does.
//!
//! A row is written where its kind is, in alphabetical order; each file names its sources. Fields
//! that no row names stay as they are written, and are absent where they are not.

mod config;
mod container;
mod control;
mod metadata;
mod network;
mod pod;
mod volume;
mod workload;

use super::form::Form;
use super::kind::{Kind, cluster, namespaced, pods};

/// Every kind of Kubernetes that a manifest may hold, and the custom kinds of which more than the
/// name is known. Where versions differ in form, the newest comes first.
pub(super) static KINDS: &[Kind] = &[
    namespaced("", "ConfigMap", &config::CONFIG_MAP),
    namespaced("", "Endpoints", &OBJECT),
    namespaced("", "Event", &OBJECT),
    namespaced("", "LimitRange", &config::LIMIT_RANGE),
    cluster("", "Namespace", &config::NAMESPACE),
    cluster("", "Node", &OBJECT),
    cluster("", "PersistentVolume", &volume::PERSISTENT_VOLUME),
    namespaced("", "PersistentVolumeClaim", &volume::VOLUME_CLAIM),
    pods("", "Pod", &pod::POD, &[]),
    pods("", "PodTemplate", &pod::POD_TEMPLATE, &["template"]),
    pods("", "ReplicationController", &workload::REPLICATION_CONTROLLER, TEMPLATE),
    namespaced("", "ResourceQuota", &config::RESOURCE_QUOTA),
    namespaced("", "Secret", &config::SECRET),
    namespaced("", "Service", &network::SERVICE),
    namespaced("", "ServiceAccount", &config::SERVICE_ACCOUNT),
    cluster(ADMISSION, "MutatingAdmissionPolicy", &OBJECT),
    cluster(ADMISSION, "MutatingAdmissionPolicyBinding", &OBJECT),
    cluster(ADMISSION, "MutatingWebhookConfiguration", &control::MUTATING_WEBHOOKS),
    cluster(ADMISSION, "ValidatingAdmissionPolicy", &control::ADMISSION_POLICY),
    cluster(ADMISSION, "ValidatingAdmissionPolicyBinding", &control::ADMISSION_POLICY_BINDING),
    cluster(ADMISSION, "ValidatingWebhookConfiguration", &control::VALIDATING_WEBHOOKS),
    cluster("apiextensions.k8s.io", "CustomResourceDefinition", &OBJECT),
    cluster("apiregistration.k8s.io", "APIService", &OBJECT),
    namespaced("apps", "ControllerRevision", &OBJECT),
    pods("apps", "DaemonSet", &workload::DAEMON_SET, TEMPLATE),
    pods("apps", "Deployment", &workload::DEPLOYMENT, TEMPLATE),
    pods("apps", "ReplicaSet", &workload::REPLICA_SET, TEMPLATE),
    pods("apps", "StatefulSet", &workload::STATEFUL_SET, TEMPLATE),
    namespaced("autoscaling", "HorizontalPodAutoscaler", &control::AUTOSCALER),
    namespaced("autoscaling", "HorizontalPodAutoscaler", &control::AUTOSCALER_V1).of_version("v1"),
    namespaced("autoscaling", "Scale", &OBJECT),
    pods("batch", "CronJob", &workload::CRON_JOB, &["spec", "jobTemplate", "spec", "template"]),
    pods("batch", "Job", &workload::JOB, TEMPLATE),
    cluster("certificates.k8s.io", "CertificateSigningRequest", &OBJECT),
    cluster("certificates.k8s.io", "ClusterTrustBundle", &OBJECT),
    namespaced("coordination.k8s.io", "Lease", &OBJECT),
    namespaced("discovery.k8s.io", "EndpointSlice", &OBJECT),
    namespaced("events.k8s.io", "Event", &OBJECT),
    cluster("flowcontrol.apiserver.k8s.io", "FlowSchema", &OBJECT),
    cluster("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", &OBJECT),
    namespaced("k8s.cni.cncf.io", "NetworkAttachmentDefinition", &config::NETWORK_ATTACHMENT),
    namespaced("networking.k8s.io", "Ingress", &network::INGRESS),
    cluster("networking.k8s.io", "IngressClass", &network::INGRESS_CLASS),
    cluster("networking.k8s.io", "IPAddress", &OBJECT),
    namespaced("networking.k8s.io", "NetworkPolicy", &network::NETWORK_POLICY),
    cluster("networking.k8s.io", "ServiceCIDR", &OBJECT),
    cluster("node.k8s.io", "RuntimeClass", &OBJECT),
    namespaced("policy", "PodDisruptionBudget", &control::DISRUPTION_BUDGET),
    cluster(RBAC, "ClusterRole", &control::ROLE),
    cluster(RBAC, "ClusterRoleBinding", &control::ROLE_BINDING),
    namespaced(RBAC, "Role", &control::ROLE),
    namespaced(RBAC, "RoleBinding", &control::ROLE_BINDING),
    cluster("resource.k8s.io", "DeviceClass", &OBJECT),
    namespaced("resource.k8s.io", "ResourceClaim", &OBJECT),
    namespaced("resource.k8s.io", "ResourceClaimTemplate", &OBJECT),
    cluster("resource.k8s.io", "ResourceSlice", &OBJECT),
    cluster("scheduling.k8s.io", "PriorityClass", &control::PRIORITY_CLASS),
    cluster("storage.k8s.io", "CSIDriver", &control::CSI_DRIVER),
    cluster("storage.k8s.io", "CSINode", &OBJECT),
    namespaced("storage.k8s.io", "CSIStorageCapacity", &OBJECT),
    cluster("storage.k8s.io", "StorageClass", &control::STORAGE_CLASS),
    cluster("storage.k8s.io", "VolumeAttachment", &OBJECT),
    cluster("storage.k8s.io", "VolumeAttributesClass", &OBJECT),
    namespaced("tango.tango-controls.org", "DatabaseDS", &OBJECT),
    namespaced("tango.tango-controls.org", "DeviceServer", &config::DEVICE_SERVER),
];

/// The root of an object of which only the metadata is known.
pub(super) static OBJECT: Form = Form::Struct(&[metadata::metadata()]);

const TEMPLATE: &[&str] = &["spec", "template"];
const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
