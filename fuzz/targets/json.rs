//! The reader of JSON takes what `serde_json` takes, and finds the same in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::document::{Value, json};

fuzz_target!(|text: &str| {
    match (json::read(text), serde_json::from_str::<Value<'_>>(text)) {
        (Ok(read), Ok(oracle)) => assert_eq!(read.value, oracle),
        (read, oracle) => assert_eq!(read.is_ok(), oracle.is_ok(), "{read:?} {oracle:?}"),
    }
});
