//! Both readers of YAML find the same in any text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::document::yaml;

fuzz_target!(|text: &str| {
    let either: Vec<_> = yaml::read(text).collect();
    let exact: Vec<_> = yaml::read_exactly(text).collect();
    assert_eq!(format!("{either:?}"), format!("{exact:?}"));
});
