//! The artefact door, from the hook to what is done about a push.

mod author;
mod catalogue;
mod door;
mod hook;
mod kill;
mod lookup;
mod paths;
mod postgres;
mod proxy;
mod queue;
mod replicas;
mod shown;
mod stand;
