//! From texts to objects, and back to places: Helm's comments, lists, JSON, paths.

use std::fs;
use std::path::Path as FilePath;

use portcullis::document::Path;
use portcullis::engine::About;
use portcullis::manifest::{Manifest, find, read};
use serde_json::Value as Json;

use crate::folder::{Folder, policy_about_config_maps};

/// What Helm writes of two charts, one below the other, as `helm template --include-crds` does.
const RENDERED: &str = "\
---
# Source: umbrella/crds/devices.yaml
# Copyright: nobody
apiVersion: v1
kind: ConfigMap
metadata: {name: first-of-crds}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: second-of-crds}
---
# Source: umbrella/charts/base/charts/db/templates/db/config.yaml

# A comment of the template, and a line that looks like Helm's.
# Source: other/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: db
# Source: umbrella/templates/comment-at-the-end.yaml
---
apiVersion: v1
kind: ConfigMap
metadata: {name: nobodys}
---
# Source: umbrella/templates/list.yaml
apiVersion: v1
kind: List
items:
  # Source: umbrella/templates/comment-in-the-list.yaml
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: first-of-list}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: second-of-list}}
---
# Source: umbrella/templates/nothing.yaml
---
# A template that begins with a line of its own.
apiVersion: v1
kind: ConfigMap
metadata: {name: behind-nothing}
---
# Source: nothing that names a chart
apiVersion: v1
kind: ConfigMap
metadata: {name: odd}
";

/// The objects of a text, each as its kind and name.
fn objects(text: &str) -> Vec<String> {
    let manifest = Manifest::read("a.yaml", text);
    let show =
        |it: &portcullis::manifest::Item| format!("{} {}", it.identity.kind, it.identity.name);
    manifest.items.iter().map(show).collect()
}

/// Where a path of the object with this rank is: `line:column-line:column`, with a mark where it is
/// but near, and what stands there.
fn place(text: &str, rank: usize, path: &str) -> (String, String) {
    let manifest = Manifest::read("a.yaml", text);
    let path = Path::parse(path).unwrap();
    let mut locator = manifest.locator();
    let (at, span) = manifest.place(&mut locator, &manifest.items[rank], &path, About::Value);
    let near = if at.exact { "" } else { "near " };
    let place = format!("{near}{}:{}-{}:{}", at.line, at.column, at.end_line, at.end_column);
    (place, text[span.start as usize..span.end as usize].to_owned())
}

#[track_caller]
fn assert_places(text: &str, places: &[(usize, &str, &str, &str)]) {
    for (rank, path, expected, source) in places {
        let (place, found) = place(text, *rank, path);
        assert_eq!((place.as_str(), found.as_str()), (*expected, *source), "{rank} {path}");
    }
}

#[test]
fn an_object_is_of_the_chart_and_template_that_helm_names() {
    let manifest = Manifest::read("manifests.yaml", RENDERED);
    let owners: Vec<(&str, Option<String>)> = manifest
        .items
        .iter()
        .map(|item| {
            let owner = item.owner.as_deref();
            let owner = owner.map(|it| format!("{}: {}", it.charts(), it.template));
            (item.identity.name.as_str(), owner)
        })
        .collect();
    let of = |owner: &str| Some(owner.to_owned());
    assert_eq!(
        owners,
        [
            // Helm writes one comment before a whole file of `crds`.
            ("first-of-crds", of("umbrella: crds/devices.yaml")),
            ("second-of-crds", of("umbrella: crds/devices.yaml")),
            ("db", of("umbrella/base/db: templates/db/config.yaml")),
            ("nobodys", None),
            ("first-of-list", of("umbrella: templates/list.yaml")),
            ("second-of-list", of("umbrella: templates/list.yaml")),
            ("behind-nothing", of("umbrella: templates/nothing.yaml")),
            ("odd", None),
        ]
    );
    assert!(manifest.problems.is_empty() && manifest.others == 0, "{manifest:?}");
}

#[test]
fn a_report_names_the_owner() {
    let folder = folder();
    let json = folder.lint_with(&["--format", "json", "-"], RENDERED).json();
    let owner = |rank: usize| json["findings"][rank]["owner"].clone();
    assert_eq!(
        owner(2),
        serde_json::json!({
            "chart": "umbrella",
            "subcharts": ["base", "db"],
            "template": "templates/db/config.yaml",
        })
    );
    assert_eq!(owner(3), Json::Null);
    assert_eq!(json["findings"][2]["location"]["file"], "<stdin>");
    assert_eq!(json["findings"][2]["location"]["line"], 19);
}

#[test]
fn the_objects_of_a_list_have_places_of_their_own() {
    let text = "apiVersion: v1\nkind: List\nmetadata: {name: not-an-object}\nitems:\n\
                - apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  data: {x: y}\n\
                - {apiVersion: v1, kind: Secret, metadata: {name: b}, stringData: {\"p\": 'q'}}\n\
                - apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - metadata: {name: c}\n    \
                  data: {config.json: '{\"k\": [1, 2]}'}\n";
    assert_eq!(objects(text), ["ConfigMap a", "Secret b", "ConfigMap c"]);
    assert_places(
        text,
        &[
            (0, "/metadata/name", "8:11-8:12", "a"),
            (0, "/data/x", "9:13-9:14", "y"),
            (0, "/metadata/labels", "near 7:3-7:11", "metadata"),
            (1, "/data/p", "10:73-10:76", "'q'"),
            (1, "/data", "10:67-10:77", "{\"p\": 'q'}"),
            (1, "/metadata/labels", "near 10:34-10:42", "metadata"),
            (2, "/metadata/name", "14:22-14:23", "c"),
            (2, "/data/config.json/k/1", "15:36-15:37", "2"),
        ],
    );
}

#[test]
fn a_list_of_one_kind_tells_the_kind_of_its_objects() {
    let text = "apiVersion: tango.tango-controls.org/v1\nkind: DeviceServerList\nitems:\n\
                - metadata: {name: a, namespace: mid}\n- {kind: Pod, metadata: {name: b}}\n- 3\n";
    let manifest = Manifest::read("a.yaml", text);
    let identity = &manifest.items[0].identity;
    assert_eq!(identity.api_version(), "tango.tango-controls.org/v1");
    assert_eq!((identity.kind.as_str(), identity.name.as_str()), ("DeviceServer", "a"));
    assert_eq!(identity.namespace.as_deref(), Some("mid"));
    assert_eq!((manifest.items.len(), manifest.others), (2, 1));
    // What is no list, or an empty one.
    assert_eq!(objects("apiVersion: v1\nkind: List\nitems: []\n"), [""; 0]);
    assert_eq!(objects("apiVersion: v1\nkind: List\nitems:\n"), [""; 0]);
    let named = "apiVersion: x.org/v1\nkind: PriceList\nmetadata: {name: a}\nspec: {items: [1]}\n";
    assert_eq!(objects(named), ["PriceList a"]);
    // Half an object is a mistake wherever it stands.
    let half = Manifest::read("a", "{apiVersion: v1, kind: List, items: [{kind: Pod}]}");
    assert_eq!(half.problems[0].message, "the object has no `apiVersion`");
    assert_eq!(half.problems[0].span.start, 37);
}

#[test]
fn json_is_read_as_yaml_is() {
    let object = |name: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"{name}\"}}}}"
        )
    };
    let (a, b) = (object("a"), object("b"));
    for stream in [format!("{a}\n{b}\n"), format!("{a}{b}"), format!("{a}\n---\n{b}")] {
        assert_eq!(objects(&stream), ["ConfigMap a", "ConfigMap b"], "{stream}");
    }
    assert_places(
        &format!("{a}\n{b}\n"),
        &[
            (0, "/metadata/name", "1:64-1:67", "\"a\""),
            (1, "/metadata/name", "2:64-2:67", "\"b\""),
            (1, "/metadata/labels/app", "near 2:43-2:53", "\"metadata\""),
            // Above the root there is nothing, and a map in braces is one thing.
            (1, "/data/x", "near 2:1-2:69", b.as_str()),
        ],
    );
    let pretty = "{\n\t\"kind\": \"List\",\n\t\"apiVersion\": \"v1\",\n\t\"items\": [\n\t\t{\n\t\t\t\
                  \"apiVersion\": \"v1\",\n\t\t\t\"kind\": \"ConfigMap\",\n\t\t\t\"metadata\": {\n\
                  \t\t\t\t\"name\": \"a\"\n\t\t\t},\n\t\t\t\"data\": {\"x\": \"\\u00fc\\n{}\"}\n\t\t}\n\t]\n}\n";
    assert_places(
        pretty,
        &[
            (0, "/metadata/name", "9:13-9:16", "\"a\""),
            (0, "/metadata/labels/app", "near 8:4-8:14", "\"metadata\""),
            (0, "/data/x", "11:18-11:30", "\"\\u00fc\\n{}\""),
        ],
    );
}

#[test]
fn what_is_missing_is_at_the_nearest_place_above() {
    let text = "# ☂ first\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    \
                - name: ☂☂\n      image:\n      resources: {limits: {}}\n  \
                nodeSelector: null\n";
    assert_places(
        text,
        &[
            (0, "/spec/containers/0/name", "8:13-8:15", "☂☂"),
            // What is there and empty has but its key.
            (0, "/spec/containers/0/image", "9:7-9:12", "image"),
            (0, "/spec/nodeSelector", "11:17-11:21", "null"),
            // An empty map is one that the API server does not keep.
            (0, "/spec/containers/0/resources/limits/cpu", "near 10:7-10:16", "resources"),
            (0, "/spec/containers/0/resources/requests/cpu", "near 10:7-10:16", "resources"),
            (0, "/spec/containers/0/livenessProbe", "near 8:7-8:15", "name: ☂☂"),
            (0, "/spec/containers/1/name", "near 7:3-7:13", "containers"),
            (0, "/spec/nodeSelector/zone", "near 11:3-11:15", "nodeSelector"),
            (0, "/metadata/labels/app", "near 4:1-4:9", "metadata"),
            (0, "/status/phase", "near 2:1-2:15", "apiVersion: v1"),
        ],
    );
}

/// With a policy that finds something in every ConfigMap.
fn folder() -> Folder {
    let rule = "{rule: field-forbidden, params: {field: metadata.name}}";
    Folder::with_policy(&policy_about_config_maps(&[rule]))
}

/// The names of the files that a path leads to, from the folder down.
fn found(folder: &Folder, name: &str) -> Vec<String> {
    let found = find(FilePath::new(&folder.path(name)));
    let unread = found.unread.iter().map(|it| format!("! {}", it.problem));
    let below = |path: &std::path::PathBuf| {
        path.strip_prefix(folder.root()).unwrap().to_str().unwrap().to_owned()
    };
    found.files.iter().map(below).chain(unread).collect()
}

#[test]
fn a_path_is_a_file_a_directory_or_a_glob() {
    let folder = Folder::new();
    for name in
        ["a.yaml", "b.yml", "c.json", "d.txt", "[e].yaml", "x/f.yaml", "x/y/g.yaml", "x/.h.yaml"]
    {
        folder.write(name, "");
    }
    folder.write(".git/i.yaml", "");
    folder.write(".gitignore", "x\n");
    std::os::unix::fs::symlink(folder.path("x"), folder.path("link")).unwrap();
    for (path, files) in [
        // Whatever its ending, and whether or not it looks like a glob.
        ("d.txt", &["d.txt"][..]),
        ("[e].yaml", &["[e].yaml"]),
        ("x/.h.yaml", &["x/.h.yaml"]),
        ("", &["[e].yaml", "a.yaml", "b.yml", "c.json", "x/f.yaml", "x/y/g.yaml"]),
        ("x", &["x/f.yaml", "x/y/g.yaml"]),
        ("link", &["link/f.yaml", "link/y/g.yaml"]),
        (".git", &[".git/i.yaml"]),
        ("*.yaml", &["[e].yaml", "a.yaml"]),
        ("?.y*ml", &["a.yaml", "b.yml"]),
        ("{a,d}.*", &["a.yaml", "d.txt"]),
        ("[ab].*", &["a.yaml", "b.yml"]),
        ("*/*.yaml", &["x/f.yaml"]),
        ("**/*.yaml", &["[e].yaml", "a.yaml", "x/f.yaml", "x/y/g.yaml"]),
        ("x/**", &["x/f.yaml", "x/y/g.yaml"]),
        ("*.nothing", &["! no file matches"]),
        ("nowhere.yaml", &["! No such file or directory (os error 2)"]),
    ] {
        assert_eq!(found(&folder, path), files, "{path}");
    }
    let broken = found(&folder, "a[.yaml");
    assert!(matches!(&broken[..], [only] if only.starts_with("! ")), "{broken:?}");
}

#[test]
fn a_glob_may_start_where_the_program_does() {
    let here = find(FilePath::new("tests/fixtures/manifests/*.json"));
    assert_eq!(here.files, [FilePath::new("tests/fixtures/manifests/config.json")]);
    // Without `./` before it, as somebody would write it.
    assert_eq!(find(FilePath::new("Cargo.tom*")).files, [FilePath::new("Cargo.toml")]);
}

#[test]
fn what_can_not_be_read_says_why() {
    let folder = Folder::new();
    fs::write(folder.path("latin"), b"a: b\nc: d\xe9\n").unwrap();
    let problem = |name: &str| read(FilePath::new(&folder.path(name))).unwrap_err().problem;
    assert_eq!(problem("latin"), "line 2 holds something else than UTF-8 text");
    assert_eq!(problem("nowhere"), "No such file or directory (os error 2)");
    assert_eq!(problem(""), "Is a directory (os error 21)");
    let sparse = fs::File::create(folder.path("large")).unwrap();
    sparse.set_len(5 << 30).unwrap();
    assert!(problem("large").starts_with("it is longer than "), "{}", problem("large"));
}

#[test]
fn a_file_that_two_paths_lead_to_is_read_once() {
    let folder = folder();
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    folder.write("in/a.yaml", text);
    std::os::unix::fs::symlink(folder.path("in"), folder.path("same")).unwrap();
    let paths =
        ["in", "in/a.yaml", "in/../in/a.yaml", "in/*.yaml", "same"].map(|it| folder.path(it));
    let paths = paths.iter().map(String::as_str);
    let arguments: Vec<&str> = ["--format", "json"].into_iter().chain(paths).chain(["-"]).collect();
    let json = folder.lint_with(&arguments, text).json();
    let files: Vec<&Json> =
        json["findings"].as_array().unwrap().iter().map(|it| &it["location"]["file"]).collect();
    // As the first of them calls it; and the standard input is another text.
    assert_eq!(files, [folder.path("in/a.yaml").as_str(), "<stdin>"]);
    assert_eq!(json["summary"]["objects"], 2);
}
