//! Names that promise a secret, and values that can be one.

/// Words with which the name of a secret ends. `PGPASSWORD` and `authtoken` end with them too.
const SECRET_WORDS: [&str; 12] = [
    "accesskey",
    "apikey",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "privatekey",
    "secret",
    "secretkey",
    "token",
];

/// What stands before `key` where the key is a secret.
const SECRET_KEYS: [&str; 11] = [
    "access",
    "account",
    "api",
    "auth",
    "encryption",
    "master",
    "private",
    "secret",
    "shared",
    "signing",
    "ssh",
];

/// Words after the one that counts: `PASSWORD_BASE64`, `TOKEN_VALUE`, `PASSWORD_1`.
const TRAILING_WORDS: [&str; 7] = ["b64", "base64", "encoded", "literal", "plain", "text", "value"];

/// Values that say yes, no or nothing: `ALLOW_EMPTY_PASSWORD: "1"`.
const NO_SECRETS: [&str; 18] = [
    "0", "1", "bool", "bytes", "false", "nil", "no", "none", "null", "off", "on", "optional",
    "redacted", "required", "str", "string", "true", "yes",
];

/// Words with which a name ends whose value is better not shown, though no rule calls it a secret.
const PRIVATE_WORDS: [&str; 13] = [
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "cred",
    "creds",
    "jwt",
    "passcode",
    "psk",
    "pw",
    "salt",
    "secrets",
];

/// Endings of file names, which say nothing of what is in the file.
const ENDINGS: [&str; 9] =
    ["cfg", "conf", "env", "ini", "json", "properties", "txt", "yaml", "yml"];

/// Files of which all is secret.
const PRIVATE_FILES: [&str; 9] = [
    ".dockercfg",
    ".dockerconfigjson",
    ".netrc",
    ".pgpass",
    "_netrc",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
];

/// What begins a value that says where the secret is.
const REFERENCES: [&str; 13] = [
    "/etc/",
    "/home/",
    "/mnt/",
    "/opt/",
    "/run/",
    "/secrets/",
    "/tmp/",
    "/var/",
    "/vault/",
    "file:",
    "ref+",
    "secretref:",
    "vault:",
];

/// Whether what has this name is a secret: `MYSQL_ROOT_PASSWORD`, `apiKey`, `db.passwd`, but not
/// `PASSWORD_FILE`, `secretName` or `TOKEN_TTL`, which say something about one.
pub fn name_is_secret(name: &str) -> bool {
    if !may_promise_secret(name) {
        return false;
    }
    let words = words(name);
    let mut words: &[String] = &words;
    while let Some((last, rest)) = words.split_last()
        && (TRAILING_WORDS.contains(&last.as_str())
            || last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        words = rest;
    }
    let Some((last, before)) = words.split_last() else { return false };
    match last.as_str() {
        // The working directory of a shell.
        "pwd" | "oldpwd" => !before.is_empty(),
        "pass" => true,
        "key" => before.last().is_some_and(|word| SECRET_KEYS.contains(&word.as_str())),
        last => last.ends_with("pwd") || SECRET_WORDS.iter().any(|word| last.ends_with(word)),
    }
}

/// Whether what has this name is not to be shown. More names than [`name_is_secret`] knows: to
/// hide a value too many costs less than to show one.
pub(super) fn name_is_private(name: &str) -> bool {
    if name_is_secret(name) || PRIVATE_FILES.contains(&name) {
        return true;
    }
    if name.is_ascii() && !may_hold_private_name(name) {
        return false;
    }
    let words = words(name);
    let mut words: &[String] = &words;
    while let Some((last, rest)) = words.split_last()
        && (ENDINGS.contains(&last.as_str()) || TRAILING_WORDS.contains(&last.as_str()))
    {
        words = rest;
    }
    match words {
        [.., key, data] if data == "data" => key == "key",
        [before @ .., last] => {
            PRIVATE_WORDS.contains(&last.as_str())
                || (before.len() + 1 < name.len() && name_is_secret(&words.join("-")))
        }
        [] => false,
    }
}

/// Whether a value under the name of a secret may be shown: it says yes, no or nothing, or where
/// the secret is. What [`is_literal`] merely takes for a placeholder may be a secret.
pub(super) fn says_nothing(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    let whole = |open: &str, close: char| {
        let inside = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inside.is_some_and(|inside| !inside.contains(close))
    };
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    });
    NO_SECRETS.contains(&lower.as_str())
        || value.chars().all(|c| matches!(c, '*' | '.' | '-' | '•' | '…'))
        || REFERENCES.iter().any(|prefix| lower.starts_with(prefix))
        || (value.starts_with("{{") && value.ends_with("}}"))
        || whole("$(", ')')
        || whole("${", '}')
        || is_variable
}

/// Whether a value can be a secret itself: not if it is empty, says yes or no, or stands for
/// something else (`$(PASSWORD)`, `{{ … }}`, `<password>`, `***`, `/run/secrets/…`).
pub fn is_literal(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    let is_reference = match value.strip_prefix('$') {
        // All of it is `$(NAME)`, `${NAME}` or `$NAME`; a dollar can also begin a password.
        Some(rest) => {
            rest.starts_with(['(', '{'])
                || rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        }
        None => REFERENCES.iter().any(|prefix| lower.starts_with(prefix)),
    };
    let is_blank = value.chars().all(|c| matches!(c, '*' | '.' | '-' | '•' | '…' | 'x' | 'X'));
    let is_placeholder = (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with("{{") && value.ends_with("}}"))
        || (value.starts_with('[') && value.ends_with(']'));
    !(is_reference || is_blank || is_placeholder || NO_SECRETS.contains(&lower.as_str()))
}

/// Whether a name has the beginning of a word that counts: most have none, which is seen without
/// taking them apart.
fn may_promise_secret(name: &str) -> bool {
    let begins =
        |letters: &[u8; 3]| matches!(letters, b"cre" | b"key" | b"pas" | b"pwd" | b"sec" | b"tok");
    !name.is_ascii() || any_letters(name, begins)
}

/// As [`may_promise_secret`], for [`name_is_private`] and a name anywhere in a text with something
/// behind it.
pub(super) fn may_hold_private_name(text: &str) -> bool {
    any_letters(text, |letters| match letters {
        b"aut" | b"bea" | b"coo" | b"cre" | b"jwt" | b"key" | b"pas" | b"psk" | b"sal" | b"sec"
        | b"tok" => true,
        letters => letters.starts_with(b"pw"),
    })
}

/// Whether any three letters that follow each other are among those `wanted`, in lower case.
fn any_letters(text: &str, wanted: impl Fn(&[u8; 3]) -> bool) -> bool {
    text.as_bytes()
        .array_windows()
        .any(|letters: &[u8; 3]| wanted(&letters.map(|letter| letter.to_ascii_lowercase())))
}

/// The words of a name in lower case: `mysqlRootPassword` and `MYSQL_ROOT-PASSWORD` have the
/// same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_was_lower = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && before_was_lower);
        if begins {
            words.push(String::new());
        }
        before_was_lower = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_a_secret_by_its_last_word() {
        for name in [
            "password",
            "MYSQL_ROOT_PASSWORD",
            "PGPASSWORD",
            "dbPassword",
            "spring.datasource.password",
            "API_KEY",
            "apikey",
            "secretAccessKey",
            "AWS_SECRET_ACCESS_KEY",
            "CLIENT_SECRET",
            "GITLAB_TOKEN",
            "private-token",
            "authtoken",
            "DB_PWD",
            "RABBITMQ_DEFAULT_PASS",
            "PASSWORD_1",
            "TOKEN_BASE64",
            "accountKey",
            "GOOGLE_CREDENTIALS",
            "tls.privateKey",
        ] {
            assert!(name_is_secret(name), "{name}");
        }
        for name in [
            "",
            "PWD",
            "OLDPWD",
            "PASSWORD_FILE",
            "secretName",
            "secretKeyRef",
            "TOKEN_TTL",
            "token_uri",
            "USER",
            "KEY",
            "key",
            "publicKey",
            "BYPASS",
            "compass",
            "tokens",
            "imagePullSecrets",
            "automountServiceAccountTokenPath",
            "1",
            "_",
            "monkey",
        ] {
            assert!(!name_is_secret(name), "{name}");
        }
    }

    #[test]
    fn no_secret_is_missed_at_first_sight() {
        let words = SECRET_WORDS.iter().chain(&["pass", "pwd", "oldpwd", "key", "to\u{212a}en"]);
        for word in words {
            assert!(may_promise_secret(word) && may_promise_secret(&word.to_uppercase()), "{word}");
        }
        assert!(!may_promise_secret("TANGO_HOST") && !may_promise_secret(""));
        for word in SECRET_WORDS.iter().chain(&PRIVATE_WORDS).chain(&["pass", "pwd", "key"]) {
            // What is looked for in a text has a value behind it.
            let text = format!("the {word}=x");
            assert!(may_hold_private_name(&text), "{word}");
            assert!(may_hold_private_name(&text.to_uppercase()), "{word}");
        }
        assert!(!may_hold_private_name("TANGO_HOST=x") && !may_hold_private_name("pw"));
    }

    #[test]
    fn more_names_are_private_than_secret() {
        for name in [
            "Authorization",
            "X-Auth",
            "COOKIE",
            "credentials.json",
            "token.txt",
            ".dockerconfigjson",
            "client-key-data",
            "PASSWORD",
        ] {
            assert!(name_is_private(name), "{name}");
        }
        for name in
            ["config.json", "TANGO_HOST", "author", "metadata", "data", "key.json", "json", ""]
        {
            assert!(!name_is_private(name), "{name}");
        }
    }

    #[test]
    fn a_value_that_may_be_a_secret_says_something() {
        for value in
            ["", "true", "0", "$(A)", "${A:-b}", "$A_1", "{{ .Values.a }}", "/run/x", "***"]
        {
            assert!(says_nothing(value), "{value}");
        }
        for value in ["$hunter2", "$(A)$(B)", "<hunter2>", "[hunter2]", "xxxx", "hunter2"] {
            assert!(!says_nothing(value), "{value}");
        }
    }

    #[test]
    fn a_value_that_stands_for_something_else_is_no_secret() {
        for value in ["secret", "changeme", "pa$$word", "$ecr-et!", "12345", "/abc+def==", "x1"] {
            assert!(is_literal(value), "{value}");
        }
        for value in [
            "",
            "  ",
            "true",
            "No",
            "1",
            "null",
            "$(PASSWORD)",
            "${PASSWORD}",
            "$PASSWORD",
            "{{ .Values.password }}",
            "<password>",
            "[REDACTED]",
            "***",
            "•••",
            "xxxx",
            "/run/secrets/db",
            "/vault/secrets/token",
            "vault:secret/data/db#password",
            "\"\"",
        ] {
            assert!(!is_literal(value), "{value}");
        }
    }
}
