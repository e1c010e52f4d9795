//! What the Python classes of `laureola.layers` are made of.
//!
//! Every operation is looked at once in the caller's own thread. What is done then (a layer in memory
//! is), needs no future; what is not goes on in the layers' runtime, and its end comes back through the
//! caller's event loop.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use laureola_layers::{ChannelName, GroupName};
use laureola_message::Message;
use parking_lot::Mutex;
use pyo3::exceptions::{PyAssertionError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::channel::Look;
use super::encode::{self, Format};
use super::error;
use super::event_loop::{Event, Outcome};
use super::notices::Notices;
use super::process::Process;
use super::receiving::Receiving;
use super::spec::{self, Exception, Spec};
use super::state::{Lifetimes, State};
use crate::direct::Connection;

/// The key under which channels_redis writes whom a message is for.
const RESERVED: &str = "__asgi_channel__";

type Operation = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One channel layer. Its methods return None, or what was asked for, where that is there at once, and
/// else a future of the running event loop.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(super) struct LayerCore {
    spec: Arc<Spec>,
    format: Format,
    notices: Arc<Notices>,
    lifetimes: Lifetimes,
    /// Taken by attached threads only, and never across a call into Python: see
    /// [`process`](super::process).
    state: Mutex<Option<Arc<State>>>,
}

impl LayerCore {
    fn new(spec: Spec, format: Format, notices: [Option<&str>; 3], expiries: [f64; 2]) -> PyResult<Self> {
        let [given_up, idle] =
            expiries.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        Ok(Self {
            spec: Arc::new(spec),
            format,
            notices: Arc::new(Notices::new(notices).map_err(|error| error::message(&error))?),
            lifetimes: Lifetimes { given_up, idle },
            state: Mutex::default(),
        })
    }

    /// The layer as this process has it.
    fn state(&self, py: Python<'_>) -> PyResult<Arc<State>> {
        let process = Process::current(py)?;
        process.loops.journal.tell(py);
        let mut state = self.state.lock();
        match &*state {
            Some(state) if Arc::ptr_eq(&state.process, &process) => return Ok(Arc::clone(state)),
            // The parent's of a fork.
            Some(_) => std::mem::forget(state.take()),
            None => {}
        }
        let new = State::new(
            process,
            Arc::clone(&self.spec),
            Arc::clone(&self.notices),
            self.lifetimes,
        );
        *state = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Begins an operation.
    fn begin<'py>(
        &self,
        py: Python<'py>,
        operation: impl FnOnce(Arc<State>) -> Operation,
    ) -> PyResult<Bound<'py, PyAny>> {
        let state = self.state(py)?;
        let process = Arc::clone(&state.process);
        let mut operation = operation(state);
        {
            let _runtime = process.handle().enter();
            let log = process.loops.journal.listen();
            if let Poll::Ready(outcome) = pin!(&mut operation).poll(&mut Context::from_waker(Waker::noop())) {
                if log.is_some() {
                    // A loop whose calls are all done at once is told what happens later, too.
                    let _ = process.loops.running(py);
                }
                return outcome
                    .map(|reply| reply.into_python(py).into_bound(py))
                    .map_err(|error| error::to_python(py, &error));
            }
        }
        let (running, here) = process.loops.running(py)?;
        let (ticket, future) = here.get().future(&running)?;
        let wakeup = Arc::clone(here.get().wakeup());
        process.handle().spawn(async move {
            let outcome = operation.await;
            wakeup.push(Event::Done(ticket, outcome));
        });
        Ok(future)
    }

    /// The same, waiting in this thread.
    fn complete(&self, py: Python<'_>, operation: impl FnOnce(Arc<State>) -> Operation) -> PyResult<()> {
        let state = self.state(py)?;
        let process = Arc::clone(&state.process);
        let operation = operation(state);
        // Not `block_on`, which is refused in a thread of another runtime.
        let (done, outcome) = mpsc::sync_channel(1);
        process.handle().spawn(async move {
            let _ = done.send(operation.await);
        });
        match py.detach(move || outcome.recv()) {
            Ok(outcome) => outcome.map(drop).map_err(|error| error::to_python(py, &error)),
            Err(mpsc::RecvError) => Err(error::ended()),
        }
    }

    fn through_redis(
        spec: Spec,
        options: &Bound<'_, PyDict>,
        notices: &[Option<String>; 3],
        expiries: [f64; 2],
    ) -> PyResult<Self> {
        let notices = notices.each_ref().map(Option::as_deref);
        Self::new(spec, spec::format(options)?, notices, expiries)
    }

    fn message(&self, message: &Bound<'_, PyAny>) -> PyResult<Message> {
        let Ok(dict) = message.cast::<PyDict>() else {
            return Err(PyAssertionError::new_err("message is not a dict"));
        };
        if !self.spec.is_pubsub() && dict.contains(RESERVED)? {
            let text = "message has the key __asgi_channel__, which is the channel layer's own";
            return Err(PyAssertionError::new_err(text));
        }
        encode::message(dict, self.format)
    }
}

#[pymethods]
impl LayerCore {
    /// Through Redis, in the format of channels_redis's `RedisChannelLayer`.
    #[staticmethod]
    fn redis(
        options: &Bound<'_, PyDict>,
        channel_capacity: Vec<Exception>,
        notices: [Option<String>; 3],
        expiries: [f64; 2],
    ) -> PyResult<Self> {
        let spec = Spec::redis(options, &channel_capacity)?;
        Self::through_redis(spec, options, &notices, expiries)
    }

    /// Through Redis, in the format of channels_redis's `RedisPubSubChannelLayer`.
    #[staticmethod]
    fn redis_pubsub(
        options: &Bound<'_, PyDict>,
        channel_capacity: Vec<Exception>,
        notices: [Option<String>; 3],
        expiries: [f64; 2],
    ) -> PyResult<Self> {
        let spec = Spec::pubsub(options, &channel_capacity)?;
        Self::through_redis(spec, options, &notices, expiries)
    }

    /// In memory.
    #[staticmethod]
    fn native(
        name: String,
        capacity: usize,
        channel_capacity: Vec<Exception>,
        expiries: [f64; 2],
    ) -> PyResult<Self> {
        let spec = Spec::native(name, (capacity, &channel_capacity), expiries)?;
        Self::new(spec, Format::Msgpack, [None; 3], expiries)
    }

    /// What stands for this process in the names of its channels. A fork has another.
    #[getter]
    fn client_prefix(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.state(py)?.client_prefix().to_owned())
    }

    fn send<'py>(
        &self,
        py: Python<'py>,
        channel: &Bound<'py, PyAny>,
        message: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let message = self.message(message)?;
        let channel = channel_name(channel)?;
        self.begin(py, |state| Box::pin(state.send(channel, message)))
    }

    /// Waits in this thread until it is done.
    fn send_sync(
        &self,
        py: Python<'_>,
        channel: &Bound<'_, PyAny>,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let message = self.message(message)?;
        let channel = channel_name(channel)?;
        self.complete(py, |state| Box::pin(state.send(channel, message)))
    }

    fn group_send<'py>(
        &self,
        py: Python<'py>,
        group: &Bound<'py, PyAny>,
        message: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let group = group_name(group)?;
        let message = self.message(message)?;
        self.begin(py, |state| Box::pin(state.group_send(group, message)))
    }

    /// Waits in this thread until it is done.
    fn group_send_sync(
        &self,
        py: Python<'_>,
        group: &Bound<'_, PyAny>,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let group = group_name(group)?;
        let message = self.message(message)?;
        self.complete(py, |state| Box::pin(state.group_send(group, message)))
    }

    fn group_add<'py>(
        &self,
        py: Python<'py>,
        group: &Bound<'py, PyAny>,
        channel: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let group = group_name(group)?;
        let channel = channel_name(channel)?;
        if self.spec.is_pubsub() && self.state(py)?.channel(channel.as_str()).is_none() {
            return Err(PyRuntimeError::new_err(format!(
                "You can only call group_add() on channels that exist in-process.\n\
                 Consumers are encouraged to use the common pattern:\n   \
                 self.channel_layer.group_add('{group}', self.channel_name)"
            )));
        }
        self.begin(py, |state| Box::pin(state.group_add(group, channel)))
    }

    fn group_discard<'py>(
        &self,
        py: Python<'py>,
        group: &Bound<'py, PyAny>,
        channel: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let channel = channel_name(channel)?;
        let group = group_name(group)?;
        self.begin(py, |state| Box::pin(state.group_discard(group, channel)))
    }

    fn new_channel<'py>(&self, py: Python<'py>, prefix: String) -> PyResult<Bound<'py, PyAny>> {
        self.begin(py, |state| Box::pin(state.new_channel(prefix)))
    }

    /// A dict where a message waits; None where the channel has to be opened first; else what brings it
    /// later.
    fn receive<'py>(&self, py: Python<'py>, channel: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let state = self.state(py)?;
        let known = match channel.cast::<PyString>() {
            Ok(name) => state.channel(name.to_str().unwrap_or_default()),
            Err(_) => None,
        };
        let Some(known) = known else {
            let name = channel_name(channel)?;
            let foreign = name.is_process_specific() && name.prefix_of(state.client_prefix()).is_none();
            if foreign && state.spec().is_core() {
                return Err(PyAssertionError::new_err("Wrong client prefix"));
            }
            return Ok(py.None().into_bound(py));
        };
        let (running, here) = state.process.loops.running(py)?;
        match known.try_take() {
            Look::Message(delivery) => return here.get().dict(py, &delivery),
            Look::Closed => return Ok(py.None().into_bound(py)),
            Look::Nothing => {}
        }
        let (ticket, future) = here.get().future(&running)?;
        let taken = match known.wait(ticket, here.get().wakeup()) {
            Look::Nothing => {
                let receiving = Receiving::new(known, here.unbind(), ticket, future.unbind());
                return Ok(Bound::new(py, receiving)?.into_any());
            }
            Look::Message(delivery) => here.get().dict(py, &delivery),
            Look::Closed => Ok(py.None().into_bound(py)),
        };
        here.get().forget(ticket);
        taken
    }

    /// Opens a channel for receivers.
    fn open<'py>(&self, py: Python<'py>, channel: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let channel = channel_name(channel)?;
        self.begin(py, |state| Box::pin(state.open_channel(channel)))
    }

    /// Whether this process receives for a channel.
    fn is_open(&self, py: Python<'_>, channel: &str) -> PyResult<bool> {
        let known = self.state(py)?.channel(channel);
        Ok(known.is_some_and(|known| known.is_open()))
    }

    /// Has messages of type `websocket.send` for an open channel written to a connection from now on. False, and
    /// nothing is done, where there is no such channel, or the connection's application has ended.
    fn deliver_directly(
        &self,
        py: Python<'_>,
        channel: &str,
        connection: &Bound<'_, Connection>,
    ) -> PyResult<bool> {
        let known = self.state(py)?.channel(channel);
        Ok(match known.zip(connection.get().outlet()) {
            Some((known, outlet)) => known.relay(outlet),
            None => false,
        })
    }

    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.begin(py, |state| Box::pin(state.flush()))
    }

    fn close_pools<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.begin(py, |state| Box::pin(state.close_pools()))
    }

    /// Fails with Channels' `TypeError` for what is no channel's name.
    #[staticmethod]
    fn check_channel_name(name: &Bound<'_, PyAny>) -> PyResult<()> {
        channel_name(name).map(drop)
    }

    /// Fails with Channels' `TypeError` for what is no group's name.
    #[staticmethod]
    fn check_group_name(name: &Bound<'_, PyAny>) -> PyResult<()> {
        group_name(name).map(drop)
    }
}

impl Drop for LayerCore {
    fn drop(&mut self) {
        let Some(state) = self.state.lock().take() else {
            return;
        };
        if !state.process.is_here() {
            std::mem::forget(state);
        } else if state.process.alive().is_ok() {
            let process = Arc::clone(&state.process);
            process.handle().spawn(async move { state.close().await });
        }
    }
}

fn channel_name(name: &Bound<'_, PyAny>) -> PyResult<ChannelName> {
    let text = name.cast::<PyString>().ok().and_then(|name| name.to_str().ok());
    text.and_then(|name| ChannelName::new(name).ok())
        .ok_or_else(|| error::invalid_name("Channel"))
}

fn group_name(name: &Bound<'_, PyAny>) -> PyResult<GroupName> {
    let text = name.cast::<PyString>().ok().and_then(|name| name.to_str().ok());
    text.and_then(|name| GroupName::new(name).ok())
        .ok_or_else(|| error::invalid_name("Group"))
}
