//! Channel-layer messages without I/O.
//!
//! Everything a channel layer and a consumer say to each other, as bytes and as values, and nothing that opens a
//! socket: the bytes are those Python's `msgpack.packb`, `json.dumps` and `cryptography` write, so a Django Channels
//! process is an equal peer.
//!
//! # Map
//!
//! * [`value`]: [`Value`], one msgpack value over shared [`Bytes`](bytes::Bytes), and [`Str`], its text.
//! * [`msgpack`]: [`msgpack::decode`] and [`msgpack::encode`], equal byte for byte to Python's.
//! * [`message`]: [`Message`], an immutable map with text keys: what travels through a channel layer.
//! * [`envelope`]: what the core layer of `channels_redis` puts around a message.
//! * [`json`]: [`json::decode`] and [`json::encode`], equal byte for byte to Python's.
//! * [`fernet`]: [`MultiFernet`], the encryption of `symmetric_encryption_keys`.
//! * [`serializer`]: [`Serializer`], a `serializer_format`, and the [`SerializersRegistry`] that knows them by name.
//! * [`codec`]: [`Codec`], all of it in the order of `channels_redis`: what a layer puts into Redis, and back.
//! * [`delivery`]: [`Delivery`], one message on its way to many members: decoded once, encoded once.
//! * [`frame`]: [`Frame`], a WebSocket frame built once and written to many sockets.
//! * [`direct`]: [`direct_frame`], the frame of a message that is meant for the client itself.
//!
//! # Example
//!
//! ```
//! use laureola_message::{Delivery, Frame, Message};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(tag = "type")]
//! enum RoomEvent {
//!     #[serde(rename = "chat.message")]
//!     Chat { message: String },
//! }
//!
//! # fn main() -> Result<(), laureola_message::MessageError> {
//! let message = Message::new(&RoomEvent::Chat { message: "hello".into() })?;
//! assert_eq!(message.message_type(), Some("chat.message"));
//!
//! // What a group's members share: the event is decoded when the first of them asks.
//! let delivery = Delivery::new(message);
//! let RoomEvent::Chat { message } = &*delivery.event::<RoomEvent>()?;
//! let frame = Frame::text(message);
//! assert_eq!(frame.bytes()[..], *b"\x81\x05hello");
//! # Ok(())
//! # }
//! ```

pub mod batch;
pub mod codec;
pub mod delivery;
pub mod direct;
pub mod envelope;
pub mod fernet;
pub mod frame;
pub mod frames;
pub mod json;
pub mod message;
pub mod msgpack;
pub mod serializer;
pub mod value;

pub use self::batch::Batch;
pub use self::codec::{Codec, CodecError};
pub use self::delivery::Delivery;
pub use self::direct::direct_frame;
pub use self::envelope::{Channels, EnvelopeError, KnownChannels};
pub use self::fernet::{FernetError, MultiFernet};
pub use self::frame::{Frame, FrameError};
pub use self::frames::Frames;
pub use self::message::{Message, MessageError};
pub use self::msgpack::{DecodeError, EncodeError};
pub use self::serializer::{Serializer, SerializersRegistry};
pub use self::value::{Str, Value};
