//! Every task the server starts, so that it can wait for all of them, and end them.

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
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
    /// Polls the future once, in place: most calls end with that. One that does not is the caller's to go on polling; it
    /// is named from the start to its end, and a panic ends only this future.
    #[must_use]
    pub(crate) fn begin_call(
        &self,
        call: Arc<Call>,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Option<UnderWay> {
        *self.call.lock() = Some(Arc::clone(&call));
        let mut call = UnderWay {
            future: Some(Box::pin(future)),
            call: Some(call),
            place: Arc::clone(&self.call),
            tasks: self.tasks.clone(),
        };
        // The caller polls again at once, so nobody needs waking for what happens until then.
        let mut cx = Context::from_waker(Waker::noop());
        let begun = Pin::new(&mut call).poll(&mut cx);
        begun.is_pending().then_some(call)
    }
}

/// A call of the application within the task that began it. Dropped before it has ended, it goes on in a task of its
/// own.
pub(crate) struct UnderWay {
    /// `None` once it has ended.
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    call: Option<Arc<Call>>,
    place: Arc<Mutex<Option<Arc<Call>>>>,
    tasks: Tasks,
}

impl Future for UnderWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(());
        };
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        self.future = None;
        self.place.lock().take();
        Poll::Ready(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let (Some(future), Some(call)) = (self.future.take(), self.call.take()) else {
            return;
        };
        // There is none where the runtime itself has ended.
        if Handle::try_current().is_ok() {
            self.tasks.spawn_call(call, future);
        }
        self.place.lock().take();
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
    async fn a_call_begins_in_place_and_becomes_a_task_when_it_is_left() {
        let tasks = Tasks::default();
        let call = || Arc::new(Call::sample());
        let begun = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let say = |what: &'static str| {
            let begun = Arc::clone(&begun);
            move || begun.lock().push(what)
        };
        let waits = |before: &'static str, behind: &'static str| {
            let (before, behind) = (say(before), say(behind));
            async move {
                before();
                tokio::task::yield_now().await;
                behind();
            }
        };
        let ready = say("ready");
        let here = tasks.here();
        let ended = here.begin_call(call(), {
            let tasks = tasks.clone();
            async move {
                assert_eq!(tasks.calls().len(), 1, "it is named");
                ready();
            }
        });
        assert!(ended.is_none());
        let ended = here.begin_call(call(), async { panic!("only this call") });
        assert!(ended.is_none());
        assert_eq!(tasks.calls().len(), 0);
        assert_eq!((tasks.len(), begun.lock().clone()), (0, vec!["ready"]));
        let under_way = here.begin_call(call(), waits("a", "b"));
        assert_eq!((tasks.len(), tasks.calls().len()), (0, 1));
        under_way.expect("it waits").await;
        assert_eq!((tasks.len(), tasks.calls().len()), (0, 0));
        assert_eq!(*begun.lock(), ["ready", "a", "b"]);
        drop(here.begin_call(call(), waits("c", "d")));
        assert_eq!((tasks.len(), tasks.calls().len()), (1, 1));
        tasks.ended().await;
        assert_eq!(*begun.lock(), ["ready", "a", "b", "c", "d"]);
        drop(here.begin_call(call(), std::future::pending()));
        tasks.abort();
        tasks.ended().await;
    }
}
