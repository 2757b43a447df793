//! How long a caller waits: the `timeout` of a query, as Go writes a duration.

use std::time::Duration;

use super::limits::Limits;

/// What a query says about time, if anything: `timeout=10s`.
///
/// `Err` holds the text that is no duration.
pub(super) fn granted(query: Option<&str>) -> Result<Option<Duration>, &str> {
    let value = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout="));
    value.map(|text| parse(text).ok_or(text)).transpose()
}

/// How long a review may take for a caller that grants this much.
pub(super) fn deadline(granted: Option<Duration>, limits: &Limits) -> Duration {
    let granted = granted.unwrap_or(limits.review).min(limits.longest_review);
    granted - limits.kept_back(granted)
}

/// A duration as Go's `time.ParseDuration` reads it, positive: `10s`, `1m30s`, `1.5s`, `300ms`.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanoseconds = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let number: f64 = number.parse().ok()?;
        nanoseconds += number * nanoseconds_in(unit)?;
        rest = tail;
    }
    (nanoseconds >= 1.0).then(|| Duration::try_from_secs_f64(nanoseconds / 1e9).ok()).flatten()
}

fn nanoseconds_in(unit: &str) -> Option<f64> {
    match unit {
        "ns" => Some(1.0),
        "us" => Some(1e3),
        "ms" => Some(1e6),
        "s" => Some(1e9),
        "m" => Some(60e9),
        "h" => Some(3600e9),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("300ms", 300),
            ("1.5s", 1_500),
            ("1m30s", 90_000),
            ("+2s", 2_000),
            (".5s", 500),
            ("1h", 3_600_000),
            ("1000000ns", 1),
            ("2000us", 2),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_positive_duration_is_refused() {
        for text in ["", "10", "s", "-1s", "0s", "1x", "1s2", "..s", "1..2s", "1e3s", "infs"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_timeout_of_a_query_counts() {
        assert_eq!(granted(None), Ok(None));
        assert_eq!(granted(Some("dryRun=All&x")), Ok(None));
        assert_eq!(granted(Some("a=b&timeout=5s")), Ok(Some(Duration::from_secs(5))));
        assert_eq!(granted(Some("timeout=soon")), Err("soon"));
    }

    #[test]
    fn the_caller_gets_its_answer_before_it_hangs_up() {
        let limits = Limits::default();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(deadline(seconds(5), &limits), Duration::from_millis(4_500));
        assert_eq!(deadline(seconds(3600), &limits), Duration::from_millis(29_500));
        assert_eq!(deadline(None, &limits), Duration::from_millis(9_500));
    }
}
