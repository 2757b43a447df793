//! What is not accepted leaves its repository, in every format that Nexus takes by its interface.

use std::io::Write as _;
use std::time::Duration;

use serde_json::json;

use super::door::{Setup, until};
use super::stand::Stand;

const PATIENCE: Duration = Duration::from_secs(60);

const FAST: &str = "sweep: {intervalSeconds: 1, callsPerSecond: 100}
work: {settleMilliseconds: 0, backoffMilliseconds: 50}
actions: {dryRun: false, deny: [quarantine]}
";

#[test]
fn charts_and_packages_are_moved_with_all_their_files() {
    let stand = Stand::start();
    let setup = Setup::new(&stand, "", FAST);
    let more: String = ["helm", "pypi", "npm"]
        .map(|it| {
            format!(
                "\n  - {{name: {it}-internal, server: nexus, format: {it}, quarantine: {it}-quarantine}}"
            )
        })
        .concat();
    setup.change(&[("repositories:", &format!("repositories:{more}"))]);
    for (format, file, bytes) in [
        ("helm", "thing-1.0.0.tgz", package("thing", "1.0.0")),
        ("helm", "ska-thing-1.0.0.tgz", package("ska-thing", "1.0.0")),
        ("pypi", "thing-1.0.0-py3-none-any.whl", b"a wheel".to_vec()),
        ("pypi", "thing-1.0.0.tar.gz", b"its sources".to_vec()),
        ("pypi", "ska_thing-1.0.0-py3-none-any.whl", b"another".to_vec()),
        ("npm", "skao-thing-1.0.0.tgz", package("@skao/thing", "1.0.0")),
        ("npm", "skao-ska-thing-1.0.0.tgz", package("@skao/ska-thing", "1.0.0")),
    ] {
        stand.push_as(format, &format!("{format}-internal"), file, &bytes);
    }
    let bytes = |repository: &str| {
        let state = stand.state();
        let all = state.components.values().filter(|it| it.repository.starts_with(repository));
        let mut all: Vec<_> = all.flat_map(|it| it.files.clone()).collect();
        all.retain(|(path, _)| !path.contains("ska-") && !path.contains("ska_"));
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    };
    let before = ["helm", "pypi", "npm"].map(bytes);
    let _door = setup.start();
    let moved = || {
        ["helm", "pypi", "npm"].iter().all(|it| {
            stand.count(&format!("{it}-quarantine")) == 1
                && stand.count(&format!("{it}-internal")) == 1
        })
    };
    assert!(until("the quarantine", PATIENCE, moved), "{}", setup.log());
    for (format, left, gone) in [
        ("helm", "ska-thing-1.0.0.tgz", vec!["thing-1.0.0.tgz"]),
        (
            "pypi",
            "packages/ska-thing/1.0.0/ska_thing-1.0.0-py3-none-any.whl",
            vec![
                "packages/thing/1.0.0/thing-1.0.0-py3-none-any.whl",
                "packages/thing/1.0.0/thing-1.0.0.tar.gz",
            ],
        ),
        ("npm", "@skao/ska-thing/-/ska-thing-1.0.0.tgz", vec!["@skao/thing/-/thing-1.0.0.tgz"]),
    ] {
        assert_eq!(stand.paths(&format!("{format}-internal")), [left]);
        assert_eq!(stand.paths(&format!("{format}-quarantine")), gone);
    }
    assert_eq!(["helm", "pypi", "npm"].map(bytes), before);
}

/// A packed package that says its name, as npm's are; of a chart nobody looks inside here.
fn package(name: &str, version: &str) -> Vec<u8> {
    let about = json!({"name": name, "version": version}).to_string();
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(packed);
    let mut header = tar::Header::new_gnu();
    header.set_size(about.len() as u64);
    tar.append_data(&mut header, "package/package.json", about.as_bytes()).unwrap();
    let mut packed = tar.into_inner().unwrap();
    packed.flush().unwrap();
    packed.finish().unwrap()
}
