//! How large a tree would be.

use memchr::{memchr, memchr2};

/// At most how many values a JSON text holds, without building one: a tree can take thirty times
/// the memory of a dense text.
pub fn count_values(text: &[u8]) -> usize {
    let before_values = |text: &[u8]| {
        text.iter().map(|byte| usize::from(matches!(byte, b',' | b'[' | b'{'))).sum::<usize>()
    };
    let mut count = 1;
    let mut rest = text;
    while let Some((outside, inside)) = memchr(b'"', rest).and_then(|at| rest.split_at_checked(at))
    {
        count += before_values(outside);
        let mut at = 1;
        rest = loop {
            let Some(next) = inside.get(at..).and_then(|it| memchr2(b'"', b'\\', it)) else {
                return count;
            };
            at += next;
            match inside.get(at) {
                Some(b'"') => break inside.get(at + 1..).unwrap_or_default(),
                _ => at += 2,
            }
        };
    }
    count + before_values(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_where_they_are_and_not_in_strings() {
        for (text, count) in [
            ("1", 1),
            ("[]", 2),
            ("[1,2]", 3),
            (r#"{"a": 1, "b": [{}, 2]}"#, 6),
            (r#""a,[{b""#, 1),
            (r#"["\",[", "\\", {"\\\"": 1}]"#, 5),
            (r#"["#, 2),
            (r#"["a,"#, 2),
            (r#"["a\"#, 2),
        ] {
            assert_eq!(count_values(text.as_bytes()), count, "{text}");
        }
    }
}
