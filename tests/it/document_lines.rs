//! Offsets to lines and columns.

use portcullis::document::{Lines, Position, Span};
use proptest::prelude::*;

#[test]
fn lines_and_columns_begin_at_one_and_count_characters() {
    let text = "aé😀b\r\n\n  x";
    let lines = Lines::new(text);
    let position = |offset| {
        let Position { line, column } = lines.position(offset);
        (line, column)
    };
    assert_eq!(position(0), (1, 1));
    assert_eq!(position(3), (1, 3));
    assert_eq!(position(4), (1, 3), "inside a character is at the character");
    assert_eq!(position(7), (1, 4));
    assert_eq!(position(10), (2, 1));
    assert_eq!(position(13), (3, 3));
    assert_eq!(position(14), (3, 4), "the end");
    assert_eq!(position(u32::MAX), (3, 4), "behind the end");
    assert_eq!(lines.count(), 3);
    assert_eq!(lines.line(1), Some("aé😀b"));
    assert_eq!(lines.line(2), Some(""));
    assert_eq!(lines.line(3), Some("  x"));
    assert_eq!((lines.line(0), lines.line(4)), (None, None));
    assert_eq!(lines.start(3), Some(11));
}

#[test]
fn a_line_break_at_the_end_begins_no_line() {
    assert_eq!(Lines::new("a\n").count(), 1);
    assert_eq!(Lines::new("a\n").line(2), None);
    assert_eq!(Lines::new("").count(), 1);
    assert_eq!(Lines::new("").line(1), Some(""));
    assert_eq!(Lines::new("\n").count(), 1);
}

#[test]
fn a_long_text_is_counted_as_a_short_one() {
    let text: String = (0..3_000).map(|line| "é".repeat(line % 7) + "\n").collect();
    let lines = Lines::new(&text);
    let mut start = 0;
    for (line, content) in (1..).zip(text.lines()) {
        let end = start + u32::try_from(content.len()).unwrap();
        assert_eq!((lines.start(line), lines.line(line)), (Some(start), Some(content)));
        assert_eq!(lines.position(start), Position { line, column: 1 });
        let column = u32::try_from(content.chars().count()).unwrap() + 1;
        assert_eq!(lines.position(end), Position { line, column });
        start = end + 1;
    }
    assert_eq!((lines.count(), lines.start(3_002), lines.line(3_001)), (3_000, None, None));
}

proptest! {
    #[test]
    fn a_position_is_what_counting_gives(text in "[a\né😀\r]{0,40}", offset in 0_u32..60) {
        let end = text.floor_char_boundary(offset as usize);
        let before = &text[..end];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let Position { line: l, column: c } = Lines::new(&text).position(offset);
        prop_assert_eq!((l as usize, c as usize), (line, column));
    }

    #[test]
    fn both_ends_of_a_span_are_where_each_is(
        text in "[a\né😀\r]{0,40}", start in 0_u32..60, end in 0_u32..60,
    ) {
        let lines = Lines::new(&text);
        let both = (lines.position(start), lines.position(end.max(start)));
        prop_assert_eq!(lines.positions(Span::new(start, end)), both);
    }

    #[test]
    fn the_lines_are_those_of_the_standard_library(text in "[a\n\r é]{1,40}") {
        let lines = Lines::new(&text);
        let all: Vec<_> = (1..=lines.count()).map(|line| lines.line(line).unwrap()).collect();
        prop_assert_eq!(all, text.lines().collect::<Vec<_>>());
    }
}
