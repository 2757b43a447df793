//! The HTML page: well-formed, complete in itself, and a hostile name stays text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Folder;

/// Elements without an end tag (HTML, 13.1.2).
const VOID: [&str; 3] = ["meta", "input", "link"];

/// The tags of a page in order, with what stands in them; and the text between, unescaped.
/// Panics where an end tag has no start.
fn read(page: &str) -> (Vec<String>, String) {
    let (mut tags, mut text, mut open) = (Vec::new(), String::new(), Vec::<String>::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let end = tag_end(&rest[at..]);
        let tag = rest[at + 1..at + end].to_owned();
        rest = &rest[at + end + 1..];
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{tag}");
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        if matches!(tag.as_str(), "style" | "script") {
            rest = &rest[rest.find(&format!("</{tag}>")).unwrap()..];
        }
        tags.push(tag);
    }
    assert_eq!(open, Vec::<String>::new());
    for (escape, char) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        text = text.replace(escape, char);
    }
    (tags, text)
}

/// Where a tag ends: a `>` in quotes is a part of it.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|char| {
        quoted ^= char == '"';
        char == '>' && !quoted
    });
    end.unwrap()
}

fn between<'p>(page: &'p str, start: &str, end: &str) -> &'p str {
    page.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn a_hostile_name_stays_text() {
    let page = Folder::hostile().report("html");
    let (tags, text) = read(&page);
    let scripts = tags.iter().filter(|tag| tag.starts_with("script")).count();
    assert_eq!(scripts, 1);
    for tag in ["b", "i"] {
        let made = tags.iter().filter(|it| *it == tag).count();
        // The tiles at the top have the only bold text.
        assert_eq!(made, if tag == "b" { 5 } else { 0 }, "{tag}");
    }
    for shown in [
        "v1 ConfigMap demo/<script>alert(1)</script>]]>&`%0A",
        "no label, <b>100%</b> of ]]> @all | [x](y)",
        "level: \"loud, 100% & <i>bold</i>\"",
        "a,b:c%0A &<i>.yaml",
        "team <dish>",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = Folder::hostile().report("html");
    let (tags, _) = read(&page);
    for tag in &tags {
        for attribute in [" src=", " style=", " on", "srcset=", "url("] {
            assert!(!tag.contains(attribute) || tag.contains("only"), "{tag}");
        }
        assert!(!tag.starts_with("link") && !tag.starts_with("img"), "{tag}");
        if let Some((_, target)) = tag.split_once("href=\"") {
            assert!(target.starts_with('#'), "{tag}");
        }
    }
}

#[test]
fn its_policy_names_its_own_style_and_script() {
    let page = Folder::hostile().report("html");
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for (kind, start, end) in
        [("style", "<style>", "</style>"), ("script", "<script>", "</script>")]
    {
        let hash = STANDARD.encode(Sha256::digest(between(&page, start, end)));
        assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}'")), "{policy}");
    }
}

#[test]
fn the_page_is_a_list_without_its_script() {
    let page = Folder::hostile().report("html");
    let (tags, text) = read(&page);
    let articles = tags.iter().filter(|tag| tag.starts_with("article ")).count();
    assert_eq!(articles, 5);
    assert!(tags.iter().any(|tag| tag == "form id=\"controls\" hidden"));
    assert_eq!(tags.iter().filter(|tag| tag.starts_with("svg ")).count(), 3);
    assert!(text.contains("umbrella/base (3)"));
}
