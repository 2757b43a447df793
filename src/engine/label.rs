//! What the key and the value of a label may be.
//!
//! Source: k8s.io/apimachinery `pkg/util/validation` (`IsQualifiedName`, `IsValidLabelValue`).

/// The longest name part of a key, and the longest value.
const MAX_NAME: usize = 63;

/// The longest prefix of a key.
const MAX_PREFIX: usize = 253;

/// Whether `key` is `[prefix/]name`: the prefix a DNS subdomain, the name up to 63 letters,
/// digits, `-`, `_`, `.`, with a letter or digit at both ends.
pub fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !key.is_empty() && is_label_value(key),
    }
}

/// Whether `value` is empty or has the form of a key's name part.
pub fn is_label_value(value: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    bytes.len() <= MAX_NAME && end(bytes.first()) && end(bytes.last()) && bytes.iter().all(inner)
}

fn is_subdomain(name: &str) -> bool {
    // A part begins as after a dot, and ends as before one.
    let mut before = b'.';
    let mut fits = |byte: u8| {
        let fits = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'-' => before != b'.',
            b'.' => !matches!(before, b'.' | b'-'),
            _ => false,
        };
        before = byte;
        fits
    };
    name.len() <= MAX_PREFIX && name.bytes().all(&mut fits) && fits(b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_qualified_names() {
        for key in ["app", "a", "app.kubernetes.io/name", "sdp.skao.int/available-for-allocation"] {
            assert!(is_label_key(key), "{key}");
        }
        for key in [
            "", "/", "a/", "/a", "a/b/c", "-a", "a-", "A.B/c", "a..b/c", "a./c", "a-/c", "a.-b/c",
            "é", "a b",
        ] {
            assert!(!is_label_key(key), "{key}");
        }
        assert!(is_label_key(&"a".repeat(63)) && !is_label_key(&"a".repeat(64)));
        let prefix = format!("{}a/n", "a.".repeat(126));
        assert!(is_label_key(&prefix));
        assert!(!is_label_key(&format!("a{prefix}")));
    }

    #[test]
    fn values_may_be_empty() {
        assert!(is_label_value("") && is_label_value("1.0_a-B"));
        assert!(!is_label_value("_") && !is_label_value("label:none"));
    }
}
