//! What the queue asks for: a push in, a verdict out, from servers that the configuration names.

use std::path::PathBuf;
use std::sync::Arc;

use portcullis::artefact::{Outcome, Push, Verdict};
use portcullis::engine::Engine;
use portcullis::policyfile::{self, ArtefactDoor, Source};
use portcullis::resource::KUBERNETES;
use portcullis::rules;
use portcullis::worker::examine::Bench;
use portcullis::worker::examiner::{Examiner as _, Unexamined};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::build::{self, METADATA};
use super::hostile::{serve, write};
use super::registry::{AMD64, Layout, Registry, layer};
use crate::folder::Folder;

fn engine() -> Arc<Engine> {
    let loaded = policyfile::load(policyfile::shipped(), rules::ALL, &KUBERNETES).unwrap();
    Arc::new(loaded.engine)
}

fn bench(repositories: &str, server: &str, more: &str) -> Bench {
    bench_of(repositories, &format!("url: '{server}'"), more)
}

/// The same with all that the file says of the server.
pub(super) fn bench_of(repositories: &str, server: &str, more: &str) -> Bench {
    let file = format!(
        "servers:\n  - {{name: car, {server}, privateAddresses: true}}\n\
         repositories:\n  - {{server: car, {repositories}}}\n{more}"
    );
    let door = ArtefactDoor::read(&Source::new("artefacts.yaml", &file));
    let door = door.unwrap_or_else(|problems| panic!("{problems}"));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_portcullis"));
    let engine = engine();
    let engine = Arc::new(move || Arc::clone(&engine));
    Bench::new(&door, program, crate::chart::tool("helm").into(), engine).unwrap()
}

pub(super) fn examine(
    bench: &Bench,
    push: &Push,
    earlier: &[String],
) -> Result<Verdict, Unexamined> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(bench.examine(push, earlier))
}

pub(super) fn push(repository: &str, format: &str, name: &str, files: &[(&str, &[u8])]) -> Push {
    let asset = |(path, bytes): &(&str, &[u8])| {
        let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"path": path, "id": path, "fileSize": bytes.len(), "checksum": {"sha256": sum}})
    };
    let assets: Vec<_> = files.iter().map(asset).collect();
    let text = json!({"id": "c", "repository": repository, "format": format, "name": name,
                      "version": "1.0.0", "assets": assets});
    Push::read(text.to_string().as_bytes()).unwrap()
}

fn faults(verdict: &Verdict) -> Vec<String> {
    verdict.faults.iter().map(|it| format!("{}: {}", it.rule, it.message)).collect()
}

#[test]
fn an_image_in_a_registry_has_a_verdict() {
    let registry = Registry::start();
    let layout = Layout::new(&registry.folder, "image");
    layout.close(&[layout.image(AMD64, &METADATA, &layer(10))]);
    registry.push("image", "ska-thing:1.0.0");
    let url = format!("http://{}", registry.host);
    let settings = format!("name: docker-internal, format: docker, registry: '{url}'");
    let bench = bench(&settings, &url, "");
    let push = push("docker-internal", "docker", "ska-thing", &[("v2/ska-thing/other", b"")]);
    let earlier = ["sha256:before".to_owned()];
    let verdict = examine(&bench, &push, &earlier).unwrap();
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert_eq!(verdict.metadata.len(), 21);
    let found = faults(&verdict);
    let replaced = "artefact-replaced: the same version had digest `sha256:before` before";
    assert!(found.iter().any(|it| it == replaced), "{found:?}");
    assert!(found.iter().any(|it| it.starts_with("image-registry: the artefact is")), "{found:?}");

    let other = [("v2/ska-thing/manifests/1.0.0", &b"another one"[..])];
    let changed = self::push("docker-internal", "docker", "ska-thing", &other);
    assert_eq!(examine(&bench, &changed, &[]), Err(Unexamined::Changed));
}

#[test]
fn the_files_of_a_component_are_one_artefact() {
    let folder = Folder::new();
    let (wheel, sources) = build::distributions(&folder);
    let (wheel, sources) = (std::fs::read(wheel).unwrap(), std::fs::read(sources).unwrap());
    let paths = ["ska-thing/1.0.0/ska_thing.whl", "ska-thing/1.0.0/ska_thing.tar.gz"];
    let files: [(&str, &[u8]); 2] = [(paths[0], &wheel), (paths[1], &sources)];
    let push = push("pypi-internal", "pypi", "ska-thing", &files);
    let (host, _calls) = serve(move |call, stream| {
        let bytes = if call.contains(".whl") { &wheel } else { &sources };
        write(stream, &format!("200 OK\r\nContent-Length: {}", bytes.len()));
        // Whoever has seen enough hangs up.
        _ = std::io::Write::write_all(stream, bytes);
    });
    let url = format!("http://{host}");
    let bench = bench("name: pypi-internal, format: pypi", &url, "");
    let verdict = examine(&bench, &push, &[]).unwrap();
    assert_eq!(faults(&verdict), Vec::<String>::new());
    assert_eq!(verdict.outcome, Outcome::Pass);
}

#[test]
fn a_file_that_is_too_long_is_a_fault_and_one_that_changed_is_looked_at_again() {
    let (host, _calls) = serve(|_, stream| {
        write(stream, "200 OK\r\nContent-Type: application/gzip");
        while std::io::Write::write_all(stream, &[0; 1 << 16]).is_ok() {}
    });
    let url = format!("http://{host}");
    let short = bench("name: raw-internal, format: raw", &url, "limits: {fileBytes: 1048576}");
    let push = push("raw-internal", "raw", "ska-a-1.0.0.tar.gz", &[("ska-a-1.0.0.tar.gz", b"a")]);
    let verdict = examine(&short, &push, &[]).unwrap();
    let expected = "artefact-unsafe: `ska-a-1.0.0.tar.gz` is longer than 1 MiB";
    assert!(faults(&verdict).iter().any(|it| it == expected), "{:?}", faults(&verdict));

    let (host, _calls) = serve(|_, stream| write(stream, "200 OK\r\nContent-Length: 0"));
    let other = bench("name: raw-internal, format: raw", &format!("http://{host}"), "");
    assert_eq!(examine(&other, &push, &[]), Err(Unexamined::Changed));
}

#[test]
fn a_server_that_is_away_or_sends_elsewhere_gives_no_verdict() {
    let push = push("raw-internal", "raw", "ska-a-1.0.0.tar.gz", &[("ska-a-1.0.0.tar.gz", b"a")]);
    for (head, expected) in [
        ("503 Service Unavailable\r\nContent-Length: 0", true),
        ("302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0", false),
    ] {
        let (host, _calls) = serve(move |_, stream| write(stream, head));
        let bench = bench("name: raw-internal, format: raw", &format!("http://{host}"), "");
        let ended = examine(&bench, &push, &[]);
        let is_away = matches!(ended, Err(Unexamined::Away(_)));
        assert!(ended.is_err() && is_away == expected, "{ended:?}");
    }
}
