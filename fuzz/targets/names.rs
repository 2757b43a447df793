//! What is read of a short text is the same when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::resource::image::ImageRef;
use portcullis::resource::quantity;
use portcullis::resource::tango::{DeviceName, ServerName};

fuzz_target!(|text: &str| {
    if let Ok(image) = ImageRef::parse(text) {
        assert_eq!(ImageRef::parse(&image.to_string()).as_ref(), Ok(&image));
    }
    if let Ok(stored) = quantity::stored(text) {
        assert_eq!(quantity::stored(&stored).as_deref(), Ok(&*stored));
    }
    if let Ok(device) = DeviceName::parse(text) {
        assert_eq!(DeviceName::parse(&device.to_string()), Ok(device));
    }
    if let Ok(server) = ServerName::parse(text) {
        assert_eq!(ServerName::parse(&server.to_string()), Ok(server));
    }
});
