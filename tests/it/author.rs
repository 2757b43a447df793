//! What the author of a policy is told: which entries match, what cases try, what a set costs.

use serde_json::json;

use crate::cli::run;
use crate::folder::Folder;

const POLICY: &str = "apiVersion: portcullis.skao.int/v1alpha1\nkind: Policy\nmetadata: {name: mine}\nspec:\n  \
enforcement: Warn\n  scope: {kinds: [v1/ConfigMap]}\n  rules:\n    \
- {id: team, rule: label-required, enforcement: Deny, params: {labels: [team]}}\n    \
- {id: level, rule: field-required, scope: {namespaces: [demo]}, params: {field: data.level}}\n    \
- {id: other, rule: field-required, scope: {namespaces: ['x-*']}, params: {field: data.a}}\n    \
- {id: user, rule: field-required, scope: {excludeUsers: [bot]}, params: {field: data.b}}\n    \
- {id: labelled, rule: field-required, scope: {objectSelector: {matchLabels: {a: b}}}, params: {field: data.c}}\n    \
- {id: going, rule: field-required, scope: {operations: [DELETE]}, params: {field: data.d}}\n    \
- {id: placed, rule: field-required, scope: {namespaceSelector: {matchLabels: {a: b}}}, params: {field: data.e}}\n    \
- {id: secrets, rule: field-required, scope: {kinds: [v1/ConfigMap], tiers: [ci]}, params: {field: data.f}}\n";

fn review(kind: &str, user: &str) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1",
            "kind": {"group": "", "version": "v1", "kind": kind},
            "resource": {"group": "", "version": "v1", "resource": "x"},
            "name": "a",
            "namespace": "demo",
            "operation": "CREATE",
            "userInfo": {"username": user},
            "object": {
                "apiVersion": "v1", "kind": kind,
                "metadata": {"name": "a", "namespace": "demo"}, "data": {"b": "1"},
            },
        },
    })
    .to_string()
}

#[test]
fn a_trace_says_of_every_entry_whether_it_matches_and_why_not() {
    let folder = Folder::with_policy(POLICY);
    let trace = |kind: &str, user: &str| {
        let file = folder.write("review.json", review(kind, user));
        let policy = folder.path("policy.yaml");
        run(&["review", &file, "--trace", "--no-default-policies", "--policy", &policy])
    };
    let ran = trace("ConfigMap", "bot");
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "CREATE of v1 ConfigMap demo/a by bot: deny",
        "judges mine/team deny: label `team` is missing",
        "judges mine/level warn: field `data.level` is missing",
        "does not mine/other `namespaces` does not hold",
        "does not mine/user `excludeUsers` does not hold",
        "does not mine/labelled `objectSelector` does not hold",
        "does not mine/going `operations` does not name `CREATE`",
        "does not mine/placed namespace labels not known",
        "does not mine/secrets `tiers` does not hold",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        let same = line.starts_with(expected.split(':').next().unwrap());
        assert!(same, "{line}\n{expected}\n{lines:#?}");
    }
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    assert!(trace("ConfigMap", "me").stdout.contains("mine/user      pass"));
    let other = trace("Secret", "me");
    assert_eq!(other.code, 0, "{other:?}");
    assert!(other.stdout.contains("no policy is about such an object"), "{other:?}");
    assert!(other.stdout.contains("`kinds` does not name `Secret`"), "{other:?}");
}

/// With a policy of two entries, and these cases.
fn cases(cases: &str) -> Folder {
    let folder = Folder::new();
    let policy: Vec<&str> = POLICY.lines().collect();
    folder.write("mine.yaml", policy[..9].join("\n") + "\n");
    folder.write("mine.test.yaml", format!("cases:\n{cases}"));
    folder
}

const CASE: &str = "  - name: both are missing\n    object:\n      apiVersion: v1\n      kind: ConfigMap\n      \
metadata:\n        name: a\n        namespace: demo\n      data: {}\n    findings:\n      \
- {entry: team, line: 3}\n      - {entry: level, line: LEVEL}\n    decision: deny\n";

#[test]
fn a_finding_is_expected_on_a_line_of_the_object() {
    let folder = cases(&CASE.replace("LEVEL", "6"));
    let ran = run(&["test", &folder.path("")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"), "{ran:?}");
    let folder = cases(&CASE.replace("LEVEL", "5"));
    let ran = run(&["test", &folder.path("")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("it finds `/data/level` on line 6"), "{ran:?}");
}

#[test]
fn what_no_case_tries_is_told() {
    let folder = cases(&CASE.replace("LEVEL", "6"));
    let ran = run(&["test", &folder.path(""), "--coverage"]);
    let expected = "mine/level lets nothing pass in any case\nmine/team lets nothing pass in any case\n\
                    0 of 2 entries find something and let something pass (0 %)\n1 passed, 0 failed\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{ran:?}");
    let good = "  - name: the team is there\n    object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, \
                namespace: other, labels: {team: x}}}\n    findings: []\n";
    let folder = cases(&(CASE.replace("LEVEL", "6") + good));
    let test = |least: &str| run(&["test", &folder.path(""), "--fail-under", least]);
    let ran = test("50");
    let expected =
        "1 of 2 entries find something and let something pass (50 %)\n2 passed, 0 failed\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{ran:?}");
    assert_eq!(test("51").code, 1);
}

#[test]
fn the_shipped_cases_try_every_shipped_rule() {
    let ran = run(&["test", "policies", "--coverage", "--fail-under", "100"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_set_that_costs_too_much_fails() {
    let folder = Folder::with_policy(POLICY);
    folder.write("texts/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let bench = |flags: &[&str]| {
        let fixed = ["bench", &folder.path("texts"), "--policy", &folder.path("policy.yaml")];
        run(&[&fixed[..], flags].concat())
    };
    let ran = bench(&["--max-p50", "1000s", "--max-p95", "1000s", "--max-p99", "1000s"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("1 object, "), "{ran:?}");
    for percent in ["p50 ", "p95 ", "p99 "] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(percent)), "{ran:?}");
    }
    assert!(ran.stdout.contains("ConfigMap a in "), "{ran:?}");
    for flag in ["--max-p50", "--max-p95", "--max-p99"] {
        let ran = bench(&[flag, "0us", "--rounds", "2"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stdout.contains(", more than 0.0 us"), "{ran:?}");
    }
    assert_eq!(run(&["bench", &folder.path("nothing")]).code, 2);
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let ran = run(&["bench", &folder.path("chart")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("has to be rendered"), "{ran:?}");
}

#[test]
fn an_entry_is_explained_as_it_judges() {
    let folder = Folder::with_policy(POLICY);
    let policy = folder.path("policy.yaml");
    let explain =
        |what: &str| run(&["explain", what, "--no-default-policies", "--policy", &policy]);
    let ran = explain("mine/level");
    assert!(ran.stdout.starts_with("field-required ("), "{ran:?}");
    let in_force = ran.stdout.split_once("In force:\n\n").unwrap().1;
    let expected = "mine/level: Warn, medium\n  scope of the policy: kinds: [\"v1/ConfigMap\"]\n  \
                    scope: namespaces: [\"demo\"]\n  field: \"data.level\"\n";
    assert!(in_force.starts_with(expected), "{in_force}");
    assert!(!in_force.contains("mine/other"), "{in_force}");
    assert!(explain("field-required").stdout.contains("mine/other: Warn"));
    let ran = explain("mine/levle");
    assert!(ran.stderr.contains("did you mean `mine/level`?"), "{ran:?}");
    let ran = run(&["explain", "image-registry"]);
    assert!(ran.stdout.contains("images/image-registry: "), "{ran:?}");
}

#[test]
fn lint_explains_what_it_found_and_nothing_else() {
    let folder = Folder::with_policy(POLICY);
    folder.write(
        "texts/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: '1'}\n",
    );
    let ran = folder.lint_texts(&["--explain"]);
    assert!(ran.stdout.contains("\nlabel-required (convention"), "{ran:?}");
    assert!(ran.stdout.contains("\nmine/team: Deny"), "{ran:?}");
    assert!(!ran.stdout.contains("\nmine/user: "), "{ran:?}");
    let ran = folder.lint_texts(&["--explain", "--format", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
}
