//! What a consumer is told about its layer, as messages.

use std::sync::Arc;

use laureola_layers::Notice;
use laureola_message::{Delivery, Message, MessageError, Value};

/// The messages that stand for notices: each a dict with nothing but its `type`, which the layer's
/// options name. Without a name a notice is nobody's business.
#[derive(Debug, Default)]
pub(super) struct Notices {
    disconnected: Option<Arc<Delivery>>,
    reconnected: Option<Arc<Delivery>>,
    overflowed: Option<Arc<Delivery>>,
}

impl Notices {
    /// By the types given as `on_disconnect`, `on_reconnect` and `on_overflow`.
    pub(super) fn new(
        [disconnected, reconnected, overflowed]: [Option<&str>; 3],
    ) -> Result<Self, MessageError> {
        let delivery = |name: Option<&str>| {
            let message =
                name.map(|name| Message::from_value(&[("type", name)].into_iter().collect::<Value>()));
            Ok::<_, MessageError>(
                message
                    .transpose()?
                    .map(|message| Arc::new(Delivery::new(message))),
            )
        };
        Ok(Self {
            disconnected: delivery(disconnected)?,
            reconnected: delivery(reconnected)?,
            overflowed: delivery(overflowed)?,
        })
    }

    pub(super) fn message(&self, notice: Notice) -> Option<Arc<Delivery>> {
        match notice {
            Notice::Disconnected => self.disconnected.clone(),
            Notice::Reconnected => self.reconnected.clone(),
            Notice::Overflowed => self.overflowed.clone(),
            _ => None,
        }
    }
}
