//! Packages, built by the tools that people build them with.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::folder::Folder;

/// All 21 keys, as a pipeline writes them.
pub(crate) const METADATA: [(&str, &str); 21] = [
    ("CI_COMMIT_AUTHOR", "Ada Lovelace <ada@skao.int>"),
    ("CI_COMMIT_REF_NAME", "1.0.0"),
    ("CI_COMMIT_REF_SLUG", "1-0-0"),
    ("CI_COMMIT_SHA", "c557b97501234567890123456789012345678901"),
    ("CI_COMMIT_SHORT_SHA", "c557b975"),
    ("CI_COMMIT_TIMESTAMP", "2025-03-01T12:00:00+00:00"),
    ("CI_JOB_ID", "42"),
    ("CI_JOB_URL", "https://gitlab.com/ska-telescope/ska-thing/-/jobs/42"),
    ("CI_PIPELINE_ID", "7"),
    ("CI_PIPELINE_IID", "3"),
    ("CI_PIPELINE_URL", "https://gitlab.com/ska-telescope/ska-thing/-/pipelines/7"),
    ("CI_PROJECT_ID", "9070656"),
    ("CI_PROJECT_PATH_SLUG", "ska-telescope-ska-thing"),
    ("CI_PROJECT_URL", "https://gitlab.com/ska-telescope/ska-thing"),
    ("CI_RUNNER_ID", "10"),
    ("CI_RUNNER_REVISION", "41ce9a66"),
    ("CI_RUNNER_TAGS", "[\"ska-default\"]"),
    ("GITLAB_USER_NAME", "Ada Lovelace"),
    ("GITLAB_USER_EMAIL", "ada@skao.int"),
    ("GITLAB_USER_LOGIN", "ada"),
    ("GITLAB_USER_ID", "11"),
];

/// `MANIFEST.skao.int` as ska-cicd-makefile writes it, with a line that got in by chance.
pub(super) fn manifest() -> String {
    let lines: String = METADATA.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    format!("PROJECT=ska-thing\nVERSION=1.0.0\nMY_CI_JOB_ID_TOKEN=hunter2hunter2\n{lines}")
}

/// Runs a program in a folder. One that is missing comes by `make packages`.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let ran = Command::new(program).args(arguments).current_dir(folder).output();
    let ran = ran.unwrap_or_else(|error| {
        panic!("cannot run `{program}`: {error}; `make packages` installs it")
    });
    assert!(ran.status.success(), "{program} {arguments:?}: {ran:?}");
}

/// A Python program of the tools that `make packages` installs.
pub(super) fn python(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin").join(name);
    assert!(path.is_file(), "there is no `{}`: `make packages` installs it", path.display());
    path.to_str().unwrap().to_owned()
}

/// The one file of a folder whose name ends like this.
pub(super) fn only(folder: &Folder, below: &str, ending: &str) -> String {
    let files = fs::read_dir(folder.file(below)).unwrap().map(|it| it.unwrap().path());
    let files: Vec<_> = files.filter(|it| it.to_str().unwrap().ends_with(ending)).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    file.to_str().unwrap().to_owned()
}

/// A chart with metadata, packed by Helm.
pub(super) fn chart(folder: &Folder, template: &str) -> String {
    let about = "apiVersion: v2\nname: ska-thing\nversion: 1.0.0\ndescription: a thing\n\
                 home: https://gitlab.com/ska-telescope/ska-thing\nsources: [a]\n\
                 maintainers: [{name: Ada}]\n";
    folder.write("chart/ska-thing/Chart.yaml", about);
    folder.write("chart/ska-thing/values.yaml", "image: artefact.skao.int/ska-thing:1.0.0\n");
    folder.write("chart/ska-thing/MANIFEST.skao.int", manifest());
    folder.write("chart/ska-thing/templates/thing.yaml", template);
    let helm = crate::chart::tool("helm");
    run(&folder.file("chart"), &helm, &["package", "ska-thing", "--destination", "."]);
    only(folder, "chart", ".tgz")
}

/// A Python project, built into a wheel and its sources by `build`.
pub(super) fn distributions(folder: &Folder) -> (String, String) {
    let project = "[build-system]\nrequires = [\"setuptools\"]\n\
                   build-backend = \"setuptools.build_meta\"\n\
                   [project]\nname = \"ska-thing\"\nversion = \"1.0.0\"\n\
                   [tool.setuptools]\npackages = [\"ska_thing\"]\n";
    folder.write("python/pyproject.toml", project);
    folder.write("python/ska_thing/__init__.py", "");
    folder.write("python/MANIFEST.in", "include MANIFEST.skao.int\n");
    folder.write("python/MANIFEST.skao.int", manifest());
    let build = python("python");
    run(
        &folder.file("python"),
        &build,
        &["-m", "build", "--no-isolation", "--outdir", "dist", "."],
    );
    let wheel = only(folder, "python/dist", ".whl");
    // What `patch-metadata.sh` of ska-cicd-makefile does.
    let add = "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'a') as wheel:\n    \
               wheel.write('MANIFEST.skao.int', 'ska_thing-1.0.0.dist-info/MANIFEST.skao.int')\n";
    run(&folder.file("python"), &build, &["-c", add, &wheel]);
    (wheel, only(folder, "python/dist", ".tar.gz"))
}

/// An npm package.
pub(super) fn npm(folder: &Folder) -> String {
    let about = r#"{"name": "@skao/ska-thing", "version": "1.0.0", "description": "a thing"}"#;
    folder.write("npm/package.json", about);
    folder.write("npm/MANIFEST.skao.int", manifest());
    run(&folder.file("npm"), "npm", &["pack", "--ignore-scripts", "--silent", "--cache=cache"]);
    only(folder, "npm", ".tgz")
}

/// An Ansible collection.
pub(super) fn collection(folder: &Folder) -> String {
    let about = "namespace: ska_collections\nname: ska_thing\nversion: 1.0.0\nreadme: README.md\n\
                 authors: [Ada]\n";
    folder.write("ansible/galaxy.yml", about);
    folder.write("ansible/README.md", "a thing\n");
    folder.write("ansible/MANIFEST.skao.int", manifest());
    run(&folder.file("ansible"), &python("ansible-galaxy"), &["collection", "build"]);
    only(folder, "ansible", ".tar.gz")
}

/// A Debian package, packed as told.
pub(super) fn deb(folder: &Folder, packing: &str) -> String {
    let about = "Package: ska-thing\nVersion: 1.0.0\nArchitecture: all\nMaintainer: Ada\n\
                 Description: a thing\n";
    let lines: String = METADATA.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    // dpkg-deb refuses lines that are no fields; what a pipeline appends is written after it.
    folder.write("deb/ska-thing/DEBIAN/control", about);
    let file = format!("ska-thing-{packing}.deb");
    let pack = format!("-Z{packing}");
    run(&folder.file("deb"), "dpkg-deb", &["--build", &pack, "ska-thing", &file]);
    let control = format!("{about}{lines}");
    folder.write("deb/control", control);
    let (ending, pack) = match packing {
        "gzip" => (".gz", "gzip"),
        "xz" => (".xz", "xz -9"),
        "zstd" => (".zst", "zstd"),
        _ => ("", "cat"),
    };
    let parts = format!(
        "rm -f control.tar* data.tar* && ar x {file} && rm control.tar* {file} && \
         tar cf control.tar ./control && {pack} < control.tar > packed && \
         mv packed control.tar{ending} && \
         ar rc {file} debian-binary control.tar{ending} data.tar{ending}"
    );
    run(&folder.file("deb"), "sh", &["-c", &parts]);
    folder.path(&format!("deb/{file}"))
}

/// An RPM package.
pub(super) fn rpm(folder: &Folder) -> String {
    let about = format!(
        "Name: ska-thing\nVersion: 1.0.0\nRelease: 1\nSummary: a thing\nLicense: BSD\n\
         BuildArch: noarch\n%description\n{}%files\n",
        manifest()
    );
    folder.write("rpm/ska-thing.spec", about);
    let top = format!("_topdir {}", folder.file("rpm").display());
    run(&folder.file("rpm"), "rpmbuild", &["-bb", "--define", &top, "ska-thing.spec"]);
    only(folder, "rpm/RPMS/noarch", ".rpm")
}

/// An archive of a folder.
pub(super) fn archive(folder: &Folder) -> String {
    folder.write("raw/data/a.txt", "data");
    folder.write("raw/MANIFEST.skao.int", manifest());
    run(
        &folder.file("raw"),
        "tar",
        &["czf", "ska-thing-1.0.0.tar.gz", "data", "MANIFEST.skao.int"],
    );
    folder.path("raw/ska-thing-1.0.0.tar.gz")
}
