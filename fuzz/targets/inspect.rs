//! Any bytes are inspected as an artefact of any form.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use portcullis::artefact::inspect::{self, Limits};
use portcullis::artefact::subject::Form;

fuzz_target!(|input: (u8, &[u8])| {
    let (form, bytes) = input;
    let form = Form::ALL[usize::from(form) % Form::ALL.len()];
    inspect::file(form, "fuzz-1.0.0.tgz", &mut Cursor::new(bytes), &Limits::default());
});
