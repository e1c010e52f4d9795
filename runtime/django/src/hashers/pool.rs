//! Where passwords are hashed: on few threads, so that a flood of logins leaves the rest of the
//! machine alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::{Passwords, Verdict};

/// How many logins may wait for their turn by default: at a tenth of a second each, a few seconds' worth.
const WAITING: usize = 64;

/// So many logins wait already that another one would wait for seconds: answer 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked; try again in a few seconds")]
pub struct Busy;

/// Hashes and checks passwords off the runtime's threads. Clones share it.
///
/// At most half of the processors work on passwords at a time, at most 64 more calls wait; a call
/// beyond that is refused with [`Busy`], at once.
#[derive(Clone, Debug)]
pub struct PasswordPool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    passwords: Passwords,
    workers: Semaphore,
    /// Calls that work or wait.
    calls: AtomicUsize,
    max_calls: usize,
}

impl PasswordPool {
    /// A pool over `PASSWORD_HASHERS`.
    #[must_use]
    pub fn new(passwords: Passwords) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_limits(passwords, processors.div_ceil(2), WAITING)
    }

    /// A pool of so many workers, with room for so many calls that wait.
    #[must_use]
    pub fn with_limits(passwords: Passwords, workers: usize, waiting: usize) -> Self {
        let workers = workers.max(1);
        Self(Arc::new(Inner {
            passwords,
            workers: Semaphore::new(workers),
            calls: AtomicUsize::new(0),
            max_calls: workers.saturating_add(waiting),
        }))
    }

    /// `make_password`.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn make(&self, password: &str) -> Result<String, Busy> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move |passwords| passwords.make(&password)).await
    }

    /// `check_password`; without a stored password it takes as long, and is wrong.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn check(&self, password: &str, encoded: Option<&str>) -> Result<Verdict, Busy> {
        let password = Zeroizing::new(password.to_owned());
        let encoded = Zeroizing::new(encoded.unwrap_or("!").to_owned());
        self.run(move |passwords| passwords.check(&password, &encoded))
            .await
    }

    async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Passwords) -> R + Send + 'static,
    ) -> Result<R, Busy> {
        let call = Call::enter(&self.0).ok_or(Busy)?;
        let permit = self.0.workers.acquire().await.map_err(|_| Busy)?;
        // What is begun is finished, even if the caller has gone: so the permit would be free while
        // the work still runs. The call goes with the work; the permit is counted by hand.
        permit.forget();
        let inner = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || {
            let _working = Working(&inner);
            let _call = call;
            work(&inner.passwords)
        });
        working.await.map_err(|_| Busy)
    }
}

/// Gives a worker's permit back.
struct Working<'a>(&'a Inner);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.workers.add_permits(1);
    }
}

/// One call among those that are counted.
struct Call(Arc<Inner>);

impl Call {
    fn enter(inner: &Arc<Inner>) -> Option<Self> {
        let entered = inner
            .calls
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |calls| {
                (calls < inner.max_calls).then_some(calls + 1)
            });
        entered.is_ok().then(|| Self(Arc::clone(inner)))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashers::Hasher;

    #[tokio::test]
    async fn a_flood_is_refused_and_passes() {
        let passwords = Passwords::new([Hasher::Pbkdf2Sha256 { iterations: 20_000 }]);
        let pool = PasswordPool::with_limits(passwords, 1, 2);
        let stored = pool.make("p").await.unwrap();
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let (pool, stored) = (pool.clone(), stored.clone());
                tokio::spawn(async move { pool.check("p", Some(&stored)).await })
            })
            .collect();
        let mut right = 0;
        let mut busy = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(verdict) => {
                    assert_eq!(verdict, Verdict::Right { upgrade: false });
                    right += 1;
                }
                Err(Busy) => busy += 1,
            }
        }
        assert!(right >= 3 && busy >= 1, "{right} right, {busy} refused");
        assert_eq!(pool.check("wrong", Some(&stored)).await, Ok(Verdict::Wrong));
        assert_eq!(pool.check("anything", None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_gives_its_place_back() {
        let pool = PasswordPool::with_limits(Passwords::new([Hasher::Md5]), 1, 0);
        for _ in 0..20 {
            let pool = pool.clone();
            let call = tokio::spawn(async move { pool.make("p").await });
            tokio::task::yield_now().await;
            call.abort();
            let _ = call.await;
        }
        while pool.0.calls.load(Ordering::Acquire) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(pool.make("p").await.is_ok());
    }
}
