//! Every task the server starts, so that it can wait for all of them, and end them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The owner of a server's tasks. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: Mutex<Running>,
    /// Told whenever the last task has ended.
    empty: Notify,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    /// `None` for the moment between a task's registration and its start.
    handles: HashMap<u64, Option<AbortHandle>>,
    /// Whatever starts from now on ends at once.
    aborted: bool,
}

impl Tasks {
    /// Starts `future`. What it returns is dropped; a panic ends only this task.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let id = {
            let mut running = self.0.running.lock();
            let id = running.next;
            running.next += 1;
            running.handles.insert(id, None);
            id
        };
        let task = Tracked {
            future,
            entry: Entry {
                id,
                tasks: self.clone(),
            },
        };
        // Not under the lock: a runtime that shuts down drops the task right here.
        let handle = tokio::spawn(task).abort_handle();
        let late = {
            let mut running = self.0.running.lock();
            let aborted = running.aborted;
            match running.handles.get_mut(&id) {
                Some(entry) if !aborted => entry.replace(handle),
                Some(_) => Some(handle),
                None => None,
            }
        };
        if let Some(handle) = late {
            handle.abort();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.running.lock().handles.len()
    }

    /// Ready once no task runs.
    pub(crate) async fn ended(&self) {
        loop {
            let told = self.0.empty.notified();
            if self.len() == 0 {
                return;
            }
            told.await;
        }
    }

    /// Asks every task to end at its next await, those too that are just being started.
    pub(crate) fn abort(&self) {
        let handles: Vec<_> = {
            let mut running = self.0.running.lock();
            running.aborted = true;
            running.handles.values().flatten().cloned().collect()
        };
        for handle in handles {
            handle.abort();
        }
    }
}

pin_project! {
    /// An `async` block around the future would hold it twice.
    struct Tracked<F> {
        #[pin]
        future: F,
        entry: Entry,
    }
}

impl<F: Future<Output = ()>> Future for Tracked<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().future.poll(cx)
    }
}

struct Entry {
    id: u64,
    tasks: Tasks,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (handle, last) = {
            let mut running = self.tasks.0.running.lock();
            let handle = running.handles.remove(&self.id);
            (handle, running.handles.is_empty())
        };
        drop(handle);
        if last {
            self.tasks.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ended_waits_for_all_and_abort_ends_them() {
        let tasks = Tasks::default();
        tasks.ended().await;
        for _ in 0..10 {
            tasks.spawn(std::future::pending());
        }
        tasks.spawn(async { panic!("only this task") });
        tasks.spawn(async {});
        assert!(tasks.len() >= 10);
        tasks.abort();
        tasks.ended().await;
        assert_eq!(tasks.len(), 0);
        // A connection accepted at this very moment.
        tasks.spawn(std::future::pending());
        tasks.ended().await;
    }
}
