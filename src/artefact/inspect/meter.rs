//! Readers that count what goes through them, and stop a bomb.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::limits::Limits;

/// Counts the bytes that are read.
#[derive(Debug)]
pub(super) struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

/// Stops once more has come out than a limit allows.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    limits: Limits,
    unpacked: u64,
    /// What has gone in.
    packed: Rc<Cell<u64>>,
    stopped: Rc<Cell<Option<Stop>>>,
}

/// Why no more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It unpacks to more bytes than allowed.
    Size,
    /// It unpacks to too many times its size.
    Ratio,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::new(Cell::new(0));
        (Self { inner, count: Rc::clone(&count) }, count)
    }
}

impl<R> Bounded<R> {
    /// `packed` counts what goes into `inner`. Why it stopped is in what comes with it: readers
    /// above may wrap the error beyond recognition.
    pub(super) fn new(
        inner: R,
        limits: Limits,
        packed: Rc<Cell<u64>>,
    ) -> (Self, Rc<Cell<Option<Stop>>>) {
        let stopped = Rc::default();
        let bounded = Self { inner, limits, unpacked: 0, packed, stopped: Rc::clone(&stopped) };
        (bounded, stopped)
    }
}

impl Stop {
    /// What is said of the archive.
    pub(super) fn message(self, limits: &Limits) -> String {
        match self {
            Self::Size => format!("it unpacks to more than {} MiB", limits.unpacked >> 20),
            Self::Ratio => format!("it unpacks to more than {} times its size", limits.ratio),
        }
    }

    /// What is wrong with so many bytes out of so many.
    pub(super) fn of(unpacked: u64, packed: u64, limits: &Limits) -> Option<Self> {
        if unpacked > limits.unpacked {
            Some(Self::Size)
        } else if unpacked > Limits::RATIO_FROM && unpacked / packed.max(1) > limits.ratio {
            Some(Self::Ratio)
        } else {
            None
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        if let Some(stop) = Stop::of(self.unpacked, self.packed.get(), &self.limits) {
            self.stopped.set(Some(stop));
            return Err(io::Error::other("more than is allowed"));
        }
        Ok(read)
    }
}
