//! Words that nobody made up: keys and tokens that no name and no form gives away.

use std::ops::Range;

/// What is shorter is as likely a name.
const SHORTEST: usize = 20;

/// The words of a text that look drawn at random: small and capital letters and digits without an
/// order. Checksums and uuids, which are hexadecimal, are none, and names in camel case neither.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.len() < SHORTEST {
        return found;
    }
    let mut start = 0;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=') {
            continue;
        }
        if at - start >= SHORTEST && text.get(start..at).is_some_and(looks_random) {
            found.push(start..at);
        }
        start = at + 1;
    }
    found
}

fn looks_random(word: &str) -> bool {
    let bytes = word.as_bytes();
    let count = |is: fn(&u8) -> bool| bytes.iter().filter(|byte| is(byte)).count();
    if count(u8::is_ascii_lowercase) < 3
        || count(u8::is_ascii_uppercase) < 3
        || count(u8::is_ascii_digit) < 2
    {
        return false;
    }
    // A word in camel case begins with a capital; elsewhere the sort of letter seldom changes.
    let pairs = bytes.windows(2).filter_map(|pair| match pair {
        [one, two] => Some((sort(*one)?, sort(*two)?)),
        _ => None,
    });
    let (mut all, mut changes) = (0, 0);
    for (one, two) in pairs {
        all += 1;
        changes += usize::from(one != two && (one, two) != (Sort::Capital, Sort::Small));
    }
    all >= 15 && changes * 10 >= all * 3
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Small,
    Capital,
    Digit,
}

fn sort(byte: u8) -> Option<Sort> {
    match byte {
        b'a'..=b'z' => Some(Sort::Small),
        b'A'..=b'Z' => Some(Sort::Capital),
        b'0'..=b'9' => Some(Sort::Digit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_at_random_is_told_from_names() {
        for word in [
            "kJ8s2Lq0Zx9Tn4Vb7Wc1",
            "wJ4lrX/UtnF3MIK7M2DEN+bPxRfi9CYz",
            "dGhpc0lzQVNlY3JldFZhbHVlMTIz9Qx2Lk8s",
        ] {
            assert_eq!(words(&format!("a: {word};")), vec![3..3 + word.len()], "{word}");
        }
        for text in [
            "artefact.skao.int/ska-tango-images-tango-databaseds:5.24.1",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "9f86d081884c7d659a2feaa0c55ad015",
            "DFA8D081884C7D659A2FEAA0C55AD015",
            "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
            "mid-csp/subarray-leaf-node/SKA001",
            "b4DefaultRfe1TempSetPoint",
            "MidCspSubarrayLeafNodeProperty2",
            "tango-databaseds.ska-mid-integration.svc.cluster.local:10000",
            "0.12.1-dev.cff1b3868",
        ] {
            assert!(words(text).is_empty(), "{text}");
        }
    }
}
