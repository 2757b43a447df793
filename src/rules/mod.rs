//! The rules: one file each, and one list of them.
//!
//! A rule's doc comment is its page: `portcullis explain`, the web page and the tests read it.
//! Rules know nothing of who calls, and reach nothing but the subject and the facts.

mod api_removed;
mod artefact_broken;
mod artefact_metadata;
mod artefact_mismatch;
mod artefact_name;
mod artefact_replaced;
mod artefact_unsafe;
mod artefact_version;
mod artefact_vulnerable;
mod autoscaler_without_requests;
mod chart_incomplete;
mod cluster_name_collides;
mod cluster_role;
mod container_resources;
mod default_token_mounted;
mod definition_missing;
mod embedded_document_unreadable;
mod field_default;
mod field_forbidden;
mod field_matches;
mod field_required;
mod governing_service_mismatch;
mod host_namespace;
mod host_path;
mod image_pull_policy;
mod image_registry;
mod image_tag;
mod ingress_host;
mod ingress_path;
mod label_broken;
mod label_default;
mod label_required;
mod label_set_incomplete;
mod name_too_long;
mod namespace_metadata;
mod namespace_name;
mod network_attachment_config;
mod network_overlap;
pub mod own;
mod pod_security;
mod privileged_container;
mod probe_ineffective;
mod probe_missing;
mod reference_broken;
mod reference_exists;
mod replicas_beside_autoscaler;
mod replicas_share_volume;
mod resources_absurd;
mod secret_literal;
mod selector_selects_nothing;
mod service_exposed;
mod shell_arguments_lost;
mod storage_class;
mod tango_config_shape;
mod tango_database_duplicate;
mod tango_database_missing;
mod tango_dependency;
mod tango_device_duplicate;
mod tango_device_name;
mod tango_host_form;
mod tango_port;
mod tango_server_instance;
mod tango_wait_circle;
mod topology_spread_default;
mod unique;
mod variable_default;
mod wait_ineffective;

use crate::engine::Rule;

/// Every rule, by id.
pub static ALL: &[&Rule] = &[
    &api_removed::API_REMOVED,
    &artefact_broken::ARTEFACT_BROKEN,
    &artefact_metadata::ARTEFACT_METADATA,
    &artefact_mismatch::ARTEFACT_MISMATCH,
    &artefact_name::ARTEFACT_NAME,
    &artefact_replaced::ARTEFACT_REPLACED,
    &artefact_unsafe::ARTEFACT_UNSAFE,
    &artefact_version::ARTEFACT_VERSION,
    &artefact_vulnerable::ARTEFACT_VULNERABLE,
    &autoscaler_without_requests::AUTOSCALER_WITHOUT_REQUESTS,
    &chart_incomplete::CHART_INCOMPLETE,
    &cluster_name_collides::CLUSTER_NAME_COLLIDES,
    &cluster_role::CLUSTER_ROLE,
    &container_resources::CONTAINER_RESOURCES,
    &default_token_mounted::DEFAULT_TOKEN_MOUNTED,
    &definition_missing::DEFINITION_MISSING,
    &embedded_document_unreadable::EMBEDDED_DOCUMENT_UNREADABLE,
    &field_default::FIELD_DEFAULT,
    &field_forbidden::FIELD_FORBIDDEN,
    &field_matches::FIELD_MATCHES,
    &field_required::FIELD_REQUIRED,
    &governing_service_mismatch::GOVERNING_SERVICE_MISMATCH,
    &host_namespace::HOST_NAMESPACE,
    &host_path::HOST_PATH,
    &image_pull_policy::IMAGE_PULL_POLICY,
    &image_registry::IMAGE_REGISTRY,
    &image_tag::IMAGE_TAG,
    &ingress_host::INGRESS_HOST,
    &ingress_path::INGRESS_PATH,
    &label_broken::LABEL_BROKEN,
    &label_default::LABEL_DEFAULT,
    &label_required::LABEL_REQUIRED,
    &label_set_incomplete::LABEL_SET_INCOMPLETE,
    &name_too_long::NAME_TOO_LONG,
    &namespace_metadata::NAMESPACE_METADATA,
    &namespace_name::NAMESPACE_NAME,
    &network_attachment_config::NETWORK_ATTACHMENT_CONFIG,
    &network_overlap::NETWORK_OVERLAP,
    &pod_security::POD_SECURITY,
    &privileged_container::PRIVILEGED_CONTAINER,
    &probe_ineffective::PROBE_INEFFECTIVE,
    &probe_missing::PROBE_MISSING,
    &reference_broken::REFERENCE_BROKEN,
    &reference_exists::REFERENCE_EXISTS,
    &replicas_beside_autoscaler::REPLICAS_BESIDE_AUTOSCALER,
    &replicas_share_volume::REPLICAS_SHARE_VOLUME,
    &resources_absurd::RESOURCES_ABSURD,
    &secret_literal::SECRET_LITERAL,
    &selector_selects_nothing::SELECTOR_SELECTS_NOTHING,
    &service_exposed::SERVICE_EXPOSED,
    &shell_arguments_lost::SHELL_ARGUMENTS_LOST,
    &storage_class::STORAGE_CLASS,
    &tango_config_shape::TANGO_CONFIG_SHAPE,
    &tango_database_duplicate::TANGO_DATABASE_DUPLICATE,
    &tango_database_missing::TANGO_DATABASE_MISSING,
    &tango_dependency::TANGO_DEPENDENCY,
    &tango_device_duplicate::TANGO_DEVICE_DUPLICATE,
    &tango_device_name::TANGO_DEVICE_NAME,
    &tango_host_form::TANGO_HOST_FORM,
    &tango_port::TANGO_PORT,
    &tango_server_instance::TANGO_SERVER_INSTANCE,
    &tango_wait_circle::TANGO_WAIT_CIRCLE,
    &topology_spread_default::TOPOLOGY_SPREAD_DEFAULT,
    &unique::UNIQUE,
    &variable_default::VARIABLE_DEFAULT,
    &wait_ineffective::WAIT_INEFFECTIVE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}
