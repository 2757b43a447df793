//! Works off what is pushed: fetches, opens, judges.

pub mod chamber;
pub mod child;
pub mod judge;
