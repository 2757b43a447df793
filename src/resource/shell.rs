//! Command lines that start a shell, read as far as rules need it.
//!
//! Source: POSIX.1-2024, `sh` and "Shell Command Language". What is not understood counts as a
//! command that can fail, so that nobody is told something false.

use super::byte_pattern::BytePattern;

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
        self.commands.iter().any(|(_, command)| LEAVES.is_match(command))
    }
}

fn command_can_fail(command: &str) -> bool {
    let mut words = command.split_whitespace();
    match words.next() {
        Some("exit") => words.next() != Some("0"),
        // Writing to a file can fail, to another stream not.
        Some(word) if ALWAYS_SUCCEED.contains(&base_name(word)) => WRITES_FILE.is_match(command),
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

fn names_argument(script: &str) -> bool {
    static NAMES: BytePattern = BytePattern::new(r"\$\{?[!#]?[0-9@*#]|\bshift\b");
    NAMES.is_match(script)
}

fn sets_errexit(script: &str) -> bool {
    static SETS: BytePattern = BytePattern::new(r"\bset\s+(?:-[a-z]*e|-[a-z]*o\s+errexit)");
    script.contains("set") && SETS.is_match(script)
}

static LEAVES: BytePattern =
    BytePattern::new(r"\b(?:exit\s*(?:$|[^0\s])|(?:exec|kill|return|trap|source)\b)");

static WRITES_FILE: BytePattern =
    BytePattern::new(r"\d?>{1,2}\s*(?:[^&\s/>]|/(?:[^d]|d[^e]|de[^v]|dev[^/]))");

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
}
