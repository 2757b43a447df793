//! The server over real sockets on loopback, with a judge that does what the body says.

mod certificate;
mod deadline;
mod drain;
mod harness;
mod management;
mod overload;
mod route;
