//! The one loop that gets a lost connection back, wherever it led.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::connect::connect;
use super::{Address, Link, State, Up, sentinel};
use crate::backoff::Backoff;
use crate::config::host::{Place, Sentinels, joined};

/// So often an idle connection is tried, to find one that died without a word.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

impl Link {
    /// Gets the connection back whenever it is lost; logs one line for going and one for coming back. Never ends.
    pub(crate) async fn keep(self: Arc<Self>) {
        tokio::select! {
            () = self.tend() => {}
            () = self.follow() => {}
        }
    }

    async fn tend(&self) {
        let mut address = match &*self.state.borrow() {
            State::Up(up) => up.address.clone(),
            State::Away(_) => String::new(),
        };
        loop {
            let _ = timeout(CHECK_INTERVAL, self.doubted.notified()).await;
            let ping = redis::cmd("PING");
            tokio::select! {
                // Where it is away already, this fails at once.
                _ = self.query::<()>("ping", &ping) => {}
                () = self.wait_away() => {}
            }
            if let Some(why) = self.away() {
                tracing::warn!(redis = %self.place, error = %why, "redis is away; reconnecting");
                let mut up = self.reconnect().await;
                if up.address != address {
                    address.clone_from(&up.address);
                    self.moves.fetch_add(1, Ordering::AcqRel);
                }
                up.moves = self.moves.load(Ordering::Acquire);
                self.state.send_replace(State::Up(Arc::new(up)));
                tracing::info!(redis = %self.place, %address, "redis is back");
            }
        }
    }

    async fn reconnect(&self) -> Up {
        let mut backoff = Backoff::new();
        let mut switched = self.switched.subscribe();
        let mut complained = false;
        loop {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let told = self.switched.borrow().clone();
            tokio::select! {
                connected = connect(&self.host, told, number) => match connected {
                    Ok(up) => {
                        self.forget_told();
                        return up;
                    }
                    Err(fault) => {
                        // Without somebody's help it never comes back.
                        if fault.wants_help() && !complained {
                            complained = true;
                            tracing::warn!(redis = %self.place, error = %fault, "redis refuses the connection; trying again");
                        }
                        self.state.send_replace(State::Away(fault.to_string()));
                        self.forget_told();
                    }
                },
                // There is another master: no use in waiting for the old one.
                _ = switched.changed() => {
                    backoff.reset();
                    continue;
                }
            }
            tokio::select! {
                () = backoff.pause() => {}
                _ = switched.changed() => backoff.reset(),
            }
        }
    }

    /// With Sentinels, leaves a master that is none any more. Never ends.
    async fn follow(&self) {
        let Place::Sentinel(sentinels) = &self.host.place else {
            return std::future::pending().await;
        };
        let told = self.switched.clone();
        let told = move |master: Option<Address>| {
            told.send_modify(|last| {
                if master.is_some() {
                    *last = master;
                }
            });
        };
        let checking = async {
            let mut switched = self.switched.subscribe();
            while switched.changed().await.is_ok() {
                self.check_master(sentinels).await;
            }
        };
        tokio::select! {
            () = sentinel::follow(sentinels, told) => {}
            () = checking => {}
        }
    }

    /// Without a word to those who wait for news.
    fn forget_told(&self) {
        self.switched.send_if_modified(|told| {
            *told = None;
            false
        });
    }

    async fn check_master(&self, sentinels: &Sentinels) {
        let (number, address) = match &*self.state.borrow() {
            State::Up(up) => (up.number, up.address.clone()),
            State::Away(_) => return,
        };
        let told = self.switched.borrow().clone();
        let master = match told {
            Some(master) => Some(master),
            // Where no Sentinel answers, the master may still be the same.
            None => sentinel::master(sentinels).await.ok(),
        };
        if let Some((host, port)) = master
            && joined(&host, port) != address
        {
            self.lost(
                number,
                &format!("the sentinels name {} the master", joined(&host, port)),
            );
        }
    }

    /// Why it is away, if it is.
    fn away(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Up(_) => None,
            State::Away(why) => Some(why.clone()),
        }
    }

    async fn wait_away(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| matches!(state, State::Away(_))).await;
    }
}
