//! Where a message for channels of this process goes: into their mailboxes, each bounded, so that
//! a consumer that is too slow is the only one that loses something.

use std::sync::Arc;

use laureola_layers::directory::Directory;
use laureola_layers::group::CHUNK;
use laureola_layers::mailbox::Overflow;
use laureola_layers::measure::FanOut;
use laureola_layers::{GroupName, Notice};
use laureola_message::{Batch, KnownChannels, Str};

use crate::core::complaints::Complaints;
use crate::core::dispatch::{Dispatch, Members};
use crate::core::lookup::Lookups;

/// The mailboxes of this process.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) directory: Directory,
    /// With `membership = "process"`.
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) overflow: Overflow,
    pub(crate) complaints: Complaints,
    pub(crate) lookups: Lookups,
}

impl Local {
    /// Delivers to those of `channels` that are here. Never waits for a consumer.
    pub(crate) async fn deliver(&self, channels: &Arc<[Str]>, batch: &Batch) {
        let Some(dispatch) = &self.dispatch else {
            return self.deliver_to(channels, batch).await;
        };
        // A group message for this process: usually its dispatcher is all there is.
        let dispatched = |name: &Str| dispatch.members(name.as_str());
        let groups: Vec<_> = channels.iter().filter_map(dispatched).collect();
        if groups.is_empty() {
            return self.deliver_to(channels, batch).await;
        }
        if groups.len() < channels.len() {
            // Some other process added channels of ours by name: they may be local members as well.
            let named = |name: &&Str| {
                !groups
                    .iter()
                    .any(|(group, _)| dispatch.contains(group, name.as_str()))
            };
            let named = channels.iter().filter(named).cloned().collect();
            self.deliver_to(&named, batch).await;
        }
        for (group, members) in groups {
            self.fan_out(&group, &members, batch).await;
        }
    }

    /// Tells every channel of this process.
    pub(crate) async fn notify(&self, notice: Notice) {
        self.directory.notify(notice).await;
    }

    pub(crate) fn clear(&self) {
        self.directory.clear();
        self.lookups.clear();
        if let Some(dispatch) = &self.dispatch {
            dispatch.clear();
        }
    }

    async fn deliver_to(&self, channels: &Arc<[Str]>, batch: &Batch) {
        let mut victim = None;
        let resolved = match channels.len() {
            0..KnownChannels::LONG => None,
            _ => self.lookups.of(&self.directory, channels),
        };
        let full = if let Some(resolved) = resolved {
            let overflowed = |place: usize| {
                victim.get_or_insert_with(|| channels[place].as_str().to_owned());
            };
            resolved.deliver_or(batch, self.overflow, overflowed).await
        } else {
            let overflowed = |channel: &str| {
                victim.get_or_insert_with(|| channel.to_owned());
            };
            let directory = &self.directory;
            directory
                .deliver_or(channels, batch, self.overflow, overflowed)
                .await
        };
        if let Some(channel) = victim {
            self.complaints.overflowed(full, None, &channel, self.overflow);
        }
    }

    async fn fan_out(&self, group: &GroupName, members: &Members, batch: &Batch) {
        let measured = FanOut::begin();
        let (mut full, mut victim) = (0, None);
        for (number, chunk) in members.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            for (channel, mailbox) in chunk {
                let lost = mailbox.push_batch(batch, self.overflow, None);
                if lost > 0 {
                    full += lost;
                    victim = Some(channel);
                }
            }
        }
        measured.end(full);
        if let Some(channel) = victim {
            self.complaints
                .overflowed(full, Some(group), channel.as_str(), self.overflow);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use laureola_layers::{ChannelName, mailbox};
    use laureola_message::{Delivery, Message};
    use parking_lot::Mutex;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;
    use crate::core::dispatch::Joined;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[tokio::test]
    async fn a_slow_member_is_named_with_its_group_once_in_a_while() {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let local = Local {
            directory: Directory::new(),
            dispatch: Some(Dispatch::default()),
            overflow: Overflow::DropOldest,
            complaints: Complaints::default(),
            lookups: Lookups::default(),
        };
        let room = GroupName::new("room").expect("a name");
        let channel = ChannelName::process_specific("specific", "0123").expect("a name");
        let (sender, mut mailbox) = mailbox(1);
        let dispatch = local.dispatch.as_ref().expect("it is there");
        let Joined::Register(dispatcher) = dispatch.join(&room, &channel, sender) else {
            panic!("the first one registers");
        };
        let message = Message::new(&std::collections::BTreeMap::from([("n", 1)])).expect("a map");
        let batch = Batch::from(Arc::new(Delivery::new(message)));
        for _ in 0..5 {
            local
                .deliver(&Arc::from([Str::from(dispatcher.as_str())]), &batch)
                .await;
        }
        assert!(mailbox.try_recv().is_some() && mailbox.try_recv().is_none());
        let log = String::from_utf8(log.0.lock().clone()).expect("text");
        assert_eq!(log.lines().count(), 1, "{log}");
        for part in [
            "group=room",
            channel.as_str(),
            "their oldest messages are dropped",
        ] {
            assert!(log.contains(part), "{log}");
        }
    }
}
