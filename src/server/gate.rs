//! How much work is let in at once: a count of reviews and a sum of their bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what is in flight. Nothing waits here: what does not fit is refused at once.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Counts>);

/// A place in flight and the bytes that were counted for it; both are free again on drop.
///
/// It travels with the review, so that one which is stuck is counted for as long as it holds on
/// to its memory, whatever became of the connection.
#[derive(Debug)]
pub(super) struct Place {
    counts: Arc<Counts>,
    bytes: usize,
}

/// There is no room for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

#[derive(Debug)]
struct Counts {
    places: Count,
    bytes: Count,
}

#[derive(Debug)]
struct Count {
    taken: AtomicUsize,
    most: usize,
}

impl Gate {
    pub(super) fn new(places: usize, bytes: usize) -> Self {
        let count = |most| Count { taken: AtomicUsize::new(0), most };
        Self(Arc::new(Counts { places: count(places), bytes: count(bytes) }))
    }

    /// A place that holds no bytes yet.
    pub(super) fn enter(&self) -> Result<Place, NoRoom> {
        self.0.places.take(1)?;
        Ok(Place { counts: Arc::clone(&self.0), bytes: 0 })
    }

    /// How many reviews are in flight.
    pub(super) fn places_taken(&self) -> usize {
        self.0.places.taken.load(Ordering::Relaxed)
    }

    /// How many bytes they hold.
    pub(super) fn bytes_taken(&self) -> usize {
        self.0.bytes.taken.load(Ordering::Relaxed)
    }
}

impl Place {
    /// Counts `more` bytes.
    pub(super) fn grow(&mut self, more: usize) -> Result<(), NoRoom> {
        self.counts.bytes.take(more)?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.bytes.give_back(self.bytes);
        self.counts.places.give_back(1);
    }
}

impl Count {
    // The counts order no other memory: each is right by itself, which is all that is asked.
    fn take(&self, more: usize) -> Result<(), NoRoom> {
        let fits = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= self.most);
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.map(drop).map_err(|_| NoRoom)
    }

    fn give_back(&self, number: usize) {
        self.taken.fetch_sub(number, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_what_left_makes_room() {
        let gate = Gate::new(2, 10);
        let mut first = gate.enter().unwrap();
        let mut second = gate.enter().unwrap();
        assert_eq!(gate.enter().unwrap_err(), NoRoom);
        first.grow(4).unwrap();
        first.grow(4).unwrap();
        assert_eq!(second.grow(3), Err(NoRoom));
        drop(first);
        second.grow(10).unwrap();
        drop(second);
        assert_eq!((gate.places_taken(), gate.bytes_taken()), (0, 0));
    }
}
