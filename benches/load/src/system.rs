//! What the machine and the servers' processes did meanwhile, from `/proc`.

mod files;
mod machine;
mod processes;
mod usage;

pub use files::allow_open_files;
pub use machine::Machine;
pub use processes::{Resources, resources};
pub use usage::{Saturated, Snapshot, Usage, Watched};
