//! What can't be rendered is told, and the rest is judged all the same.

use super::{Folder, copy_chart, lint, run};

#[test]
fn without_helm_the_error_says_so() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "mid");
    let plain = folder.write("plain.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n");
    let ran = run(&["lint", &chart, &plain, "--helm", "no-such-helm", "--format", "concise"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("there is no program `no-such-helm`"), "{ran:?}");
    assert!(ran.stdout.contains("install Helm"), "{ran:?}");
    assert!(ran.stdout.contains("1 object in 1 file"), "{ran:?}");
}

#[test]
fn what_helm_complains_about_is_told_without_secrets() {
    let folder = Folder::new();
    let chart = copy_chart(&folder, "low");
    let ran = lint(&[&chart]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("ska-demo-station"), "{ran:?}");
    assert!(ran.stdout.contains("missing in charts/"), "{ran:?}");
    folder.write("low/Chart.yaml", "apiVersion: v2\nname: low\nversion: 0.1.0\n");
    folder.write("low/templates/bad.yaml", "{{ fail \"no password: hunter2-is-secret\" }}\n");
    let ran = lint(&[&chart]);
    assert!(ran.stdout.contains("bad.yaml"), "{ran:?}");
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_template_that_looks_at_what_it_renders_is_judged_without_certain_lines() {
    let folder = Folder::new();
    folder.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    folder.write(
        "c/templates/_a.tpl",
        "{{ define \"a\" }}\nname: web\n{{ end }}\n{{ define \"b\" }}\nlatest\n{{ end }}\n",
    );
    folder.write(
        "c/templates/a.yaml",
        "{{- $a := fromYaml (include \"a\" .) }}\napiVersion: v1\nkind: Pod\nmetadata:\n  \
         name: {{ required \"no name\" $a.name }}\nspec:\n  containers:\n    - name: web\n      \
         image: ska-web:{{ include \"b\" . | trim }}\n",
    );
    let found = super::findings(&[&folder.path("c")]);
    let image = found.iter().find(|it| it["rule"] == "image-tag").unwrap();
    assert!(image["location"]["file"].as_str().unwrap().ends_with("c/templates/a.yaml"));
    assert_eq!(image["location"]["line"], 9, "{image}");
}
