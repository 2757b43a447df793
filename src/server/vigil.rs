//! A look at the runtime from outside, so that somebody always waits for sockets and the clock.
//!
//! The thread that waits for them takes up what it wakes, and the runtime sees no need to have
//! another one wait in its place: most tasks are over in no time. If it is a review that does not
//! come back, there would be no deadline any more, and no connection would be answered. To give the
//! thread's place away before each review (`block_in_place`) would wake another one every time.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Looks `every` so often whether permits of `turns` are taken, as long as there is one; then it
/// gives the current runtime something to do, for which it wakes a thread that sleeps.
pub(super) fn keep(turns: &Arc<Semaphore>, every: Duration) {
    let (all, turns) = (turns.available_permits(), Arc::downgrade(turns));
    let runtime = Handle::current();
    spawn_blocking(move || {
        while let Some(free) = turns.upgrade().map(|turns| turns.available_permits()) {
            if free < all {
                runtime.spawn(async {});
            }
            thread::sleep(every);
        }
    });
}
