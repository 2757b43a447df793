//! The programs of a control plane, and processes that never outlive the tests.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// A program of Kubernetes: from the folder that `KUBEBUILDER_ASSETS` names, else from the one
/// where `make control-plane` puts it.
pub(crate) fn program(name: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/controlplane");
    let given = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let all = given.into_iter().chain([built]).map(|folder| folder.join(name));
    let found = all.clone().find(|path| path.is_file());
    found.unwrap_or_else(|| {
        let looked: Vec<_> = all.map(|path| path.display().to_string()).collect();
        panic!("there is no {}: `make control-plane` builds it", looked.join(" and no "))
    })
}

/// Starts a program that ends when the tests end, in whatever way; its output goes to a file.
pub(crate) fn start(command: &mut Command, log: &Path) -> Child {
    let output = File::options().create(true).append(true).open(log).unwrap();
    command
        .process_group(GUARD.group)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Sends a signal, such as `TERM`, to a process that may have ended.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let mut kill = Command::new("kill");
    _ = kill.args([&format!("-{name}"), &id]).stderr(Stdio::null()).status();
}

/// A new folder that is removed when the tests end. There is one.
pub(crate) fn folder() -> PathBuf {
    GUARD.folder.clone()
}

/// Who ends all processes when the tests end. Statics are never dropped, and tests may be killed;
/// but their pipes are closed then.
struct Guard {
    /// The process group of everything that is started.
    group: i32,
    folder: PathBuf,
    _processes: [Child; 2],
}

static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("portcullis-plane-").tempdir().unwrap().keep();
    let hold = |command: &mut Command| {
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    };
    let leader = hold(&mut Command::new("cat"));
    let script = "cat; kill -s KILL -- \"-$0\"; sleep 0.2; rm -rf -- \"$1\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, &leader.id().to_string()]).arg(&folder);
    let shell = hold(&mut shell);
    let group = i32::try_from(leader.id()).unwrap();
    Guard { group, folder, _processes: [leader, shell] }
});
