//! Every deadline and every bound of the server, each with its reason.
//!
//! A peer that is slow, greedy or many runs into one of these and into nothing else.

use std::time::Duration;

/// The bounds of one server. [`Limits::default`] is what is served with; tests shorten them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From `accept` to the end of the TLS handshake. A handshake is two round trips and a
    /// millisecond of work; a peer that needs seconds is stuck or means harm.
    pub handshake: Duration,

    /// From a request's first byte (or the end of the handshake) to the end of its headers.
    /// The API server writes them at once.
    pub headers: Duration,

    /// From the end of the headers to the end of the body. 8 MiB in it is 7 Mbit/s.
    pub body: Duration,

    /// How long a caller waits that does not say so with `?timeout=`. Ten seconds is what the
    /// API server takes when a webhook registration says nothing.
    pub review: Duration,

    /// The longest `?timeout=` that is believed: the longest that a registration can ask for.
    pub longest_review: Duration,

    /// The most time that is kept back of what the caller grants, so that the answer reaches it
    /// before it hangs up. See [`Limits::kept_back`].
    pub margin: Duration,

    /// How long the judge may take to say what `onError` decides, once the review is overdue.
    /// It reads an envelope; when even that does not come back, the answer is 503.
    pub overdue: Duration,

    /// How long a connection without a request stays open. The API server keeps its idle
    /// connections for 90 s: a server that closes earlier closes one on which a POST is under
    /// way, and such a POST is not repeated.
    pub idle: Duration,

    /// The largest body. An UPDATE holds two objects of up to 3 MiB each, and its envelope.
    pub body_bytes: usize,

    /// How many reviews are read, waiting or judged at once. Beyond it the answer is 503 with
    /// `Retry-After`, which the API server obeys. A review that is stuck keeps its place, so this
    /// also bounds how many threads a broken judge can hold.
    pub in_flight: usize,

    /// How many bytes of bodies are in memory at once. Six of the largest; a judged tree is a few
    /// times its text, and [`Limits::values_at_once`] bounds those trees.
    pub in_flight_bytes: usize,

    /// A body up to this size is judged where it was read: a hop to another thread costs more
    /// than judging it. A larger one would hold up its thread's other connections.
    pub small_bytes: usize,

    /// How long a small body waits for its turn there, before it is judged on a thread of its
    /// own. Turns take microseconds; only a judge that is stuck makes anyone wait this long.
    pub turn: Duration,

    /// How often somebody looks whether reviews are being judged, see `vigil`: deadlines are met as
    /// much later, if the judge of a review on a thread of the runtime does not come back.
    pub vigil: Duration,

    /// How long an answer waits that rests on a namespace of which nobody has heard: an API server
    /// takes the objects of a new namespace before it has told everybody of it.
    pub namespace: Duration,

    /// How many values the bodies above [`Limits::small_bytes`] hold together that are judged at
    /// once: the memory of a tree goes by its values, and a body of nothing but digits has thirty
    /// times its size as one. What holds more by itself is not judged. Two objects of 3 MiB hold
    /// as many where each value takes twenty-seven bytes with its key.
    pub values_at_once: usize,

    /// What is read and thrown away of a body that was refused, so that the caller gets to read
    /// why. A connection with unread bytes in it is reset when it is closed, and the answer lost.
    pub discard_bytes: usize,

    /// And for how long it is read.
    pub discard: Duration,

    /// How many connections are open. Beyond it new ones wait in the kernel's queue until one
    /// closes: 60 API servers with 8 connections each.
    pub connections: usize,

    /// The same for the management port, where kubelets and a Prometheus or two call.
    pub management_connections: usize,

    /// How long to wait after `accept` failed. It fails when file descriptors run out, and then
    /// at once, again and again.
    pub accept_pause: Duration,

    /// The largest head of an HTTP/1 request, and of a header list in HTTP/2.
    pub header_bytes: usize,

    /// How much of a connection is read from the kernel at once: two records of TLS, and with
    /// that most reviews.
    pub ahead_bytes: usize,

    /// How much of a connection is decrypted at once, at most: four records of TLS.
    pub read_bytes: usize,

    /// How many requests one HTTP/2 connection may have open.
    pub streams: u32,

    /// How much of one body an HTTP/2 peer may send before it is read, and four times that over
    /// all bodies of a connection: these bytes are in memory before they are counted.
    pub stream_window_bytes: u32,

    /// How long work under way may take to finish once the server is closing. With the default
    /// delay before it, it stays below the 30 s after which a kubelet kills.
    pub drain: Duration,
}

impl Limits {
    /// What is kept back of `granted`: a tenth of it, at most [`Limits::margin`].
    pub fn kept_back(&self, granted: Duration) -> Duration {
        (granted / 10).min(self.margin)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            headers: Duration::from_secs(5),
            body: Duration::from_secs(10),
            review: Duration::from_secs(10),
            longest_review: Duration::from_secs(30),
            margin: Duration::from_millis(500),
            overdue: Duration::from_millis(250),
            idle: Duration::from_secs(120),
            body_bytes: 8 << 20,
            in_flight: 256,
            in_flight_bytes: 48 << 20,
            small_bytes: 64 << 10,
            turn: Duration::from_millis(50),
            vigil: Duration::from_millis(20),
            namespace: Duration::from_secs(1),
            values_at_once: 230_000,
            discard_bytes: 16 << 20,
            discard: Duration::from_secs(1),
            connections: 512,
            management_connections: 32,
            accept_pause: Duration::from_millis(100),
            header_bytes: 16 << 10,
            ahead_bytes: 32 << 10,
            read_bytes: 64 << 10,
            streams: 64,
            stream_window_bytes: 256 << 10,
            drain: Duration::from_secs(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_tenth_and_never_much() {
        let limits = Limits::default();
        let seconds = Duration::from_secs;
        assert_eq!(limits.kept_back(seconds(1)), Duration::from_millis(100));
        assert_eq!(limits.kept_back(seconds(30)), limits.margin);
    }

    #[test]
    fn the_largest_review_fits_and_draining_ends_before_the_kubelet_kills() {
        let limits = Limits::default();
        assert!(limits.body_bytes > 2 * (3 << 20));
        assert!(limits.in_flight_bytes >= limits.body_bytes);
        assert!(limits.idle > Duration::from_secs(90));
        assert!(limits.drain + super::super::DRAIN_DELAY < Duration::from_secs(30));
    }
}
