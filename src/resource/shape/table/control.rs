//! What steers others: HorizontalPodAutoscaler, PodDisruptionBudget, roles and bindings,
//! StorageClass, CSIDriver, PriorityClass, webhook configurations and admission policies.
//!
//! Sources: the `defaults.go` of Kubernetes' `pkg/apis/{autoscaling/v1,autoscaling/v2,rbac/v1,
//! storage/v1,scheduling/v1,admissionregistration/v1}`.

use super::super::computed;
use super::super::form::{
    FLAG, Form, LABELS, List, TEXT, TEXTS, depends, empty, field, flag, list, list_by, may,
    optional_number, optional_text, text,
};
use super::metadata::{SELECTOR, metadata, status};

pub(super) static AUTOSCALER: Form =
    Form::Struct(&[metadata(), field("spec", &AUTOSCALER_SPEC), status()]);

static AUTOSCALER_SPEC: Form = Form::Struct(&[
    field("behavior", &BEHAVIOR),
    depends("metrics", &METRICS, computed::metrics),
    optional_number("minReplicas", 1),
]);

static METRICS: Form = list(&METRIC);
static METRIC: Form = Form::Struct(&[]);

static BEHAVIOR: Form = Form::Struct(&[
    depends("scaleDown", &SCALE_DOWN, computed::scaling_rules),
    depends("scaleUp", &SCALE_UP, computed::scaling_rules),
]);

static SCALE_DOWN: Form = Form::Struct(&[
    depends("policies", &TEXTS, computed::scale_down_policies),
    optional_text("selectPolicy", "Max"),
]);

static SCALE_UP: Form = Form::Struct(&[
    depends("policies", &TEXTS, computed::scale_up_policies),
    optional_text("selectPolicy", "Max"),
    optional_number("stabilizationWindowSeconds", 0),
]);

pub(super) static AUTOSCALER_V1: Form =
    Form::Struct(&[metadata(), field("spec", &AUTOSCALER_V1_SPEC), status()]);

static AUTOSCALER_V1_SPEC: Form = Form::Struct(&[
    optional_number("minReplicas", 1),
    optional_number("targetCPUUtilizationPercentage", 80),
]);

pub(super) static DISRUPTION_BUDGET: Form =
    Form::Struct(&[metadata(), field("spec", &DISRUPTION_BUDGET_SPEC), status()]);

static DISRUPTION_BUDGET_SPEC: Form = Form::Struct(&[field("selector", &SELECTOR)]);

pub(super) static ROLE: Form = Form::Struct(&[metadata(), field("rules", &RULES)]);

static RULES: Form = Form::List(List::of(&RULE).kept());

static RULE: Form = Form::Struct(&[
    field("apiGroups", &TEXTS),
    field("nonResourceURLs", &TEXTS),
    field("resourceNames", &TEXTS),
    field("resources", &TEXTS),
]);

pub(super) static ROLE_BINDING: Form =
    Form::Struct(&[metadata(), field("roleRef", &ROLE_REFERENCE), field("subjects", &SUBJECTS)]);

static ROLE_REFERENCE: Form = Form::Struct(&[text("apiGroup", "rbac.authorization.k8s.io")]);
static SUBJECTS: Form = list_by("name", &SUBJECT);

static SUBJECT: Form =
    Form::Struct(&[may("apiGroup", &TEXT, computed::subject_group), field("namespace", &TEXT)]);

pub(super) static STORAGE_CLASS: Form = Form::Struct(&[
    metadata(),
    field("mountOptions", &TEXTS),
    field("parameters", &LABELS),
    text("reclaimPolicy", "Delete"),
    text("volumeBindingMode", "Immediate"),
]);

pub(super) static CSI_DRIVER: Form = Form::Struct(&[metadata(), field("spec", &CSI_DRIVER_SPEC)]);

static CSI_DRIVER_SPEC: Form = Form::Struct(&[
    flag("attachRequired", true),
    text("fsGroupPolicy", "ReadWriteOnceWithFSType"),
    flag("podInfoOnMount", false),
    flag("requiresRepublish", false),
    flag("seLinuxMount", false),
    flag("storageCapacity", false),
    depends("volumeLifecycleModes", &TEXTS, computed::lifecycle_modes),
]);

pub(super) static PRIORITY_CLASS: Form = Form::Struct(&[
    field("description", &TEXT),
    field("globalDefault", &FLAG),
    metadata(),
    text("preemptionPolicy", "PreemptLowerPriority"),
]);

pub(super) static VALIDATING_WEBHOOKS: Form =
    Form::Struct(&[metadata(), field("webhooks", &VALIDATING_WEBHOOK_LIST)]);

static VALIDATING_WEBHOOK_LIST: Form = list_by("name", &VALIDATING_WEBHOOK);

static VALIDATING_WEBHOOK: Form = Form::Struct(&[
    field("clientConfig", &CLIENT),
    text("failurePolicy", "Fail"),
    text("matchPolicy", "Equivalent"),
    empty("namespaceSelector", &SELECTOR),
    empty("objectSelector", &SELECTOR),
    field("rules", &WEBHOOK_RULES),
    optional_number("timeoutSeconds", 10),
]);

pub(super) static MUTATING_WEBHOOKS: Form =
    Form::Struct(&[metadata(), field("webhooks", &MUTATING_WEBHOOK_LIST)]);

static MUTATING_WEBHOOK_LIST: Form = list_by("name", &MUTATING_WEBHOOK);

static MUTATING_WEBHOOK: Form = Form::Struct(&[
    field("clientConfig", &CLIENT),
    text("failurePolicy", "Fail"),
    text("matchPolicy", "Equivalent"),
    empty("namespaceSelector", &SELECTOR),
    empty("objectSelector", &SELECTOR),
    text("reinvocationPolicy", "Never"),
    field("rules", &WEBHOOK_RULES),
    optional_number("timeoutSeconds", 10),
]);

static CLIENT: Form = Form::Struct(&[field("service", &CLIENT_SERVICE)]);
static CLIENT_SERVICE: Form = Form::Struct(&[optional_number("port", 443)]);
static WEBHOOK_RULES: Form = list(&WEBHOOK_RULE);
static WEBHOOK_RULE: Form = Form::Struct(&[text("scope", "*")]);

pub(super) static ADMISSION_POLICY: Form =
    Form::Struct(&[metadata(), field("spec", &ADMISSION_POLICY_SPEC), status()]);

static ADMISSION_POLICY_SPEC: Form =
    Form::Struct(&[text("failurePolicy", "Fail"), field("matchConstraints", &MATCH_RESOURCES)]);

pub(super) static ADMISSION_POLICY_BINDING: Form =
    Form::Struct(&[metadata(), field("spec", &ADMISSION_POLICY_BINDING_SPEC)]);

static ADMISSION_POLICY_BINDING_SPEC: Form =
    Form::Struct(&[field("matchResources", &MATCH_RESOURCES)]);

static MATCH_RESOURCES: Form = Form::Struct(&[
    field("excludeResourceRules", &WEBHOOK_RULES),
    text("matchPolicy", "Equivalent"),
    empty("namespaceSelector", &SELECTOR),
    empty("objectSelector", &SELECTOR),
    field("resourceRules", &WEBHOOK_RULES),
]);
