//! Texts that are the same.

/// Whether two texts are the same, where they may well be empty: as the group of the core kinds is.
///
/// `==` has the C library compare no bytes too, at the address of an empty `String`, where there is
/// no memory. Some processors take as long for that as for a kilobyte (AMD's, with the masked loads
/// of AVX-512 in glibc's `memcmp`).
#[inline]
pub fn same(one: &str, two: &str) -> bool {
    one.len() == two.len() && (one.is_empty() || one == two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_or_not() {
        for (one, two) in [("", ""), ("apps", "apps")] {
            assert!(same(one, two), "{one}");
        }
        for (one, two) in [("", "apps"), ("apps", ""), ("apps", "appz"), ("apps", "app")] {
            assert!(!same(one, two), "{one} {two}");
        }
    }
}
