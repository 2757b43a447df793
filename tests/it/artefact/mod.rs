//! The artefact door, from the hook to what is done about a push.

mod author;
mod catalogue;
mod door;
mod event;
mod forget;
mod hook;
mod image;
mod kill;
mod latency;
mod lookup;
mod moved;
mod nexus;
mod paths;
mod postgres;
mod proxy;
mod queue;
mod replicas;
mod served;
mod shown;
mod stand;
mod traced;
