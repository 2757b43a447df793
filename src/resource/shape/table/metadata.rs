//! Metadata, label selectors and references, which many kinds share.
//!
//! Source: k8s.io/apimachinery `meta/v1`, and `rest.FillObjectMetaSystemFields` for what is
//! assigned.

use super::super::computed;
use super::super::form::{
    FLAG, Field, Form, LABELS, List, PLAIN, Source, TEXT, TEXTS, assigned, field, filled_keys_of,
    list, list_by, may, may_be_assigned,
};
use super::super::injected;

/// The metadata of an object, with its own rows where kinds differ.
macro_rules! metadata_with {
    ($annotations:expr, $finalizers:expr, $labels:expr) => {
        Form::Struct(&[
            $annotations,
            assigned("creationTimestamp", &PLAIN, Source::Creation),
            $finalizers,
            field("generateName", &TEXT),
            assigned("generation", &PLAIN, Source::Creation),
            $labels,
            assigned("managedFields", &PLAIN, Source::Creation),
            field("name", &TEXT),
            assigned("namespace", &TEXT, Source::Creation),
            field("ownerReferences", &OWNERS),
            assigned("resourceVersion", &PLAIN, Source::Creation),
            assigned("selfLink", &PLAIN, Source::Creation),
            assigned("uid", &PLAIN, Source::Creation),
        ])
    };
}

pub(super) static METADATA: Form = metadata_with!(
    field("annotations", &LABELS),
    field("finalizers", &TEXTS),
    field("labels", &LABELS)
);

/// Older versions of DaemonSet have a field that becomes an annotation.
pub(super) static DAEMON_SET_METADATA: Form = metadata_with!(
    may_be_assigned("annotations", &LABELS, Source::Conversion),
    field("finalizers", &TEXTS),
    field("labels", &LABELS)
);

/// A ReplicationController or Job without labels takes those of its pods.
pub(super) static CONTROLLER_METADATA: Form = metadata_with!(
    field("annotations", &LABELS),
    field("finalizers", &TEXTS),
    may("labels", &LABELS, computed::labels_of_template)
);

pub(super) static NAMESPACE_METADATA: Form = metadata_with!(
    field("annotations", &LABELS),
    field("finalizers", &TEXTS),
    may("labels", &NAMESPACE_LABELS, computed::namespace_labels)
);

/// The metadata of what holds data, which a finalizer keeps while it is used.
pub(super) static STORAGE_METADATA: Form = metadata_with!(
    field("annotations", &LABELS),
    assigned("finalizers", &STORAGE_FINALIZERS, Source::Plugin("StorageObjectInUseProtection")),
    field("labels", &LABELS)
);

static STORAGE_FINALIZERS: Form = Form::List(List::of(&PLAIN).without(injected::storage_finalizer));

static NAMESPACE_LABELS: Form = filled_keys_of(&PLAIN, computed::namespace_label);

/// The metadata of a template, which becomes that of other objects: nothing is assigned.
pub(super) static TEMPLATE_METADATA: Form = Form::Struct(&[
    field("annotations", &LABELS),
    field("finalizers", &TEXTS),
    field("generateName", &TEXT),
    field("labels", &LABELS),
    field("name", &TEXT),
    field("namespace", &TEXT),
    field("ownerReferences", &OWNERS),
]);

pub(super) static SELECTOR: Form =
    Form::Struct(&[field("matchExpressions", &REQUIREMENTS), field("matchLabels", &LABELS)]);

/// A reference to a Secret or ConfigMap of the same namespace.
pub(super) static LOCAL_REFERENCE: Form = Form::Struct(&[field("name", &TEXT)]);

pub(super) static LOCAL_REFERENCES: Form = list_by("name", &LOCAL_REFERENCE);

/// A reference to a Secret of any namespace.
pub(super) static SECRET_REFERENCE: Form =
    Form::Struct(&[field("name", &TEXT), field("namespace", &TEXT)]);

pub(super) static OBJECT_REFERENCE: Form = Form::Struct(&[
    field("apiVersion", &TEXT),
    field("fieldPath", &TEXT),
    field("kind", &TEXT),
    field("name", &TEXT),
    field("namespace", &TEXT),
    field("resourceVersion", &TEXT),
    field("uid", &TEXT),
]);

static OWNERS: Form = list_by("uid", &PLAIN);
static REQUIREMENTS: Form = list(&REQUIREMENT);
static REQUIREMENT: Form = Form::Struct(&[field("values", &TEXTS)]);

pub(super) const fn metadata() -> Field {
    field("metadata", &METADATA)
}

/// What controllers write back. Where a kind has a status of its own, the API server drops what a
/// manifest says.
pub(super) const fn status() -> Field {
    assigned("status", &PLAIN, Source::Creation)
}

/// The flag of a volume or mount.
pub(super) const fn read_only() -> Field {
    field("readOnly", &FLAG)
}
