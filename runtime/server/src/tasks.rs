//! Every task the server starts, so that it can wait for all of them, and end them.

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::running::Call;

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
    tasks: HashMap<u64, Task>,
    here: HashMap<u64, Arc<Mutex<Option<Arc<Call>>>>>,
    /// Whatever starts from now on ends at once.
    aborted: bool,
}

impl Running {
    fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[derive(Debug)]
struct Task {
    /// `None` for the moment between a task's registration and its start.
    handle: Option<AbortHandle>,
    /// The call of the application it is.
    call: Option<Arc<Call>>,
}

impl Tasks {
    /// Starts `future`. What it returns is dropped; a panic ends only this task.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.start(None, future);
    }

    /// Starts a call of the application, which can be named as long as it runs.
    pub(crate) fn spawn_call(&self, call: Arc<Call>, future: impl Future<Output = ()> + Send + 'static) {
        self.start(Some(call), future);
    }

    /// A place for calls that begin in a task that is about something else.
    pub(crate) fn here(&self) -> Here {
        let call = Arc::default();
        let mut running = self.0.running.lock();
        let id = running.next_id();
        running.here.insert(id, Arc::clone(&call));
        drop(running);
        let tasks = self.clone();
        Here { id, tasks, call }
    }

    fn start(&self, call: Option<Arc<Call>>, future: impl Future<Output = ()> + Send + 'static) {
        let id = {
            let mut running = self.0.running.lock();
            let id = running.next_id();
            running.tasks.insert(id, Task { handle: None, call });
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
            match running.tasks.get_mut(&id) {
                Some(task) if !aborted => task.handle.replace(handle),
                Some(_) => Some(handle),
                None => None,
            }
        };
        if let Some(handle) = late {
            handle.abort();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.running.lock().tasks.len()
    }

    /// The calls of the application that run.
    pub(crate) fn calls(&self) -> Vec<Arc<Call>> {
        let running = self.0.running.lock();
        let tasks = running.tasks.values().filter_map(|task| task.call.clone());
        let here = running.here.values().filter_map(|call| call.lock().clone());
        tasks.chain(here).collect()
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
            running
                .tasks
                .values()
                .filter_map(|task| task.handle.clone())
                .collect()
        };
        for handle in handles {
            handle.abort();
        }
    }
}

/// See [`Tasks::here`].
#[derive(Debug)]
pub(crate) struct Here {
    id: u64,
    tasks: Tasks,
    /// The call under way. Its own, so that beginning one takes no lock that all share.
    call: Arc<Mutex<Option<Arc<Call>>>>,
}

impl Here {
    /// As `spawn_call`, but polls the future once, in place, and makes a task only of one that is
    /// not ready with that. It is named from the start; a panic ends only this future.
    pub(crate) fn begin_call(&self, call: Arc<Call>, future: impl Future<Output = ()> + Send + 'static) {
        *self.call.lock() = Some(Arc::clone(&call));
        let mut future = Box::pin(future);
        // The task polls again at once, so nobody needs waking for what happens until then.
        let mut cx = Context::from_waker(Waker::noop());
        let begun = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        if matches!(begun, Ok(Poll::Pending)) {
            self.tasks.spawn_call(call, future);
        }
        self.call.lock().take();
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.tasks.0.running.lock().here.remove(&self.id);
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
        let (task, last) = {
            let mut running = self.tasks.0.running.lock();
            let task = running.tasks.remove(&self.id);
            (task, running.tasks.is_empty())
        };
        drop(task);
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

    #[tokio::test]
    async fn a_call_that_waits_becomes_a_task_and_others_end_in_place() {
        let tasks = Tasks::default();
        let call = || Arc::new(Call::sample());
        let begun = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let say = |what: &'static str| {
            let begun = Arc::clone(&begun);
            move || begun.lock().push(what)
        };
        let ready = say("ready");
        let here = tasks.here();
        here.begin_call(call(), {
            let tasks = tasks.clone();
            async move {
                assert_eq!(tasks.calls().len(), 1, "it is named");
                ready();
            }
        });
        here.begin_call(call(), async { panic!("only this call") });
        assert_eq!(tasks.calls().len(), 0);
        assert_eq!((tasks.len(), begun.lock().clone()), (0, vec!["ready"]));
        let (before, behind) = (say("before"), say("behind"));
        here.begin_call(call(), async move {
            before();
            tokio::task::yield_now().await;
            behind();
        });
        assert_eq!((tasks.len(), tasks.calls().len()), (1, 1));
        tasks.ended().await;
        assert_eq!(*begun.lock(), ["ready", "before", "behind"]);
        here.begin_call(call(), std::future::pending());
        tasks.abort();
        tasks.ended().await;
    }
}
