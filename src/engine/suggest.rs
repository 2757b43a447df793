//! "Did you mean …?"

/// The candidate that `word` most likely means, if one is near enough to be worth saying.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let ranked = candidates.into_iter().map(|candidate| {
        let alike = strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
        (alike, candidate)
    });
    let best = ranked.max_by(|one, two| one.0.total_cmp(&two.0))?;
    (best.0 > 0.8).then_some(best.1)
}
