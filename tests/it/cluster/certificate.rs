//! Certificates are replaced and repaired while the cluster works.

use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::api::until;
use super::load::Load;
use super::release::{DENY, NAME, NAMESPACE, Release};
use super::strict::{PREFIX, forget, require};

fn secret() -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-tls")
}

fn certificate(release: &Release) -> Option<Json> {
    let secret = release.api().get(&secret()).ok()?;
    let certificate = secret["data"]["tls.crt"].clone();
    certificate.is_string().then_some(certificate)
}

#[test]
fn no_request_fails_while_certificates_rotate_or_their_secret_is_deleted() {
    let release = Release::with(DENY);
    let namespace = release.plane.namespace(PREFIX);
    require(&release, &namespace, &["first"]);
    let before = certificate(&release).unwrap();
    let load = Load::start(release.api(), &namespace, &["first"]);

    let rotate = json!({"metadata": {"annotations": {"portcullis.skao.int/rotate": "now"}}});
    release.api().patch(&secret(), &rotate).unwrap();
    let rotated = until("it is rotated", || certificate(&release).filter(|it| *it != before));

    release.api().delete(&secret()).unwrap();
    until("the Secret is repaired", || certificate(&release));
    // Connections that are open already would hide a certificate that nobody trusts.
    for pod in release.ready_pods() {
        until("the replica serves it", || {
            let page = release.metrics(&pod)?;
            (number(&page, "portcullis_certificate_replaced_total") > 0.0).then_some(())
        });
    }
    thread::sleep(Duration::from_secs(3));
    load.end().must_be_clean();
    assert_ne!(before, rotated);
    forget(&release);
}

/// The value of a metric without labels.
pub(crate) fn number(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}
