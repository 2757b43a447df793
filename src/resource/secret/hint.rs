//! Whether a long text may hold a secret at all, told several times faster than by a pattern.

/// What the name of a secret holds, or what stands before one, in upper or lower case.
const WORDS: [&str; 8] =
    ["authorization", "credential", "identified", "key", "pass", "pwd", "secret", "token"];

/// What stands in or before the other secrets.
const SIGNS: [&str; 34] = [
    "AIza",
    "SG.",
    "curl",
    "dckr_pat_",
    "eyJ",
    "gho_",
    "ghp_",
    "ghr_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glagent-",
    "glcbt-",
    "gldt-",
    "glft-",
    "glimt-",
    "gloas-",
    "glpat-",
    "glptt-",
    "glrt-",
    "glsoat-",
    "hooks.slack.com",
    "hvb.",
    "hvr.",
    "hvs.",
    "mariadb",
    "mysql",
    "npm_",
    "pypi-",
    "redis-cli",
    "sk_",
    "wget",
    "xox",
    URL,
];

const URL: &str = "://";

/// For each of the first three bytes, which words and signs it may belong to: a bit for each. No
/// look-up waits for the one before, as it does in an automaton.
static BEGINNINGS: [[u64; 256]; 3] = beginnings();

/// `false` only if a text in ASCII holds none of the words and signs.
pub(super) fn is_in(text: &str) -> bool {
    let [first, second, third] = &BEGINNINGS;
    let marks = |table: &[u64; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
    text.as_bytes().windows(3).enumerate().any(|(at, bytes)| match *bytes {
        [one, two, three] => {
            let begun = marks(first, one) & marks(second, two) & marks(third, three);
            begun != 0 && is_at(text, at)
        }
        _ => false,
    })
}

/// Whether a word or a sign stands right here.
fn is_at(text: &str, at: usize) -> bool {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let begins = |word: &&str| {
        rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()))
    };
    match rest.strip_prefix(URL.as_bytes()) {
        Some(rest) => has_user(rest),
        None => {
            WORDS.iter().any(begins) || SIGNS.iter().any(|sign| rest.starts_with(sign.as_bytes()))
        }
    }
}

/// Whether what follows `://` may begin with a user.
fn has_user(rest: &[u8]) -> bool {
    let mut host = rest.iter().take_while(|byte| **byte != b'/' && !byte.is_ascii_whitespace());
    host.any(|byte| *byte == b'@')
}

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and would not go on")]
const fn beginnings() -> [[u64; 256]; 3] {
    let mut tables = [[0; 256]; 3];
    let mut rank = 0;
    while rank < WORDS.len() + SIGNS.len() {
        let is_word = rank < WORDS.len();
        let text = if is_word { WORDS[rank] } else { SIGNS[rank - WORDS.len()] };
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
