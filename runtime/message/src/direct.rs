//! Direct delivery: messages that are what a client gets.

use crate::frame::Frame;
use crate::message::Message;

/// The type of messages that are meant for the client itself: ASGI's own event, sent through a channel layer.
pub const DIRECT_TYPE: &str = "websocket.send";

/// The frame of a message of type `websocket.send`: its `text`, or else its `bytes`. `None` for other messages, and for
/// one that has neither.
///
/// ```
/// use laureola_message::{Message, direct_frame};
/// use serde_json::json;
///
/// # fn main() -> Result<(), laureola_message::MessageError> {
/// let message = Message::new(&json!({"type": "websocket.send", "text": "hi"}))?;
/// let frame = direct_frame(&message).expect("it has a text");
/// assert_eq!(frame.bytes()[..], *b"\x81\x02hi");
/// assert!(direct_frame(&Message::new(&json!({"type": "chat.message", "text": "hi"}))?).is_none());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn direct_frame(message: &Message) -> Option<Frame> {
    if message.message_type() != Some(DIRECT_TYPE) {
        return None;
    }
    let value = message.value();
    if let Some(text) = value.get("text").and_then(|text| text.as_str()) {
        return Some(Frame::text(text));
    }
    let bytes = value.get("bytes").and_then(|bytes| bytes.as_bytes())?;
    Some(Frame::binary(bytes))
}
