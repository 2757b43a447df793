//! Registries that are no Nexus tell of a push too: Harbor, and whatever sends distribution's
//! notifications.

use std::time::Duration;

use serde_json::json;

use super::door::{Setup, until};
use super::stand::Stand;
use crate::inspect::registry::{AMD64, Layout, Registry, layer};

const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "r3gistry";

/// A door to a registry, which is swept once at its start and then not for an hour.
fn setup(stand: &Stand) -> Setup {
    let more = "sweep: {intervalSeconds: 3600, callsPerSecond: 100}\n\
                work: {settleMilliseconds: 0, backoffMilliseconds: 50}\n";
    let setup = Setup::new(stand, "", more);
    setup.folder.write("registry-token", TOKEN);
    setup.change(&[("secretFiles: [secret]", "tokenFiles: [registry-token]")]);
    setup
}

fn swept(setup: &Setup) {
    let swept = || setup.log().contains("swept `production`: 0 looked at");
    assert!(until("the first sweep", PATIENCE, swept), "{}", setup.log());
}

fn push(registry: &Registry, reference: &str) {
    let image = Layout::new(&registry.folder, "image");
    image.close(&[image.image(AMD64, &[], &layer(1))]);
    registry.push("image", reference);
}

#[test]
fn the_notifications_of_a_real_registry_have_an_image_judged() {
    let stand = Stand::start();
    let setup = setup(&stand);
    let registry = Registry::start_with(&format!(
        "notifications: {{endpoints: [{{name: door, url: 'http://{}/hooks/registry', timeout: 2s, \
         threshold: 100, backoff: 100ms, headers: {{Authorization: [Bearer {TOKEN}]}}}}]}}\n",
        setup.address
    ));
    setup.judge_registry(&registry.host, "");
    let _door = setup.start();
    swept(&setup);
    push(&registry, "elsewhere/thing:1.0.0");
    push(&registry, "production/thing:1.0.0");
    let judged = || setup.log().contains("outcome=fail");
    assert!(until("the verdict", PATIENCE, judged), "{}", setup.log());
    assert!(!setup.log().contains(TOKEN) && !setup.log().contains("elsewhere"));
}

#[test]
fn a_push_that_harbor_tells_of_is_judged() {
    let (stand, registry) = (Stand::start(), Registry::start());
    let setup = setup(&stand);
    setup.judge_registry(&registry.host, "");
    let _door = setup.start();
    swept(&setup);
    for (number, name) in ["thing", "other"].into_iter().enumerate() {
        let name = format!("production/{name}");
        push(&registry, &format!("{name}:1.0.0"));
        let data = json!({
            "resources": [{"digest": "sha256:8a9e", "tag": "1.0.0", "resource_url": "a/b:1.0.0"}],
            "repository": {"name": "thing", "namespace": "production", "repo_full_name": name,
                           "repo_type": "private", "date_created": 1586922308},
        });
        let body = match number {
            0 => json!({"type": "PUSH_ARTIFACT", "occur_at": jiff::Timestamp::now().as_second(),
                        "operator": "ada", "event_data": data}),
            _ => json!({"specversion": "1.0", "type": "harbor.artifact.pushed", "id": "1",
                        "source": "/projects/2/webhook/policies/1", "operator": "ada",
                        "time": jiff::Timestamp::now().to_string(), "data": data}),
        }
        .to_string();
        let send = |token: &str| {
            let headers = format!("Authorization: {token}\r\n");
            setup.post("/hooks/harbor", &headers, &body).unwrap()
        };
        assert_eq!(send("wrong").0, 401);
        assert_eq!(send(TOKEN), (200, "kept\n".to_owned()));
        let judged = || setup.log().matches("outcome=fail").count() == number + 1;
        assert!(until("the verdict", PATIENCE, judged), "{}", setup.log());
        let scan = body.replace("PUSH_ARTIFACT", "SCANNING_COMPLETED");
        let said = setup.post("/hooks/harbor", &format!("Authorization: {TOKEN}\r\n"), &scan);
        assert_eq!(said.unwrap().0, 200);
    }
    // A token is for registries alone: Nexus signs.
    assert_eq!(
        setup.post("/hooks/nexus", &format!("Authorization: {TOKEN}\r\n"), "{}").unwrap().0,
        401
    );
    let nobody = setup.post("/hooks/gitlab", "", "{}").unwrap();
    assert_eq!(nobody.0, 404);
    assert!(nobody.1.contains("/hooks/harbor, /hooks/nexus, /hooks/registry"), "{}", nobody.1);
    assert_eq!(
        setup.post("/hooks/harbor", &format!("Authorization: {TOKEN}\r\n"), "[]").unwrap().0,
        400
    );
}
