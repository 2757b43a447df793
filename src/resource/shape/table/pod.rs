//! Pods and pod templates.
//!
//! Sources: Kubernetes `pkg/apis/core/v1/defaults.go` (`SetDefaults_Pod`, `SetDefaults_PodSpec`),
//! `conversion.go` (`serviceAccount`), and the admission plugins ServiceAccount, Priority and
//! DefaultTolerationSeconds. What only pods get, not templates, stands here too: a template is
//! judged by the pods that it makes.

use super::super::computed;
use super::super::form::{
    FLAG, Form, LABELS, List, PLAIN, QUANTITIES, Source, TEXT, TEXTS, assigned, depends, empty,
    field, flag, list, list_by, may, optional_number, text,
};
use super::super::injected;
use super::container::{CONTAINERS, REGULAR_CONTAINERS};
use super::metadata::{LOCAL_REFERENCES, SELECTOR, TEMPLATE_METADATA, metadata, status};
use super::volume::VOLUMES;

pub(super) static POD: Form = Form::Struct(&[metadata(), field("spec", &POD_SPEC), status()]);

pub(super) static POD_TEMPLATE: Form = Form::Struct(&[metadata(), field("template", &TEMPLATE)]);

/// The pod template inside a Deployment, a Job, ….
pub(super) static TEMPLATE: Form =
    Form::Struct(&[empty("metadata", &TEMPLATE_METADATA), field("spec", &POD_SPEC)]);

pub(super) static POD_SPEC: Form = Form::Struct(&[
    field("affinity", &AFFINITY),
    field("containers", &REGULAR_CONTAINERS),
    field("dnsConfig", &DNS_CONFIG),
    text("dnsPolicy", "ClusterFirst"),
    flag("enableServiceLinks", true),
    field("ephemeralContainers", &CONTAINERS),
    field("hostAliases", &HOST_ALIASES),
    field("hostIPC", &FLAG),
    field("hostNetwork", &FLAG),
    field("hostPID", &FLAG),
    field("hostname", &TEXT),
    field("imagePullSecrets", &LOCAL_REFERENCES),
    field("initContainers", &CONTAINERS),
    field("nodeName", &TEXT),
    field("nodeSelector", &LABELS),
    field("overhead", &QUANTITIES),
    may("preemptionPolicy", &PLAIN, computed::preemption_policy).by(Source::Plugin("Priority")),
    may("priority", &PLAIN, computed::priority).by(Source::Plugin("Priority")),
    field("priorityClassName", &TEXT),
    field("readinessGates", &READINESS_GATES),
    field("resourceClaims", &NAMED),
    field("resources", &POD_RESOURCES),
    text("restartPolicy", "Always"),
    text("schedulerName", "default-scheduler"),
    field("schedulingGates", &NAMED),
    empty("securityContext", &POD_SECURITY_CONTEXT),
    depends("serviceAccount", &TEXT, computed::service_account)
        .by(Source::Plugin("ServiceAccount")),
    depends("serviceAccountName", &TEXT, computed::service_account)
        .by(Source::Plugin("ServiceAccount")),
    field("subdomain", &TEXT),
    optional_number("terminationGracePeriodSeconds", 30),
    assigned("tolerations", &TOLERATIONS, Source::Plugin("DefaultTolerationSeconds")),
    field("topologySpreadConstraints", &TOPOLOGY_SPREAD_CONSTRAINTS),
    assigned("volumes", &VOLUMES, Source::Plugin("ServiceAccount")),
]);

/// The requests of a whole pod are worked out from those of its containers.
static POD_RESOURCES: Form = Form::Struct(&[
    field("claims", &NAMED),
    field("limits", &QUANTITIES),
    assigned("requests", &QUANTITIES, Source::Defaults),
]);

static POD_SECURITY_CONTEXT: Form =
    Form::Struct(&[field("supplementalGroups", &TEXTS), field("sysctls", &NAMED)]);

static TOLERATIONS: Form = Form::List(List::of(&TOLERATION).without(injected::toleration));

static TOLERATION: Form = Form::Struct(&[
    field("effect", &TEXT),
    field("key", &TEXT),
    field("operator", &TEXT),
    field("value", &TEXT),
]);

static TOPOLOGY_SPREAD_CONSTRAINTS: Form = list_by("topologyKey", &TOPOLOGY_SPREAD_CONSTRAINT);

static TOPOLOGY_SPREAD_CONSTRAINT: Form =
    Form::Struct(&[field("labelSelector", &SELECTOR), field("matchLabelKeys", &TEXTS)]);

static DNS_CONFIG: Form = Form::Struct(&[
    field("nameservers", &TEXTS),
    field("options", &NAMED),
    field("searches", &TEXTS),
]);

static HOST_ALIASES: Form = list_by("ip", &HOST_ALIAS);
static HOST_ALIAS: Form = Form::Struct(&[field("hostnames", &TEXTS)]);
static READINESS_GATES: Form = list_by("conditionType", &PLAIN);
static NAMED: Form = list_by("name", &PLAIN);

static AFFINITY: Form = Form::Struct(&[
    field("nodeAffinity", &NODE_AFFINITY),
    field("podAffinity", &POD_AFFINITY),
    field("podAntiAffinity", &POD_AFFINITY),
]);

static NODE_AFFINITY: Form = Form::Struct(&[
    field("preferredDuringSchedulingIgnoredDuringExecution", &TEXTS),
    field("requiredDuringSchedulingIgnoredDuringExecution", &PLAIN),
]);

static POD_AFFINITY: Form = Form::Struct(&[
    field("preferredDuringSchedulingIgnoredDuringExecution", &WEIGHTED_TERMS),
    field("requiredDuringSchedulingIgnoredDuringExecution", &TERMS),
]);

static WEIGHTED_TERMS: Form = list(&WEIGHTED_TERM);
static WEIGHTED_TERM: Form = Form::Struct(&[field("podAffinityTerm", &TERM)]);
static TERMS: Form = list(&TERM);

static TERM: Form = Form::Struct(&[
    field("labelSelector", &SELECTOR),
    field("matchLabelKeys", &TEXTS),
    field("mismatchLabelKeys", &TEXTS),
    field("namespaceSelector", &SELECTOR),
    field("namespaces", &TEXTS),
]);
