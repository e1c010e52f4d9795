//! Numbers about group sends, through the `metrics` facade: the handles are of the recorder that is
//! installed when the first message is fanned out.
//!
//! - `laureola_layer_fan_out_seconds`: from the first mailbox of this process to the last
//! - `laureola_layer_dropped_total`: messages that a full mailbox lost, the new one or its oldest

use std::sync::LazyLock;
use std::time::Instant;

use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

struct Handles {
    took: Histogram,
    dropped: Counter,
}

static HANDLES: LazyLock<Handles> = LazyLock::new(|| {
    describe_histogram!(
        "laureola_layer_fan_out_seconds",
        "Seconds to hand a message to all its receivers in this process"
    );
    describe_counter!(
        "laureola_layer_dropped_total",
        "Messages that full mailboxes lost"
    );
    Handles {
        took: histogram!("laureola_layer_fan_out_seconds"),
        dropped: counter!("laureola_layer_dropped_total"),
    }
});

/// A fan-out under way. Costs two looks at the clock for a message, whatever the receivers.
#[derive(Debug)]
pub struct FanOut(Instant);

impl FanOut {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Ends now; `dropped` mailboxes lost a message.
    pub fn end(self, dropped: usize) {
        HANDLES.took.record(self.0.elapsed());
        if dropped > 0 {
            HANDLES.dropped.increment(dropped as u64);
        }
    }
}
