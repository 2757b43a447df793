//! A layer of an image: whether it unpacks to more than it should.
//!
//! What is in a layer is the engine's business that runs it: links from the root, devices and a
//! hundred thousand files are all usual there.

use std::io::{self, BufReader, Read, Seek};

use flate2::bufread::MultiGzDecoder;

use super::Contents;
use super::archive::Packing;
use super::limits::{Limits, Problems};
use super::meter::{Bounded, Counted};

pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    problems: &mut Problems,
) -> Contents {
    // Few layers are packed by anything else, and those that are not packed are as long as they are.
    if matches!(Packing::of(file), Ok(Some(Packing::Gzip))) {
        let (counted, count) = Counted::new(file);
        let decoder = MultiGzDecoder::new(BufReader::new(counted));
        let (mut bounded, stopped) = Bounded::new(decoder, *limits, count);
        let read = io::copy(&mut bounded, &mut io::sink());
        match (stopped.get(), read) {
            (Some(stop), _) => problems.harmful("", stop.message(limits)),
            (None, Err(error)) => problems.broken("", format!("the layer can't be read: {error}")),
            (None, Ok(_)) => {}
        }
    }
    Contents::default()
}
