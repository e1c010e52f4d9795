//! Our two processes.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use laureola_layers::{GroupName, Layer, Mailbox};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::arrivals::Arrivals;
use super::job::{End, Event, Job, Mark, Role};

/// How long the members may take to join.
const JOIN_DEADLINE: Duration = Duration::from_secs(100);
/// How long the last messages may take to arrive.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// And those of a burst, many of them.
const BURST_DEADLINE: Duration = Duration::from_secs(90);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Does one side of a job: with the multi-thread runtime, as a server has it.
///
/// # Errors
/// What the layer says; a message that arrived twice, or not everywhere.
pub fn run(role: Role, job: &Job) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match role {
            Role::Receive => receive(job).await,
            Role::Send => send(job).await,
        }
    })
}

/// Receives until standard input ends.
async fn receive(job: &Job) -> Result<()> {
    let layer = job.open().await?;
    let group = GroupName::new(Job::GROUP)?;
    let arrivals = Arc::new(Arrivals::new(job.members));
    let complete = Arc::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    let mut channels = Vec::new();
    let mut members = JoinSet::new();
    for _ in 0..job.members {
        let (mut channel, mailbox) = layer.new_channel("specific").await?;
        channel.group_add(&group).await?;
        channels.push(channel);
        members.spawn(member(mailbox, Arc::clone(&arrivals), Arc::clone(&complete)));
    }
    (&*complete).write_all(b"r")?;

    let ended = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        read = ended => { read??; }
        Some(failed) = members.join_next() => failed??,
    }
    match arrivals.incomplete() {
        0 => Ok(()),
        some => Err(format!("{some} messages arrived twice, or not everywhere").into()),
    }
}

/// One consumer: decodes what it gets.
async fn member(mut mailbox: Mailbox, arrivals: Arc<Arrivals>, complete: Arc<File>) -> Result<()> {
    loop {
        let event = mailbox.recv().await.event::<Event>()?;
        if arrivals.add(event.n) {
            // One byte, and a pipe holds more than a window or a burst of them: never blocks.
            (&*complete).write_all(b".")?;
        }
    }
}

/// Keeps `window` messages on their way, and reports what arrived.
async fn send(job: &Job) -> Result<()> {
    let layer = job.open().await?;
    let mut complete = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    timeout(JOIN_DEADLINE, complete.read_u8()).await??;
    if job.burst > 0 {
        return burst(job, layer, complete).await;
    }

    let room = Arc::new(Semaphore::new(job.window as usize));
    let [sent, completed] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let mut senders = JoinSet::new();
    for _ in 0..job.window {
        senders.spawn(sender(layer.clone(), Arc::clone(&room), Arc::clone(&sent)));
    }
    let counting = tokio::spawn({
        let (room, completed) = (Arc::clone(&room), Arc::clone(&completed));
        async move {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = complete.read(&mut bytes).await {
                completed.fetch_add(count as u64, Relaxed);
                room.add_permits(count);
            }
        }
    });

    let start = Instant::now();
    for seconds in [job.warm_up, job.seconds] {
        sleep(Duration::from_secs_f64(seconds)).await;
        mark(completed.load(Relaxed), start)?;
    }
    room.close();
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let sent = sent.load(Relaxed);
    let end = Instant::now() + DRAIN_DEADLINE;
    while completed.load(Relaxed) < sent && Instant::now() < end {
        sleep(Duration::from_millis(5)).await;
    }
    counting.abort();
    let completed = completed.load(Relaxed);
    println!("{}", serde_json::to_string(&End { sent, completed })?);
    Ok(())
}

async fn sender(layer: Layer, room: Arc<Semaphore>, sent: Arc<AtomicU64>) -> Result<()> {
    let group = GroupName::new(Job::GROUP)?;
    // Ends when the semaphore is closed.
    while let Ok(permit) = room.acquire().await {
        permit.forget();
        let n = sent.fetch_add(1, Relaxed);
        layer.group_send(&group, &Event::new(n)).await?;
    }
    Ok(())
}

/// Sends a number of messages, then waits until they arrived: the receiver may be suspended between
/// the two marks.
async fn burst(job: &Job, layer: Layer, mut complete: pipe::Receiver) -> Result<()> {
    let start = Instant::now();
    mark(0, start)?;
    sleep(Duration::from_secs_f64(job.warm_up)).await;
    let sent = Arc::new(AtomicU64::new(0));
    let room = Arc::new(Semaphore::new(job.burst as usize));
    let mut senders = JoinSet::new();
    for _ in 0..job.window {
        senders.spawn(sender(layer.clone(), Arc::clone(&room), Arc::clone(&sent)));
    }
    while room.available_permits() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    room.close();
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let sent = sent.load(Relaxed);
    mark(sent, start)?;
    let mut completed = 0;
    let all = async {
        while completed < sent {
            complete.read_u8().await?;
            completed += 1;
        }
        io::Result::Ok(())
    };
    // Too late is as good as never: the report says how many.
    if let Ok(ended) = timeout(BURST_DEADLINE, all).await {
        ended?;
    }
    println!("{}", serde_json::to_string(&End { sent, completed })?);
    Ok(())
}

fn mark(completed: u64, start: Instant) -> Result<()> {
    let seconds = start.elapsed().as_secs_f64();
    println!("{}", serde_json::to_string(&Mark { completed, seconds })?);
    Ok(())
}
