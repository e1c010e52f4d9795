//! Workers: Channels' `worker.py` and `ChannelNameRouter`.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use laureola_consumers::worker::{Stopped, WorkerApplication};
use laureola_consumers::{
    ChannelNameRouter, Result, Shared, Worker, WorkerConsumer, WorkerContext, worker_application,
};
use laureola_layers::{ChannelName, Layer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::layer;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Job {
    #[serde(rename = "print")]
    Print { text: String },
    #[serde(rename = "wait")]
    Wait,
    #[serde(rename = "panic")]
    Panic,
}

struct Printer {
    printed: mpsc::Sender<String>,
    gate: Arc<Semaphore>,
    count: usize,
}

impl WorkerConsumer for Printer {
    type Event = Job;

    async fn event(&mut self, ctx: &mut WorkerContext, event: Shared<Job>) -> Result<()> {
        self.count += 1;
        let say = |text: String| drop(self.printed.try_send(text));
        match &*event {
            Job::Print { text } => say(format!("{} {text} {}", ctx.channel_name(), self.count)),
            Job::Wait => {
                say("waits".to_owned());
                let _passed = self.gate.acquire().await?;
                say("waited".to_owned());
            }
            Job::Panic => panic!("asked to"),
        }
        Ok(())
    }
}

struct Running {
    layer: Layer,
    printed: mpsc::Receiver<String>,
    gate: Arc<Semaphore>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Stopped>,
}

fn printers() -> (WorkerApplication, mpsc::Receiver<String>, Arc<Semaphore>) {
    let (say, printed) = mpsc::channel(100);
    let gate = Arc::new(Semaphore::new(0));
    let passed = Arc::clone(&gate);
    let application = worker_application(move || {
        Ok(Printer {
            printed: say.clone(),
            gate: Arc::clone(&passed),
            count: 0,
        })
    });
    (application, printed, gate)
}

impl Running {
    async fn start(concurrency: usize, stop_timeout: Duration) -> Self {
        let layer = layer();
        let (application, printed, gate) = printers();
        let router = ChannelNameRouter::new([("jobs", application.clone()), ("other", application)]);
        let worker = Worker::new(layer.clone(), router.expect("two channels"))
            .concurrency(NonZeroUsize::new(concurrency).expect("above zero"))
            .stop_timeout(stop_timeout);
        let listening = worker.listen(["jobs", "other"]).await.expect("known channels");
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listening.run(async move { drop(stopped.await) }));
        Self {
            layer,
            printed,
            gate,
            stop: Some(stop),
            task,
        }
    }

    async fn send(&self, channel: &str, message: &impl Serialize) {
        let channel = ChannelName::new(channel).expect("a name");
        self.layer.send(&channel, message).await.expect("there is room");
    }

    async fn print(&self, channel: &str, text: &str) {
        let text = text.to_owned();
        self.send(channel, &Job::Print { text }).await;
    }

    async fn said(&mut self) -> String {
        let said = tokio::time::timeout(Duration::from_secs(5), self.printed.recv()).await;
        said.expect("in time").expect("a worker")
    }

    async fn stopped(self) -> Stopped {
        self.task.await.expect("no panic")
    }
}

#[tokio::test]
async fn test_worker_routes_by_channel_name_and_keeps_its_consumer() {
    let mut worker = Running::start(1, Duration::from_secs(5)).await;
    worker.print("jobs", "a").await;
    assert_eq!(worker.said().await, "jobs a 1");
    worker.print("jobs", "b").await;
    assert_eq!(worker.said().await, "jobs b 2");
    worker.print("other", "c").await;
    assert_eq!(worker.said().await, "other c 1");
}

#[tokio::test]
async fn test_worker_goes_on_after_an_error_a_panic_and_an_unknown_type() {
    let mut worker = Running::start(1, Duration::from_secs(5)).await;
    worker.print("jobs", "a").await;
    assert_eq!(worker.said().await, "jobs a 1");
    for bad in [
        json!({ "type": "panic" }),
        json!({ "type": "mystery" }),
        json!({ "type": "print" }),
    ] {
        worker.send("jobs", &bad).await;
    }
    worker.print("jobs", "b").await;
    assert_eq!(worker.said().await, "jobs b 1", "with a new consumer");
}

#[tokio::test]
async fn test_worker_concurrency() {
    let mut worker = Running::start(2, Duration::from_secs(5)).await;
    for _ in 0..3 {
        worker.send("jobs", &Job::Wait).await;
    }
    assert_eq!(
        (worker.said().await, worker.said().await),
        ("waits".into(), "waits".into())
    );
    assert!(worker.printed.try_recv().is_err(), "the third has to wait");
    worker.gate.add_permits(1);
    assert_eq!(worker.said().await, "waited");
    assert_eq!(worker.said().await, "waits");
}

#[tokio::test]
async fn test_worker_stops_gracefully() {
    let mut worker = Running::start(1, Duration::from_secs(5)).await;
    worker.send("jobs", &Job::Wait).await;
    assert_eq!(worker.said().await, "waits");
    worker.print("jobs", "too late").await;
    drop(worker.stop.take());
    tokio::task::yield_now().await;
    worker.gate.add_permits(1);
    assert_eq!(worker.said().await, "waited", "what runs is finished");
    let mut printed = std::mem::replace(&mut worker.printed, mpsc::channel(100).1);
    assert_eq!(worker.stopped().await, Stopped { abandoned: 0 });
    assert!(printed.recv().await.is_none(), "nothing more was taken");
}

#[tokio::test]
async fn a_consumer_that_does_not_end_is_cut_off_and_counted() {
    let mut worker = Running::start(1, Duration::from_millis(20)).await;
    worker.send("jobs", &Job::Wait).await;
    assert_eq!(worker.said().await, "waits");
    drop(worker.stop.take());
    assert_eq!(worker.stopped().await, Stopped { abandoned: 1 });
}

#[tokio::test]
async fn a_channel_without_a_consumer_is_refused_with_those_there_are() {
    let (application, ..) = printers();
    let routes = [("b", application.clone()), ("a", application.clone())];
    let router = ChannelNameRouter::new(routes).expect("two channels");
    let error = Worker::new(layer(), router)
        .listen(["c"])
        .await
        .expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "no consumer is registered for channel c; there are consumers for: a, b"
    );
    let twice = ChannelNameRouter::new([("a", application.clone()), ("a", application)]);
    let error = twice.expect_err("twice").to_string();
    assert_eq!(
        error,
        "two consumers are registered for channel a: a channel has one"
    );
    assert!(ChannelNameRouter::new([("no name", printers().0)]).is_err());
}
