//! Certificates that somebody else makes: cert-manager, or a person with a Secret.
//!
//! cert-manager's own program is in no module that the proxy of Go has a version of. A stand-in does
//! to a Certificate what cert-manager documents: it writes `tls.crt`, `tls.key` and `ca.crt` into the
//! Secret that the Certificate names, and a new pair when it is to be renewed.
//!
//! Source: <https://cert-manager.io/docs/usage/certificate/>

use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value as Json, json};

use super::api::until;
use super::certificate::number;
use super::load::Load;
use super::release::{NAME, NAMESPACE, Release};
use super::strict::{PREFIX, forget, require};

/// A stand-in for the definition, which knows of no more than the names.
const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: certificates.cert-manager.io}
spec:
  group: cert-manager.io
  scope: Namespaced
  names: {kind: Certificate, plural: certificates}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// Who signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A new certificate for these names, and its key.
    fn pair(&self, names: &[String]) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(names.to_vec()).unwrap();
        [leaf.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()]
    }
}

/// Writes a Secret with a certificate, or other content into the one that is there.
fn write(release: &Release, name: &str, [certificate, key]: &[String; 2], authorities: &str) {
    let data = json!({"tls.crt": certificate, "tls.key": key, "ca.crt": authorities});
    let secret =
        json!({"metadata": {"name": name}, "type": "kubernetes.io/tls", "stringData": data});
    let collection = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    match release.api().post(&collection, &secret) {
        Err(refused) if refused.code == 409 => {
            let path = format!("{collection}/{name}");
            release.api().patch(&path, &json!({"stringData": data})).unwrap();
        }
        written => _ = written.unwrap(),
    }
}

/// The chart with certificates from this source, and nothing of an earlier release.
fn install(source: &str) -> Release {
    let mut release = Release::none();
    release.uninstall();
    release.plane.apply(DEFINITION);
    let path = format!("/apis/cert-manager.io/v1/namespaces/{NAMESPACE}/certificates");
    until("certificates are served", || release.api().get(&path).ok());
    let values = format!("{{policySet: {{maxEnforcement: Deny}}, certificates: {{{source}}}}}");
    release.upgrade(&values);
    release
}

fn end(release: Release, secret: &str) {
    forget(&release);
    release.api().delete(&format!("/api/v1/namespaces/{NAMESPACE}/secrets/{secret}")).unwrap();
    release.plane.undefine("cert-manager.io", &["certificates"]);
    release.discard();
}

/// Waits until API servers are told to trust these authorities and no others.
fn until_trusted(release: &Release, authorities: &str) {
    let group = "/apis/admissionregistration.k8s.io/v1";
    until("the configurations trust them", || {
        let all =
            ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"].map(|kind| {
                let configuration = release.api().get(&format!("{group}/{kind}/{NAME}")).ok()?;
                configuration["webhooks"].as_array().cloned()
            });
        let trusted = |webhook: &Json| {
            let bundle = webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
            STANDARD.decode(bundle).is_ok_and(|it| it == authorities.as_bytes())
        };
        let all: Option<Vec<_>> = all.into_iter().collect();
        all?.iter().flatten().all(trusted).then_some(())
    });
}

/// Waits until every replica has replaced its certificate so often.
fn until_replaced(release: &Release, times: f64) {
    for pod in release.ready_pods() {
        until("the replica serves it", || {
            let page = release.metrics(&pod)?;
            (number(&page, "portcullis_certificate_replaced_total") >= times).then_some(())
        });
    }
}

#[test]
fn cert_manager_makes_the_certificate_and_renews_it_under_load() {
    let release = install("source: cert-manager, issuerRef: {name: ours}");
    let path = format!("/apis/cert-manager.io/v1/namespaces/{NAMESPACE}/certificates/{NAME}");
    let wanted = until("the chart asks for it", || release.api().get(&path).ok())["spec"].take();
    assert_eq!(wanted["issuerRef"], json!({"kind": "Issuer", "name": "ours"}));
    let names: Vec<String> = serde_json::from_value(wanted["dnsNames"].clone()).unwrap();
    let secret = wanted["secretName"].as_str().unwrap();
    let authority = Authority::new();
    write(&release, secret, &authority.pair(&names), &authority.pem);
    release.until_ready();
    until_trusted(&release, &authority.pem);

    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let load = Load::start(release.api(), &namespace, &["first"]);
    write(&release, secret, &authority.pair(&names), &authority.pem);
    until_replaced(&release, 1.0);
    thread::sleep(Duration::from_secs(3));
    load.end().must_be_clean();
    end(release, secret);
}

#[test]
fn a_secret_of_ones_own_is_replaced_with_its_authority_under_load() {
    let release = install("source: files, secretName: given");
    let names = vec![format!("{NAME}.{NAMESPACE}.svc")];
    let (old, new) = (Authority::new(), Authority::new());
    let first = old.pair(&names);
    write(&release, "given", &first, &old.pem);
    release.until_ready();
    until_trusted(&release, &old.pem);

    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let load = Load::start(release.api(), &namespace, &["first"]);
    // As docs/cluster.md says: both are trusted, then the new one signs, then it alone is trusted.
    let both = [&*old.pem, &new.pem].concat();
    write(&release, "given", &first, &both);
    until_trusted(&release, &both);
    let second = new.pair(&names);
    write(&release, "given", &second, &both);
    until_replaced(&release, 1.0);
    write(&release, "given", &second, &new.pem);
    until_trusted(&release, &new.pem);
    thread::sleep(Duration::from_secs(3));
    load.end().must_be_clean();

    // A key that does not match leaves what is served.
    let [certificate, _] = new.pair(&names);
    write(&release, "given", &[certificate, second[1].clone()], &new.pem);
    for pod in release.ready_pods() {
        until("the replica refuses it", || {
            let page = release.metrics(&pod)?;
            (number(&page, "portcullis_certificate_refused_total") > 0.0).then_some(())
        });
    }
    require(&release, &namespace, &["second"]);
    end(release, "given");
}
