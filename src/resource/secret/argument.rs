//! Secrets on command lines.

use super::{is_literal, name_is_secret, text_holds_secret};

/// Flags of one letter after which programs take a password.
const SHORT_FLAGS: [(&str, &str); 4] =
    [("curl", "-u"), ("redis-cli", "-a"), ("sshpass", "-p"), ("wget", "-u")];

/// Programs that take a password in the same argument: `-pPASSWORD`.
const MYSQL: [&str; 2] = ["mysql", "mariadb"];

/// Whether `argument` is or holds a secret, given the arguments before it, the program first:
/// what follows `--password` is one.
pub fn argument_is_secret<'a>(before: impl IntoIterator<Item = &'a str>, argument: &str) -> bool {
    if text_holds_secret(argument) {
        return true;
    }
    let mut last = "";
    let mut program = "";
    for earlier in before {
        let name = earlier.rsplit_once('/').map_or(earlier, |(_, name)| name);
        if !name.starts_with('-') && takes_password(name) {
            program = name;
        }
        last = earlier;
    }
    if is_mysql(program)
        && let Some(password) = argument.strip_prefix("-p")
    {
        return is_literal(password);
    }
    if argument.starts_with('-') || !is_literal(argument) {
        return false;
    }
    if SHORT_FLAGS.contains(&(program, last)) {
        // `curl -u NAME` asks for the password.
        return last != "-u"
            || argument.split_once(':').is_some_and(|(_, password)| is_literal(password));
    }
    last.starts_with('-') && !last.contains(['=', ' ']) && name_is_secret(last)
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
            assert!(argument_is_secret(before.iter().copied(), last), "{arguments:?}");
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
            assert!(!argument_is_secret(before.iter().copied(), last), "{arguments:?}");
        }
    }
}
