//! Service, Ingress, IngressClass, NetworkPolicy.
//!
//! Sources: Kubernetes `pkg/apis/core/v1/defaults.go` (`SetDefaults_Service`), the allocators in
//! `pkg/registry/core/service` for addresses and node ports, `pkg/apis/networking/v1/defaults.go`,
//! and the admission plugin DefaultIngressClass.

use super::super::computed;
use super::super::form::{
    FLAG, Form, LABELS, List, NUMBER, PLAIN, Source, TEXT, TEXTS, depends, empty, field, list,
    list_by, may, may_be_assigned, optional_number, text,
};
use super::metadata::{SELECTOR, metadata, status};

pub(super) static SERVICE: Form =
    Form::Struct(&[metadata(), field("spec", &SERVICE_SPEC), status()]);

static SERVICE_SPEC: Form = Form::Struct(&[
    may("allocateLoadBalancerNodePorts", &PLAIN, computed::allocate_node_ports),
    may_be_assigned("clusterIP", &TEXT, Source::Creation),
    may_be_assigned("clusterIPs", &TEXTS, Source::Creation),
    field("externalIPs", &TEXTS),
    field("externalName", &TEXT),
    may("externalTrafficPolicy", &TEXT, computed::external_traffic_policy),
    may_be_assigned("healthCheckNodePort", &NUMBER, Source::Creation),
    may("internalTrafficPolicy", &PLAIN, computed::internal_traffic_policy),
    may_be_assigned("ipFamilies", &TEXTS, Source::Creation),
    may_be_assigned("ipFamilyPolicy", &PLAIN, Source::Creation),
    field("loadBalancerIP", &TEXT),
    field("loadBalancerSourceRanges", &TEXTS),
    field("ports", &SERVICE_PORTS),
    field("publishNotReadyAddresses", &FLAG),
    field("selector", &LABELS),
    text("sessionAffinity", "None"),
    may("sessionAffinityConfig", &AFFINITY_CONFIG, computed::session_affinity_config),
    text("type", "ClusterIP"),
]);

static AFFINITY_CONFIG: Form = Form::Struct(&[empty("clientIP", &CLIENT_IP)]);
static CLIENT_IP: Form = Form::Struct(&[optional_number("timeoutSeconds", 10_800)]);

static SERVICE_PORTS: Form = list_by("port", &SERVICE_PORT);

static SERVICE_PORT: Form = Form::Struct(&[
    field("name", &TEXT),
    may_be_assigned("nodePort", &NUMBER, Source::Creation),
    text("protocol", "TCP"),
    depends("targetPort", &PLAIN, computed::target_port),
]);

pub(super) static INGRESS: Form =
    Form::Struct(&[metadata(), field("spec", &INGRESS_SPEC), status()]);

static INGRESS_SPEC: Form = Form::Struct(&[
    field("defaultBackend", &INGRESS_BACKEND),
    may_be_assigned("ingressClassName", &PLAIN, Source::Plugin("DefaultIngressClass")),
    field("rules", &INGRESS_RULES),
    field("tls", &INGRESS_TLS),
]);

static INGRESS_RULES: Form = list_by("host", &INGRESS_RULE);
static INGRESS_RULE: Form = Form::Struct(&[field("host", &TEXT), field("http", &INGRESS_HTTP)]);
static INGRESS_HTTP: Form = Form::Struct(&[field("paths", &INGRESS_PATHS)]);
static INGRESS_PATHS: Form = Form::List(List::of(&INGRESS_PATH).by("path").kept());

static INGRESS_PATH: Form =
    Form::Struct(&[field("backend", &INGRESS_BACKEND), field("path", &TEXT)]);

static INGRESS_BACKEND: Form = Form::Struct(&[field("service", &INGRESS_SERVICE)]);
static INGRESS_SERVICE: Form = Form::Struct(&[field("port", &INGRESS_PORT)]);
static INGRESS_PORT: Form = Form::Struct(&[field("name", &TEXT), field("number", &NUMBER)]);
static INGRESS_TLS: Form = list(&INGRESS_TLS_ITEM);

static INGRESS_TLS_ITEM: Form = Form::Struct(&[field("hosts", &TEXTS), field("secretName", &TEXT)]);

pub(super) static INGRESS_CLASS: Form =
    Form::Struct(&[metadata(), field("spec", &INGRESS_CLASS_SPEC)]);

static INGRESS_CLASS_SPEC: Form =
    Form::Struct(&[field("controller", &TEXT), field("parameters", &INGRESS_CLASS_PARAMETERS)]);

static INGRESS_CLASS_PARAMETERS: Form = Form::Struct(&[text("scope", "Cluster")]);

pub(super) static NETWORK_POLICY: Form =
    Form::Struct(&[metadata(), field("spec", &NETWORK_POLICY_SPEC)]);

static NETWORK_POLICY_SPEC: Form = Form::Struct(&[
    field("egress", &EGRESS),
    field("ingress", &INGRESS_RULES_OF_POLICY),
    field("podSelector", &SELECTOR),
    depends("policyTypes", &TEXTS, computed::policy_types),
]);

static EGRESS: Form = list(&EGRESS_RULE);

static EGRESS_RULE: Form = Form::Struct(&[field("ports", &POLICY_PORTS), field("to", &PEERS)]);
static INGRESS_RULES_OF_POLICY: Form = list(&INGRESS_RULE_OF_POLICY);

static INGRESS_RULE_OF_POLICY: Form =
    Form::Struct(&[field("from", &PEERS), field("ports", &POLICY_PORTS)]);

static POLICY_PORTS: Form = list(&POLICY_PORT);
static POLICY_PORT: Form = Form::Struct(&[text("protocol", "TCP")]);
static PEERS: Form = list(&PEER);

static PEER: Form = Form::Struct(&[
    field("ipBlock", &IP_BLOCK),
    field("namespaceSelector", &SELECTOR),
    field("podSelector", &SELECTOR),
]);

static IP_BLOCK: Form = Form::Struct(&[field("except", &TEXTS)]);
