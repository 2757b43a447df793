//! Image references: one parser for all that ask what an image is and where it comes from.
//!
//! Sources: github.com/distribution/reference `regexp.go` and `normalize.go` for the grammar and
//! the aliases of Docker Hub, github.com/opencontainers/go-digest for digests, Kubernetes
//! `pkg/apis/core/v1/defaults.go` (`SetDefaults_Container`) for the default pull policy.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_BEFORE: &str = "index.docker.io";
/// Where Docker Hub keeps the images whose path has one part.
const OFFICIAL: &str = "library";

/// The longest repository path, in bytes.
const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;

/// A reference to an image, with its parts as they are written.
///
/// Two references are equal when they mean the same: `nginx` is
/// `index.docker.io/library/nginx`, but not `nginx:latest`, which a rule may treat differently.
#[derive(Clone, Copy, Debug)]
pub struct ImageRef<'a> {
    written_registry: Option<&'a str>,
    written_path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

/// What a reference says about which image of a repository is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin<'a> {
    /// No tag and no digest, which means the tag `latest`.
    None,
    /// The tag `latest`, written out.
    Latest,
    Tag(&'a str),
    /// A digest; a tag beside it chooses nothing.
    Digest(&'a str),
}

/// What is wrong with a reference, and in which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError<'a> {
    #[error("image reference is empty")]
    Empty,
    #[error("image reference `{0}` has white space")]
    WhiteSpace(&'a str),
    #[error("image reference begins with `{0}`, which belongs to a URL")]
    Scheme(&'a str),
    #[error("image reference has no repository")]
    NoRepository,
    #[error("registry `{0}` is no host with an optional port")]
    Registry(&'a str),
    #[error("repository `{0}` has upper-case letters")]
    UpperCase(&'a str),
    #[error("repository `{0}` has an empty part")]
    EmptyPart(&'a str),
    #[error("repository `{0}` is not valid")]
    Repository(&'a str),
    #[error("repository of {0} bytes is longer than {MAX_PATH}")]
    TooLong(usize),
    #[error("repository `{0}` has the form of an image id")]
    ImageId(&'a str),
    #[error("tag is empty")]
    EmptyTag,
    #[error("tag `{0}` is not valid")]
    Tag(&'a str),
    #[error("digest is empty")]
    EmptyDigest,
    #[error("digest `{0}` is not sha256, sha384 or sha512 with its number of hexadecimal digits")]
    Digest(&'a str),
}

/// `Always` or `IfNotPresent`: what the API server writes where a container has no
/// `imagePullPolicy`.
///
/// It is `Always` for the tag `latest`, written out or meant, also beside a digest; a digest
/// alone gives `IfNotPresent`, and so does a reference that is not valid.
pub fn default_pull_policy(image: &str) -> &'static str {
    match ImageRef::parse(image) {
        Ok(ImageRef { tag: Some("latest"), .. } | ImageRef { tag: None, digest: None, .. }) => {
            "Always"
        }
        _ => "IfNotPresent",
    }
}

impl<'a> ImageRef<'a> {
    pub fn parse(text: &'a str) -> Result<Self, ImageError<'a>> {
        if text.is_empty() {
            return Err(ImageError::Empty);
        }
        if has(text, |byte| matches!(byte, b'\t'..=b'\r' | b' '), char::is_whitespace) {
            return Err(ImageError::WhiteSpace(text));
        }
        let has_slashes = text.as_bytes().array_windows().any(|pair: &[u8; 2]| pair == b"//");
        if has_slashes
            && let Some((scheme, _)) = text.split_once("//").filter(|(it, _)| it.ends_with(':'))
        {
            return Err(ImageError::Scheme(scheme));
        }
        if text.len() == 64 && text.bytes().all(is_hex_digit) {
            return Err(ImageError::ImageId(text));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (written_registry, rest) = split_registry(name);
        let (written_path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        check_path(written_path)?;
        if let Some(registry) = written_registry {
            check_registry(registry)?;
        }
        tag.map_or(Ok(()), check_tag)?;
        digest.map_or(Ok(()), check_digest)?;
        let parsed = Self { written_registry, written_path, tag, digest };
        let official = if parsed.is_official_short_form() { OFFICIAL.len() + 1 } else { 0 };
        let path_bytes = official + written_path.len();
        if path_bytes > MAX_PATH {
            return Err(ImageError::TooLong(path_bytes));
        }
        Ok(parsed)
    }

    /// The registry's host and port; `docker.io` where none is written.
    pub fn registry(&self) -> &'a str {
        match self.written_registry {
            None | Some(DOCKER_HUB_BEFORE) => DOCKER_HUB,
            Some(registry) => registry,
        }
    }

    /// The registry's host, an IPv6 address in its brackets.
    pub fn host(&self) -> &'a str {
        split_port(self.registry()).0
    }

    /// The registry's port, if one is written.
    pub fn port(&self) -> Option<&'a str> {
        split_port(self.registry()).1
    }

    /// The path of the repository in its registry: `library/nginx` for `nginx`.
    pub fn path(&self) -> Cow<'a, str> {
        if self.is_official_short_form() {
            Cow::Owned(format!("{OFFICIAL}/{}", self.written_path))
        } else {
            Cow::Borrowed(self.written_path)
        }
    }

    /// `registry/path`, which says where the image comes from.
    pub fn name(&self) -> String {
        [self.registry(), "/", &self.path()].concat()
    }

    /// The last part of the path, which SKA calls the image's name.
    pub fn base_name(&self) -> &'a str {
        self.written_path.rsplit_once('/').map_or(self.written_path, |(_, last)| last)
    }

    pub fn tag(&self) -> Option<&'a str> {
        self.tag
    }

    pub fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    pub fn pin(&self) -> Pin<'a> {
        match (self.tag, self.digest) {
            (_, Some(digest)) => Pin::Digest(digest),
            (None, None) => Pin::None,
            (Some("latest"), None) => Pin::Latest,
            (Some(tag), None) => Pin::Tag(tag),
        }
    }

    /// The registry as it is written, for showing its place.
    pub fn written_registry(&self) -> Option<&'a str> {
        self.written_registry
    }

    /// The path as it is written, for showing its place.
    pub fn written_path(&self) -> &'a str {
        self.written_path
    }

    fn is_official_short_form(&self) -> bool {
        self.registry() == DOCKER_HUB && !self.written_path.contains('/')
    }

    fn path_parts(&self) -> impl Iterator<Item = &'a str> {
        let official = self.is_official_short_form().then_some(OFFICIAL);
        official.into_iter().chain(self.written_path.split('/'))
    }
}

/// The reference in full, as the container runtime sees it.
impl fmt::Display for ImageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry(), self.path())?;
        if let Some(tag) = self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl PartialEq for ImageRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.registry() == other.registry()
            && self.path_parts().eq(other.path_parts())
            && self.tag == other.tag
            && self.digest == other.digest
    }
}

impl Eq for ImageRef<'_> {}

impl Hash for ImageRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.registry().hash(state);
        self.path_parts().for_each(|part| part.hash(state));
        self.tag.hash(state);
        self.digest.hash(state);
    }
}

/// Cuts off the registry: a first part that has a `.`, a `:` or an upper-case letter, or is
/// `localhost`. Without a `/` there is none, so a colon before it is a tag's.
pub(super) fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first == "localhost"
                || first.bytes().any(|byte| matches!(byte, b'.' | b':'))
                || has(first, |byte| byte.is_ascii_uppercase(), char::is_uppercase) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

/// Cuts off the port, which no colon inside the brackets of an IPv6 address begins.
fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

fn check_registry(registry: &str) -> Result<(), ImageError<'_>> {
    let (host, port) = split_port(registry);
    let port_holds =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()));
    let host_holds = match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        Some(address) => {
            !address.is_empty() && address.bytes().all(|it| it.is_ascii_hexdigit() || it == b':')
        }
        None => host.split('.').all(is_host_part),
    };
    // Docker reads a first part such as `a__b.c` as a part of the path, with no registry before it.
    if (host_holds && port_holds) || is_path_part(registry) {
        Ok(())
    } else {
        Err(ImageError::Registry(registry))
    }
}

fn is_host_part(part: &str) -> bool {
    !part.is_empty()
        && part.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && !part.starts_with('-')
        && !part.ends_with('-')
}

fn check_path(path: &str) -> Result<(), ImageError<'_>> {
    if path.split('/').all(is_path_part) {
        Ok(())
    } else if path.is_empty() {
        Err(ImageError::NoRepository)
    } else if has(path, |byte| byte.is_ascii_uppercase(), char::is_uppercase) {
        Err(ImageError::UpperCase(path))
    } else if path.split('/').any(str::is_empty) {
        Err(ImageError::EmptyPart(path))
    } else {
        Err(ImageError::Repository(path))
    }
}

/// Whether this is runs of lower-case letters and digits, held together by `.`, `_`, `__` or any
/// number of `-`.
fn is_path_part(part: &str) -> bool {
    let mut before = b'.';
    // How many bytes of a separator have been read; a part begins as after one.
    let mut separator = 1;
    for byte in part.bytes() {
        let is_inner = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        separator = if is_inner { 0 } else { separator + 1 };
        let fits = match byte {
            _ if is_inner => true,
            b'.' => separator == 1,
            b'_' => separator == 1 || (separator == 2 && before == b'_'),
            b'-' => separator == 1 || before == b'-',
            _ => false,
        };
        if !fits {
            return false;
        }
        before = byte;
    }
    separator == 0
}

/// Whether the text has such a character: most are ASCII, and told byte by byte.
fn has(text: &str, ascii: fn(u8) -> bool, any: fn(char) -> bool) -> bool {
    if text.is_ascii() { text.bytes().any(ascii) } else { text.contains(any) }
}

fn check_tag(tag: &str) -> Result<(), ImageError<'_>> {
    let inner = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b'-');
    if tag.is_empty() {
        Err(ImageError::EmptyTag)
    } else if tag.len() > MAX_TAG || !tag.bytes().all(inner) || tag.starts_with(['.', '-']) {
        Err(ImageError::Tag(tag))
    } else {
        Ok(())
    }
}

fn check_digest(digest: &str) -> Result<(), ImageError<'_>> {
    let digits = match digest.split_once(':') {
        Some(("sha256", hex)) => (64, hex),
        Some(("sha384", hex)) => (96, hex),
        Some(("sha512", hex)) => (128, hex),
        _ if digest.is_empty() => return Err(ImageError::EmptyDigest),
        _ => return Err(ImageError::Digest(digest)),
    };
    match digits {
        (count, hex) if hex.len() == count && hex.bytes().all(is_hex_digit) => Ok(()),
        _ => Err(ImageError::Digest(digest)),
    }
}

fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parse(text: &str) -> ImageRef<'_> {
        ImageRef::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        ImageRef::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn names_of_docker_hub_mean_the_same() {
        let forms = ["nginx", "library/nginx", "docker.io/nginx", "index.docker.io/library/nginx"]
            .map(parse);
        for form in forms {
            assert_eq!(form, forms[0]);
            assert_eq!(form.to_string(), "docker.io/library/nginx");
            assert_eq!(form.base_name(), "nginx");
        }
        assert_eq!(parse("docker.io/a/nginx").name(), "docker.io/a/nginx");
        assert_ne!(parse("quay.io/nginx"), forms[0]);
        assert_eq!(parse("quay.io/nginx").name(), "quay.io/nginx");
        assert_ne!(parse("nginx:latest"), forms[0]);
    }

    #[test]
    fn a_colon_is_a_port_before_a_slash_and_a_tag_after_it() {
        let image = parse("host:5000/image");
        assert_eq!(
            (image.registry(), image.host(), image.port()),
            ("host:5000", "host", Some("5000"))
        );
        assert_eq!((image.path().as_ref(), image.tag()), ("image", None));
        let image = parse("host:5000");
        assert_eq!((image.name().as_str(), image.tag()), ("docker.io/library/host", Some("5000")));
        let image = parse("[::1]:5000/a/b:1.0");
        assert_eq!((image.host(), image.port(), image.tag()), ("[::1]", Some("5000"), Some("1.0")));
        assert_eq!((parse("[::1]/a").host(), parse("[::1]/a").port()), ("[::1]", None));
        assert_eq!(parse("localhost/a").registry(), "localhost");
        assert_eq!(parse("local/a").name(), "docker.io/local/a");
        assert_eq!(parse("Local/a").registry(), "Local");
    }

    #[test]
    fn a_reference_says_what_it_pins() {
        let digest = format!("a:1.0@{SHA}");
        let cases = [
            ("a", Pin::None),
            ("a:latest", Pin::Latest),
            ("a:1.0", Pin::Tag("1.0")),
            ("a:Latest", Pin::Tag("Latest")),
            (&digest, Pin::Digest(SHA)),
            (&digest[..1], Pin::None),
        ];
        for (text, pin) in cases {
            assert_eq!(parse(text).pin(), pin, "{text}");
        }
        assert_eq!(parse(&digest).tag(), Some("1.0"));
        assert_eq!(parse(&digest).to_string(), format!("docker.io/library/{digest}"));
    }

    #[test]
    fn the_default_pull_policy_is_the_one_of_the_api_server() {
        for image in ["a", "a:latest", "host:5000/a", &format!("a:latest@{SHA}")] {
            assert_eq!(default_pull_policy(image), "Always", "{image}");
        }
        for image in ["a:1", &format!("a@{SHA}"), &format!("a:1@{SHA}"), "", "A", "a:", &SHA[7..]] {
            assert_eq!(default_pull_policy(image), "IfNotPresent", "{image}");
        }
    }

    #[test]
    fn parts_keep_their_place_in_the_text() {
        let text = "artefact.skao.int/ska-tango-examples:0.5.0";
        let image = parse(text);
        let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
        assert_eq!(place(image.written_registry().unwrap()), 0);
        assert_eq!(place(image.written_path()), 18);
        assert_eq!(place(image.tag().unwrap()), 37);
    }

    #[test]
    fn an_invalid_reference_says_what_is_wrong() {
        let cases = [
            ("", "image reference is empty"),
            ("a ", "image reference `a ` has white space"),
            ("https://a.b/c", "image reference begins with `https:`, which belongs to a URL"),
            (":1.0", "image reference has no repository"),
            ("a.b/", "image reference has no repository"),
            ("NGINX", "repository `NGINX` has upper-case letters"),
            ("a.b/C:1", "repository `C` has upper-case letters"),
            ("a//b", "repository `a//b` has an empty part"),
            ("/a", "repository `/a` has an empty part"),
            ("a/-b", "repository `a/-b` is not valid"),
            ("a___b", "repository `a___b` is not valid"),
            ("a..b", "repository `a..b` is not valid"),
            ("{{image}}", "repository `{{image}}` is not valid"),
            ("a_.b/c", "registry `a_.b` is no host with an optional port"),
            ("a:b/c", "registry `a:b` is no host with an optional port"),
            ("a:/c", "registry `a:` is no host with an optional port"),
            ("[g::1]/c", "registry `[g::1]` is no host with an optional port"),
            ("a:", "tag is empty"),
            ("a:1:2", "tag `1:2` is not valid"),
            ("a:.1", "tag `.1` is not valid"),
            ("a:1+2", "tag `1+2` is not valid"),
            ("a:${TAG}", "tag `${TAG}` is not valid"),
            ("a@", "digest is empty"),
            (&SHA[7..], &format!("repository `{}` has the form of an image id", &SHA[7..])),
        ];
        for (text, error) in cases {
            assert_eq!(refused(text), error);
        }
        let long = "a/".repeat(128);
        assert!(ImageRef::parse(&format!("a.b/{}", &long[..255])).is_ok());
        assert_eq!(refused(&format!("a.b/{long}a")), "repository of 257 bytes is longer than 255");
        for digest in ["sha256:abc", "md5:abc", "abc", &SHA.to_uppercase(), &format!("{SHA}0")] {
            assert!(refused(&format!("a@{digest}")).starts_with("digest `"), "{digest}");
        }
        assert!(ImageRef::parse(&format!("a:{}", "1".repeat(128))).is_ok());
        assert!(refused(&format!("a:{}", "1".repeat(129))).starts_with("tag `"));
    }
}
