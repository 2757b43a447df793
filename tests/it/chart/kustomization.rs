//! Kustomizations are rendered, by whichever program there is.

use super::{Folder, lint, run, tool};

fn overlay() -> (Folder, String) {
    let folder = Folder::new();
    folder.write(
        "base/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      \
         image: ska-web\n",
    );
    folder.write("base/kustomization.yaml", "resources: [pod.yaml]\n");
    let text =
        "namePrefix: dev-\nresources: [../base]\nimages: [{name: ska-web, newTag: latest}]\n";
    folder.write("dev/kustomization.yaml", text);
    let overlay = folder.path("dev");
    (folder, overlay)
}

#[test]
fn an_overlay_is_rendered_and_its_lines_are_rendered_ones() {
    let (_folder, overlay) = overlay();
    let kustomize = format!("--kustomize={}", tool("kustomize"));
    let ran = lint(&[&overlay, &kustomize, "--format", "json"]);
    let report = ran.json();
    let found = report["findings"].as_array().unwrap();
    let image = found.iter().find(|it| it["rule"] == "image-tag").unwrap();
    assert_eq!(image["subject"]["name"], "dev-web");
    assert!(image["location"]["file"].as_str().unwrap().ends_with("dev (rendered)"), "{image}");
    assert!(image["rendered"]["templateLine"].is_null(), "{image}");
}

#[test]
fn what_the_program_says_is_told() {
    let (folder, overlay) = overlay();
    folder.write("dev/kustomization.yaml", "resources: [../nothing]\n");
    let kustomize = format!("--kustomize={}", tool("kustomize"));
    let ran = lint(&[&overlay, &kustomize, "--format", "concise"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("nothing"), "{ran:?}");
    let ran = run(&["lint", &overlay, "--kustomize", "no-such-program"]);
    assert!(ran.stdout.contains("there is no program `no-such-program`"), "{ran:?}");
}
