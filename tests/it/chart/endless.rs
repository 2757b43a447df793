//! A template that never ends.

use super::{Folder, lint};

#[test]
fn a_template_that_never_ends_is_given_up() {
    let folder = Folder::new();
    folder.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    folder.write(
        "c/templates/a.yaml",
        "{{- range until 50000 }}{{ range until 50000 }}{{ end }}{{ end }}\n",
    );
    let ran = lint(&[&folder.path("c"), "--render-timeout", "500ms"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let said = "template` has not ended after 0.5 s: look for a template that never ends";
    assert!(ran.stdout.contains(said), "{ran:?}");
}
