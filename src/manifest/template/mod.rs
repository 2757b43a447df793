//! Which line of a template wrote a line of a rendered text.
//!
//! Helm doesn't say it. So a copy of the chart is rendered too, whose templates carry a [mark at
//! each line](stamp) that begins with text; where the two renderings agree but for the marks, a mark
//! [proves](Trace) where its line was written.

mod stamp;
mod trace;

pub use self::stamp::{Care, stamp};
pub use self::trace::{Origin, Trace};

/// What stands before and behind the number of a file and of a line. Both are for private use, and
/// YAML takes them in any scalar.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// How many bytes of a line come before what it says: white space, and the dashes of lists.
fn margin(line: &str) -> usize {
    let mut rest = line;
    loop {
        let below = rest.trim_start_matches(' ');
        match below.strip_prefix("- ") {
            Some(item) => rest = item,
            None => return line.len() - below.len(),
        }
    }
}
