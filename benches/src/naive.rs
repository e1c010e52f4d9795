//! Rooms as one writes them without a channel layer: a JSON text encoded for each member and sent
//! over a channel of its own. The baselines.

use std::hint::black_box;
use std::sync::Arc;

use laureola_asgi::send::CommandSink;
use laureola_asgi::{Command, Payload};
use laureola_message::Frame;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::chat::RoomEvent;
use crate::room::{DEADLINE, Room, RoomError};
use crate::tally::{CountingSink, Tally};

/// As many as a channel of the layer holds.
const CAPACITY: usize = 100;

fn send(members: &[mpsc::Sender<String>], event: &RoomEvent) -> Result<(), RoomError> {
    for member in members {
        let text = serde_json::to_string(&event.outgoing()).expect("texts are JSON");
        member.try_send(text).map_err(|_| RoomError::Member)?;
    }
    Ok(())
}

/// The baseline of [`LayerRoom`](crate::LayerRoom): the sender's task receives for all members.
#[derive(Debug)]
pub struct NaiveRoom {
    senders: Vec<mpsc::Sender<String>>,
    receivers: Vec<mpsc::Receiver<String>>,
}

impl NaiveRoom {
    /// Opens a channel for each member.
    #[must_use]
    pub fn open(members: usize) -> Self {
        let (senders, receivers) = (0..members).map(|_| mpsc::channel(CAPACITY)).unzip();
        Self { senders, receivers }
    }
}

impl Room for NaiveRoom {
    async fn deliver(&mut self, event: &RoomEvent) -> Result<(), RoomError> {
        let delivering = async {
            send(&self.senders, event)?;
            for receiver in &mut self.receivers {
                black_box(receiver.recv().await.ok_or(RoomError::Member)?);
            }
            Ok(())
        };
        tokio::time::timeout(DEADLINE, delivering)
            .await
            .unwrap_or(Err(RoomError::Deadline))
    }

    async fn close(self) -> Result<(), RoomError> {
        Ok(())
    }
}

/// The baseline of [`ConsumerRoom`](crate::ConsumerRoom): a task for each member, which frames the
/// text and hands it to the same sink.
#[derive(Debug)]
pub struct NaiveTasks {
    senders: Vec<mpsc::Sender<String>>,
    tally: Arc<Tally>,
    tasks: JoinSet<()>,
}

impl NaiveTasks {
    /// Starts a task for each member. To be called within a runtime.
    #[must_use]
    pub fn open(members: usize) -> Self {
        let tally = Tally::new();
        let mut tasks = JoinSet::new();
        let senders = (0..members)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(CAPACITY);
                tasks.spawn(member(receiver, CountingSink::new(&tally)));
                sender
            })
            .collect();
        Self {
            senders,
            tally,
            tasks,
        }
    }
}

async fn member(mut receiver: mpsc::Receiver<String>, sink: CountingSink) {
    while let Some(text) = receiver.recv().await {
        let frame = Payload::Frame(Frame::text(&text));
        if sink.try_send(Command::WebSocketSend(frame)).is_err() {
            return;
        }
    }
}

impl Room for NaiveTasks {
    async fn deliver(&mut self, event: &RoomEvent) -> Result<(), RoomError> {
        self.tally.expect(self.senders.len());
        send(&self.senders, event)?;
        self.tally.arrived().await
    }

    async fn close(mut self) -> Result<(), RoomError> {
        self.senders.clear();
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|panic| RoomError::Consumer(panic.into()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn baselines_do_the_same_work() {
        let event = RoomEvent::sample();
        let mut tasks = NaiveTasks::open(50);
        tasks.deliver(&event).await.unwrap();
        assert_eq!(tasks.tally.bytes(), 50 * 132);

        let mut room = NaiveRoom::open(50);
        room.deliver(&event).await.unwrap();
        room.deliver(&event).await.unwrap();
        room.receivers.pop();
        assert!(matches!(room.deliver(&event).await, Err(RoomError::Member)));
    }
}
