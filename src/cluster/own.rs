//! What this installation is called, and where it is.

/// The names by which an installation and its parts are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The release: the name of the webhook configurations, of the Lease and of the ClusterRole
    /// that owns the configurations.
    pub name: String,
    pub namespace: String,
    /// The pod: who holds the Lease, and whom Events are about.
    pub pod: String,
    /// The Service that the API server calls.
    pub service: String,
    pub service_port: u16,
    /// The one namespace whose Waivers count.
    pub waiver_namespace: String,
}

impl Own {
    /// The Secret with the certificate.
    pub fn secret(&self) -> String {
        format!("{}-tls", self.name)
    }

    /// The ConfigMap with the policy set in force.
    pub fn policy_set(&self) -> String {
        format!("{}-policy-set", self.name)
    }

    /// The names under which the API server calls the Service.
    pub fn hosts(&self) -> Vec<String> {
        let Self { service, namespace, .. } = self;
        vec![
            format!("{service}.{namespace}.svc"),
            format!("{service}.{namespace}"),
            format!("{service}.{namespace}.svc.cluster.local"),
        ]
    }
}
