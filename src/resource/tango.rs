//! The names of TANGO: devices and servers.
//!
//! Sources: tango-controls/tango-doc 9.3.4 (`general-guidelines/naming.rst`) for the limits and the
//! reserved characters, TangoDatabase `DataBaseUtils.cpp` for what the database itself refuses.
//! Names do not differ by case.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The longest domain, family or member.
pub const MAX_FIELD: usize = 85;

/// The longest `server/instance`.
pub const MAX_SERVER: usize = 255;

/// The name of a device, `domain/family/member`. Equality ignores case.
#[derive(Clone, Copy, Debug)]
pub struct DeviceName<'a> {
    pub domain: &'a str,
    pub family: &'a str,
    pub member: &'a str,
}

/// The name of a running server, `server/instance`. Equality ignores case.
#[derive(Clone, Copy, Debug)]
pub struct ServerName<'a> {
    pub server: &'a str,
    pub instance: &'a str,
}

/// Which part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Domain,
    Family,
    Member,
    Server,
    Instance,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TangoNameError<'a> {
    #[error("device name `{0}` is not `domain/family/member`")]
    NotThreeFields(&'a str),
    #[error("server name `{0}` is not `server/instance`")]
    NotTwoFields(&'a str),
    #[error("{0} is empty")]
    Empty(Field),
    #[error("{field} has {length} characters, more than {limit}")]
    TooLong { field: Field, length: usize, limit: usize },
    #[error("{field} `{text}` has a `{reserved}`, which TANGO reserves")]
    Reserved { field: Field, text: &'a str, reserved: &'static str },
    #[error("{0} has white space or a control character")]
    WhiteSpace(Field),
}

impl<'a> DeviceName<'a> {
    /// Reads `domain/family/member` and nothing else.
    pub fn parse(text: &'a str) -> Result<Self, TangoNameError<'a>> {
        let mut fields = text.split('/');
        let (Some(domain), Some(family), Some(member), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(TangoNameError::NotThreeFields(text));
        };
        check(Field::Domain, domain, MAX_FIELD)?;
        check(Field::Family, family, MAX_FIELD)?;
        check(Field::Member, member, MAX_FIELD)?;
        Ok(Self { domain, family, member })
    }

    /// Reads the device in a full name,
    /// `[tango:|taco:][//host:port/]device[/attribute][->property][#dbase=…]`.
    pub fn parse_resource_locator(text: &'a str) -> Result<Self, TangoNameError<'a>> {
        let device = text.split_once('#').map_or(text, |(name, _)| name);
        let device = device.split_once("->").map_or(device, |(name, _)| name);
        let device = strip_protocol(device);
        let device = match device.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, name)| name),
            None => device,
        };
        match device.match_indices('/').nth(2).and_then(|(place, _)| device.split_at_checked(place))
        {
            Some((name, _attribute)) => Self::parse(name),
            None => Self::parse(device),
        }
    }

    /// The form in which equal names are the same text: lower case.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    fn fields(&self) -> [&'a str; 3] {
        [self.domain, self.family, self.member]
    }
}

impl<'a> ServerName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, TangoNameError<'a>> {
        let Some((server, instance)) = text.split_once('/') else {
            return Err(TangoNameError::NotTwoFields(text));
        };
        if instance.contains('/') {
            return Err(TangoNameError::NotTwoFields(text));
        }
        Self::new(server, instance)
    }

    /// The name from its two parts, as a dsconfig file has them.
    pub fn new(server: &'a str, instance: &'a str) -> Result<Self, TangoNameError<'a>> {
        check(Field::Server, server, MAX_SERVER)?;
        check(Field::Instance, instance, MAX_SERVER)?;
        let length = server.chars().count() + 1 + instance.chars().count();
        if length > MAX_SERVER {
            let field = Field::Server;
            return Err(TangoNameError::TooLong { field, length, limit: MAX_SERVER });
        }
        Ok(Self { server, instance })
    }

    /// The form in which equal names are the same text: lower case.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for DeviceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.domain, self.family, self.member)
    }
}

impl fmt::Display for ServerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, self.instance)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "domain",
            Self::Family => "family",
            Self::Member => "member",
            Self::Server => "server",
            Self::Instance => "instance",
        })
    }
}

impl PartialEq for DeviceName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.fields()
            .iter()
            .zip(other.fields())
            .all(|(left, right)| left.eq_ignore_ascii_case(right))
    }
}

impl Eq for DeviceName<'_> {}

impl Hash for DeviceName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fields().iter().for_each(|field| hash_lower_case(field, state));
    }
}

impl PartialEq for ServerName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.server.eq_ignore_ascii_case(other.server)
            && self.instance.eq_ignore_ascii_case(other.instance)
    }
}

impl Eq for ServerName<'_> {}

impl Hash for ServerName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_lower_case(self.server, state);
        hash_lower_case(self.instance, state);
    }
}

fn hash_lower_case<H: Hasher>(text: &str, state: &mut H) {
    text.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
    state.write_u8(b'/');
}

fn check(field: Field, text: &str, limit: usize) -> Result<(), TangoNameError<'_>> {
    let length = text.chars().count();
    if text.is_empty() {
        return Err(TangoNameError::Empty(field));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(TangoNameError::WhiteSpace(field));
    }
    // `*` is not in the reserved list of the guidelines, but the database refuses it.
    if let Some(reserved) = ["->", ":", "#", "/", "*"].into_iter().find(|it| text.contains(it)) {
        return Err(TangoNameError::Reserved { field, text, reserved });
    }
    if length > limit {
        return Err(TangoNameError::TooLong { field, length, limit });
    }
    Ok(())
}

fn strip_protocol(text: &str) -> &str {
    let protocol =
        |name: &str| name.eq_ignore_ascii_case("tango") || name.eq_ignore_ascii_case("taco");
    match text.split_once(':') {
        Some((name, rest)) if protocol(name) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_device_name_has_three_fields() {
        let name = DeviceName::parse("mid-tmc/central-node/0").unwrap();
        assert_eq!((name.domain, name.family, name.member), ("mid-tmc", "central-node", "0"));
        for name in ["sys/tg_test/1", "low-cbf/processor/0.0.0", "low-itf/spectana/1-TEKTRONIX"] {
            assert!(DeviceName::parse(name).is_ok(), "{name}");
        }
        let long = format!("a/{}/c", "b".repeat(86));
        let cases = [
            ("", "device name `` is not `domain/family/member`"),
            ("a/b", "device name `a/b` is not `domain/family/member`"),
            ("a/b/c/d", "device name `a/b/c/d` is not `domain/family/member`"),
            ("/b/c", "domain is empty"),
            ("a//c", "family is empty"),
            ("a/b/", "member is empty"),
            ("a/b /c", "family has white space or a control character"),
            ("a:1/b/c", "domain `a:1` has a `:`, which TANGO reserves"),
            ("a/b/c#1", "member `c#1` has a `#`, which TANGO reserves"),
            ("a/b->x/c", "family `b->x` has a `->`, which TANGO reserves"),
            ("a/b/*", "member `*` has a `*`, which TANGO reserves"),
            (&long, "family has 86 characters, more than 85"),
        ];
        for (name, expected) in cases {
            assert_eq!(DeviceName::parse(name).unwrap_err().to_string(), expected);
        }
        assert!(DeviceName::parse(&format!("a/{}/c", "b".repeat(85))).is_ok());
    }

    #[test]
    fn names_do_not_differ_by_case() {
        let names = ["ska001/spf/SPFC", "SKA001/SPF/spfc"].map(|it| DeviceName::parse(it).unwrap());
        assert_eq!(names[0], names[1]);
        assert_eq!(names[0].key(), "ska001/spf/spfc");
        assert_eq!(HashSet::from(names).len(), 1);
        let servers = ["DishManager/01", "dishmanager/01"].map(|it| ServerName::parse(it).unwrap());
        assert_eq!((servers[0], HashSet::from(servers).len()), (servers[1], 1));
        assert_ne!(servers[0], ServerName::parse("dishmanager/02").unwrap());
    }

    #[test]
    fn a_resource_locator_names_a_device() {
        for text in [
            "a/b/c",
            "tango://host:10000/a/b/c",
            "tango:a/b/c",
            "//host:10000/a/b/c",
            "TANGO://host:10000/a/b/c/state",
            "a/b/c/state->unit",
            "a/b/c->prop",
            "tango://host:10000/a/b/c#dbase=no",
        ] {
            let name = DeviceName::parse_resource_locator(text).map(|it| it.to_string());
            assert_eq!(name, Ok("a/b/c".to_owned()), "{text}");
        }
        for text in ["tango://host:10000", "host:10000/a/b/c", "a/b", "a/b#dbase=no"] {
            assert!(DeviceName::parse_resource_locator(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_name_has_two_parts() {
        let name = ServerName::parse("PowerSupply/test").unwrap();
        assert_eq!(
            (name.server, name.instance, name.key().as_str()),
            ("PowerSupply", "test", "powersupply/test")
        );
        for text in ["a", "a/b/c", "/b", "a/", "a b/c", "a:1/b"] {
            assert!(ServerName::parse(text).is_err(), "{text}");
        }
        let long = "a".repeat(200);
        assert!(ServerName::new(&long, &long[..54]).is_ok());
        assert_eq!(
            ServerName::new(&long, &long[..55]).unwrap_err().to_string(),
            "server has 256 characters, more than 255"
        );
    }
}
