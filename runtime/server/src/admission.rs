//! How many connections there may be: in all, and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::limits::Limits;
use crate::seldom::Seldom;

/// The connections of a server, counted.
#[derive(Debug)]
pub(crate) struct Admission {
    all: Option<(usize, Arc<Semaphore>)>,
    each: Option<Arc<Each>>,
    full: Seldom,
}

/// A connection's place, free again when dropped.
#[derive(Debug, Default)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    address: Option<Counted>,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        let all = limits.max_connections.map(|max| {
            let max = max.clamp(1, Semaphore::MAX_PERMITS);
            (max, Arc::new(Semaphore::new(max)))
        });
        let each = limits.max_connections_per_address.map(|max| {
            Arc::new(Each {
                max,
                counts: Mutex::default(),
                refused: Seldom::default(),
            })
        });
        Self {
            all,
            each,
            full: Seldom::default(),
        }
    }

    /// Waits until there is room for `place`. The log says when clients have to wait.
    pub(crate) async fn wait(&self, place: &mut Place) {
        let Some((max, permits)) = &self.all else {
            return;
        };
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            place.permit = Some(permit);
            return;
        }
        let line = self.full.line();
        if line.is_some() {
            warn!(
                max,
                "all connections are taken: new clients wait until one leaves"
            );
        }
        let since = Instant::now();
        let permit = Arc::clone(permits).acquire_owned().await;
        if line.is_some() {
            info!(waited = ?since.elapsed(), "a connection has become free");
        }
        place.permit = Some(permit.expect("the semaphore is never closed"));
    }

    /// Counts `place` for `address`. `false` where that has as many connections as it may.
    pub(crate) fn enter(&self, place: &mut Place, address: Option<IpAddr>) -> bool {
        let (Some(each), Some(address)) = (&self.each, address) else {
            return true;
        };
        place.address = each.count(address);
        if place.address.is_some() {
            return true;
        }
        if let Some(more) = each.refused.line() {
            let max = each.max;
            warn!(%address, max, more, "refusing connections of an address that has its share");
        }
        false
    }
}

impl Place {
    /// To be shared; `None` where nothing is counted.
    pub(crate) fn shared(self) -> Option<Arc<Self>> {
        (self.permit.is_some() || self.address.is_some()).then(|| Arc::new(self))
    }
}

/// Connections by address.
#[derive(Debug)]
struct Each {
    max: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
    refused: Seldom,
}

impl Each {
    fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let network = network(address);
        let mut counts = self.counts.lock();
        let count = counts.get(&network).copied().unwrap_or(0);
        if count >= self.max {
            return None;
        }
        counts.insert(network, count + 1);
        Some(Counted {
            each: Arc::clone(self),
            network,
        })
    }
}

/// What counts as one address. A single IPv6 client has a network of 2^64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(prefix).into()
        }
        address => address,
    }
}

#[derive(Debug)]
struct Counted {
    each: Arc<Each>,
    network: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.each.counts.lock().entry(self.network) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(max: usize) -> Admission {
        Admission::new(&Limits {
            max_connections_per_address: Some(max),
            ..Limits::default()
        })
    }

    #[test]
    fn every_address_has_its_share_until_it_leaves() {
        let admission = admission(2);
        let enter = |address: &str| {
            let mut place = Place::default();
            let entered = admission.enter(&mut place, Some(address.parse().unwrap()));
            entered.then_some(place)
        };
        let first = enter("10.0.0.1").unwrap();
        let _second = enter("::ffff:10.0.0.1").unwrap();
        assert!(enter("10.0.0.1").is_none());
        let _other = enter("10.0.0.2").unwrap();
        drop(first);
        let _third = enter("10.0.0.1").unwrap();
        let _v6 = [enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap()];
        assert!(enter("2001:db8::3").is_none(), "one client's network");
        assert!(enter("2001:db8:0:1::3").is_some());
    }

    #[test]
    fn nothing_is_left_of_an_address_that_left() {
        let admission = admission(1);
        let mut place = Place::default();
        assert!(admission.enter(&mut place, Some("10.0.0.1".parse().unwrap())));
        drop(place.shared());
        assert!(admission.each.unwrap().counts.lock().is_empty());
    }
}
