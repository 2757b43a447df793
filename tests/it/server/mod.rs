//! The server over real sockets on loopback, with a judge that does what the body says.

mod certificate;
mod deadline;
mod drain;
pub(crate) mod harness;
mod management;
mod overload;
mod route;
