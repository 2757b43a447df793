//! Secrets in the clear: the one place that tells them.
//!
//! | question | function |
//! | --- | --- |
//! | does a name promise a secret? | [`name_is_secret`] |
//! | can a value be one, or does it stand for something else? | [`is_literal`] |
//! | where in a text are secrets? | [`find`], [`text_holds_secret`] |
//! | is an argument one because of those before it? | [`argument_is_secret`] |
//! | what of a value, a text or a path must not be shown? | [`hidden`], [`private_parts`], [`mask`], [`mask_path`] |
//!
//! The last question has a wider answer than the others: what is found is never shown, and
//! neither is much that no rule would call a secret.

mod argument;
mod hidden;
mod hint;
mod name;
mod place;
mod random;
mod text;
mod tree;
mod wide;

pub use self::argument::argument_is_secret;
pub use self::hidden::{Hidden, hidden, is_secret};
pub use self::name::{is_literal, name_is_secret};
pub use self::place::{mask_path, masked_path, private_parts_of_key};
pub use self::text::{Found, What, document_may_hold_secret, find, text_holds_secret};
pub use self::wide::{mask, private_pairs, private_parts};
