//! The Lua scripts: what must happen in Redis as one step.
//!
//! Each declares every key it touches, and is called by its hash; a server that does not know it
//! gets it once. They need Redis 5 or Valkey.

use redis::Script;

/// The scripts, hashed once per layer.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) send: Script,
    pub(crate) group_send: Script,
    pub(crate) drain: Script,
    pub(crate) restore: Script,
    pub(crate) rescue: Script,
    pub(crate) bury: Script,
    pub(crate) expel: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            send: Script::new(include_str!("script/send.lua")),
            group_send: Script::new(include_str!("script/group_send.lua")),
            drain: Script::new(include_str!("script/drain.lua")),
            restore: Script::new(include_str!("script/restore.lua")),
            rescue: Script::new(include_str!("script/rescue.lua")),
            bury: Script::new(include_str!("script/bury.lua")),
            expel: Script::new(include_str!("script/expel.lua")),
        }
    }
}
