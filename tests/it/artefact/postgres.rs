//! A PostgreSQL of the tests' own, with its own data directory and port.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::door::until;

pub(super) struct Postgres {
    child: Child,
    address: SocketAddr,
    programs: PathBuf,
    made: AtomicUsize,
    _directory: TempDir,
}

impl Postgres {
    pub(super) fn start() -> Self {
        let programs = programs();
        let directory =
            tempfile::Builder::new().prefix("portcullis-pg").tempdir_in("/tmp").unwrap();
        let data = directory.path().join("data");
        let owner = Owner::find();
        owner.give(directory.path());
        let ran = owner
            .command(&programs.join("initdb"))
            .args(["--auth=trust", "--username=door", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = owner
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &address.port().to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "max_connections=100"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started =
            Self { child, address, programs, made: AtomicUsize::new(0), _directory: directory };
        let up = || {
            TcpStream::connect(address).is_ok() && started.query("postgres", "SELECT 1").is_some()
        };
        assert!(until("PostgreSQL", Duration::from_secs(60), up));
        started
    }

    /// A new database, and its address by way of another address than the server's own.
    pub(super) fn database_by(&self, by: SocketAddr) -> String {
        format!("postgres://door@{by}/{}", self.make())
    }

    pub(super) fn database(&self) -> String {
        self.database_by(self.address)
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    fn make(&self) -> String {
        let name = format!("door{}", self.made.fetch_add(1, Ordering::SeqCst));
        self.query("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    fn query(&self, database: &str, text: &str) -> Option<String> {
        let ran = Command::new(self.programs.join("psql"))
            .args(["-h", "127.0.0.1", "-p", &self.address.port().to_string(), "-U", "door"])
            .args(["-d", database, "-t", "-A", "-c", text])
            .output()
            .unwrap();
        ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, and with all of its children.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Who runs it: PostgreSQL refuses to be root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Self {
        let number = |flag: &str, user: &[&str]| {
            let out = Command::new("id").arg(flag).args(user).output().unwrap().stdout;
            String::from_utf8(out).unwrap().trim().parse::<u32>().ok()
        };
        if number("-u", &[]) != Some(0) {
            return Self(None);
        }
        let both = number("-u", &["postgres"]).zip(number("-g", &["postgres"]));
        Self(Some(both.expect("there is no user `postgres`: `make packages`")))
    }

    fn give(&self, path: &Path) {
        if let Self(Some((user, group))) = self {
            std::os::unix::fs::chown(path, Some(*user), Some(*group)).unwrap();
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        if let Self(Some((user, group))) = self {
            command.uid(*user).gid(*group);
        }
        command
    }
}

/// Debian keeps the programs of each version apart.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|it| it.path().join("bin")).filter(|it| it.join("initdb").exists()).collect();
    found.sort();
    found.pop().expect("PostgreSQL is not here: `make packages` installs it")
}
