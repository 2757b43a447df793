//! A layer of an image: whether it unpacks to more than it should.
//!
//! What is in a layer is the engine's business that runs it: links from the root, devices and a
//! hundred thousand files are all usual there.

use std::io::{self, Read};

use super::archive::Packing;
use super::limits::{Limits, Problems};
use super::meter::{Bounded, Counted};
use super::{Contents, unpack};

/// Reads a layer to its end, or to where it is known to be a bomb.
pub(super) fn read(stream: impl Read, limits: &Limits, problems: &mut Problems) -> Contents {
    if let Err(error) = measure(stream, limits, problems) {
        problems.broken("", format!("the layer can't be read: {error}"));
    }
    Contents::default()
}

fn measure(stream: impl Read, limits: &Limits, problems: &mut Problems) -> io::Result<()> {
    let (packing, mut stream) = Packing::of_stream(stream)?;
    // What is not packed is as long as it is; and so are the few that are packed by anything else.
    let packing = packing.filter(|it| matches!(it, Packing::Gzip | Packing::Zstd | Packing::Xz));
    let Some(packing) = packing else {
        return io::copy(&mut stream, &mut io::sink()).map(drop);
    };
    let (counted, count) = Counted::new(stream);
    let Some(unpacked) = unpack::stream(packing, counted) else { return Ok(()) };
    let (mut bounded, stopped) = Bounded::new(unpacked, *limits, count);
    let read = io::copy(&mut bounded, &mut io::sink());
    match stopped.get() {
        Some(stop) => {
            problems.harmful("", stop.message(limits));
            Ok(())
        }
        None => read.map(drop),
    }
}
