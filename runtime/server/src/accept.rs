//! The loop of one listener.

use std::sync::Arc;

use tracing::debug;

use crate::admission::Place;
use crate::connection;
use crate::listener::Listener;
use crate::shared::Shared;

/// Accepts for as long as it is let.
pub(crate) async fn run(shared: Arc<Shared>, mut listener: Listener) {
    loop {
        let accepted = listener.accept().await;
        let mut place = Place::default();
        // Behind a proxy the address that counts is in its header.
        let counted = accepted.peer.filter(|_| !accepted.via.proxy);
        if !shared.admission.enter(&mut place, counted) {
            debug!(client = ?accepted.ends.client, "refused a connection");
            continue;
        }
        // Not before it is accepted: an idle listener would keep a place from the others.
        shared.admission.wait(&mut place).await;
        let serving = connection::serve(Arc::clone(&shared), accepted, place);
        shared.tasks.spawn(serving);
    }
}
