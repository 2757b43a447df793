//! ConfigMap, Secret, Namespace, ServiceAccount, ResourceQuota, LimitRange, and the custom kinds
//! that hold documents.
//!
//! Sources: Kubernetes `pkg/apis/core/v1/defaults.go`; ska-tango-charts for `DeviceServer`; the
//! Network Plumbing Working Group's specification for `NetworkAttachmentDefinition`.

use super::super::computed;
use super::super::form::{
    Form, LABELS, List, PLAIN, QUANTITIES, QUANTITY, Source, TEXT, TEXTS, assigned, field,
    filled_keys_of, keys_of, list, list_by, may, text,
};
use super::metadata::{LOCAL_REFERENCES, NAMESPACE_METADATA, OBJECT_REFERENCE, metadata, status};

pub(super) static CONFIG_MAP: Form =
    Form::Struct(&[field("binaryData", &LABELS), field("data", &FILES), metadata()]);

static FILES: Form = keys_of(&FILE);
static FILE: Form = Form::File;

/// `stringData` is merged into `data`, and is not there afterwards.
pub(super) static SECRET: Form = Form::Struct(&[
    field("data", &LABELS),
    metadata(),
    field("stringData", &LABELS),
    text("type", "Opaque"),
]);

pub(super) static NAMESPACE: Form = Form::Struct(&[
    field("metadata", &NAMESPACE_METADATA),
    assigned("spec", &PLAIN, Source::Creation),
    status(),
]);

pub(super) static SERVICE_ACCOUNT: Form = Form::Struct(&[
    field("imagePullSecrets", &LOCAL_REFERENCES),
    metadata(),
    field("secrets", &SECRET_REFERENCES),
]);

static SECRET_REFERENCES: Form = list_by("name", &OBJECT_REFERENCE);

pub(super) static RESOURCE_QUOTA: Form =
    Form::Struct(&[metadata(), field("spec", &RESOURCE_QUOTA_SPEC), status()]);

static RESOURCE_QUOTA_SPEC: Form =
    Form::Struct(&[field("hard", &QUANTITIES), field("scopes", &TEXTS)]);

pub(super) static LIMIT_RANGE: Form = Form::Struct(&[metadata(), field("spec", &LIMIT_RANGE_SPEC)]);

static LIMIT_RANGE_SPEC: Form = Form::Struct(&[field("limits", &LIMITS)]);
static LIMITS: Form = Form::List(List::of(&LIMIT).by("type").kept());

static LIMIT: Form = Form::Struct(&[
    may("default", &DEFAULT_LIMITS, computed::default_limits),
    may("defaultRequest", &DEFAULT_REQUESTS, computed::default_requests),
    field("max", &QUANTITIES),
    field("maxLimitRequestRatio", &QUANTITIES),
    field("min", &QUANTITIES),
]);

static DEFAULT_LIMITS: Form = filled_keys_of(&QUANTITY, computed::default_limit);

static DEFAULT_REQUESTS: Form = filled_keys_of(&QUANTITY, computed::default_request);

pub(super) static DEVICE_SERVER: Form =
    Form::Struct(&[metadata(), field("spec", &DEVICE_SERVER_SPEC)]);

static DEVICE_SERVER_SPEC: Form = Form::Struct(&[
    field("config", &JSON),
    field("dependsOn", &NAMES),
    field("env", &NAMED),
    field("volumeMounts", &MOUNTS),
    field("volumes", &NAMED),
]);

pub(super) static NETWORK_ATTACHMENT: Form =
    Form::Struct(&[metadata(), field("spec", &NETWORK_ATTACHMENT_SPEC)]);

static NETWORK_ATTACHMENT_SPEC: Form = Form::Struct(&[field("config", &JSON)]);
static JSON: Form = Form::Json;
static NAMES: Form = list(&TEXT);
static NAMED: Form = list_by("name", &PLAIN);
static MOUNTS: Form = list_by("mountPath", &PLAIN);
