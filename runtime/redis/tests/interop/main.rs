//! With the real channels_redis on the same Redis, in both directions.

mod basics;
mod matrix;
mod peer;

/// How long anything may take.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);

fn name(name: &str) -> laureola_layers::ChannelName {
    laureola_layers::ChannelName::new(name).expect("a channel name")
}

fn group(name: &str) -> laureola_layers::GroupName {
    laureola_layers::GroupName::new(name).expect("a group name")
}
