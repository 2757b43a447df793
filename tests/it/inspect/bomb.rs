//! What somebody hostile would push: each is a finding with a place, and takes little memory.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::{build, check, tell};
use crate::folder::Folder;

/// The most memory that opening anything may take, in bytes: what the process is allowed, and the
/// program itself.
const MOST_BYTES: u64 = 600 << 20;

/// A zip file of one entry of 10 GiB: one deflated piece, so often over. It is as flat as a bomb
/// gets, and its sum is wrong, which nobody knows who has not unpacked it all.
const ZIP_BOMB: &str = r#"
import struct, zlib
deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
piece = deflate.compress(bytes(1 << 24)) + deflate.flush(zlib.Z_FULL_FLUSH)
packed = piece * 640 + deflate.flush(zlib.Z_FINISH)
sizes = struct.pack('<HHQQ', 1, 16, 640 << 24, len(packed))
common = struct.pack('<HHHHHLLLHH', 45, 0, 8, 0, 33, 0, 0xffffffff, 0xffffffff, 1, len(sizes))
local = b'PK\x03\x04' + common + b'a' + sizes
entry = b'PK\x01\x02' + struct.pack('<H', 45) + common + struct.pack('<HHHLL', 0, 0, 0, 0, 0) + b'a' + sizes
at = len(local) + len(packed)
end = b'PK\x05\x06' + struct.pack('<HHHHLLH', 0, 0, 1, 1, len(entry), at, 0)
open('bomb.whl', 'wb').write(local + packed + entry + end)
"#;

/// A packed tar stream of one file of 10 GiB: one gzip member, so often over.
const TAR_BOMB: &str = r#"
import gzip, tarfile
head = tarfile.TarInfo('ska-a/values.yaml')
head.size = 640 << 24
head = head.tobuf(tarfile.GNU_FORMAT)
piece = gzip.compress(bytes(1 << 24))
open('bomb.tgz', 'wb').write(gzip.compress(head) + piece * 640)
"#;

/// What would run for years.
const ENDLESS: &str =
    "{{ range untilStep 0 2000000000 1 }}{{ range untilStep 0 2000000000 1 }}{{ end }}{{ end }}";

/// The zip file of 10 GiB.
pub(crate) fn of_zeros(folder: &Folder) -> String {
    build::run(folder.root(), &build::python("python"), &["-c", ZIP_BOMB]);
    folder.path("bomb.whl")
}

/// A chart of a hundred thousand files.
pub(crate) fn of_many_files(folder: &Folder) -> String {
    let file = File::create(folder.file("many.tgz")).unwrap();
    let mut tar =
        tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    for number in 0..100_000 {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        tar.append_data(&mut header, format!("ska-a/templates/{number}.yaml"), &[][..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap().flush().unwrap();
    folder.path("many.tgz")
}

/// A chart whose template never ends.
pub(crate) fn endless(folder: &Folder) -> String {
    build::chart(folder, ENDLESS)
}

#[test]
fn an_archive_that_leads_out_is_told_entry_by_entry() {
    let folder = Folder::new();
    let make = "import io, sys, tarfile, zipfile\n\
        tar = tarfile.open('evil.tar.gz', 'w:gz')\n\
        def entry(name, **more):\n    \
            info = tarfile.TarInfo(name)\n    \
            for key, value in more.items(): setattr(info, key, value)\n    \
            tar.addfile(info, io.BytesIO(b''))\n\
        entry('../../etc/cron.d/job')\n\
        entry('/etc/passwd')\n\
        entry('a/link', type=tarfile.SYMTYPE, linkname='../../.ssh/id')\n\
        entry('a/fine', type=tarfile.SYMTYPE, linkname='../b')\n\
        entry('device', type=tarfile.CHRTYPE)\n\
        entry('turn\u{202e}txt.exe')\n\
        tar.close()\n\
        with zipfile.ZipFile('evil.whl', 'w') as wheel:\n    \
            wheel.writestr('../up', '')\n    \
            wheel.writestr('C:/windows/a', '')\n";
    build::run(folder.root(), &build::python("python"), &["-c", make]);
    let found = check(&folder.path("evil.tar.gz"), "raw-internal", &[]).itself();
    for expected in [
        "artefact-unsafe: `../../etc/cron.d/job` has a name that leads out of the archive",
        "artefact-unsafe: `/etc/passwd` has an absolute name",
        "artefact-unsafe: `a/link` is a link that leads out of the archive",
        "artefact-unsafe: `device` is no file, folder or link",
    ] {
        assert!(found.iter().any(|it| it == expected), "{expected}: {found:?}");
    }
    assert_eq!(found.iter().filter(|it| it.starts_with("artefact-unsafe")).count(), 4);
    let found = check(&folder.path("evil.whl"), "pypi-internal", &[]).itself();
    for expected in [
        "artefact-unsafe: `../up` has a name that leads out of the archive",
        "artefact-unsafe: `C:/windows/a` has an absolute name",
        "artefact-broken: `METADATA` is not in the wheel",
    ] {
        assert!(found.iter().any(|it| it == expected), "{expected}: {found:?}");
    }
}

#[test]
fn ten_gigabytes_of_zeros_are_told_and_never_unpacked() {
    let folder = Folder::new();
    of_zeros(&folder);
    build::run(folder.root(), &build::python("python"), &["-c", TAR_BOMB]);
    for (file, form, repository) in [
        ("bomb.whl", "pypi", "pypi-internal"),
        ("bomb.whl", "raw", "raw-internal"),
        ("bomb.tgz", "helm", "helm-internal"),
    ] {
        let file = folder.path(file);
        let found = check(&file, repository, &[&format!("--form={form}")]).itself();
        let is_told = |it: &String| it.starts_with("artefact-unsafe: it unpacks to more than");
        assert!(found.iter().any(is_told), "{file}: {found:?}");
        let peak = opened(&file, form)["peakBytes"].as_u64().unwrap();
        tell(&format!("{file} as {form}: {} MiB at most", peak >> 20));
        assert!(peak < 64 << 20, "{peak}");
    }
}

#[test]
fn a_chart_of_a_hundred_thousand_files_is_told() {
    let folder = Folder::new();
    let found = check(&of_many_files(&folder), "helm-internal", &["--form=helm"]).itself();
    let expected = "artefact-unsafe: it holds more than 50000 entries";
    assert!(found.iter().any(|it| it == expected), "{found:?}");
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let folder = Folder::new();
    let recursive = "{{ define \"a\" }}{{ range until 1000 }}{{ include \"b\" . }}{{ end }}{{ end }}\
                     {{ define \"b\" }}{{ range until 1000 }}{{ include \"c\" . }}{{ end }}{{ end }}\
                     {{ define \"c\" }}{{ range until 1000 }}{{ sha256sum \"x\" | trunc 0 }}{{ end }}{{ end }}\
                     {{ include \"a\" . }}";
    for template in [ENDLESS, recursive] {
        let chart = build::chart(&folder, template);
        let found = check(&chart, "helm-internal", &["--form=helm"]);
        let told = found.itself();
        let is_told =
            |it: &String| it.starts_with("artefact-broken: `templates` can't be rendered");
        assert!(told.iter().any(is_told), "{told:?}");
        assert_eq!(found.code, 1);
    }
}

#[test]
fn a_header_that_claims_gigabytes_gets_no_memory() {
    let folder = Folder::new();
    // A pax header of 8 GiB of zeros in an archive of megabytes.
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_path("pax").unwrap();
    header.set_size(8 << 30);
    header.set_cksum();
    let file = File::create(folder.file("pax.tgz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..1_024 {
        packed.write_all(&zeros).unwrap();
    }
    packed.finish().unwrap().flush().unwrap();
    let file = folder.path("pax.tgz");
    let found = check(&file, "helm-internal", &["--form=helm"]).itself();
    assert!(found.iter().any(|it| it.starts_with("artefact-unsafe: ")), "{found:?}");
}

/// What the process that opens artefacts says of a file.
fn opened(file: &str, form: &str) -> Json {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let limits = r#"{"entries": 50000, "unpacked": 4294967296, "ratio": 200, "text": 1048576}"#;
    let task = format!(
        r#"{{"form": "{form}", "name": "a", "limits": {limits}, "memoryBytes": {MOST_BYTES},
            "processorSeconds": 60}}"#
    );
    command.args(["artefact", "inspect", &task]);
    let file = Stdio::from(File::open(file).unwrap());
    let output = command.stdin(file).stdout(Stdio::piped()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
