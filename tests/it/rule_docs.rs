//! A rule's page is its first test.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use portcullis::document::Value;
use portcullis::engine::{Rule, Schema as _};
use portcullis::resource::KUBERNETES;
use portcullis::rules;

use crate::host_network::HOST_NETWORK;
use crate::support::{World, compile_with, found, manifest, set_of, subject, typed};

/// The sections of a page, in their order.
const SECTIONS: [&str; 7] =
    ["Why", "Fields", "Parameters", "Fix", "Invalid", "Valid", "References"];

/// A YAML block of a page, with what its first lines say.
pub(crate) struct Example {
    pub(crate) params: String,
    pub(crate) world: World,
    pub(crate) text: String,
}

#[test]
fn what_a_page_calls_invalid_is_found() {
    for rule in pages() {
        for example in examples(rule, "Invalid") {
            let findings = judge(rule, &example);
            assert!(!findings.is_empty(), "{}: nothing found in\n{}", rule.id, example.text);
            for finding in findings {
                let (_, message) = finding.split_once(": ").unwrap();
                let first = message.chars().next().unwrap();
                assert!(!first.is_uppercase() && !message.ends_with('.'), "{}: {finding}", rule.id);
            }
        }
    }
}

#[test]
fn what_a_page_calls_valid_is_clean() {
    for rule in pages() {
        for example in examples(rule, "Valid") {
            let none: [&str; 0] = [];
            assert_eq!(judge(rule, &example), none, "{}:\n{}", rule.id, example.text);
        }
    }
}

#[test]
fn a_page_has_every_section_in_order_with_something_in_it() {
    for rule in pages() {
        let page = page(rule);
        let headings: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
        assert_eq!(headings, SECTIONS, "{}", rule.id);
        for name in SECTIONS {
            assert!(section(rule, name).trim().len() > 5, "{}: {name} is empty", rule.id);
        }
        for name in ["Invalid", "Valid"] {
            assert!(!examples(rule, name).is_empty(), "{}: {name} has no example", rule.id);
        }
        let summary = rule.summary();
        assert!(summary.starts_with("Flags ") && summary.ends_with('.'), "{}: {summary}", rule.id);
    }
}

#[test]
fn ids_are_sorted_kebab_case_and_found_again() {
    assert!(rules::ALL.is_sorted_by(|one, two| one.id < two.id));
    for rule in rules::ALL {
        let kebab = rule.id.split('-').all(|word| {
            !word.is_empty()
                && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        });
        assert!(kebab, "{}", rule.id);
        assert!(std::ptr::eq(rules::find(rule.id).unwrap(), *rule));
        semver::Version::parse(rule.since).unwrap();
    }
    assert!(rules::find("no-such-rule").is_none());
}

#[test]
fn every_file_is_listed_under_its_own_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut on_disk: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    on_disk.retain(|name| name != "mod.rs" && name != "own.rs");
    on_disk.sort();
    let listed = rules::ALL.iter().map(|rule| format!("{}.rs", rule.id.replace('-', "_")));
    assert_eq!(on_disk, listed.collect::<Vec<_>>());
    for rule in rules::ALL {
        let name = Path::new(rule.file).file_stem().unwrap().to_str().unwrap();
        assert_eq!(name.replace('_', "-"), rule.id);
    }
}

#[test]
fn the_page_explains_every_parameter_of_the_schema() {
    for rule in pages() {
        let schema = (rule.parameters)().to_value();
        assert_eq!(schema["type"], "object", "{}", rule.id);
        assert_eq!(schema["additionalProperties"], false, "{}: unknown parameters", rule.id);
        let text = section(rule, "Parameters");
        let none = serde_json::Map::new();
        for (name, parameter) in schema["properties"].as_object().unwrap_or(&none) {
            assert!(text.contains(&format!("`{name}`")), "{}: `{name}` is not explained", rule.id);
            assert!(parameter["description"].is_string(), "{}: `{name}` says nothing", rule.id);
        }
    }
}

#[test]
fn a_parameter_that_no_rule_has_is_refused() {
    for rule in rules::ALL {
        let params = Value::map([("noSuchParameter", Value::text("x"))]);
        assert!((rule.configure)(&params).is_err(), "{}", rule.id);
    }
}

#[test]
fn the_rule_that_the_documentation_adds_is_one_that_works() {
    let text = include_str!("../../docs/adding-a-rule.md");
    let code = text.split("````rust\n").nth(1).unwrap().split("````").next().unwrap();
    assert_eq!(code, include_str!("host_network.rs"));
}

/// The rules whose pages are tried: all, and the one that the documentation adds.
fn pages() -> Vec<&'static Rule> {
    rules::ALL.iter().copied().chain([&HOST_NETWORK]).collect()
}

fn judge(rule: &Rule, example: &Example) -> Vec<String> {
    let value = manifest(&example.text);
    let subject = subject(&value);
    let mut set = set_of(rule.id, &example.params);
    // A general rule is about every kind; the example is about its own.
    if rule.kinds.contains(&"*") && subject.identity.format.is_none() {
        let identity = &subject.identity;
        let kind = match identity.group.as_str() {
            "" => format!("{}/{}", identity.version, identity.kind),
            group => format!("{group}/{}/{}", identity.version, identity.kind),
        };
        for policy in &mut set.policies {
            policy.scope.kinds = vec![kind.clone()];
        }
    }
    let report = example.world.judge_subject(&compile_with(&set, &pages()).unwrap(), &subject);
    for outcome in &report.outcomes {
        assert_eq!(outcome.reason, None, "{}:\n{}", rule.id, example.text);
    }
    found(&report)
}

/// Every set of parameters that a page uses, once.
pub(crate) fn parameters(rule: &Rule) -> Vec<String> {
    let all = examples(rule, "Invalid").into_iter().chain(examples(rule, "Valid"));
    let mut parameters: Vec<String> = all.map(|example| example.params).collect();
    parameters.sort();
    parameters.dedup();
    parameters
}

/// The pods and pod templates of a page's examples of what is invalid, as JSON, each with its
/// parameters and with what is known besides.
pub(crate) fn pods_of_pages(rule: &Rule) -> Vec<(String, World, String)> {
    let all = examples(rule, "Invalid").into_iter();
    let template = |example: Example| {
        let value = manifest(&example.text);
        let identity = subject(&value).identity;
        let template = KUBERNETES.pod_template(&identity.group, &identity.kind)?;
        let pod = value.at(template)?;
        let fields = ["metadata", "spec"].map(|key| {
            let field = pod.get(key).map(|field| serde_json::to_string(field).unwrap());
            format!("\"{key}\": {}", field.unwrap_or_else(|| "{}".to_owned()))
        });
        Some((example.params, example.world, fields.join(", ")))
    };
    all.filter_map(template).collect()
}

/// The YAML blocks of a section.
pub(crate) fn examples(rule: &Rule, name: &str) -> Vec<Example> {
    let section = section(rule, name);
    let blocks = section.split("```yaml\n").skip(1).map(|it| it.split("```").next().unwrap());
    let example = |block: &str| {
        let line = |prefix: &str| {
            block.lines().find_map(|line| line.strip_prefix(prefix)).map(str::to_owned)
        };
        Example {
            params: line("# params: ").unwrap_or_else(|| "{}".to_owned()),
            world: line("# facts: ").map(|facts| typed(&facts)).unwrap_or_default(),
            text: block.to_owned(),
        }
    };
    blocks.map(example).collect()
}

fn section(rule: &Rule, name: &str) -> String {
    let page = page(rule);
    let mut parts = page.split("\n## ");
    let section = parts.find(|part| part.lines().next() == Some(name));
    section.and_then(|part| part.split_once('\n')).map(|it| it.1.to_owned()).unwrap_or_default()
}

/// The page without the space that a doc comment leaves before each line.
fn page(rule: &Rule) -> String {
    let line = |line: &'static str| line.strip_prefix(' ').unwrap_or(line);
    rule.doc.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// `UPDATE_EXPECT=1 cargo test --test it rule_docs` writes the pages anew.
#[test]
fn the_pages_in_the_documentation_are_those_of_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Rules\n\nMade from the rules themselves; `portcullis explain RULE` says the same.\n\n| rule | what it does | category | severity |\n| --- | --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let (category, severity) = (rule.category.as_str(), rule.severity.as_str());
        let summary = rule.summary();
        index += &format!("| [`{0}`]({0}.md) | {summary} | {category} | {severity} |\n", rule.id);
        let head = format!("# {}\n\n{category}, {severity}, since {}\n\n", rule.id, rule.since);
        pages.insert(format!("{}.md", rule.id), format!("{head}{}\n", page(rule).trim()));
    }
    pages.insert("README.md".to_owned(), index);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let files: BTreeMap<String, String> = files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    assert_eq!(files.keys().collect::<Vec<_>>(), pages.keys().collect::<Vec<_>>());
    for (name, text) in pages {
        assert!(files[&name] == text, "{name} is not what the rule says");
    }
}
