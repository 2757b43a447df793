//! Reads a request's body, counted byte by byte against the gate, and within a deadline.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout, timeout_at};

use super::gate::{Gate, NoRoom, Place};
use super::limits::Limits;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is larger than a review can be.
    TooLarge,
    /// Bodies in flight leave no room for it.
    NoRoom,
    /// It did not come in time.
    Slow,
    /// The connection broke, or what came was not HTTP.
    Broken,
}

/// The whole body. What was read of it is counted in `place`.
pub(super) async fn read(
    body: &mut Incoming,
    gate: &Gate,
    place: &mut Place,
    limits: &Limits,
    deadline: Instant,
) -> Result<Bytes, Unread> {
    let declared = body.size_hint().exact().unwrap_or(0);
    let declared = usize::try_from(declared).unwrap_or(usize::MAX);
    if declared > limits.body_bytes {
        return Err(Unread::TooLarge);
    }
    // Memory that is not written to yet costs nothing, so a length may be believed here; it is
    // counted as it comes.
    let mut whole = Vec::with_capacity(declared);
    let deadline = deadline.min(Instant::now() + limits.body);
    loop {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| Unread::Slow)?;
        let Some(frame) = frame else { return Ok(Bytes::from(whole)) };
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if whole.len() + data.len() > limits.body_bytes {
            return Err(Unread::TooLarge);
        }
        gate.grow(place, data.len()).map_err(|NoRoom| Unread::NoRoom)?;
        whole.extend_from_slice(&data);
    }
}

/// Reads on and keeps nothing, so that the caller comes to read the answer. True at the end of
/// the body.
pub(super) async fn discard(body: &mut Incoming, limits: &Limits) -> bool {
    let all = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > limits.discard_bytes {
                break;
            }
        }
        body.is_end_stream()
    };
    timeout(limits.discard, all).await.unwrap_or(false)
}
