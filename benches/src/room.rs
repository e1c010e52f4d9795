//! A room to fan out to, and one of bare mailboxes.

use std::future::Future;
use std::hint::black_box;
use std::time::Duration;

use laureola_asgi::AppError;
use laureola_layers::{Channel, GroupName, Layer, LayerError, Mailbox};

use crate::chat::RoomEvent;

/// How long one message may take to reach everybody. A bench that waits longer has lost one.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Members who all get what is sent to the room.
pub trait Room {
    /// Sends one event and waits until every member has it.
    fn deliver(&mut self, event: &RoomEvent) -> impl Future<Output = Result<(), RoomError>> + Send;

    /// Lets everybody leave, so that the next room of the same layer is alone.
    fn close(self) -> impl Future<Output = Result<(), RoomError>> + Send
    where
        Self: Sized;
}

/// Why a room could not deliver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// The layer failed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A consumer failed.
    #[error("a consumer failed: {0}")]
    Consumer(AppError),
    /// A member has left, or its queue is full.
    #[error("a member has left, or its queue is full")]
    Member,
    /// Members did not get the message.
    #[error("{arrived} of {expected} deliveries arrived within {} seconds", DEADLINE.as_secs())]
    Missing {
        /// How many arrived, since the room was opened.
        arrived: usize,
        /// How many should have.
        expected: usize,
    },
    /// The same, where nobody counts.
    #[error("not every member got the message within {} seconds", DEADLINE.as_secs())]
    Deadline,
}

/// Channels of one layer in a group, and a sender in the same or another layer.
#[derive(Debug)]
pub struct LayerRoom {
    sender: Layer,
    group: GroupName,
    members: Vec<(Channel, Mailbox)>,
    each: bool,
}

impl LayerRoom {
    /// Opens `members` channels in `receivers` and puts them into one group.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn open(sender: &Layer, receivers: &Layer, members: usize) -> Result<Self, RoomError> {
        let group = GroupName::new("chat_bench").expect("a valid name");
        let mut room = Self {
            sender: sender.clone(),
            group,
            members: Vec::with_capacity(members),
            each: false,
        };
        for _ in 0..members {
            let (mut channel, mailbox) = receivers.new_channel("specific").await?;
            channel.group_add(&room.group).await?;
            room.members.push((channel, mailbox));
        }
        Ok(room)
    }

    /// From now on sends to each member's channel instead of to the group: what one does who has
    /// no groups.
    #[must_use]
    pub fn send_to_each(mut self) -> Self {
        self.each = true;
        self
    }
}

impl Room for LayerRoom {
    async fn deliver(&mut self, event: &RoomEvent) -> Result<(), RoomError> {
        let delivering = async {
            if self.each {
                for (channel, _) in &self.members {
                    self.sender.send(channel.name(), event).await?;
                }
            } else {
                self.sender.group_send(&self.group, event).await?;
            }
            for (_, mailbox) in &mut self.members {
                black_box(mailbox.recv().await);
            }
            Ok(())
        };
        tokio::time::timeout(DEADLINE, delivering)
            .await
            .unwrap_or(Err(RoomError::Deadline))
    }

    async fn close(self) -> Result<(), RoomError> {
        for (channel, _) in self.members {
            channel.close().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laureola_layers::MemoryLayer;

    #[tokio::test]
    async fn every_member_gets_every_message_once() {
        let layer = Layer::new(MemoryLayer::new().capacity(1));
        for each in [false, true] {
            let mut room = LayerRoom::open(&layer, &layer, 300).await.unwrap();
            room.each = each;
            for _ in 0..3 {
                room.deliver(&RoomEvent::sample()).await.unwrap();
            }
            assert!(
                room.members
                    .iter_mut()
                    .all(|(_, mailbox)| mailbox.try_recv().is_none())
            );
            room.close().await.unwrap();
        }
    }
}
