//! No secret leaves: a canary in every place where secrets are put, and every output searched.

#[cfg(feature = "server")]
mod door;
mod poison;
mod report;
mod review;
mod rule;

use serde_json::Value as Json;

use crate::support::{parse, parse_all};

/// A plain word, so that no output is clean only because the word looks like a secret.
const CANARY: &str = "birdsong";

/// Where a secret can be, and how it is written there. The first line says what it is.
const PLACES: &[&str] = &[
    include_str!("../../fixtures/canary/variables.yaml"),
    include_str!("../../fixtures/canary/commands.yaml"),
    include_str!("../../fixtures/canary/configuration.yaml"),
    include_str!("../../fixtures/canary/secrets.yaml"),
    include_str!("../../fixtures/canary/odd.yaml"),
];

/// Rules that find something on and around every one of those places.
const POLICY: &str = include_str!("../../fixtures/canary/policy.yaml");

/// What must be in no output: the canary, a part of it (its first letter may be an escape, and its
/// last one cut), and what encodings make of it.
fn needles() -> Vec<String> {
    let part = &CANARY[1..6];
    let mut needles = vec![part.to_owned(), part.to_uppercase()];
    for before in 0..3 {
        let encoded = base64(&[&vec![b'.'; before], CANARY.as_bytes()].concat());
        // The first and last letters depend on what stands around the canary.
        let whole = encoded.trim_end_matches('=');
        let from = [0, 2, 3][before];
        needles.push(whole[from..whole.len() - 1].to_owned());
    }
    let bytes = |form: fn(u8) -> String| part.bytes().map(form).collect::<String>();
    // In hexadecimal, in a URL, in JSON, and in HTML or XML.
    needles.push(bytes(|it| format!("{it:02x}")));
    needles.push(bytes(|it| format!("%{it:02X}")));
    needles.push(bytes(|it| format!("\\u{it:04x}")));
    needles.push(bytes(|it| format!("&#{it};")));
    needles.push(bytes(|it| format!("&#x{it:x};")));
    needles
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The line of an output that has the canary in it, as what.
fn sung(output: &str) -> Option<(String, &str)> {
    needles().into_iter().find_map(|needle| {
        let at = output.find(&needle)?;
        let start = output[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = output[start..].lines().next()?;
        Some((needle, line))
    })
}

/// Fails if the canary is in an output.
fn assert_silent(what: &str, output: &str) {
    if let Some((needle, line)) = sung(output) {
        panic!("{what}: `{needle}` is in `{line}`");
    }
}

/// The documents of the fixtures with a place in each, one text each.
fn texts() -> Vec<String> {
    let documents = PLACES.iter().flat_map(|file| file.split("\n---\n"));
    let texts: Vec<String> = documents.map(|it| format!("{}\n", it.trim())).collect();
    assert!(texts.iter().all(|it| it.starts_with('#')), "a document does not say what it is");
    texts
}

#[test]
fn the_fixtures_are_what_they_are_for() {
    for text in texts() {
        for object in parse_all(&text) {
            let json = Json::from(&object).to_string();
            let found = needles().iter().any(|needle| json.contains(needle));
            assert!(found || text.contains("not in the tree"), "{text}");
        }
    }
    let _policy = parse(POLICY.split("\n---\n").next().unwrap());
}

/// Otherwise nothing that is searched would be searched for what counts.
#[test]
fn the_canary_is_known_in_every_disguise() {
    for disguise in [
        "a birdsong b".to_owned(),
        "BIRDSONG".to_owned(),
        "the cut birdso…".to_owned(),
        r"the escaped \u0062irdsong".to_owned(),
        r"\u0062\u0069\u0072\u0064\u0073\u006f\u006e\u0067".to_owned(),
        "%62%69%72%64%73%6F%6E%67".to_owned(),
        "&#98;&#105;&#114;&#100;&#115;&#111;&#110;&#103;".to_owned(),
        base64(b"birdsong"),
        base64(b"1birdsong2"),
        base64(b"12birdsong34"),
        base64(b"123birdsong456"),
    ] {
        assert!(sung(&disguise).is_some(), "{disguise}");
    }
    assert_eq!(sung("a bird and a song"), None);
}
