//! Each format: a good artefact has nothing wrong, and one without its parts says what is missing.

use std::process::Command;

use super::build;
use super::check;
use crate::folder::Folder;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: thing\nspec:\n  containers:\n    \
                   - name: thing\n      image: {{ .Values.image }}\n";

#[test]
fn what_tools_build_is_read_and_has_nothing_wrong() {
    let folder = Folder::new();
    let (wheel, sources) = build::distributions(&folder);
    for (file, repository, more) in [
        (wheel, "pypi-internal", &[][..]),
        (sources, "pypi-internal", &["--form=pypi"]),
        (build::npm(&folder), "npm-internal", &["--form=npm"]),
        (build::collection(&folder), "ansible-internal", &[]),
        (build::deb(&folder, "gzip"), "raw-internal", &[]),
        (build::deb(&folder, "none"), "raw-internal", &[]),
        (build::deb(&folder, "xz"), "raw-internal", &[]),
        (build::deb(&folder, "zstd"), "raw-internal", &[]),
        (build::rpm(&folder), "rpm-internal", &[]),
        (build::archive(&folder), "raw-internal", &["--name=ska-thing", "--version=1.0.0"]),
    ] {
        let checked = check(&file, repository, more);
        assert_eq!(checked.itself(), Vec::<String>::new(), "{file}");
        assert_eq!(checked.code, 0, "{file}");
    }
}

#[test]
fn a_chart_is_judged_with_what_it_renders() {
    let folder = Folder::new();
    let chart = build::chart(&folder, &POD.replace("{{ .Values.image }}", "nginx:latest"));
    let checked = check(&chart, "helm-internal", &["--form=helm"]);
    assert_eq!(checked.itself(), Vec::<String>::new());
    let pod = checked.findings("Pod");
    let expected = "image-tag: container `thing` runs image `nginx:latest`, whose tag moves";
    assert!(pod.iter().any(|it| it == expected), "{pod:?}");
    assert_eq!(checked.code, 1);
    let finding = &checked.json["findings"][0];
    let file = finding["location"]["file"].as_str().unwrap();
    assert!(file.ends_with("ska-thing-1.0.0.tgz (rendered)"), "{finding}");
}

#[test]
fn what_is_missing_is_told_with_its_place() {
    let folder = Folder::new();
    folder.write("empty/readme.txt", "nothing");
    build::run(&folder.file("empty"), "tar", &["czf", "a.tar.gz", "readme.txt"]);
    let archive = folder.path("empty/a.tar.gz");
    for (form, expected) in [
        ("helm", "artefact-broken: `Chart.yaml` is not in the chart"),
        ("pypi", "artefact-broken: `PKG-INFO` is not in the source distribution"),
        ("npm", "artefact-broken: `package.json` is not in the package"),
        ("deb", "artefact-broken: it is no Debian package: it does not begin as one"),
        ("rpm", "artefact-broken: it is no RPM package: it does not begin as one"),
        ("raw", "artefact-metadata: the artefact has no metadata"),
    ] {
        let form = format!("--form={form}");
        let found = check(&archive, "raw-internal", &[&form, "--name=ska-a", "--version=1.0.0"]);
        assert!(found.itself().iter().any(|it| it == expected), "{form}: {:?}", found.itself());
        assert_eq!(found.code, 1);
    }
}

#[test]
fn a_wheel_without_metadata_says_which_are_missing() {
    let folder = Folder::new();
    let project =
        "from setuptools import setup\nsetup(name='ska-bare', version='1.0.0', py_modules=[])\n";
    folder.write("bare/setup.py", project);
    let arguments = ["-m", "build", "--no-isolation", "--wheel", "."];
    build::run(&folder.file("bare"), &build::python("python"), &arguments);
    let wheel = build::only(&folder, "bare/dist", ".whl");
    let checked = check(&wheel, "pypi-internal", &[]);
    assert_eq!(checked.itself(), ["artefact-metadata: the artefact has no metadata"]);
    let other = check(&wheel, "pypi-internal", &["--version=2.0.0"]).itself();
    let expected = "artefact-mismatch: the artefact says that its version is `1.0.0`, and the \
                    repository that it is `2.0.0`";
    assert!(other.iter().any(|it| it == expected), "{other:?}");
}

#[test]
fn a_conan_package_has_its_metadata_and_its_recipe_a_name() {
    let folder = Folder::new();
    let recipe = "from conan import ConanFile\n\nclass Thing(ConanFile):\n    name = \"ska-thing\"\n    \
                  version = '1.0.0'\n";
    let recipe = folder.write("conan/conanfile.py", recipe);
    let found = check(&recipe, "conan-internal", &["--form=conan", "--version=2.0.0"]).itself();
    let expected = "artefact-mismatch: the artefact says that its version is `1.0.0`, and the \
                    repository that it is `2.0.0`";
    assert!(found.iter().any(|it| it == expected), "{found:?}");
    folder.write("conan/share/MANIFEST.skao.int", build::manifest());
    build::run(&folder.file("conan"), "tar", &["czf", "conan_package.tgz", "share"]);
    let package = folder.path("conan/conan_package.tgz");
    let named = ["--form=conan", "--name=ska-thing", "--version=1.0.0"];
    assert_eq!(check(&package, "conan-internal", &named).itself(), Vec::<String>::new());
}

#[test]
fn what_a_scanner_found_is_judged_where_a_policy_asks() {
    let folder = Folder::new();
    let archive = build::archive(&folder);
    let report = r#"{"SchemaVersion": 2, "Results": [{"Vulnerabilities": [{"PkgName": "openssl",
        "VulnerabilityID": "CVE-2026-0001", "Severity": "CRITICAL", "FixedVersion": "3.0.1"}]}]}"#;
    let report = format!("--vulnerabilities={}", folder.write("report.json", report));
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/packs/artefact-vulnerabilities.yaml");
    let named = ["--policy", pack, "--name=ska-thing", "--version=1.0.0"];
    let found = check(&archive, "raw-internal", &[&named[..], &[&report]].concat());
    let expected =
        "artefact-vulnerable: package `openssl` has `CVE-2026-0001`, which is `critical`";
    assert_eq!((found.itself(), found.code), (vec![expected.to_owned()], 1));
    // Without a report nobody can say, and the pack says that this is a warning.
    let unknown = check(&archive, "raw-internal", &named);
    assert_eq!((unknown.itself(), unknown.code), (Vec::new(), 0));
    assert_eq!(unknown.json["summary"]["skipped"], 1);
}

#[test]
fn a_helm_that_is_not_there_is_no_fault_of_the_chart() {
    let folder = Folder::new();
    let chart = build::chart(&folder, POD);
    let mut check = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    check.args(["artefact", "check", "--form=helm", "--helm=no-such-helm", &chart]);
    let output = check.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no program `no-such-helm` to render charts"), "{said}");
}
