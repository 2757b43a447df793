//! The volumes of a pod, and persistent volumes.
//!
//! Sources: Kubernetes `pkg/apis/core/v1/defaults.go` (`SetDefaults_Volume`, one function for each
//! sort), the `+default=` markers of `k8s.io/api/core/v1/types.go`, and the ServiceAccount
//! admission plugin.

use super::super::computed;
use super::super::form::{
    FLAG, Form, LABELS, List, PLAIN, QUANTITIES, QUANTITY, Source, TEXT, TEXTS, depends, empty,
    field, flag, list, may, may_be_assigned, optional_number, optional_text, text,
};
use super::super::injected;
use super::container::{FIELD_REFERENCE, RESOURCE_REFERENCE};
use super::metadata::{
    LOCAL_REFERENCE, OBJECT_REFERENCE, SECRET_REFERENCE, SELECTOR, STORAGE_METADATA,
    TEMPLATE_METADATA, read_only, status,
};

pub(super) static VOLUMES: Form =
    Form::List(List::of(&VOLUME).by("name").without(injected::token_volume));

static VOLUME: Form = Form::Struct(&[
    field("azureDisk", &AZURE_DISK),
    field("cephfs", &CEPHFS),
    field("configMap", &CONFIG_MAP),
    field("csi", &CSI),
    field("downwardAPI", &DOWNWARD),
    may("emptyDir", &EMPTY_DIR, computed::empty_dir),
    field("ephemeral", &EPHEMERAL),
    field("hostPath", &HOST_PATH),
    field("image", &IMAGE),
    field("iscsi", &ISCSI),
    field("nfs", &NFS),
    field("persistentVolumeClaim", &CLAIM_REFERENCE),
    field("projected", &PROJECTED),
    field("rbd", &RBD),
    field("scaleIO", &SCALE_IO),
    field("secret", &SECRET),
]);

static AZURE_DISK: Form = Form::Struct(&[
    text("cachingMode", "ReadWrite"),
    text("fsType", "ext4"),
    text("kind", "Shared"),
    flag("readOnly", false),
]);

static CEPHFS: Form = Form::Struct(&[
    field("path", &TEXT),
    read_only(),
    field("secretFile", &TEXT),
    field("secretRef", &SECRET_REFERENCE),
    field("user", &TEXT),
]);

static CONFIG_MAP: Form = Form::Struct(&[
    optional_number("defaultMode", DEFAULT_MODE),
    field("items", &TEXTS),
    field("name", &TEXT),
]);

static SECRET: Form = Form::Struct(&[
    optional_number("defaultMode", DEFAULT_MODE),
    field("items", &TEXTS),
    field("secretName", &TEXT),
]);

/// `0644`.
const DEFAULT_MODE: i64 = 0o644;

static CSI: Form = Form::Struct(&[
    field("nodePublishSecretRef", &LOCAL_REFERENCE),
    field("volumeAttributes", &LABELS),
]);

static DOWNWARD: Form =
    Form::Struct(&[optional_number("defaultMode", DEFAULT_MODE), field("items", &DOWNWARD_FILES)]);

static DOWNWARD_FILES: Form = list(&DOWNWARD_FILE);

static DOWNWARD_FILE: Form = Form::Struct(&[
    field("fieldRef", &FIELD_REFERENCE),
    field("resourceFieldRef", &RESOURCE_REFERENCE),
]);

static EMPTY_DIR: Form = Form::Struct(&[field("medium", &TEXT), field("sizeLimit", &QUANTITY)]);

static EPHEMERAL: Form = Form::Struct(&[field("volumeClaimTemplate", &CLAIM_TEMPLATE)]);

static CLAIM_TEMPLATE: Form =
    Form::Struct(&[empty("metadata", &TEMPLATE_METADATA), field("spec", &CLAIM_SPEC)]);

static HOST_PATH: Form = Form::Struct(&[optional_text("type", "")]);

static IMAGE: Form = Form::Struct(&[
    depends("pullPolicy", &TEXT, computed::image_volume_pull_policy),
    field("reference", &TEXT),
]);

static ISCSI: Form = Form::Struct(&[
    field("chapAuthDiscovery", &FLAG),
    field("chapAuthSession", &FLAG),
    field("fsType", &TEXT),
    text("iscsiInterface", "default"),
    field("portals", &TEXTS),
    read_only(),
    field("secretRef", &SECRET_REFERENCE),
]);

static NFS: Form = Form::Struct(&[read_only()]);
static CLAIM_REFERENCE: Form = Form::Struct(&[read_only()]);

static PROJECTED: Form =
    Form::Struct(&[optional_number("defaultMode", DEFAULT_MODE), field("sources", &PROJECTIONS)]);

static PROJECTIONS: Form = Form::List(List::of(&PROJECTION).kept());

static PROJECTION: Form = Form::Struct(&[
    field("configMap", &PROJECTED_FILES),
    field("downwardAPI", &PROJECTED_DOWNWARD),
    field("secret", &PROJECTED_FILES),
    field("serviceAccountToken", &TOKEN),
]);

static PROJECTED_FILES: Form = Form::Struct(&[field("items", &TEXTS), field("name", &TEXT)]);
static PROJECTED_DOWNWARD: Form = Form::Struct(&[field("items", &DOWNWARD_FILES)]);

static TOKEN: Form =
    Form::Struct(&[field("audience", &TEXT), optional_number("expirationSeconds", 3600)]);

static RBD: Form = Form::Struct(&[
    field("fsType", &TEXT),
    text("keyring", "/etc/ceph/keyring"),
    text("pool", "rbd"),
    read_only(),
    field("secretRef", &SECRET_REFERENCE),
    text("user", "admin"),
]);

static SCALE_IO: Form = Form::Struct(&[
    text("fsType", "xfs"),
    field("protectionDomain", &TEXT),
    read_only(),
    field("secretRef", &SECRET_REFERENCE),
    field("sslEnabled", &FLAG),
    text("storageMode", "ThinProvisioned"),
    field("storagePool", &TEXT),
    field("volumeName", &TEXT),
]);

pub(super) static VOLUME_CLAIM: Form =
    Form::Struct(&[field("metadata", &STORAGE_METADATA), field("spec", &CLAIM_SPEC), status()]);

/// An item of a StatefulSet's `volumeClaimTemplates`, which is a claim in full.
pub(super) static CLAIM_OBJECT: Form = Form::Struct(&[
    text("apiVersion", "v1").by(Source::Conversion),
    text("kind", "PersistentVolumeClaim").by(Source::Conversion),
    field("metadata", &TEMPLATE_METADATA),
    field("spec", &CLAIM_SPEC),
    status(),
]);

static CLAIM_SPEC: Form = Form::Struct(&[
    field("accessModes", &TEXTS),
    may_be_assigned("dataSource", &PLAIN, Source::Creation),
    may_be_assigned("dataSourceRef", &PLAIN, Source::Creation),
    field("resources", &CLAIM_RESOURCES),
    field("selector", &SELECTOR),
    // An empty string means that there is no class; the default class is for an absent field.
    may_be_assigned("storageClassName", &PLAIN, Source::Plugin("DefaultStorageClass")),
    text("volumeMode", "Filesystem"),
    field("volumeName", &TEXT),
]);

static CLAIM_RESOURCES: Form =
    Form::Struct(&[field("limits", &QUANTITIES), field("requests", &QUANTITIES)]);

pub(super) static PERSISTENT_VOLUME: Form = Form::Struct(&[
    field("metadata", &STORAGE_METADATA),
    field("spec", &PERSISTENT_VOLUME_SPEC),
    status(),
]);

static PERSISTENT_VOLUME_SPEC: Form = Form::Struct(&[
    field("accessModes", &TEXTS),
    field("azureDisk", &AZURE_DISK),
    field("capacity", &QUANTITIES),
    field("cephfs", &CEPHFS),
    field("claimRef", &OBJECT_REFERENCE),
    field("csi", &PERSISTENT_CSI),
    field("hostPath", &HOST_PATH),
    field("iscsi", &ISCSI),
    field("mountOptions", &TEXTS),
    field("nfs", &NFS),
    text("persistentVolumeReclaimPolicy", "Retain"),
    field("rbd", &RBD),
    field("scaleIO", &SCALE_IO),
    field("storageClassName", &TEXT),
    text("volumeMode", "Filesystem"),
]);

static PERSISTENT_CSI: Form =
    Form::Struct(&[field("fsType", &TEXT), read_only(), field("volumeAttributes", &LABELS)]);
