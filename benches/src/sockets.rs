//! The pieces of the bench of fan-outs over real sockets: what a delivery costs the server's processor.
//!
//! - [`clients`]: one thread that opens WebSockets and reads whatever comes
//! - [`flow`]: how many messages are under way
//! - [`served`]: rooms of consumers behind a server
//! - [`floor`]: a loop that writes, without anything else: what the machine can do

pub mod clients;
pub mod floor;
pub mod flow;
pub mod served;

use std::time::Duration;

pub use clients::Clients;
pub use floor::Floor;
pub use flow::{Flow, Shape};
pub use served::{Kind, Served};

/// The processor time of this process, or of this thread.
fn cpu(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The processor time of this process so far.
#[must_use]
pub fn process_cpu() -> Duration {
    cpu(rustix::time::ClockId::ProcessCPUTime)
}

/// The processor time of this thread so far.
#[must_use]
pub fn thread_cpu() -> Duration {
    cpu(rustix::time::ClockId::ThreadCPUTime)
}
