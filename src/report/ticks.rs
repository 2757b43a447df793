//! Messages name fields and values in backticks.

/// A message of which `code` writes what stands in backticks and `plain` the rest. One whose
/// backticks don't pair is plain.
pub(super) fn in_ticks(
    message: &str,
    plain: impl Fn(&str) -> String,
    code: impl Fn(&str) -> String,
) -> String {
    let pieces: Vec<&str> = message.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return plain(message);
    }
    let piece = |(rank, piece): (usize, &&str)| match rank % 2 {
        1 => code(piece),
        _ => plain(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}
