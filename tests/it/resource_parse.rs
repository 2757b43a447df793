//! Properties of the parsers of names, images, quantities and versions.

use portcullis::document::{Path, json};
use portcullis::engine::Globs;
use portcullis::resource::dsconfig;
use portcullis::resource::image::{ImageRef, default_pull_policy};
use portcullis::resource::name::{NameStyle, check_dns_subdomain, normalized_python_name};
use portcullis::resource::quantity::{self, Quantity};
use portcullis::resource::tango::{DeviceName, ServerName};
use portcullis::resource::tango_host::TangoHost;
use portcullis::resource::version::Version;
use proptest::prelude::*;

/// Texts that look like what the parsers read, so that most of each parser is reached.
fn almost(alphabet: &'static str) -> impl Strategy<Value = String> {
    let character = prop::sample::select(alphabet.chars().collect::<Vec<_>>());
    prop::collection::vec(character, 0..24).prop_map(String::from_iter)
}

fn quantity_text() -> impl Strategy<Value = String> {
    let suffixes = vec!["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E-2"];
    (r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?", prop::sample::select(suffixes))
        .prop_map(|(number, suffix)| format!("{number}{suffix}"))
}

fn image_text() -> impl Strategy<Value = String> {
    let registry =
        prop::sample::select(vec!["", "docker.io/", "index.docker.io/", "h:5000/", "[::1]/"]);
    (registry, "[a-z0-9]{1,5}(/[a-z0-9]{1,5}(__|-)[a-z]){0,2}", "(:[a-zA-Z0-9_.-]{0,5})?")
        .prop_map(|(registry, path, tag)| format!("{registry}{path}{tag}"))
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        _ = (ImageRef::parse(&text).is_ok(), default_pull_policy(&text));
        _ = (Quantity::parse(&text).is_ok(), quantity::stored(&text).is_ok());
        _ = (Version::parse(&text).is_ok(), TangoHost::parse(&text).is_ok());
        _ = (DeviceName::parse(&text).is_ok(), DeviceName::parse_resource_locator(&text).is_ok());
        _ = (ServerName::parse(&text).is_ok(), check_dns_subdomain(&text).is_ok());
        _ = (normalized_python_name(&text), NameStyle::Python.check_artefact(&text).is_ok());
        _ = Globs::<false>::new([text]).map(|globs| globs.matches("mid-tmc"));
    }

    #[test]
    fn no_text_that_looks_right_does_either(
        image in almost("ab1/:.@-_[]L"),
        quantity in almost("0123456789.eE+-KMGiumn"),
        version in almost("0123456789.-+rcdevdirty"),
        host in almost("ab1.:,[]-"),
        device in almost("ab/:->#*"),
    ) {
        _ = (ImageRef::parse(&image).is_ok(), Quantity::parse(&quantity).is_ok());
        _ = (Version::parse(&version).is_ok(), TangoHost::parse(&host).is_ok());
        _ = DeviceName::parse_resource_locator(&device).is_ok();
    }

    #[test]
    fn the_canonical_form_of_a_quantity_is_the_same_quantity(text in quantity_text()) {
        let quantity = Quantity::parse(&text).unwrap();
        let canonical = quantity.to_string();
        prop_assert_eq!(Quantity::parse(&canonical).unwrap(), quantity);
        prop_assert_eq!(Quantity::parse(&canonical).unwrap().to_string(), canonical);
    }

    #[test]
    fn what_the_api_server_stored_it_stores_again(text in quantity_text()) {
        let once = quantity::stored(&text).unwrap();
        prop_assert_eq!(quantity::stored(&once).unwrap(), once.clone());
        let value = Quantity::parse(&text).unwrap().rounded_to_milli();
        prop_assert_eq!(Quantity::parse(&once).unwrap(), value);
    }

    #[test]
    fn quantities_are_ordered_as_their_numbers(one in -1_000_000_i64..1_000_000, two in -1_000_000_i64..1_000_000) {
        let parse = |number: i64| Quantity::parse(&format!("{number}m")).unwrap();
        prop_assert_eq!(parse(one).cmp(&parse(two)), one.cmp(&two));
    }

    #[test]
    fn the_full_form_of_an_image_means_the_same(text in image_text()) {
        if let Ok(image) = ImageRef::parse(&text) {
            let full = image.to_string();
            let again = ImageRef::parse(&full).unwrap();
            prop_assert_eq!(again, image);
            prop_assert_eq!(again.to_string(), full.clone());
            prop_assert_eq!(default_pull_policy(&full), default_pull_policy(&text));
        }
    }

    #[test]
    fn a_device_name_is_found_in_its_resource_locators(name in "[a-z0-9_.-]{1,9}/[a-z0-9_]{1,9}/[A-Z0-9.]{1,9}") {
        let device = DeviceName::parse(&name).unwrap();
        for text in [format!("tango://h:1/{name}"), format!("{name}/state"), format!("//h:1/{name}#dbase=no")] {
            prop_assert_eq!(DeviceName::parse_resource_locator(&text).unwrap(), device);
        }
    }

    #[test]
    fn a_glob_without_wildcards_matches_itself_alone(name in "[a-z0-9./-]{1,20}", other in "[a-z0-9./-]{1,20}") {
        let globs = Globs::<false>::new([name.clone()]).unwrap();
        prop_assert!(globs.matches(&name));
        prop_assert_eq!(globs.matches(&other), name == other);
    }

    #[test]
    fn names_in_a_configuration_stand_where_they_say(devices in prop::collection::vec("[a-z]{1,3}/[a-z]{1,3}/[0-9]{1,2}", 0..6)) {
        let devices: std::collections::BTreeSet<_> = devices.into_iter().collect();
        let fields: Vec<_> = devices.iter().map(|it| format!("{it:?}: {{}}")).collect();
        let text = format!(r#"{{"servers": {{"S": {{"i": {{"C": {{{}}}}}}}}}}}"#, fields.join(","));
        let config = json::read(&text).unwrap().value;
        let found: Vec<_> = dsconfig::walk(&config, &Path::root())
            .into_iter()
            .filter_map(|it| match it.what {
                dsconfig::What::Device { name, .. } => Some((name.to_owned(), it.path.to_string())),
                _ => None,
            })
            .collect();
        let expected: Vec<_> = devices
            .iter()
            .map(|it| (it.clone(), format!("/servers/S/i/C/{}", it.replace('/', "~1"))))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
