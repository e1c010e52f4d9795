//! Outages: Redis goes away in every way there is, and the same layer goes on when it is back.
//!
//! Each test prints how long that took, and the log has one line for going and one for coming back.

mod certificates;
mod limits;
mod log;
mod password;
mod paused;
mod restart;
mod sentinel;
mod talk;
mod tls;
mod unix;

use std::error::Error;
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// A pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// An error and its sources, as a command line shows them.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(source) => format!("{error}: {}", chain(source)),
    }
}

/// Looks until it holds.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"));
}
