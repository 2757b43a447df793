//! What makes pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,
//! CronJob.
//!
//! Sources: Kubernetes `pkg/apis/apps/v1/defaults.go`, `pkg/apis/batch/v1/defaults.go`,
//! `pkg/apis/core/v1/defaults.go` (`SetDefaults_ReplicationController`), and the strategies in
//! `pkg/registry/batch/job` for what a Job's creation assigns. A CronJob's template is read as the
//! Jobs that it makes.

use super::super::computed;
use super::super::form::{
    FLAG, Form, Keys, LABELS, List, NUMBER, PLAIN, Source, TEXT, TEXTS, depends, empty, field,
    flag, list, list_by, may, may_be_assigned, optional_number, optional_text, text,
};
use super::metadata::{
    CONTROLLER_METADATA, DAEMON_SET_METADATA, SELECTOR, TEMPLATE_METADATA, metadata, status,
};
use super::pod::{POD_SPEC, TEMPLATE};
use super::volume::CLAIM_OBJECT;

pub(super) static DEPLOYMENT: Form =
    Form::Struct(&[metadata(), field("spec", &DEPLOYMENT_SPEC), status()]);

static DEPLOYMENT_SPEC: Form = Form::Struct(&[
    field("minReadySeconds", &NUMBER),
    field("paused", &FLAG),
    optional_number("progressDeadlineSeconds", 600),
    optional_number("replicas", 1),
    optional_number("revisionHistoryLimit", 10),
    field("selector", &SELECTOR),
    empty("strategy", &DEPLOYMENT_STRATEGY),
    field("template", &TEMPLATE),
]);

static DEPLOYMENT_STRATEGY: Form = Form::Struct(&[
    may("rollingUpdate", &DEPLOYMENT_ROLLING_UPDATE, computed::rolling_update),
    text("type", "RollingUpdate"),
]);

static DEPLOYMENT_ROLLING_UPDATE: Form =
    Form::Struct(&[optional_text("maxSurge", "25%"), optional_text("maxUnavailable", "25%")]);

pub(super) static STATEFUL_SET: Form =
    Form::Struct(&[metadata(), field("spec", &STATEFUL_SET_SPEC), status()]);

static STATEFUL_SET_SPEC: Form = Form::Struct(&[
    field("minReadySeconds", &NUMBER),
    empty("persistentVolumeClaimRetentionPolicy", &CLAIM_RETENTION),
    text("podManagementPolicy", "OrderedReady"),
    optional_number("replicas", 1),
    optional_number("revisionHistoryLimit", 10),
    field("selector", &SELECTOR),
    optional_text("serviceName", "").by(Source::Conversion),
    field("template", &TEMPLATE),
    empty("updateStrategy", &STATEFUL_SET_STRATEGY),
    field("volumeClaimTemplates", &CLAIMS),
]);

static CLAIM_RETENTION: Form =
    Form::Struct(&[text("whenDeleted", "Retain"), text("whenScaled", "Retain")]);

static STATEFUL_SET_STRATEGY: Form = Form::Struct(&[
    may("rollingUpdate", &STATEFUL_SET_ROLLING_UPDATE, computed::rolling_update),
    text("type", "RollingUpdate"),
]);

static STATEFUL_SET_ROLLING_UPDATE: Form = Form::Struct(&[optional_number("partition", 0)]);

/// Claims have no merge key; rules name them by `metadata.name`, and so a path has an index.
static CLAIMS: Form = list(&CLAIM_OBJECT);

pub(super) static DAEMON_SET: Form = Form::Struct(&[
    field("metadata", &DAEMON_SET_METADATA),
    field("spec", &DAEMON_SET_SPEC),
    status(),
]);

static DAEMON_SET_SPEC: Form = Form::Struct(&[
    field("minReadySeconds", &NUMBER),
    optional_number("revisionHistoryLimit", 10),
    field("selector", &SELECTOR),
    field("template", &TEMPLATE),
    empty("updateStrategy", &DAEMON_SET_STRATEGY),
]);

static DAEMON_SET_STRATEGY: Form = Form::Struct(&[
    may("rollingUpdate", &DAEMON_SET_ROLLING_UPDATE, computed::rolling_update),
    text("type", "RollingUpdate"),
]);

static DAEMON_SET_ROLLING_UPDATE: Form =
    Form::Struct(&[optional_number("maxSurge", 0), optional_number("maxUnavailable", 1)]);

pub(super) static REPLICA_SET: Form =
    Form::Struct(&[metadata(), field("spec", &REPLICA_SET_SPEC), status()]);

static REPLICA_SET_SPEC: Form = Form::Struct(&[
    field("minReadySeconds", &NUMBER),
    optional_number("replicas", 1),
    field("selector", &SELECTOR),
    field("template", &TEMPLATE),
]);

pub(super) static REPLICATION_CONTROLLER: Form = Form::Struct(&[
    field("metadata", &CONTROLLER_METADATA),
    field("spec", &REPLICATION_CONTROLLER_SPEC),
    status(),
]);

static REPLICATION_CONTROLLER_SPEC: Form = Form::Struct(&[
    field("minReadySeconds", &NUMBER),
    optional_number("replicas", 1),
    may("selector", &LABELS, computed::template_labels),
    field("template", &TEMPLATE),
]);

pub(super) static JOB: Form =
    Form::Struct(&[field("metadata", &CONTROLLER_METADATA), field("spec", &JOB_SPEC), status()]);

static JOB_SPEC: Form = Form::Struct(&[
    depends("backoffLimit", &PLAIN, computed::backoff_limit),
    text("completionMode", "NonIndexed"),
    may("completions", &PLAIN, computed::completions),
    flag("manualSelector", false),
    optional_number("parallelism", 1),
    field("podFailurePolicy", &POD_FAILURE_POLICY),
    depends("podReplacementPolicy", &PLAIN, computed::pod_replacement_policy),
    may_be_assigned("selector", &SELECTOR, Source::Creation),
    flag("suspend", false),
    field("template", &POD_TEMPLATE_OF_JOB),
]);

static POD_TEMPLATE_OF_JOB: Form =
    Form::Struct(&[empty("metadata", &METADATA_OF_JOB_PODS), field("spec", &POD_SPEC)]);

static METADATA_OF_JOB_PODS: Form = Form::Struct(&[
    field("annotations", &LABELS),
    field("finalizers", &TEXTS),
    field("generateName", &TEXT),
    may_be_assigned("labels", &LABELS_OF_JOB_PODS, Source::Creation),
    field("name", &TEXT),
]);

/// A Job knows its pods by its uid, unless it says `manualSelector`.
static LABELS_OF_JOB_PODS: Form = Form::Map(Keys {
    value: &PLAIN,
    fill: None,
    assigned: &[
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
    ],
});

static POD_FAILURE_POLICY: Form = Form::Struct(&[field("rules", &POD_FAILURE_RULES)]);
static POD_FAILURE_RULES: Form = Form::List(List::of(&POD_FAILURE_RULE).kept());
static POD_FAILURE_RULE: Form = Form::Struct(&[field("onPodConditions", &POD_CONDITIONS)]);
static POD_CONDITIONS: Form = list_by("type", &POD_CONDITION);
static POD_CONDITION: Form = Form::Struct(&[text("status", "True")]);

pub(super) static CRON_JOB: Form =
    Form::Struct(&[metadata(), field("spec", &CRON_JOB_SPEC), status()]);

static CRON_JOB_SPEC: Form = Form::Struct(&[
    text("concurrencyPolicy", "Allow"),
    optional_number("failedJobsHistoryLimit", 1),
    field("jobTemplate", &JOB_TEMPLATE),
    optional_number("successfulJobsHistoryLimit", 3),
    flag("suspend", false),
]);

static JOB_TEMPLATE: Form =
    Form::Struct(&[empty("metadata", &TEMPLATE_METADATA), field("spec", &JOB_SPEC)]);
