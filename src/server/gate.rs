//! How much work is let in at once: a count of reviews and a sum of their bytes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts what is in flight. Nothing waits here: what does not fit is refused at once.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    size: (usize, usize),
}

/// A place in flight and the bytes that were counted for it; both are free again on drop.
///
/// It travels with the review, so that one which is stuck is counted for as long as it holds on
/// to its memory, whatever became of the connection.
#[derive(Debug)]
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
}

/// There is no room for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Gate {
    pub(super) fn new(places: usize, bytes: usize) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits));
        Self { places: semaphore(places), bytes: semaphore(bytes), size: (places, bytes) }
    }

    /// A place that holds no bytes yet.
    pub(super) fn enter(&self) -> Result<Place, NoRoom> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NoRoom)?;
        let none = Arc::clone(&self.bytes).try_acquire_many_owned(0).map_err(|_| NoRoom)?;
        Ok(Place { _place: place, bytes: none })
    }

    /// Counts `more` bytes for `place`.
    pub(super) fn grow(&self, place: &mut Place, more: usize) -> Result<(), NoRoom> {
        let more = u32::try_from(more).map_err(|_| NoRoom)?;
        let permit = Arc::clone(&self.bytes).try_acquire_many_owned(more);
        place.bytes.merge(permit.map_err(|_| NoRoom)?);
        Ok(())
    }

    /// How many reviews are in flight.
    pub(super) fn places_taken(&self) -> usize {
        self.size.0 - self.places.available_permits()
    }

    /// How many bytes they hold.
    pub(super) fn bytes_taken(&self) -> usize {
        self.size.1 - self.bytes.available_permits()
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
        gate.grow(&mut first, 4).unwrap();
        gate.grow(&mut first, 4).unwrap();
        assert_eq!(gate.grow(&mut second, 3).unwrap_err(), NoRoom);
        drop(first);
        gate.grow(&mut second, 10).unwrap();
        drop(second);
        assert_eq!((gate.places_taken(), gate.bytes_taken()), (0, 0));
    }
}
