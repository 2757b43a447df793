//! `portcullis serve --artefacts` as a process that can be killed and started again.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;

use super::stand::{PASSWORD, PLATFORM, Stand, TOKEN, USER};
use crate::folder::Folder;

pub(super) const SECRET: &str = "s3cret";

/// Refuses what does not begin with `ska-`, and nothing else.
const POLICY: &str = "
apiVersion: portcullis.skao.int/v1alpha1
kind: Policy
metadata: {name: names}
spec:
  enforcement: Deny
  scope: {kinds: [artefacts]}
  rules: [{rule: artefact-name}]
";

/// A door alone, and that policy alone.
const ALONE: [&str; 4] = ["--only-artefacts", "--policy", "policy.yaml", "--no-default-policies"];

/// The files of a door, and where its database is.
pub(super) struct Setup {
    pub folder: Folder,
    pub database: String,
    pub address: SocketAddr,
}

/// A running door, killed with the test.
pub(super) struct Door(pub Child);

impl Setup {
    /// A door to a stand-in. `replica` stands before the paths of what it calls; `more` is added
    /// to its file.
    pub(super) fn new(stand: &Stand, replica: &str, more: &str) -> Self {
        let folder = Folder::new();
        let base = format!("http://{}{replica}", stand.address);
        for (name, text) in [
            ("policy.yaml", POLICY),
            ("secret", SECRET),
            ("user", USER),
            ("password", PASSWORD),
            ("token", TOKEN),
            ("chat", &format!("{base}/chat/secret-hook")),
        ] {
            folder.write(name, text);
        }
        folder.write(
            "artefacts.yaml",
            format!(
                "
servers:
  - name: nexus
    url: {base}/nexus
    credentials: {{usernameFile: user, passwordFile: password}}
    privateAddresses: true
repositories:
  - {{name: raw-internal, server: nexus, format: raw, quarantine: raw-quarantine}}
hooks: {{secretFiles: [secret]}}
gitlab:
  {{url: '{base}/gitlab', tokenFile: token, platformProject: {PLATFORM}, privateAddresses: true}}
chat: {{webhookFile: chat, privateAddresses: true}}
{more}"
            ),
        );
        let database = format!("sqlite:{}", folder.path("artefacts.db"));
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { folder, database, address }
    }

    pub(super) fn with_database(self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self }
    }

    /// Changes its file: each first text becomes the second.
    pub(super) fn change(&self, changes: &[(&str, &str)]) {
        let text = fs::read_to_string(self.folder.file("artefacts.yaml")).unwrap();
        let text = changes.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{from}: {text}");
            text.replace(from, to)
        });
        self.folder.write("artefacts.yaml", text);
    }

    /// Has what is below `production` in a registry judged too. `more` is added to the repository.
    pub(super) fn judge_registry(&self, host: &str, more: &str) {
        let server = format!(
            "servers:\n  - {{name: harbor, kind: oci, url: 'http://{host}', privateAddresses: true}}"
        );
        let repository = format!(
            "repositories:\n  - {{name: production, server: harbor, format: docker{more}}}"
        );
        self.change(&[("servers:", &server), ("repositories:", &repository)]);
    }

    /// Starts the door, and returns when it takes hooks.
    pub(super) fn start(&self) -> Door {
        self.start_with(&[])
    }

    /// The same with more flags, which come last.
    pub(super) fn start_with(&self, flags: &[&str]) -> Door {
        self.opened(self.spawn(&[&ALONE[..], flags].concat()))
    }

    /// Starts it in one process with the admission door, each by the shipped policies.
    pub(super) fn start_beside(&self) -> Door {
        let helm = crate::chart::tool("helm");
        let flags = ["--listen", "127.0.0.1:0", "--data-dir", "data", "--helm", &helm];
        self.opened(self.spawn(&flags))
    }

    fn opened(&self, mut child: Child) -> Door {
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(self.address).is_err() {
            assert!(Instant::now() < patience, "no door: {}", self.log());
            assert!(child.try_wait().unwrap().is_none(), "the door ended: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Door(child)
    }

    /// What a door says that can't be opened with these flags.
    pub(super) fn refused(&self, flags: &[&str]) -> String {
        let status = self.spawn(&[&ALONE[..], flags].concat()).wait().unwrap();
        assert_eq!(status.code(), Some(2), "{}", self.log());
        self.log()
    }

    fn spawn(&self, flags: &[&str]) -> Child {
        let log =
            fs::File::options().create(true).append(true).open(self.folder.file("log")).unwrap();
        let lookup: &[&str] = match flags.contains(&"--lookup-listen") {
            true => &[],
            false => &["--lookup-listen", "127.0.0.1:0"],
        };
        // Without one the program makes its own.
        let database = ["--database", &self.database];
        let database: &[&str] = if self.database.is_empty() { &[] } else { &database };
        Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--management", "127.0.0.1:0"])
            .args(database)
            .args(lookup)
            .args(flags)
            .args(["--hooks-listen", &self.address.to_string(), "--artefacts", "artefacts.yaml"])
            .args(["--drain-delay", "0"])
            .current_dir(self.folder.root())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }

    /// Calls the webhook with a signature, and returns the status and what was said.
    pub(super) fn call(&self, body: &str, signature: &str, id: &str) -> io::Result<(u16, String)> {
        let headers = format!(
            "X-Nexus-Webhook-ID: rm:repository:component\r\nX-Nexus-Webhook-Delivery: {id}\r\n\
             X-Nexus-Webhook-Signature: {signature}\r\n\
             Content-Type: application/json; charset=UTF-8\r\n"
        );
        self.post("/hooks/nexus", &headers, body)
    }

    /// The same for any path and any headers.
    pub(super) fn post(&self, path: &str, headers: &str, body: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: door\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let broken = || io::Error::other(format!("no answer: {answer:?}"));
        let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(broken)?;
        let text = answer.split_once("\r\n\r\n").ok_or_else(broken)?.1;
        Ok((status, text.to_owned()))
    }

    /// Delivers an event as Nexus does: signed, and never again. True if it was kept.
    pub(super) fn deliver(&self, body: &str, id: &str) -> bool {
        matches!(self.call(body, &sign(SECRET, body), id), Ok((200, _)))
    }
}

impl Door {
    /// As `kill -9` does.
    pub(super) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The signature that Nexus writes.
pub(super) fn sign(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The event of a component of a raw repository.
pub(super) fn component(id: &str, path: &str) -> String {
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    serde_json::json!({
        "timestamp": jiff::Timestamp::now().to_string(),
        "nodeId": "2e095179-7bc4f5e7-5a47e49f-7c9fa294-bcde2549",
        "initiator": "gitlab/10.0.0.1",
        "repositoryName": "raw-internal",
        "action": "CREATED",
        "component": {"id": "4f1bbcdd", "componentId": id, "format": "raw",
            "name": format!("/{path}"), "group": format!("/{group}"), "version": ""},
    })
    .to_string()
}

/// The event of a file of such a component.
pub(super) fn asset(path: &str) -> String {
    serde_json::json!({
        "timestamp": jiff::Timestamp::now().to_string(),
        "repositoryName": "raw-internal",
        "action": "CREATED",
        "asset": {"id": "4f1bbcdd", "assetId": "cmF3", "format": "raw", "name": format!("/{path}")},
    })
    .to_string()
}

/// Waits until something is so.
pub(super) fn until(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > end {
            let _ = writeln!(io::stderr(), "never came: {what}");
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}
