//! `--git-diff`: only what a branch changed counts.

use std::process::Command;

use super::{Folder, copy_chart, lint};

struct Repository(Folder);

impl Repository {
    fn new() -> Self {
        let repository = Self(Folder::new());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let ran = Command::new("git")
            .arg("-C")
            .arg(self.0.root())
            .args(identity)
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    /// The subjects with a finding of this rule, as `FILE NAME`.
    fn found(&self, rule: &str, arguments: &[&str]) -> Vec<String> {
        let root = self.0.path("");
        let ran = lint(&[&[root.as_str(), "--format", "json"], arguments].concat());
        assert!(ran.code < 2, "{ran:?}");
        let report = ran.json();
        let findings = report["findings"].as_array().unwrap().iter();
        let of_rule = findings.filter(|it| it["rule"] == rule);
        let mut all: Vec<String> = of_rule
            .map(|it| {
                let file = it["location"]["file"].as_str().unwrap().replace(&root, "");
                format!("{} {}", file, it["subject"]["name"].as_str().unwrap())
            })
            .collect();
        all.dedup();
        all
    }
}

fn pod(name: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: a\n    \
         image: ska-a:latest\n"
    )
}

#[test]
fn documents_that_did_not_change_are_not_judged() {
    let repository = Repository::new();
    let folder = &repository.0;
    folder.write("a b.yaml", pod("one") + &pod("two") + &pod("three") + "    # note\n");
    folder.write("same.yaml", pod("same"));
    folder.write(".gitignore", "rendered.yaml\n");
    repository.commit();
    repository.git(&["checkout", "--quiet", "-b", "branch"]);
    assert_eq!(repository.found("image-tag", &["--git-diff", "main"]), [""; 0]);
    let text = folder.read("a b.yaml").replace("name: two", "name: 2wo");
    folder.write("a b.yaml", text);
    repository.commit();
    folder.write("new.yaml", pod("new"));
    folder.write("rendered.yaml", pod("rendered"));
    let expected = ["a b.yaml 2wo", "new.yaml new", "rendered.yaml rendered"];
    assert_eq!(repository.found("image-tag", &["--git-diff", "main"]), expected);
    // What the other branch did since then is not this branch's.
    repository.git(&["checkout", "--quiet", "main"]);
    folder.write("same.yaml", pod("other"));
    repository.git(&["commit", "--quiet", "--all", "--message=x"]);
    repository.git(&["checkout", "--quiet", "branch"]);
    assert_eq!(repository.found("image-tag", &["--git-diff", "main"]), expected);
    // What is gone changed its neighbours.
    let text = folder.read("a b.yaml").replace("    # note\n", "");
    folder.write("a b.yaml", text);
    assert_eq!(
        repository.found("image-tag", &["--git-diff", "main"]),
        ["a b.yaml 2wo", "a b.yaml three", expected[1], expected[2]]
    );
}

#[test]
fn a_chart_counts_as_a_whole() {
    let repository = Repository::new();
    copy_chart(&repository.0, "mid");
    let values = repository.0.write("values.yaml", "ska-demo-dish: {}\n");
    repository.commit();
    let root = repository.0.path("");
    let count = |arguments: &[&str]| repository.found("image-tag", arguments).len();
    assert_eq!(count(&["--git-diff", "HEAD"]), 0, "{root}");
    assert_eq!(count(&["--git-diff", "HEAD", "--values", &values]), 0);
    repository.0.write("mid/charts/ska-demo-base/values.yaml", "service: {type: ClusterIP}\n");
    assert!(count(&["--git-diff", "HEAD"]) > 0);
    repository.commit();
    repository.0.write("values.yaml", "ska-demo-base: {}\n");
    assert_eq!(count(&["--git-diff", "HEAD"]), 0);
    assert!(count(&["--git-diff", "HEAD", "--values", &values]) > 0);
}

#[test]
fn a_base_that_is_not_here_is_an_error_that_helps() {
    let repository = Repository::new();
    repository.0.write("a.yaml", pod("a"));
    repository.commit();
    let ran = lint(&[&repository.0.path(""), "--git-diff", "origin/nothing"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("GIT_DEPTH"), "{ran:?}");
    let ran = lint(&["/", "--git-diff", "main"]);
    assert!(ran.stderr.contains("git rev-parse"), "{ran:?}");
}
