//! Whether a text may hold a secret at all, and of which form, told several times faster than by a
//! pattern.

use std::iter;

/// Which forms of secrets a text may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints(u16);

impl Hints {
    /// `://`, and an `@` before the next slash.
    pub(super) const URL: Self = Self(1);
    /// A word of the name of a secret.
    pub(super) const NAME: Self = Self(1 << 1);
    /// Such a word in what begins with a dash.
    pub(super) const FLAG: Self = Self(1 << 2);
    /// A program that takes a password.
    pub(super) const PROGRAM: Self = Self(1 << 3);
    /// `identified by` or `password '`.
    pub(super) const QUOTED: Self = Self(1 << 4);
    pub(super) const PRIVATE_KEY: Self = Self(1 << 5);
    /// The first letters of a token.
    pub(super) const TOKEN: Self = Self(1 << 6);
    /// The host of web hooks that hold a secret.
    pub(super) const HOOK: Self = Self(1 << 7);
    pub(super) const HEADER: Self = Self(1 << 8);

    const NONE: Self = Self(0);

    /// Whether one of `any` is among them.
    pub(super) fn hold(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }
}

/// What the name of a secret holds, or what stands before one, in upper or lower case.
const WORDS: [(&str, Hints); 8] = [
    ("authorization", Hints::HEADER),
    ("credential", Hints::NAME),
    ("identified", Hints::QUOTED),
    ("key", Hints::NAME),
    ("pass", Hints::NAME),
    ("pwd", Hints::NAME),
    ("secret", Hints::NAME),
    ("token", Hints::NAME),
];

/// What stands in or before the other secrets.
const SIGNS: [(&str, Hints); 36] = [
    (URL, Hints::URL),
    ("AIza", Hints::TOKEN),
    ("PRIVATE KEY", Hints::PRIVATE_KEY),
    ("SG.", Hints::TOKEN),
    ("curl", Hints::PROGRAM),
    ("dckr_pat_", Hints::TOKEN),
    ("eyJ", Hints::TOKEN),
    ("gho_", Hints::TOKEN),
    ("ghp_", Hints::TOKEN),
    ("ghr_", Hints::TOKEN),
    ("ghs_", Hints::TOKEN),
    ("ghu_", Hints::TOKEN),
    ("github_pat_", Hints::TOKEN),
    ("glagent-", Hints::TOKEN),
    ("glcbt-", Hints::TOKEN),
    ("gldt-", Hints::TOKEN),
    ("glft-", Hints::TOKEN),
    ("glimt-", Hints::TOKEN),
    ("gloas-", Hints::TOKEN),
    ("glpat-", Hints::TOKEN),
    ("glptt-", Hints::TOKEN),
    ("glrt-", Hints::TOKEN),
    ("glsoat-", Hints::TOKEN),
    ("hooks.slack.com", Hints::HOOK),
    ("hvb.", Hints::TOKEN),
    ("hvr.", Hints::TOKEN),
    ("hvs.", Hints::TOKEN),
    ("mariadb", Hints::PROGRAM),
    ("mysql", Hints::PROGRAM),
    ("npm_", Hints::TOKEN),
    ("pypi-", Hints::TOKEN),
    ("redis-cli", Hints::PROGRAM),
    ("sk_", Hints::TOKEN),
    ("sshpass", Hints::PROGRAM),
    ("wget", Hints::PROGRAM),
    ("xox", Hints::TOKEN),
];

const URL: &str = "://";

/// For each of the first three bytes, which words and signs it may belong to: a bit for each.
static BEGINNINGS: [[u64; 256]; 3] = beginnings();

/// How many places are looked at together: most of a text is passed so.
const BLOCK: usize = 8;

/// `false` only if a text holds none of the words and signs.
pub(super) fn is_in(text: &str) -> bool {
    each(text).next().is_some()
}

/// The forms of secrets for which there are hints in a text.
pub(super) fn of(text: &str) -> Hints {
    each(text).fold(Hints::NONE, Hints::with)
}

/// The hints of a text, one after another.
fn each(text: &str) -> impl Iterator<Item = Hints> {
    let mut at = 0;
    iter::from_fn(move || {
        loop {
            let rest = text.as_bytes().get(at..)?;
            if rest.first_chunk().is_some_and(is_without_beginning) {
                at += BLOCK;
                continue;
            }
            let marks = beginning_with(rest.first_chunk()?);
            at += 1;
            let hints = at_place(text, at - 1, marks);
            if hints != Hints::NONE {
                return Some(hints);
            }
        }
    })
}

/// Whether no word and no sign begins in a block; `bytes` are it and the two behind it.
fn is_without_beginning(bytes: &[u8; BLOCK + 2]) -> bool {
    let marks = bytes.array_windows().map(beginning_with);
    marks.fold(0, |any, marks| any | marks) == 0
}

/// The words and signs that begin with these bytes: a bit for each.
fn beginning_with(bytes: &[u8; 3]) -> u64 {
    let marks = BEGINNINGS.iter().zip(bytes).map(|(table, byte)| table.get(usize::from(*byte)));
    marks.fold(u64::MAX, |all, marks| all & marks.copied().unwrap_or(0))
}

/// The hints of those words and signs that stand right here.
fn at_place(text: &str, at: usize, mut marks: u64) -> Hints {
    let (before, rest) = text.as_bytes().split_at_checked(at).unwrap_or_default();
    let is_here = |word: &str| {
        rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()))
    };
    let of_rank = |rank: usize| match WORDS.get(rank) {
        Some((word, hints)) => is_here(word).then_some(*hints),
        None => {
            let (sign, hints) = SIGNS.get(rank - WORDS.len())?;
            let is_here = rest.starts_with(sign.as_bytes());
            (is_here && (*sign != URL || has_user(rest))).then_some(*hints)
        }
    };
    let mut all = Hints::NONE;
    while marks != 0 {
        all = all.with(of_rank(marks.trailing_zeros() as usize).unwrap_or(Hints::NONE));
        marks &= marks - 1;
    }
    if all == Hints::NONE {
        return all;
    }
    let is_flag = all.hold(Hints::NAME) && is_in_flag(before);
    let is_quoted = is_here("password") && is_quoted(rest.get("password".len()..));
    let also = |is_so, hints| if is_so { hints } else { Hints::NONE };
    all.with(also(is_flag, Hints::FLAG)).with(also(is_quoted, Hints::QUOTED))
}

/// Whether what follows `://` may begin with a user.
fn has_user(url: &[u8]) -> bool {
    let host = url.iter().skip(URL.len());
    let mut host = host.take_while(|byte| **byte != b'/' && !byte.is_ascii_whitespace());
    host.any(|byte| *byte == b'@')
}

/// Whether what stands before a word is the beginning of a flag.
fn is_in_flag(before: &[u8]) -> bool {
    /// No flag is longer.
    const LONGEST: usize = 100;
    let mut before = before.iter().rev().take(LONGEST);
    before.find(|byte| !byte.is_ascii_alphanumeric() && **byte != b'_') == Some(&b'-')
}

/// Whether what follows a word is white space and a quote.
fn is_quoted(after: Option<&[u8]>) -> bool {
    let after = after.unwrap_or_default();
    after.trim_ascii_start().starts_with(b"'") && after.first() != Some(&b'\'')
}

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and would not go on")]
const fn beginnings() -> [[u64; 256]; 3] {
    let mut tables = [[0; 256]; 3];
    let mut rank = 0;
    while rank < WORDS.len() + SIGNS.len() {
        let is_word = rank < WORDS.len();
        let text = if is_word { WORDS[rank].0 } else { SIGNS[rank - WORDS.len()].0 };
        let mut place = 0;
        while place < 3 {
            let byte = text.as_bytes()[place];
            tables[place][byte as usize] |= 1 << rank;
            if is_word {
                tables[place][byte.to_ascii_uppercase() as usize] |= 1 << rank;
            }
            place += 1;
        }
        rank += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_of_the_forms_that_it_may_stand_in() {
        for (text, hints) in [
            ("a://b@c", Hints::URL),
            ("a://b/@c", Hints::NONE),
            ("Token", Hints::NAME),
            ("--db-Pass", Hints::NAME.with(Hints::FLAG)),
            ("-a_1pwd", Hints::NAME.with(Hints::FLAG)),
            ("- pwd", Hints::NAME),
            ("PassWord\n'x'", Hints::NAME.with(Hints::QUOTED)),
            ("password''", Hints::NAME),
            ("identified by", Hints::QUOTED),
            ("sshpass", Hints::NAME.with(Hints::PROGRAM)),
            ("PRIVATE KEY", Hints::NAME.with(Hints::PRIVATE_KEY)),
            ("glpat-é", Hints::TOKEN),
            ("GLPAT-", Hints::NONE),
            ("hooks.slack.com", Hints::HOOK),
            ("Authorization", Hints::HEADER),
            ("ke", Hints::NONE),
        ] {
            assert_eq!(of(text), hints, "{text}");
            assert_eq!(is_in(text), hints != Hints::NONE, "{text}");
        }
    }

    #[test]
    fn no_word_or_sign_is_passed_over() {
        let words = WORDS.iter().chain(&SIGNS[1..]).map(|(word, hints)| (*word, *hints));
        for (word, hints) in words.chain([("://a@", Hints::URL)]) {
            let margins = (0..2 * BLOCK).map(|width| " ".repeat(width));
            for before in margins.chain(["a", "ke", "s:/", "tokpassw"].map(str::to_owned)) {
                let text = format!("{before}{word}");
                assert!(is_in(&text) && of(&text).hold(hints), "{text}");
            }
        }
    }
}
