//! JUnit XML: well-formed, of the elements that CI servers know, and with sums that are right.

use std::collections::{HashMap, HashSet};

use roxmltree::{Document, Node};

use super::{Folder, published};

/// What a schema says of an element: its attributes, those that it must have, its children.
#[derive(Default)]
struct Allowed {
    attributes: HashSet<String>,
    required: HashSet<String>,
    children: HashSet<String>,
}

/// The part of XML Schema that `junit-10.xsd` uses for what it calls by name.
fn allowed(schema: &str) -> HashMap<String, Allowed> {
    let document = Document::parse(schema).unwrap();
    let elements = document.root_element().children().filter(|it| it.has_tag_name(tag("element")));
    elements
        .map(|element| {
            let mut allowed = Allowed::default();
            for node in element.descendants() {
                let name = node.attribute("name").unwrap_or_default().to_owned();
                if node.has_tag_name(tag("attribute")) {
                    if node.attribute("use") == Some("required") {
                        allowed.required.insert(name.clone());
                    }
                    allowed.attributes.insert(name);
                } else if let Some(child) = node.attribute("ref") {
                    allowed.children.insert(child.to_owned());
                }
            }
            (element.attribute("name").unwrap().to_owned(), allowed)
        })
        .collect()
}

fn tag(name: &'static str) -> (&'static str, &'static str) {
    ("http://www.w3.org/2001/XMLSchema", name)
}

fn elements<'a>(document: &'a Document<'_>, name: &str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|it| it.has_tag_name(name)).collect()
}

fn number(node: &Node<'_, '_>, attribute: &str) -> usize {
    node.attribute(attribute).unwrap().parse().unwrap()
}

#[test]
fn it_is_what_the_schema_asks_for() {
    let report = Folder::hostile().report("junit");
    let document = Document::parse(&report).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "testsuites");
    let Some(schema) = published("junit-10.xsd") else { return };
    let allowed = allowed(&schema);
    for node in document.descendants().filter(Node::is_element) {
        let known = &allowed[node.tag_name().name()];
        let has: HashSet<String> = node.attributes().map(|it| it.name().to_owned()).collect();
        assert!(has.is_subset(&known.attributes), "{node:?}");
        assert!(known.required.is_subset(&has), "{node:?}");
        for child in node.children().filter(Node::is_element) {
            assert!(known.children.contains(child.tag_name().name()), "{node:?}");
        }
    }
}

#[test]
fn what_denies_fails_and_the_rest_does_not() {
    let report = Folder::hostile().report("junit");
    let document = Document::parse(&report).unwrap();
    let failures = elements(&document, "failure");
    assert_eq!(failures.len(), 2, "{report}");
    let message = failures[0].attribute("message").unwrap();
    assert_eq!(message, "no label, <b>100%</b> of ]]> @all | [x](y)");
    let text = failures[0].text().unwrap();
    assert!(text.contains("\npolicy hostile/app-label"), "{text}");
    let skipped: Vec<&str> = elements(&document, "skipped")
        .iter()
        .map(|it| it.attribute("message").unwrap().split_once(' ').unwrap().0)
        .collect();
    assert_eq!(skipped, ["warn:", "audit:", "waived"]);
    let passed = elements(&document, "testcase").iter().filter(|it| !it.has_children()).count();
    assert_eq!(passed, 2);
}

#[test]
fn a_hostile_name_is_a_name() {
    let report = Folder::hostile().report("junit");
    let document = Document::parse(&report).unwrap();
    let names: Vec<&str> =
        elements(&document, "testcase").iter().map(|it| it.attribute("name").unwrap()).collect();
    let hostile = "v1 ConfigMap demo/<script>alert(1)</script>]]>&`%0A/metadata/labels/app";
    assert!(names.contains(&format!("field-required: {hostile}").as_str()), "{names:?}");
}

#[test]
fn the_sums_are_right_and_no_two_tests_are_one() {
    let folder = Folder::hostile();
    let twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    folder.write("texts/twice.yaml", format!("{twice}---\n{twice}"));
    let report = folder.report("junit");
    let document = Document::parse(&report).unwrap();
    let mut seen = HashSet::new();
    for case in elements(&document, "testcase") {
        let name = (case.attribute("classname").unwrap(), case.attribute("name").unwrap());
        assert!(seen.insert(name), "{name:?} stands twice");
    }
    for suite in elements(&document, "testsuite").iter().chain([&document.root_element()]) {
        let count = |name: &str| suite.descendants().filter(|it| it.has_tag_name(name)).count();
        assert_eq!(number(suite, "tests"), count("testcase"));
        assert_eq!(number(suite, "failures"), count("failure"));
        assert_eq!(number(suite, "errors"), count("error"));
    }
    assert_eq!(elements(&document, "testsuite").len(), 3);
}
