//! How a layer connects.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use laureola_layers::LayerError;
use laureola_layers::directory::Directory;
use laureola_layers::group::Groups;
use laureola_message::{Codec, MultiFernet};
use parking_lot::Mutex;

use super::fan_out::FanOut;
use super::inbox::inbox;
use super::layer::{Inner, RedisPubSubChannelLayer, Server, Tasks};
use super::name::Names;
use super::options::{Kind, PubSubBuilder};
use super::outage::Outages;
use super::publish::Publisher;
use super::subscriber::{Source, Subscriber};
use super::topics::Topics;
use crate::core::complaints::Complaints;
use crate::error::backend;
use crate::link::Link;
use crate::stop::Stopper;

impl RedisPubSubChannelLayer {
    pub(super) async fn open(options: PubSubBuilder) -> Result<Self, LayerError> {
        let config = &options.config;
        let names = Names::new(&config.prefix)?;
        let directory = Arc::new(Directory::new());
        let fan_out = Arc::new(FanOut {
            names,
            directory: Arc::clone(&directory),
            groups: Groups::new(),
            codec: codec(&options)?,
            overflow: config.overflow,
            complaints: Complaints::default(),
        });
        let outages = Arc::new(Outages::new(
            directory,
            options.on_disconnect.clone(),
            options.on_reconnect.clone(),
        ));
        let stop = Stopper::default();
        let mut tasks = Tasks::default();
        let mut servers = Vec::new();
        for (publisher, source) in connect(&options, &mut tasks).await? {
            let topics = Arc::new(Topics::new());
            let (inbox, outbox) = inbox();
            let subscriber = Subscriber {
                number: servers.len(),
                source,
                protocol: options.protocol,
                topics: Arc::clone(&topics),
                inbox,
                outages: Arc::clone(&outages),
            };
            let first = subscriber.connect().await.map_err(|fault| {
                backend(format!("cannot subscribe at Redis {}", publisher.place()), fault)
            })?;
            topics.up();
            tasks.finishing.spawn(subscriber.run(first, stop.listener()));
            tasks.endless.spawn(Arc::clone(&fan_out).run(outbox));
            servers.push(Server { publisher, topics });
        }
        Ok(Self {
            inner: Arc::new(Inner {
                fan_out,
                capacities: config.capacities(),
                servers,
                local: Mutex::default(),
            }),
            closed: AtomicBool::new(false),
            stop,
            tasks: Mutex::new(tasks),
        })
    }
}

/// What publishes and where to subscribe: a pair per server, or one for a Cluster.
async fn connect(options: &PubSubBuilder, tasks: &mut Tasks) -> Result<Vec<(Publisher, Source)>, LayerError> {
    let mut links = Vec::new();
    match options.kind {
        Kind::Plain => {
            for host in &options.config.hosts {
                let link = Arc::new(Link::open(host).await?);
                tasks.endless.spawn(Arc::clone(&link).keep());
                links.push((Publisher::Server(Arc::clone(&link)), Source::Server(link)));
            }
        }
        Kind::Sharded => {
            let mut nodes = Vec::new();
            for host in &options.config.hosts {
                let client = crate::link::client(host)
                    .await
                    .map_err(|fault| backend(format!("the Redis host {host} cannot be used"), fault))?;
                nodes.push(client.get_connection_info().clone());
            }
            let publisher = Publisher::cluster(&nodes).await?;
            links.push((publisher, Source::Cluster(nodes)));
        }
    }
    Ok(links)
}

fn codec(options: &PubSubBuilder) -> Result<Codec, LayerError> {
    let config = &options.config;
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| LayerError::Backend {
        context: "the channel layer is not configured right".to_owned(),
        source: error,
    };
    let serializer = options
        .serializers
        .get(&config.serializer_format)
        .map_err(|error| refused(error.into()))?;
    let codec = Codec::new(serializer);
    if config.symmetric_encryption_keys.is_empty() {
        return Ok(codec);
    }
    let keys = MultiFernet::new(&config.symmetric_encryption_keys).map_err(|error| refused(error.into()))?;
    Ok(codec.encryption(keys))
}
