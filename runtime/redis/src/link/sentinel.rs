//! Asks Sentinels for the master, and hears from them when another server becomes it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{AsyncConnectionConfig, Client};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Address, target};
use crate::backoff::Backoff;
use crate::config::host::{Sentinels, joined};
use crate::error::RedisFault;

/// How long one Sentinel may take to answer before the next is asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// So often a silent subscription is tried, to find one that died without a word.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The master's address, from the first Sentinel that knows it.
pub(super) async fn master(sentinels: &Sentinels) -> Result<(String, u16), RedisFault> {
    let mut reasons = Vec::new();
    for (host, port) in &sentinels.addresses {
        let asked = async {
            let client = client(sentinels, host, *port).await?;
            ask(&client, &sentinels.master_name).await
        };
        let answer = timeout(PATIENCE, asked)
            .await
            .unwrap_or(Err(RedisFault::Timeout(PATIENCE)));
        match answer {
            Ok(Some(address)) => return Ok(address),
            Ok(None) => reasons.push(format!("{} does not know it", joined(host, *port))),
            Err(fault) => reasons.push(format!("{}: {fault}", joined(host, *port))),
        }
    }
    Err(RedisFault::NoMaster {
        master_name: sentinels.master_name.clone(),
        reasons: reasons.join("; "),
    })
}

/// Reads "old-host old-port new-host new-port".
fn new_place(places: &str) -> Option<Address> {
    let mut words = places.split(' ').skip(2);
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

async fn ask(client: &Client, master_name: &str) -> Result<Option<(String, u16)>, RedisFault> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let fault = |error: redis::RedisError| RedisFault::new(&error, PATIENCE);
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map_err(fault)?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(master_name);
    command.query_async(&mut connection).await.map_err(fault)
}

async fn client(sentinels: &Sentinels, host: &str, port: u16) -> Result<Client, RedisFault> {
    target::tcp((host.to_owned(), port), &sentinels.login, sentinels.tls.as_ref()).await
}

/// Calls `switched` whenever a Sentinel says that the master is another, with its address, and
/// whenever one is there again that may have said so in the meantime. Never ends.
pub(super) async fn follow(
    sentinels: &Sentinels,
    switched: impl Fn(Option<Address>) + Send + Sync + 'static,
) {
    let switched = Arc::new(switched);
    let mut watching = JoinSet::new();
    for (host, port) in sentinels.addresses.clone() {
        let (sentinels, switched) = (sentinels.clone(), Arc::clone(&switched));
        watching.spawn(async move {
            let mut backoff = Backoff::new();
            loop {
                match watch(&sentinels, &host, port, &*switched, &mut backoff).await {
                    Ok(()) => tracing::debug!(sentinel = %joined(&host, port), "a sentinel is away"),
                    Err(error) => {
                        tracing::debug!(sentinel = %joined(&host, port), %error, "a sentinel is away");
                    }
                }
                backoff.pause().await;
            }
        });
    }
    while watching.join_next().await.is_some() {}
    std::future::pending::<()>().await;
}

/// Listens to one Sentinel until it is lost.
async fn watch(
    sentinels: &Sentinels,
    host: &str,
    port: u16,
    switched: &(impl Fn(Option<Address>) + ?Sized),
    backoff: &mut Backoff,
) -> Result<(), RedisFault> {
    let fault = |error: redis::RedisError| RedisFault::new(&error, PATIENCE);
    let late = |_| RedisFault::Timeout(PATIENCE);
    let client = client(sentinels, host, port).await?;
    let subscribing = timeout(PATIENCE, async {
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe("+switch-master").await?;
        Ok(subscription)
    });
    let (mut sink, mut stream) = subscribing.await.map_err(late)?.map_err(fault)?.split();
    backoff.reset();
    switched(None);
    let name = format!("{} ", sentinels.master_name);
    loop {
        match timeout(CHECK_INTERVAL, stream.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(message)) => {
                let text = message.get_payload::<String>().unwrap_or_default();
                if let Some(places) = text.strip_prefix(&name) {
                    switched(new_place(places));
                }
            }
            Err(_) => {
                let ping = timeout(PATIENCE, sink.ping::<redis::Value>());
                ping.await.map_err(late)?.map_err(fault)?;
            }
        }
    }
}
