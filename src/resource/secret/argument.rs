//! Secrets on command lines.

use std::ops::Range;

use super::{is_literal, name_is_secret, text_holds_secret};
use crate::engine::Node;

/// Flags of one letter after which programs take a password.
const SHORT_FLAGS: [(&str, &str); 4] =
    [("curl", "-u"), ("redis-cli", "-a"), ("sshpass", "-p"), ("wget", "-u")];

/// Programs that take a password in the same argument: `-pPASSWORD`.
const MYSQL: [&str; 2] = ["mysql", "mariadb"];

/// Whether an item of a command line is or holds a secret, by itself or because of the items
/// before it: what follows `--password` is one.
pub fn argument_is_secret(item: Node<'_>) -> bool {
    item.as_str().is_some_and(|text| is_secret(before(item), text))
}

/// The items before an item of `command` or `args`, the program first; none for another place.
pub(super) fn before(item: Node<'_>) -> impl Iterator<Item = &str> {
    let list = item.parent();
    let (command, rank) = match (list.key(), item.index()) {
        ("command", Some(rank)) => (None, rank),
        ("args", Some(rank)) => (Some(list.parent().get("command")), rank),
        _ => (None, 0),
    };
    let earlier = list.items().take(rank as usize);
    command.into_iter().flat_map(Node::items).chain(earlier).filter_map(Node::as_str)
}

fn is_secret<'a>(before: impl Iterator<Item = &'a str>, argument: &str) -> bool {
    let password = || password_in(before, argument);
    text_holds_secret(argument)
        || password().and_then(|password| argument.get(password)).is_some_and(is_literal)
}

/// Where in `argument` a password stands if the arguments before it ask for one: all of it behind
/// `--password`, a part of it in `mysql -pPASSWORD` and `curl -u USER:PASSWORD`.
pub(super) fn password_in<'a>(
    before: impl IntoIterator<Item = &'a str>,
    argument: &str,
) -> Option<Range<usize>> {
    let mut last = "";
    let mut program = "";
    for earlier in before {
        let name = earlier.rsplit_once('/').map_or(earlier, |(_, name)| name);
        if !name.starts_with('-') && takes_password(name) {
            program = name;
        }
        last = earlier;
    }
    let end = argument.len();
    if is_mysql(program) && argument.starts_with("-p") {
        return Some(2..end);
    }
    if argument.starts_with('-') {
        return None;
    }
    if SHORT_FLAGS.contains(&(program, last)) {
        // `curl -u NAME` asks for the password.
        let colon = || argument.find(':').map(|colon| colon + 1..end);
        return if last == "-u" { colon() } else { Some(0..end) };
    }
    let asks = last.starts_with('-') && !last.contains(['=', ' ']) && name_is_secret(last);
    asks.then_some(0..end)
}

/// Where a password may stand in `-pPASSWORD` of a program that nobody knows: in letters and digits
/// that are no word, path, port or setting. Too little for a rule to say so, enough to hide it.
pub(super) fn password_behind_p(argument: &str) -> Option<Range<usize>> {
    const SHORTEST: usize = 6;
    let value = argument.strip_prefix("-p").filter(|value| value.len() >= SHORTEST)?;
    let has = |is: fn(char) -> bool| value.chars().any(is);
    let is_password = has(char::is_alphabetic)
        && has(|c| c.is_ascii_digit() || "!#%^*?~".contains(c))
        && !has(|c| c.is_whitespace() || "/=:.,-".contains(c));
    is_password.then_some(2..argument.len())
}

fn takes_password(program: &str) -> bool {
    is_mysql(program) || SHORT_FLAGS.iter().any(|(name, _)| *name == program)
}

fn is_mysql(program: &str) -> bool {
    MYSQL.iter().any(|name| program.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_of_an_unknown_program_may_hold_a_password() {
        for argument in ["-phunter22", "-pS3cret!", "-pöäü123"] {
            assert_eq!(password_behind_p(argument), Some(2..argument.len()), "{argument}");
        }
        for argument in [
            "-p",
            "-p8080:80",
            "-p10000",
            "-parallel",
            "-pv1.2.3",
            "-p=hunter22",
            "-p/data/x1",
            "--phunter22",
        ] {
            assert_eq!(password_behind_p(argument), None, "{argument}");
        }
    }

    #[test]
    fn what_follows_a_flag_for_a_secret_is_one() {
        let secret: [&[&str]; 8] = [
            &["serve", "--password", "hunter2"],
            &["serve", "-token", "hunter2"],
            &["serve", "--db-password=hunter2"],
            &["curl", "-s", "-u", "me:hunter2"],
            &["/usr/bin/mysql", "-u", "root", "-phunter2"],
            &["redis-cli", "-a", "hunter2"],
            &["sshpass", "-p", "hunter2"],
            &["sh", "-c", "serve --token hunter2"],
        ];
        for arguments in secret {
            let (last, before) = arguments.split_last().unwrap();
            assert!(is_secret(before.iter().copied(), last), "{arguments:?}");
        }
        let plain: [&[&str]; 8] = [
            &["serve", "--password", "$(PASSWORD)"],
            &["serve", "--password", "--verbose"],
            &["serve", "--password-file", "/etc/password"],
            &["curl", "-u", "me"],
            &["mkdir", "-p", "/data"],
            &["mysql", "-p"],
            &["mysql", "-p$(PASSWORD)"],
            &["--password"],
        ];
        for arguments in plain {
            let (last, before) = arguments.split_last().unwrap();
            assert!(!is_secret(before.iter().copied(), last), "{arguments:?}");
        }
    }
}
