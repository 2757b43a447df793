//! Secrets in the clear: the one place that tells them.
//!
//! Whoever shows a value asks here first, and the rule about literal secrets asks the same
//! questions, so what is found is never shown.
//!
//! | question | function |
//! | --- | --- |
//! | does a name promise a secret? | [`name_is_secret`] |
//! | can a value be one, or does it stand for something else? | [`is_literal`] |
//! | where in a text are secrets? | [`find`], [`text_holds_secret`], [`mask`] |
//! | is an argument one because of those before it? | [`argument_is_secret`] |
//! | must the value at a place not be shown? | [`place_is_secret`] |

mod argument;
mod name;
mod place;
mod text;

pub use self::argument::argument_is_secret;
pub use self::name::{is_literal, name_is_secret};
pub use self::place::place_is_secret;
pub use self::text::{Found, What, find, mask, text_holds_secret};
