//! What teams take into their pipelines says what the program takes.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis::document::{Value, yaml};

use crate::cli::run;
use crate::folder::Folder;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Runs what a script says of `portcullis`, with what its inputs and variables stand for.
fn runs(script: &str, folder: &Folder, inputs: &[(&str, &str)]) -> crate::cli::Ran {
    let mut script = script.to_owned();
    for (name, value) in inputs {
        script = script.replace(name, value);
    }
    let script = script.replace("build/reports/", &folder.path("")).replace('"', "");
    assert!(!script.contains(['$', '[']), "{script}");
    let words: Vec<&str> = script.split_whitespace().collect();
    assert_eq!(words[0], "portcullis", "{script}");
    run(&words[1..])
}

/// A folder with a pod that the cluster would not take.
fn folder() -> (Folder, String) {
    let folder = Folder::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
    let path = folder.write("pod.yaml", pod);
    (folder, path)
}

fn script<'v>(job: &'v Value<'_>, containing: &str) -> &'v str {
    let all = job.get("script").and_then(Value::as_list).unwrap();
    all.iter().filter_map(Value::as_str).find(|line| line.contains(containing)).unwrap()
}

#[test]
fn the_gitlab_jobs_write_the_reports_that_they_name() {
    let (include, component) = (text("ci/lint.gitlab-ci.yml"), text("templates/lint.yml"));
    let includes: Vec<_> = yaml::read(&include).map(|it| it.unwrap().value).collect();
    let parts: Vec<_> = yaml::read(&component).map(|it| it.unwrap().value).collect();
    let job = includes[0].get("portcullis-lint").unwrap();
    let same = parts[1].get("$[[ inputs.job-name ]]").unwrap();
    let reports = ["codequality", "junit"].map(|it| {
        let path = |job: &Value<'_>| {
            job.at(&["artifacts", "reports", it]).and_then(Value::as_str).unwrap().to_owned()
        };
        assert_eq!(path(job), path(same));
        path(job).replace("build/reports/", "")
    });
    for (job, inputs) in [
        (job, ["$PORTCULLIS_LINT_ARGUMENTS", ""]),
        (same, ["$[[ inputs.paths ]]", "$[[ inputs.flags ]]"]),
    ] {
        let (folder, pod) = folder();
        let script = script(job, "portcullis lint");
        let ran = runs(script, &folder, &[(inputs[0], &pod), (inputs[1], "")]);
        assert_eq!(ran.code, 1, "{ran:?}");
        for report in
            reports.iter().map(String::as_str).chain(["portcullis.sarif", "portcullis.html"])
        {
            assert!(folder.file(report).is_file(), "{report}");
        }
    }
    let page = script(includes[0].get("pages").unwrap(), "cp ");
    assert_eq!(page, "cp build/reports/portcullis.html public/index.html");
    let inputs = parts[0].at(&["spec", "inputs"]).and_then(Value::as_map).unwrap();
    for input in inputs {
        assert!(component.contains(&format!("$[[ inputs.{} ]]", input.key)), "{}", input.key);
    }
}

#[test]
fn the_github_action_writes_annotations_and_the_report_that_it_names() {
    let action = text("action.yml");
    let action = yaml::read(&action).next().unwrap().unwrap().value;
    let steps = action.at(&["runs", "steps"]).and_then(Value::as_list).unwrap();
    let lint = steps.iter().filter_map(|it| it.get("run")?.as_str()).find(|it| it.contains("lint"));
    let (folder, pod) = folder();
    let sarif = folder.path("a.sarif");
    let inputs = [("$PATHS", pod.as_str()), ("$FLAGS", ""), ("$SARIF", &sarif)];
    let ran = runs(lint.unwrap(), &folder, &inputs);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.starts_with("::"), "{ran:?}");
    assert!(folder.read("a.sarif").contains("image-tag"));
}

#[test]
fn the_hooks_take_the_files_that_they_are_given() {
    let hooks = text(".pre-commit-hooks.yaml");
    let hooks = yaml::read(&hooks).next().unwrap().unwrap().value;
    let hooks = hooks.as_list().unwrap();
    assert_eq!(hooks.len(), 3);
    for hook in hooks {
        let (folder, pod) = folder();
        let entry = hook.get("entry").and_then(Value::as_str).unwrap();
        let takes_files = hook.get("pass_filenames").is_none();
        let entry = if takes_files {
            format!("{entry} {pod}")
        } else {
            entry.replace(" charts", &format!(" {pod}"))
        };
        let ran = runs(&entry, &folder, &[]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stdout.contains("pod.yaml:4:"), "{ran:?}");
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = Folder::new();
    let pages = folder.path("man1");
    let ran = run(&["man", &pages]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran:?}");
    let help = run(&["--help"]).stdout;
    let commands = help.lines().skip_while(|it| *it != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|it| !it.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 8, "{help}");
    for command in commands {
        let page = PathBuf::from(&pages).join(format!("portcullis-{command}.1"));
        let text = fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", page.display()));
        assert!(text.contains(".TH "), "{text}");
    }
    let lint = folder.read("man1/portcullis-lint.1");
    assert!(lint.contains("value\\-set"), "{lint}");
    assert!(folder.read("man1/portcullis.1").contains("portcullis\\-lint(1)"));
}

#[test]
fn a_pipeline_that_judges_by_an_exported_set_expects_its_digest() {
    let folder = Folder::new();
    let map =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: dev-x}\ndata: {a: b}\n";
    let (map, set) = (folder.write("map.yaml", map), run(&["policies", "export"]).stdout);
    let digest = set.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let set = folder.write("set.yaml", &set);
    let lint = |digest: &str| {
        run(&["lint", "--no-default-policies", "--policy", &set, "--expect", digest, &map])
    };
    assert_eq!(lint(&digest).code, 0);
    let other = lint("sha256:0");
    assert_eq!(other.code, 2);
    assert!(
        other.stderr.contains(&digest) && other.stderr.contains("`sha256:0` is expected"),
        "{}",
        other.stderr
    );
}
