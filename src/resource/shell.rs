//! Command lines that start a shell, read as far as rules need it.
//!
//! Source: POSIX.1-2024, `sh` and "Shell Command Language". What is not understood counts as a
//! command that can fail, so that nobody is told something false.

use std::iter;

const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// Commands that end with 0 whatever happens.
const ALWAYS_SUCCEED: [&str; 4] = [":", "echo", "printf", "true"];

/// A command line that runs a script with `sh -c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShellCall<'a> {
    pub script: &'a str,
    /// The first argument that nothing reads: what follows the script is `$0`, `$1`, …, and the
    /// script names none of them.
    pub lost: Option<usize>,
    /// Whether the shell ends at the first command that fails.
    pub ends_on_error: bool,
}

/// The script that a command line runs with a shell's `-c`, if it does.
pub fn shell_call<'a>(arguments: &[&'a str]) -> Option<ShellCall<'a>> {
    let (program, rest) = arguments.split_first()?;
    if !SHELLS.contains(&base_name(program)) {
        return None;
    }
    let mut options = (1..).zip(rest);
    let (mut runs_script, mut ends_on_error) = (false, false);
    let (index, script) = loop {
        let (index, argument) = options.next()?;
        match argument.strip_prefix(['-', '+']) {
            Some("-") => break options.next()?,
            Some(letters) if !letters.starts_with('-') && !letters.is_empty() => {
                runs_script |= letters.contains('c');
                ends_on_error |= letters.contains('e') && argument.starts_with('-');
                if letters.contains('o') {
                    ends_on_error |= *options.next()?.1 == "errexit";
                }
            }
            Some(_) => {}
            None => break (index, argument),
        }
    };
    if !runs_script {
        return None;
    }
    let lost = (arguments.len() > index + 1 && !names_argument(script)).then_some(index + 1);
    Some(ShellCall { script, lost, ends_on_error: ends_on_error || sets_errexit(script) })
}

/// Whether a command line can end with anything but 0, as far as can be told from it.
pub fn can_fail(arguments: &[&str]) -> bool {
    match shell_call(arguments) {
        Some(call) => script_can_fail(call.script, call.ends_on_error),
        None => !arguments.first().is_some_and(|program| {
            let program = base_name(program);
            program != ":" && ALWAYS_SUCCEED.contains(&program)
        }),
    }
}

fn script_can_fail(script: &str, ends_on_error: bool) -> bool {
    let lists = lists(script);
    let Some((last, earlier)) = lists.split_last() else { return false };
    if ends_on_error {
        return lists.iter().any(List::can_fail);
    }
    last.can_fail() || earlier.iter().any(|list| list.may_leave())
}

/// Commands joined by `&&`, `||` and `|`, up to a `;` or the end of a line.
#[derive(Debug, Default)]
struct List<'a> {
    commands: Vec<(Join, &'a str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    And,
    Or,
    Pipe,
}

impl List<'_> {
    fn can_fail(&self) -> bool {
        let mut fails = false;
        // The first command stands behind nothing, as behind something that succeeds.
        let mut joined = Join::And;
        let mut commands = self.commands.iter().peekable();
        while let Some((join, command)) = commands.next() {
            if *join != Join::Pipe {
                joined = *join;
            }
            // The last command of a pipeline decides.
            if commands.peek().is_some_and(|(next, _)| *next == Join::Pipe) {
                continue;
            }
            let command_fails = command_can_fail(command);
            fails = match joined {
                Join::And => fails || command_fails,
                Join::Or | Join::Pipe => fails && command_fails,
            };
        }
        fails
    }

    /// Whether it may end the script with an error.
    fn may_leave(&self) -> bool {
        self.commands.iter().any(|(_, command)| may_leave(command))
    }
}

fn command_can_fail(command: &str) -> bool {
    let mut words = command.split_whitespace();
    match words.next() {
        Some("exit") => words.next() != Some("0"),
        // Writing to a file can fail, to another stream not.
        Some(word) if ALWAYS_SUCCEED.contains(&base_name(word)) => writes_file(command),
        _ => true,
    }
}

/// Cuts a script into lists, at what stands outside of quotes and substitutions.
fn lists(script: &str) -> Vec<List<'_>> {
    let mut lists = vec![List::default()];
    let (mut start, mut join) = (0, Join::And);
    let (mut quote, mut depth) = (None, 0_usize);
    let mut skip_until = 0;
    let mut before = '\n';
    for (at, char) in script.char_indices() {
        let previous = std::mem::replace(&mut before, char);
        if at < skip_until {
            continue;
        }
        match (quote, char) {
            (Some('#'), '\n') => {
                quote = None;
                start = at + 1;
                continue;
            }
            (Some('\''), '\'') => quote = None,
            (Some('"'), '"') if previous != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if previous != '\\' => quote = Some(char),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, '`') => depth = usize::from(depth == 0),
            (None, '#') if depth == 0 && previous.is_whitespace() => {
                push(&mut lists, join, script.get(start..at));
                lists.push(List::default());
                join = Join::And;
                quote = Some('#');
            }
            (None, ';' | '\n' | '&' | '|') if depth == 0 && previous != '\\' => {
                let rest = script.get(at..).unwrap_or_default();
                // `2>&1` and `&>` are no operators.
                if char == '&' && (previous == '>' || rest.starts_with("&>")) {
                    continue;
                }
                push(&mut lists, join, script.get(start..at));
                let (next, length) = match rest {
                    rest if rest.starts_with("&&") => (Some(Join::And), 2),
                    rest if rest.starts_with("||") => (Some(Join::Or), 2),
                    rest if rest.starts_with('|') => (Some(Join::Pipe), 1),
                    _ => (None, 1),
                };
                if next.is_none() {
                    lists.push(List::default());
                }
                join = next.unwrap_or(Join::And);
                start = at + length;
                skip_until = start;
            }
            (None, _) => {}
        }
    }
    if quote != Some('#') {
        push(&mut lists, join, script.get(start..));
    }
    lists.retain(|list| !list.commands.is_empty());
    lists
}

fn push<'a>(lists: &mut [List<'a>], join: Join, command: Option<&'a str>) {
    let command = command.unwrap_or_default().trim();
    if let Some(list) = lists.last_mut()
        && !command.is_empty()
    {
        list.commands.push((join, command));
    }
}

/// The words of a script, of ASCII letters, digits and `_`, each with what stands behind it.
pub fn words(script: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let mut rest = script;
    iter::from_fn(move || {
        let begun = rest.get(rest.find(is_part)?..)?;
        let end = begun.find(|char| !is_part(char)).unwrap_or(begun.len());
        let (word, behind) = begun.split_at(end);
        rest = behind;
        Some((word, behind))
    })
}

/// Whether it names what follows the script on the command line: `$1`, `${@}`, `shift`.
fn names_argument(script: &str) -> bool {
    let begins =
        |text: &str| text.starts_with(|it: char| it.is_ascii_digit() || "@*#".contains(it));
    let is_argument = |behind: &str| {
        let name = behind.strip_prefix('{').unwrap_or(behind);
        begins(name) || name.strip_prefix(['!', '#']).is_some_and(begins)
    };
    script.split('$').skip(1).any(is_argument) || words(script).any(|(word, _)| word == "shift")
}

/// Whether it says `set -e` or `set -o errexit`, alone or with other options.
fn sets_errexit(script: &str) -> bool {
    let sets = |behind: &str| -> Option<bool> {
        let options = behind_space(behind)?.strip_prefix('-')?;
        let end = options.find(|it: char| !it.is_ascii_lowercase()).unwrap_or(options.len());
        let (letters, behind) = options.split_at(end);
        let names_it = || behind_space(behind).is_some_and(|it| it.starts_with("errexit"));
        Some(letters.contains('e') || (letters.ends_with('o') && names_it()))
    };
    words(script).any(|(word, behind)| word == "set" && sets(behind) == Some(true))
}

/// Whether a command may end the script with an error, or by what another script says.
fn may_leave(command: &str) -> bool {
    words(command).any(|(word, behind)| match word.strip_prefix("exit") {
        Some("") => !behind.trim_ascii_start().starts_with('0'),
        Some(code) => !code.starts_with('0'),
        None => ["exec", "kill", "return", "trap", "source"].contains(&word),
    })
}

/// Whether a command writes to a file that is no device.
fn writes_file(command: &str) -> bool {
    command.split('>').skip(1).map(str::trim_ascii_start).any(|target| {
        !target.is_empty() && !target.starts_with('&') && !target.starts_with("/dev/")
    })
}

/// What stands behind some space; `None` if there is none.
fn behind_space(text: &str) -> Option<&str> {
    let behind = text.trim_ascii_start();
    (behind.len() < text.len()).then_some(behind)
}

fn base_name(program: &str) -> &str {
    program.rsplit_once('/').map_or(program, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_script_is_lost_unless_the_script_names_it() {
        let lost = |arguments: &[&str]| shell_call(arguments).and_then(|call| call.lost);
        assert_eq!(lost(&["sh", "-c", "retry", "--sleep=1", "--", "x"]), Some(3));
        assert_eq!(lost(&["/bin/bash", "-eu", "-c", "curl", "-f"]), Some(4));
        assert_eq!(lost(&["bash", "-euo", "pipefail", "-c", "curl", "-f"]), Some(5));
        assert_eq!(lost(&["sh", "-c", "--", "sleep 1"]), None);
        assert_eq!(lost(&["sh", "-c", "exec \"$@\"", "sh", "a"]), None);
        assert_eq!(lost(&["sh", "-c", "echo ${1:-x}", "sh", "a"]), None);
        assert_eq!(lost(&["sh", "-c", "a b"]), None);
        assert_eq!(lost(&["sh", "script.sh", "a"]), None);
        assert_eq!(lost(&["python", "-c", "print()", "a"]), None);
        assert_eq!(shell_call(&["sh", "-c"]), None);
        assert_eq!(shell_call(&[]), None);
    }

    #[test]
    fn a_command_line_that_never_fails_is_told() {
        let lines: [&[&str]; 16] = [
            &["true"],
            &["/bin/true"],
            &["echo", "ok"],
            &["sh", "-c", "exit 0"],
            &["sh", "-c", ":"],
            &["sh", "-c", ""],
            &["sh", "-c", "curl -f http://localhost || true"],
            &["sh", "-c", "curl -f http://localhost || exit 0"],
            &["sh", "-c", "curl http://localhost | grep ok; echo $?"],
            &["sh", "-c", "a && b || echo failed"],
            &["sh", "-c", "a\necho done\n"],
            &["sh", "-c", "a | true"],
            &["sh", "-c", "a; exit 0 # always"],
            &["sh", "-c", "echo \"a; b\" 2>&1"],
            &["sh", "-ec", "a || true; echo done"],
            &["bash", "-c", "echo ok > /dev/null"],
        ];
        for line in lines {
            assert!(!can_fail(line), "{line:?}");
        }
    }

    #[test]
    fn what_can_fail_or_is_not_understood_can_fail() {
        let lines: [&[&str]; 20] = [
            &["curl", "-f", "http://localhost"],
            &["sh", "-c", "curl -f http://localhost"],
            &["sh", "-c", "curl -f http://localhost && echo ok"],
            &["sh", "-c", "true && curl http://localhost"],
            &["sh", "-c", "test -f x || exit 1"],
            &["sh", "-c", "test -f x || exit 1; echo ok"],
            &["sh", "-c", "if a; then exit 1; fi; echo ok"],
            &["sh", "-c", "if a; then echo x; fi"],
            &["sh", "-ec", "a; echo done"],
            &["sh", "-c", "set -e; a; echo done"],
            &["bash", "-o", "errexit", "-c", "a; true"],
            &["sh", "-c", "echo ok > /data/file"],
            &["sh", "-c", "echo ok | grep -q x"],
            &["sh", "-c", "a || true && b"],
            &["sh", "-c", "exit"],
            &["sh", "-c", "echo $(true); b"],
            &["sh", "-c", "'true'"],
            &["sh", "-c", "! true"],
            &["sh", "probe.sh"],
            &[],
        ];
        for line in lines {
            assert!(can_fail(line), "{line:?}");
        }
    }

    #[test]
    fn an_argument_is_named_by_its_number_or_with_all_others_or_shifted() {
        for script in ["echo $1", "${10}", "$@", "a$*b", "$#", "${#}", "${#1}", "${!1}", "shift 2"]
        {
            assert!(names_argument(script), "{script}");
        }
        for script in ["", "$", "$x1", "${x}", "$!", "$?", "$(1)", "shifted", "no_shift"] {
            assert!(!names_argument(script), "{script}");
        }
    }

    #[test]
    fn a_script_ends_on_errors_once_it_is_set_to() {
        let set = [
            "set -e",
            "a; set  -xe",
            "set -euo pipefail",
            "set -o errexit",
            "set -xo\terrexit",
            "set -eo x",
        ];
        for script in set {
            assert!(sets_errexit(script), "{script}");
        }
        let not = ["set", "set-e", "set +e", "reset -e", "sets -e", "set -x", "set -o pipefail"];
        for script in not.into_iter().chain(["set -o xerrexit", "set -x -o errexit"]) {
            assert!(!sets_errexit(script), "{script}");
        }
    }

    #[test]
    fn a_command_may_leave_a_script_unless_with_0() {
        for command in ["exit", "exit 1", "exit  $?", "if a; then exit 1", "exec x", "kill -9 1"] {
            assert!(may_leave(command), "{command}");
        }
        for command in ["exit 0", "exit\t0", "exit0", "executor", "_exit 1", "a"] {
            assert!(!may_leave(command), "{command}");
        }
    }

    #[test]
    fn what_goes_to_a_stream_or_a_device_goes_to_no_file() {
        for command in ["echo > a", "echo >>a", "echo 2>&1 >a", "echo > /data/a", "echo >/devices"]
        {
            assert!(writes_file(command), "{command}");
        }
        for command in ["echo", "echo 2>&1", "echo > /dev/null", "echo >&2", "echo >"] {
            assert!(!writes_file(command), "{command}");
        }
    }
}
