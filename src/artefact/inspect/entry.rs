//! Names and links of archive entries: what leads out of the folder it is unpacked in.

/// The longest name, in bytes: what `PATH_MAX` leaves.
const LONGEST: usize = 4_095;

/// Why nobody should unpack an entry.
///
/// # Errors
///
/// What is wrong with the name, in words.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let bytes = name.as_bytes();
    let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
    if name.starts_with(['/', '\\']) || drive {
        Err("has an absolute name")
    } else if name.split(['/', '\\']).any(|part| part == "..") {
        Err("has a name that leads out of the archive")
    } else if name.contains('\0') {
        Err("has a name with a zero byte")
    } else if name.len() > LONGEST {
        Err("has a name that is too long")
    } else {
        Ok(())
    }
}

/// Whether a link that stands at `from` leads out of the archive. A hard link's target counts
/// from the archive's root, a symbolic link's from where it stands.
pub(super) fn leads_out(from: &str, target: &str, is_hard: bool) -> bool {
    if target.starts_with(['/', '\\']) {
        return true;
    }
    let here = if is_hard { "" } else { from.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let mut depth = 0_usize;
    for part in here.split('/').chain(target.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_told() {
        for good in ["a", "a/b.txt", "./a", "a/..b", "a..", "…"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["/etc/passwd", "../a", "a/../../b", "a\\..\\b", "\\a", "C:\\a", "c:a", "a\0b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name(&"a".repeat(5_000)).is_err());
    }

    #[test]
    fn links_that_lead_out_are_told() {
        assert!(!leads_out("a/b/link", "../c", false));
        assert!(!leads_out("a/link", "../c", false));
        assert!(!leads_out("./a/link", "b", false));
        assert!(leads_out("link", "../c", false));
        assert!(leads_out("a/link", "../../c", false));
        assert!(leads_out("a/link", "/etc/passwd", false));
        assert!(!leads_out("a/link", "b/c", true));
        assert!(leads_out("a/link", "../c", true));
    }
}
