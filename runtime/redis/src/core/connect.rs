//! From the options to a layer that is connected.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use futures_util::future::join_all;
use laureola_layers::LayerError;
use laureola_layers::directory::Directory;
use laureola_message::{MultiFernet, SerializersRegistry};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::config::{Membership, RedisConfig};
use crate::core::clock::Clock;
use crate::core::codec::Codec;
use crate::core::complaints::Complaints;
use crate::core::deliver::Local;
use crate::core::dispatch::Dispatch;
use crate::core::gap::Gaps;
use crate::core::inner::Inner;
use crate::core::key::Keys;
use crate::core::leaving::Leaving;
use crate::core::lookup::Lookups;
use crate::core::process::ProcessId;
use crate::core::script::Scripts;
use crate::core::shard::Shard;
use crate::link::Link;

impl Inner {
    /// Connects to every host at once.
    pub(crate) async fn connect(
        config: RedisConfig,
        serializers: &SerializersRegistry,
    ) -> Result<Self, LayerError> {
        let codec = codec(&config, serializers)?;
        let process = match &config.client_prefix {
            None => ProcessId::random(),
            Some(given) => ProcessId::parse(given).ok_or(LayerError::Unsupported(
                "client_prefix must be 32 hexadecimal digits, as random_hex makes them",
            ))?,
        };
        let scripts = Arc::new(Scripts::new());
        let links = join_all(config.hosts.iter().map(Link::open)).await;
        let mut shards = Vec::new();
        for (index, link) in links.into_iter().enumerate() {
            shards.push(Arc::new(Shard {
                index,
                link: Arc::new(link?),
                keys: Keys::new(&config.prefix),
                scripts: Arc::clone(&scripts),
                joined: super::membership::Membership::default(),
                leaving: Leaving::default(),
                group_expiry: config.group_expiry,
                heartbeat: config.heartbeat,
                process: process.clone(),
                announced: AtomicBool::new(false),
                taken_for_dead: AtomicBool::new(false),
                revived: Notify::new(),
                dead: Mutex::default(),
                haunted: Mutex::default(),
                known: super::known::Known::default(),
            }));
        }
        let local = Local {
            directory: Directory::new(),
            dispatch: match config.membership {
                Membership::Channel => None,
                Membership::Process => Some(Dispatch::default()),
            },
            overflow: config.overflow,
            complaints: Complaints::default(),
            lookups: Lookups::default(),
        };
        Ok(Self {
            capacities: config.capacities(),
            process,
            clock: Clock::default(),
            codec: Arc::new(codec),
            scripts,
            local: Arc::new(local),
            gaps: Gaps::default(),
            lanes: Arc::default(),
            shards: shards.into(),
            next: AtomicUsize::new(0),
            config,
        })
    }
}

/// What messages are written with.
fn codec(config: &RedisConfig, serializers: &SerializersRegistry) -> Result<Codec, LayerError> {
    let serializer = serializers
        .get(&config.serializer_format)
        .map_err(|error| LayerError::Backend {
            context: "the channel layer's serializer_format cannot be used".to_owned(),
            source: Box::new(error),
        })?;
    // channels_redis takes whole seconds.
    let expiry = Duration::from_secs(config.expiry.as_secs_f64().ceil() as u64);
    let mut codec = laureola_message::Codec::new(serializer).expiry(expiry);
    // Without a key there is no encryption, and no error: as in Python.
    if let Ok(keys) = MultiFernet::new(&config.symmetric_encryption_keys) {
        codec = codec.encryption(keys);
    }
    Ok(Codec::new(codec, config.random_prefix_length))
}
