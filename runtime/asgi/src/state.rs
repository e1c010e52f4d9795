//! What an application keeps from its start for every connection (ASGI: `state`).

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Extensions;
use parking_lot::Mutex;

/// Values by their type: what the lifespan's startup left, shallowly copied into every scope.
///
/// A copy shares the values until it is changed; then it is the changer's own, as ASGI asks. Costs
/// one pointer; where there is no state, nothing.
#[derive(Clone, Default)]
pub struct State(Option<Arc<Extensions>>);

impl State {
    /// The value of a type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.as_ref()?.get()
    }

    /// Adds a value, in this copy alone; returns the one it replaces.
    pub fn insert<T: Any + Clone + Send + Sync>(&mut self, value: T) -> Option<T> {
        Arc::make_mut(self.0.get_or_insert_default()).insert(value)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.as_ref().map_or(0, |values| values.len());
        write!(f, "State({values} values)")
    }
}

/// The [`State`] that an application fills in its lifespan, and scopes are given copies of. Clones
/// share it.
#[derive(Clone, Debug, Default)]
pub struct SharedState(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// So that scopes of an application without state, of which every one asks, take no lock.
    used: AtomicBool,
    state: Mutex<State>,
}

impl SharedState {
    /// Adds a value, for scopes that are made from now on; returns the one it replaces.
    pub fn insert<T: Any + Clone + Send + Sync>(&self, value: T) -> Option<T> {
        let replaced = self.0.state.lock().insert(value);
        self.0.used.store(true, Ordering::Release);
        replaced
    }

    /// What it holds now.
    #[must_use]
    pub fn copy(&self) -> State {
        if !self.0.used.load(Ordering::Acquire) {
            return State::default();
        }
        self.0.state.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_values_and_keeps_its_changes_to_itself() {
        let shared = SharedState::default();
        assert!(shared.copy().is_empty());
        shared.insert(Arc::new(7_u32));
        let (mut one, two) = (shared.copy(), shared.copy());
        assert!(Arc::ptr_eq(one.get::<Arc<u32>>().unwrap(), two.get().unwrap()));
        one.insert("mine");
        assert_eq!(one.get::<&str>(), Some(&"mine"));
        assert_eq!(two.get::<&str>(), None);
        assert_eq!(shared.copy().get::<&str>(), None);
    }
}
