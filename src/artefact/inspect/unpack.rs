//! Streams that are packed, as streams of what is in them.
//!
//! Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), the .xz file format 1.2.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::BlockDecodingStrategy::UptoBytes;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::archive::Packing;

/// What a dictionary of xz may take, in KiB: twice what `xz -9` makes.
const XZ_KIB: u32 = 128 << 10;
/// How much of a frame is unpacked at once, in bytes.
const STEP: usize = 128 << 10;

/// What is in a stream; `None` for a packing that is not read.
pub(super) fn stream<'r>(packing: Packing, packed: impl Read + 'r) -> Option<Box<dyn Read + 'r>> {
    let packed = BufReader::new(packed);
    Some(match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Packing::Tar => Box::new(packed),
        Packing::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_KIB)),
        Packing::Zstd => Box::new(Frames::new(packed)),
        Packing::Bzip2 | Packing::Zip => return None,
    })
}

/// All frames of Zstandard, one after another; those that hold nothing are skipped.
struct Frames<R> {
    packed: R,
    frame: FrameDecoder,
    is_open: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(packed: R) -> Self {
        Self { packed, frame: FrameDecoder::new(), is_open: false }
    }

    /// Opens the next frame; false at the end of the stream.
    fn open(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.packed.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_open && !self.open()? {
                return Ok(0);
            }
            self.is_open = true;
            if self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let step = self.frame.decode_blocks(&mut self.packed, UptoBytes(STEP));
                step.map_err(io::Error::other)?;
            }
            let read = self.frame.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.is_open = !self.frame.is_finished();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of five bytes.
    const ZSTD: &[u8] =
        &[0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x05, 0x29, 0x00, 0x00, b'h', b'e', b'l', b'l', b'o'];
    /// A frame that holds nothing, with three bytes to skip.
    const SKIPPED: &[u8] = &[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, b'x', b'y', b'z'];

    fn text(packing: Packing, packed: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        stream(packing, packed).unwrap().read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn frames_follow_each_other_and_some_are_skipped() {
        let all = [ZSTD, SKIPPED, ZSTD, SKIPPED].concat();
        assert_eq!(text(Packing::Zstd, &all).unwrap(), "hellohello");
        assert_eq!(text(Packing::Zstd, SKIPPED).unwrap(), "");
        assert!(text(Packing::Zstd, &all[..10]).is_err());
        assert!(text(Packing::Zstd, b"hello").is_err());
    }

    #[test]
    fn what_is_no_such_stream_is_an_error() {
        for packing in [Packing::Gzip, Packing::Xz, Packing::Zstd] {
            assert!(text(packing, b"something else").is_err(), "{packing:?}");
        }
        assert!(stream(Packing::Bzip2, &b""[..]).is_none());
    }
}
