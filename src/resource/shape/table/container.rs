//! Containers: regular, init and ephemeral ones.
//!
//! Sources: Kubernetes `pkg/apis/core/v1/defaults.go` (`SetDefaults_Container`, `SetDefaults_Pod`,
//! `SetDefaults_Probe`, `SetDefaults_HTTPGetAction`, `SetDefaults_ObjectFieldSelector`); the
//! `+default=` markers of `k8s.io/api/core/v1/types.go` (`protocol`, gRPC's `service`); the
//! ServiceAccount admission plugin.

use super::super::computed;
use super::super::form::{
    FLAG, Form, List, NUMBER, PLAIN, QUANTITIES, QUANTITY, Source, TEXT, TEXTS, assigned, depends,
    empty, field, filled_keys_of, list, list_by, may, number, optional_text, text,
};
use super::super::injected;
use super::metadata::{LOCAL_REFERENCE, read_only};

/// The init and ephemeral containers of a pod.
pub(super) static CONTAINERS: Form = list_by("name", &CONTAINER);

pub(super) static REGULAR_CONTAINERS: Form = Form::List(List::of(&CONTAINER).by("name").kept());

static CONTAINER: Form = Form::Struct(&[
    field("args", &TEXTS),
    field("command", &TEXTS),
    field("env", &ENV),
    field("envFrom", &ENV_FROM),
    field("image", &TEXT),
    depends("imagePullPolicy", &TEXT, computed::image_pull_policy),
    field("lifecycle", &LIFECYCLE),
    field("livenessProbe", &PROBE),
    field("ports", &PORTS),
    field("readinessProbe", &PROBE),
    field("resizePolicy", &RESIZE_POLICIES),
    empty("resources", &RESOURCES),
    field("restartPolicyRules", &TEXTS),
    field("securityContext", &SECURITY_CONTEXT),
    field("startupProbe", &PROBE),
    field("stdin", &FLAG),
    field("stdinOnce", &FLAG),
    field("targetContainerName", &TEXT),
    text("terminationMessagePath", "/dev/termination-log"),
    text("terminationMessagePolicy", "File"),
    field("tty", &FLAG),
    field("volumeDevices", &VOLUME_DEVICES),
    assigned("volumeMounts", &VOLUME_MOUNTS, Source::Plugin("ServiceAccount")),
    field("workingDir", &TEXT),
]);

static ENV: Form = list_by("name", &ENV_VARIABLE);

static ENV_VARIABLE: Form = Form::Struct(&[field("value", &TEXT), field("valueFrom", &ENV_SOURCE)]);

static ENV_SOURCE: Form = Form::Struct(&[
    field("configMapKeyRef", &LOCAL_REFERENCE),
    field("fieldRef", &FIELD_REFERENCE),
    field("resourceFieldRef", &RESOURCE_REFERENCE),
    field("secretKeyRef", &LOCAL_REFERENCE),
]);

pub(super) static FIELD_REFERENCE: Form = Form::Struct(&[text("apiVersion", "v1")]);

pub(super) static RESOURCE_REFERENCE: Form =
    Form::Struct(&[field("containerName", &TEXT), text("divisor", "0")]);

static ENV_FROM: Form = list(&ENV_FROM_SOURCE);

static ENV_FROM_SOURCE: Form = Form::Struct(&[
    field("configMapRef", &LOCAL_REFERENCE),
    field("prefix", &TEXT),
    field("secretRef", &LOCAL_REFERENCE),
]);

static PORTS: Form = list_by("containerPort", &PORT);

static PORT: Form = Form::Struct(&[
    field("hostIP", &TEXT),
    may("hostPort", &NUMBER, computed::host_port),
    field("name", &TEXT),
    text("protocol", "TCP"),
]);

static RESOURCES: Form = Form::Struct(&[
    field("claims", &CLAIMS),
    field("limits", &QUANTITIES),
    may("requests", &REQUESTS, computed::requests),
]);

/// A resource that has a limit and no request gets the limit as its request.
static REQUESTS: Form = filled_keys_of(&QUANTITY, computed::request);

static CLAIMS: Form = list_by("name", &CLAIM);
static CLAIM: Form = Form::Struct(&[field("request", &TEXT)]);

static PROBE: Form = Form::Struct(&[
    field("exec", &EXEC),
    number("failureThreshold", 3),
    field("grpc", &GRPC),
    field("httpGet", &HTTP_GET),
    field("initialDelaySeconds", &NUMBER),
    number("periodSeconds", 10),
    number("successThreshold", 1),
    field("tcpSocket", &TCP_SOCKET),
    number("timeoutSeconds", 1),
]);

static LIFECYCLE: Form = Form::Struct(&[field("postStart", &HANDLER), field("preStop", &HANDLER)]);

static HANDLER: Form = Form::Struct(&[
    field("exec", &EXEC),
    field("httpGet", &HTTP_GET),
    field("tcpSocket", &TCP_SOCKET),
]);

static EXEC: Form = Form::Struct(&[field("command", &TEXTS)]);
static GRPC: Form = Form::Struct(&[optional_text("service", "")]);
static TCP_SOCKET: Form = Form::Struct(&[field("host", &TEXT)]);

static HTTP_GET: Form = Form::Struct(&[
    field("host", &TEXT),
    field("httpHeaders", &HTTP_HEADERS),
    text("path", "/"),
    text("scheme", "HTTP"),
]);

static HTTP_HEADERS: Form = list_by("name", &PLAIN);
static RESIZE_POLICIES: Form = list_by("resourceName", &PLAIN);

static SECURITY_CONTEXT: Form = Form::Struct(&[
    field("capabilities", &CAPABILITIES),
    field("seLinuxOptions", &SELINUX_OPTIONS),
]);

static CAPABILITIES: Form = Form::Struct(&[field("add", &TEXTS), field("drop", &TEXTS)]);

pub(super) static SELINUX_OPTIONS: Form = Form::Struct(&[
    field("level", &TEXT),
    field("role", &TEXT),
    field("type", &TEXT),
    field("user", &TEXT),
]);

static VOLUME_MOUNTS: Form =
    Form::List(List::of(&VOLUME_MOUNT).by("mountPath").without(injected::token_mount));

static VOLUME_MOUNT: Form =
    Form::Struct(&[read_only(), field("subPath", &TEXT), field("subPathExpr", &TEXT)]);

static VOLUME_DEVICES: Form = list_by("devicePath", &PLAIN);
