//! Who is told that messages may be missed, and when.

use std::fmt;
use std::sync::Arc;

use laureola_layers::Notice;
use laureola_layers::directory::Directory;
use parking_lot::Mutex;

/// What `on_disconnect` and `on_reconnect` run.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// Tells every channel of the layer, and the hooks, of outages: from the first connection that is
/// lost until all are back.
pub(crate) struct Outages {
    directory: Arc<Directory>,
    on_disconnect: Option<Hook>,
    on_reconnect: Option<Hook>,
    /// Which servers' connections are lost.
    lost: Mutex<Vec<usize>>,
}

impl Outages {
    pub(crate) fn new(
        directory: Arc<Directory>,
        on_disconnect: Option<Hook>,
        on_reconnect: Option<Hook>,
    ) -> Self {
        Self {
            directory,
            on_disconnect,
            on_reconnect,
            lost: Mutex::default(),
        }
    }

    /// The connection to a server is lost.
    pub(crate) fn begin(&self, server: usize) {
        let mut lost = self.lost.lock();
        if lost.contains(&server) {
            return;
        }
        lost.push(server);
        if lost.len() == 1 {
            self.tell(Notice::Disconnected, self.on_disconnect.as_ref());
        }
    }

    /// It is back, with its subscriptions.
    pub(crate) fn end(&self, server: usize) {
        let mut lost = self.lost.lock();
        let before = lost.len();
        lost.retain(|other| *other != server);
        if before > 0 && lost.is_empty() {
            self.tell(Notice::Reconnected, self.on_reconnect.as_ref());
        }
    }

    /// Under the lock, so that the last word to everybody is the same.
    fn tell(&self, notice: Notice, hook: Option<&Hook>) {
        for channel in self.directory.names() {
            if let Some(mailbox) = self.directory.get(channel.as_str()) {
                mailbox.notify(notice);
            }
        }
        if let Some(hook) = hook {
            hook();
        }
    }
}

impl fmt::Debug for Outages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outages")
            .field("lost", &self.lost.lock())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use laureola_layers::mailbox::{Received, mailbox};
    use laureola_layers::{ChannelName, Mailbox};

    use super::*;

    fn notices(mailbox: &mut Mailbox) -> Vec<Notice> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::iter::from_fn(|| match mailbox.poll_next(&mut context) {
            std::task::Poll::Ready(Received::Notice(notice)) => Some(notice),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn an_outage_lasts_until_every_server_is_back() {
        let directory = Arc::new(Directory::new());
        let (sender, mut mailbox) = mailbox(1);
        directory.insert(ChannelName::new("asgispecific.1").expect("a name"), sender);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let hook = |name: &'static str| -> Option<Hook> {
            let calls = Arc::clone(&calls);
            Some(Arc::new(move || calls.lock().push(name)))
        };
        let outages = Outages::new(directory, hook("away"), hook("back"));
        outages.end(0);
        assert!(notices(&mut mailbox).is_empty(), "there was none");
        outages.begin(0);
        outages.begin(0);
        outages.begin(1);
        outages.end(0);
        assert_eq!(notices(&mut mailbox), [Notice::Disconnected]);
        outages.end(1);
        assert_eq!(notices(&mut mailbox), [Notice::Reconnected]);
        assert_eq!(*calls.lock(), ["away", "back"]);
    }
}
