//! Reads a request's body, counted byte by byte against the gate, and within a deadline.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout, timeout_at};

use super::gate::{NoRoom, Place};
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
    place: &mut Place,
    limits: &Limits,
    deadline: Instant,
) -> Result<Bytes, Unread> {
    timeout_at(deadline, whole(body, place, limits.body_bytes)).await.unwrap_or(Err(Unread::Slow))
}

async fn whole(body: &mut Incoming, place: &mut Place, most: usize) -> Result<Bytes, Unread> {
    let declared = body.size_hint().exact().unwrap_or(0);
    let declared = usize::try_from(declared).unwrap_or(usize::MAX);
    if declared > most {
        return Err(Unread::TooLarge);
    }
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if whole.len() + data.len() > most {
            return Err(Unread::TooLarge);
        }
        place.grow(data.len()).map_err(|NoRoom| Unread::NoRoom)?;
        if whole.is_empty() {
            // A small body comes in one piece.
            if body.is_end_stream() {
                return Ok(data);
            }
            // Memory that is not written to yet costs nothing, so a length may be believed here;
            // it is counted as it comes.
            whole.reserve_exact(declared);
        }
        whole.extend_from_slice(&data);
    }
    Ok(Bytes::from(whole))
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
