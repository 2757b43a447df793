//! `--render-twice`: what is another value each time.

use super::{Folder, findings};

#[test]
fn random_values_and_times_are_found_and_nothing_else() {
    let folder = Folder::new();
    folder.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    folder.write(
        "c/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {app: a}\ndata:\n  fixed: x\n  \
         random: {{ randAlphaNum 12 | quote }}\n  time: {{ now | date \"15:04:05\" | quote }}\n",
    );
    let found = findings(&[&folder.path("c"), "--render-twice"]);
    let of_rule = found.iter().filter(|it| it["rule"] == "rendering-differs");
    let places: Vec<(&str, &serde_json::Value)> =
        of_rule.map(|it| (it["path"].as_str().unwrap(), &it["location"]["line"])).collect();
    assert_eq!(places.len(), 2, "{found:?}");
    assert_eq!(places[0], ("/data/random", &8.into()));
    assert_eq!(places[1], ("/data/time", &9.into()));
    let once = findings(&[&folder.path("c")]);
    assert!(once.iter().all(|it| it["rule"] != "rendering-differs"), "{once:?}");
}

#[test]
fn objects_that_come_and_go_are_found() {
    let folder = Folder::new();
    folder.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    folder.write(
        "c/templates/a.yaml",
        "{{- range until (randInt 1 40) }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
         name: a{{ . }}\n{{- end }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
    );
    let message = |it: &serde_json::Value| it["message"].as_str().unwrap().to_owned();
    // Chance may have it that both renderings have as many objects, but not again and again.
    let told = (0..10).find_map(|_| {
        let found = findings(&[&folder.path("c"), "--render-twice"]);
        let told = found.iter().filter(|it| it["rule"] == "rendering-differs").map(message);
        Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
    });
    let told = told.unwrap();
    assert!(told.len() == 1 && told[0].contains("objects once and"), "{told:?}");
}
