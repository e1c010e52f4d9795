//! The end of a server's connections, in order and within its time.

use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};

use crate::complaints::warn_all;
use crate::shared::Shared;

/// How long tasks that were told to end may take for it. One that blocks its thread never does.
const ABORT_TIMEOUT: Duration = Duration::from_secs(2);
/// A handshake that was accepted a moment ago enters the registry late.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Ends every connection, and waits for it; what remains at the deadline is named and stopped.
pub(crate) async fn end(shared: &Shared) {
    shared.stop();
    let limit = shared.options.shutdown_timeout;
    if timeout(limit, in_order(shared)).await.is_err() {
        stop(shared, limit).await;
    }
    shared.stuck.sum_up();
}

async fn in_order(shared: &Shared) {
    let open = shared.sockets.len();
    if open > 0 {
        info!("closing {open} websockets");
    }
    let drain = shared
        .options
        .shutdown_drain
        .min(shared.options.shutdown_timeout / 2);
    tokio::select! {
        () = shared.sockets.close_over(drain) => {}
        () = shared.tasks.ended() => {}
    }
    while shared.tasks.len() > 0 {
        shared.sockets.close_over(Duration::ZERO).await;
        let _ = timeout(LOOK_AGAIN, shared.tasks.ended()).await;
    }
}

async fn stop(shared: &Shared, limit: Duration) {
    let (tasks, calls) = (shared.tasks.len(), shared.tasks.calls());
    if tasks > calls.len() {
        info!("cutting off {} connections that did not end", tasks - calls.len());
    }
    warn_all(calls.iter().map(|call| {
        let call = call.at(&shared.clock);
        format!("{call}: the application still runs at the end of the shutdown timeout of {limit:?}; it is stopped")
    }));
    drop(calls);
    shared.tasks.abort();
    if timeout(ABORT_TIMEOUT, shared.tasks.ended()).await.is_err() {
        warn!(tasks = shared.tasks.len(), "some tasks cannot be stopped");
        warn_all(shared.tasks.calls().iter().map(|call| {
            let call = call.at(&shared.clock);
            format!("{call}: the application blocks its thread and cannot be stopped")
        }));
    }
}
