//! The certificate that the program makes for itself: a small authority, and what it signs.
//!
//! Callers trust `ca.crt`, which stays the same when the certificate is renewed. All of it is in
//! one directory, and is made again whenever something in it is missing, broken or about to end.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::certificate::Error;
use crate::pki::{self, Authority, RENEW_BEFORE, Signed};

/// The names in the directory are those in a Secret that cert-manager writes.
pub(super) const CERTIFICATE: &str = "tls.crt";
pub(super) const KEY: &str = "tls.key";
pub(super) const AUTHORITY: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";

/// Leaves a pair in `directory` that is good for a while, for `localhost`, 127.0.0.1 and `hosts`.
pub(super) fn keep(directory: &Path, hosts: &[String], time: SystemTime) -> Result<(), Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(hosts.iter().cloned());
    names.sort_unstable();
    names.dedup();
    let failed = |source| Error::Make { hosts: names.join(", "), source };

    fs::create_dir_all(directory)
        .map_err(|source| Error::Write { path: directory.to_owned(), source })?;
    let authority = match kept(directory, time) {
        Some(authority) => authority,
        None => {
            let (authority, certificate) = Authority::make(time).map_err(failed)?;
            write(&directory.join(AUTHORITY_KEY), &authority.key(), 0o600)?;
            write(&directory.join(AUTHORITY), &certificate, 0o644)?;
            authority
        }
    };
    if is_good(directory, &authority, &names, time).unwrap_or(false) {
        return Ok(());
    }
    let signed = authority.sign(&names, time).map_err(failed)?;
    write(&directory.join(KEY), &signed.key, 0o600)?;
    write(&directory.join(CERTIFICATE), &signed.certificate, 0o644)
}

/// The authority in `directory`, unless it is incomplete or ends before what it would sign.
fn kept(directory: &Path, time: SystemTime) -> Option<Authority> {
    let key = fs::read_to_string(directory.join(AUTHORITY_KEY)).ok()?;
    let certificate = fs::read_to_string(directory.join(AUTHORITY)).ok()?;
    Authority::of(&key, &certificate, time)
}

/// Whether the certificate in `directory` is signed by the authority, fits its key, is for all of
/// `names`, and lasts.
fn is_good(
    directory: &Path,
    authority: &Authority,
    names: &[String],
    time: SystemTime,
) -> Option<bool> {
    let key = fs::read_to_string(directory.join(KEY)).ok()?;
    let certificate = fs::read_to_string(directory.join(CERTIFICATE)).ok()?;
    let signed = authority.signed(&certificate, time);
    Some(signed && pki::is_good(&Signed { certificate, key }, names, time + RENEW_BEFORE))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    pki::keep(path, text, mode).map_err(|source| Error::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use super::*;

    const DAY: u64 = 86_400;

    fn contents(directory: &Path) -> [String; 2] {
        [AUTHORITY, CERTIFICATE].map(|name| fs::read_to_string(directory.join(name)).unwrap())
    }

    #[test]
    fn a_pair_is_used_again_while_it_lasts_and_renewed_under_the_same_authority() {
        let directory = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        keep(directory.path(), &[], start).unwrap();
        let [authority, first] = contents(directory.path());

        keep(directory.path(), &[], start + Duration::from_secs(59 * DAY)).unwrap();
        assert_eq!(contents(directory.path()), [authority.clone(), first.clone()]);

        keep(directory.path(), &[], start + Duration::from_secs(61 * DAY)).unwrap();
        let [same, second] = contents(directory.path());
        assert_eq!(same, authority);
        assert_ne!(second, first);
    }

    #[test]
    fn an_authority_is_replaced_before_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        keep(directory.path(), &[], start).unwrap();
        let [first, _] = contents(directory.path());
        keep(directory.path(), &[], start + Duration::from_secs(3_561 * DAY)).unwrap();
        let [second, _] = contents(directory.path());
        assert_ne!(first, second);
    }

    #[test]
    fn another_host_or_a_lost_key_makes_a_new_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let time = SystemTime::now();
        let hosts = ["webhook.example".to_owned(), "::1".to_owned()];
        keep(directory.path(), &[], time).unwrap();
        let [authority, first] = contents(directory.path());
        keep(directory.path(), &hosts, time).unwrap();
        let [same, second] = contents(directory.path());
        assert_eq!(same, authority);
        assert_ne!(first, second);

        keep(directory.path(), &hosts, time).unwrap();
        assert_eq!(contents(directory.path()), [same, second.clone()]);
        fs::remove_file(directory.path().join(KEY)).unwrap();
        keep(directory.path(), &hosts, time).unwrap();
        assert_ne!(contents(directory.path())[1], second);
    }

    #[test]
    fn keys_are_for_their_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &[], SystemTime::now()).unwrap();
        for key in [KEY, AUTHORITY_KEY] {
            let mode = fs::metadata(directory.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
    }

    #[test]
    fn a_host_that_is_no_name_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = keep(directory.path(), &["caf\u{e9}".to_owned()], SystemTime::now());
        assert!(error.unwrap_err().to_string().contains("127.0.0.1, café, localhost"));
    }
}
