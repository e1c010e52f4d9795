//! The well-behaved client: a few connections that ask now and then, and note how long it took.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::protocol::load::{Work, connect};

/// Connections of each kind, and how often each asks.
const CONNECTIONS: u32 = 4;
const PERIOD: Duration = Duration::from_millis(4);
/// Answers that take longer have failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// Times of answers, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// How many.
    pub count: usize,
    /// Half of them took at most so long.
    pub p50: f64,
    /// 99 % of them.
    pub p99: f64,
    /// All of them.
    pub max: f64,
}

impl Times {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let index = (times.len() as f64 * part) as usize;
            times
                .get(index.min(times.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Self {
            count: times.len(),
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

/// What the client saw.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Seen {
    /// `GET /` over connections that stay open.
    pub http: Times,
    /// Echoes over WebSockets.
    pub websocket: Times,
}

/// Asks the server on `port` for `time`.
///
/// # Errors
/// The first answer that did not come, or came wrong.
pub fn run(port: u16, time: Duration) -> Result<Seen, String> {
    // A thread of its own, whose priority nobody inherits.
    let measured = thread::scope(|scope| {
        let client = scope.spawn(|| {
            // On a machine of its own it would never wait for a CPU that the server keeps busy, some milliseconds at a
            // time. Who may not do that (it takes root) measures these, too.
            let _ = rustix::process::nice(-20);
            measure(port, time)
        });
        client.join()
    });
    measured.map_err(|_| "the client panicked".to_owned())?
}

fn measure(port: u16, time: Duration) -> Result<Seen, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime for the client: {error}"))?;
    let end = Instant::now() + time;
    LocalSet::new().block_on(&runtime, async {
        let (http, websocket) = (Rc::default(), Rc::default());
        let mut tasks = Vec::new();
        for (work, times) in [(Work::Hello, &http), (Work::Echo, &websocket)] {
            for number in 0..CONNECTIONS {
                // Not all at once: they would wait for each other.
                let offset = PERIOD / CONNECTIONS * number;
                let asking = ask(port, work, offset, end, Rc::clone(times));
                tasks.push((work, tokio::task::spawn_local(asking)));
            }
        }
        for (work, task) in tasks {
            let result = task.await.map_err(io::Error::other).flatten();
            result.map_err(|error| format!("the well-behaved client's {}: {error}", work.name()))?;
        }
        Ok(Seen {
            http: Times::of(http.take()),
            websocket: Times::of(websocket.take()),
        })
    })
}

async fn ask(
    port: u16,
    work: Work,
    offset: Duration,
    end: Instant,
    times: Rc<RefCell<Vec<f64>>>,
) -> io::Result<()> {
    let mut stream = timeout(DEADLINE, connect(port, work)).await??;
    let request = work.request();
    let mut answer = vec![0; 4096];
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sleep(offset).await;
    while Instant::now() < end {
        ticks.tick().await;
        let start = Instant::now();
        stream.write_all(&request).await?;
        let mut length = 0;
        while !work.is_whole(&answer[..length]) {
            match timeout(DEADLINE, stream.read(&mut answer[length..])).await?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => length += more,
            }
        }
        times.borrow_mut().push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(())
}
