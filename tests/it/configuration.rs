//! `.portcullis.yaml`: flags that a repository brings with it.

use std::process::{Command, Output};

use portcullis::policyfile::Source;

use crate::cli::{Ran, run};
use crate::folder::{Folder, policy_about_config_maps};

/// Two ConfigMaps in `texts`, one of them without a label, and a file that says how to lint them.
fn folder(configuration: &str) -> Folder {
    let rule = "{rule: label-required, enforcement: Warn, params: {labels: [team]}}";
    let folder = Folder::with_policy(&policy_about_config_maps(&[rule]));
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a";
    folder.write("texts/a.yaml", format!("{object}}}\n"));
    folder.write("texts/b.yaml", format!("{object}, labels: {{team: x}}}}\n"));
    folder.write(".portcullis.yaml", configuration);
    folder
}

fn lint(folder: &Folder, arguments: &[&str]) -> Ran {
    let file = folder.path(".portcullis.yaml");
    run(&[&["lint", "--config", &file], arguments].concat())
}

const PLAIN: &str = "lint:\n  paths: [texts]\n  policy: [policy.yaml]\n  noDefaultPolicies: true\n  \
                     format: concise\n";

#[test]
fn its_flags_are_those_of_the_command_line() {
    let folder = folder(&format!("{PLAIN}  failOn: warn\n  output: {{json: out/report.json}}\n"));
    std::fs::create_dir(folder.file("out")).unwrap();
    let ran = lint(&folder, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("texts/a.yaml:"), "{ran:?}");
    assert!(folder.read("out/report.json").contains("label-required"));
    let ran = lint(&folder, &["--fail-on", "deny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = lint(&folder, &["--format", "stats", &folder.path("texts/b.yaml")]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "1 object in 1 file: 0 deny, 0 warn, 0 audit\n")
    );
    assert_eq!(lint(&folder, &["--stats"]).stdout.lines().count(), 7);
}

#[test]
fn it_is_found_in_the_nearest_folder_above() {
    let folder = folder(PLAIN);
    folder.write("texts/below/c.txt", "");
    let at = |below: &str, arguments: &[&str], variables: &[(&str, &str)]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("lint")
            .args(arguments)
            .current_dir(folder.file(below))
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let text = |ran: Output| String::from_utf8(ran.stdout).unwrap();
    assert!(text(at("", &[], &[])).starts_with("texts/a.yaml:3:1: warn[label-required]"));
    assert!(text(at("texts/below", &[], &[])).starts_with("../../texts/a.yaml:3:1: warn"));
    // A flag counts before a variable, and a variable before the file.
    let json = [("PORTCULLIS_FORMAT", "json")];
    assert!(text(at("", &[], &json)).starts_with('{'));
    assert!(text(at("", &["--format", "concise"], &json)).starts_with("texts/a.yaml"));
    let without = text(at("texts", &["--no-config", "a.yaml"], &[]));
    assert!(!without.contains("label-required"), "{without}");
}

#[test]
fn value_sets_and_paths_are_those_of_its_folder() {
    let folder = folder(
        "lint:\n  paths: [chart]\n  format: json\n  valueSets:\n    classic: {set: ['pods={1,2}']}\n    \
         operator: {values: [operator.yaml]}\n",
    );
    folder.write("operator.yaml", "pods: [3]\n");
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let template = "{{ range .Values.pods }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: n{{ . }}}\n\
                    spec: {hostNetwork: true, containers: [{name: a, image: b}]}\n{{ end }}\n";
    folder.write("chart/templates/a.yaml", template);
    let helm = format!("--helm={}", crate::chart::tool("helm"));
    let report = lint(&folder, &[&helm]).json();
    let mut found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["rule"] == "host-namespace")
        .map(|it| format!("{} {}", it["subject"]["name"], it["rendered"]["valueSets"]))
        .collect();
    found.sort();
    let expected = ["\"n1\" [\"classic\"]", "\"n2\" [\"classic\"]", "\"n3\" [\"operator\"]"];
    assert_eq!(found, expected);
}

#[test]
fn mistakes_are_told_with_their_lines() {
    let folder = folder("lint:\n  failon: warn\n  strict: often\n");
    let ran = lint(&folder, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains(".portcullis.yaml:2:3: unknown field `failon`"), "{ran:?}");
    assert!(ran.stderr.contains("did you mean `failOn`?"), "{ran:?}");
    assert!(ran.stderr.contains(".portcullis.yaml:3:11:"), "{ran:?}");
    let ran = run(&["lint", "--config", &folder.path("nothing.yaml")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    folder.write(".portcullis.yaml", "lint: {failOn: sometimes}\n");
    let ran = lint(&folder, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("the flags and the configuration don't fit"), "{ran:?}");
}

#[test]
fn its_schema_takes_what_the_program_takes() {
    let schema = run(&["schema", "config"]).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let whole = serde_json::json!({"lint": {
        "paths": ["a"], "failOn": "warn", "output": {"sarif": "a.sarif"},
        "valueSets": {"a": {"values": ["b"], "set": ["c=d"]}}, "strict": true,
    }});
    assert!(validator.is_valid(&whole));
    assert!(!validator.is_valid(&serde_json::json!({"lint": {"failon": "warn"}})));
    // Every field is a flag.
    let help = run(&["lint", "--help"]).stdout;
    let fields = schema["properties"]["lint"]["properties"].as_object().unwrap();
    assert!(fields.len() > 15, "{schema}");
    for field in fields.keys().filter(|it| *it != "paths") {
        let singular = if field == "valueSets" { "valueSet" } else { field };
        let flag: String = singular
            .chars()
            .flat_map(
                |c| if c.is_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] },
            )
            .collect();
        assert!(help.contains(&format!("--{flag}")), "{field}");
    }
}

#[test]
fn the_example_of_the_page_is_read_and_fits_its_schema() {
    let page = include_str!("../../docs/lint.md");
    let example = page.split_once("<!-- .portcullis.yaml -->\n```yaml\n").unwrap().1;
    let example = example.split_once("```").unwrap().0;
    let read = portcullis::policyfile::Configuration::read(&Source::new("example", example));
    assert_eq!(read.unwrap().lint.value_sets.len(), 2);
    let folder = folder(example);
    // All of it is a flag that the program takes; what it names is not there.
    let ran = lint(&folder, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("portcullis-baseline.json"), "{ran:?}");
}
