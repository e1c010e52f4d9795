//! `laureola worker` on real Redis, with work from Python's channels_redis and from Rust. A binary of its own: it runs
//! itself as the worker.

mod plugin;
#[path = "../integration/python_member.rs"]
#[allow(dead_code, reason = "made for another test binary, too")]
mod python_member;

use std::process::{Command, ExitCode};
use std::time::Duration;

use laureola::layers::ChannelLayer as _;
use laureola::message::Message;
use laureola::redis::{RedisChannelLayer, RedisConfig};
use laureola::{ChannelName, Plugins};
use laureola_testkit::{Process, RawHttp, RedisServer, wait_until};
use plugin::Doubles;
use python_member::PythonMember;
use serde_json::{Value, json};

/// Whatever should happen soon.
const SOON: Duration = Duration::from_secs(20);
/// Arguments of the worker process, one a line.
const ARGS: &str = "LAUREOLA_TEST_ARGS";

fn spawn(args: &[&str]) -> Process {
    let itself = std::env::current_exe().expect("this binary");
    let mut command = Command::new(itself);
    command.args(["--exact", "the_worker_process", "--ignored", "--nocapture"]);
    command.env(ARGS, [&["laureola", "worker"], args].concat().join("\n"));
    Process::spawn("the worker", &mut command)
}

#[test]
#[ignore = "it is what the others start"]
fn the_worker_process() -> ExitCode {
    let Ok(args) = std::env::var(ARGS) else {
        return ExitCode::SUCCESS;
    };
    laureola_cli::run_from("laureola", Plugins::new().with(Doubles), args.lines())
}

/// The status of one of its health pages.
fn status(port: u16, path: &str) -> u16 {
    RawHttp::get(port, path, SOON).status
}

struct Worker {
    process: Process,
    health: u16,
}

impl Worker {
    fn start(redis: &RedisServer, args: &[&str]) -> Self {
        let url = redis.url();
        let fixed = ["doubles", "--health", "127.0.0.1:0", "--channel-layer", &url];
        let mut process = spawn(&[&fixed, args].concat());
        let mut health = None;
        wait_until("the worker is ready", SOON, || {
            assert!(process.exit_status().is_none(), "{}", process.output());
            health = port_behind("health pages on http://", &process.stderr());
            health.is_some_and(|port| status(port, "/readyz") == 200)
        });
        Self {
            process,
            health: health.expect("it is ready"),
        }
    }
}

fn port_behind(words: &str, log: &str) -> Option<u16> {
    let (_, behind) = log.split_once(words)?;
    let (address, _) = behind.split_once('/')?;
    address.rsplit_once(':')?.1.parse().ok()
}

fn double(number: u64, reply_to: &str) -> Value {
    json!({ "type": "job.double", "number": number, "reply_to": reply_to })
}

#[test]
fn work_comes_from_python_and_from_rust_and_answers_go_back() {
    let redis = RedisServer::start();
    let worker = Worker::start(&redis, &["--concurrency", "2"]);
    assert_eq!(status(worker.health, "/healthz"), 200);

    let mut python = PythonMember::start("core", &redis);
    let reply_to = python.join(&[]);
    python.send("doubles", &double(21, &reply_to));
    assert_eq!(
        python.receive(&reply_to),
        json!({ "type": "doubled", "number": 42 })
    );
    // What it cannot handle does not end it.
    python.send("doubles", &json!({ "type": "job.mystery" }));
    python.send("doubles", &double(5, &reply_to));
    assert_eq!(python.receive(&reply_to)["number"], 10);
    wait_until("the unknown type is logged", SOON, || {
        worker.process.stderr().contains("job.mystery")
    });

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let layer = RedisChannelLayer::connect(RedisConfig::new(redis.url()))
            .await
            .expect("Redis");
        let (reply_to, mut mailbox) = layer.new_channel("specific").await.expect("a channel");
        let job = Message::new(&double(4, reply_to.as_str())).expect("a map");
        let channel = ChannelName::new("doubles").expect("a name");
        layer.send(&channel, job).await.expect("there is room");
        let answer = tokio::time::timeout(SOON, mailbox.recv())
            .await
            .expect("an answer");
        let answer: Value = answer.message().decode().expect("a map");
        assert_eq!(answer["number"], 8);
        layer.close().await;
    });
}

#[test]
fn sigterm_finishes_what_runs_and_leaves_the_rest_to_the_next_worker() {
    let redis = RedisServer::start();
    let mut python = PythonMember::start("core", &redis);
    let reply_to = python.join(&[]);
    let gate = tempfile::tempdir().expect("a directory");
    let gate = gate.path().join("gate");
    let mut worker = Worker::start(&redis, &[]);
    python.send(
        "doubles",
        &json!({ "type": "job.hold", "gate": gate, "reply_to": reply_to }),
    );
    assert_eq!(python.receive(&reply_to)["type"], "holding");

    worker.process.terminate();
    wait_until("it takes no more", SOON, || {
        status(worker.health, "/readyz") == 503
    });
    python.send("doubles", &double(1, &reply_to));
    std::fs::write(&gate, "").expect("written");
    assert_eq!(python.receive(&reply_to)["type"], "held");
    let status = worker.process.wait_exit(SOON);
    assert_eq!(status.code(), Some(0), "{}", worker.process.output());

    let _next = Worker::start(&redis, &[]);
    assert_eq!(
        python.receive(&reply_to),
        json!({ "type": "doubled", "number": 2 })
    );
}

#[test]
fn a_consumer_that_does_not_end_is_cut_off() {
    let redis = RedisServer::start();
    let mut python = PythonMember::start("core", &redis);
    let reply_to = python.join(&[]);
    let mut worker = Worker::start(&redis, &["--shutdown-timeout", "0.05"]);
    python.send(
        "doubles",
        &json!({ "type": "job.hold", "gate": "/nowhere", "reply_to": reply_to }),
    );
    assert_eq!(python.receive(&reply_to)["type"], "holding");
    worker.process.terminate();
    assert!(!worker.process.wait_exit(SOON).success());
    let log = worker.process.stderr();
    assert!(
        log.contains("laureola: one consumer did not end in its time; it was cut off"),
        "{log}"
    );
}

#[test]
fn what_cannot_work_is_said() {
    let redis = RedisServer::start();
    let url = redis.url();
    for (args, expected) in [
        (
            &["doubles"][..],
            "a worker needs a channel layer that other processes share",
        ),
        (
            &["triples", "--channel-layer", &url],
            "no consumer is registered for channel triples",
        ),
        (&["--channel-layer", &url], "<CHANNEL>..."),
        (&["doubles", "--concurrency", "0"], "--concurrency"),
    ] {
        let mut process = spawn(args);
        let status = process.wait_exit(SOON);
        assert!(!status.success(), "{args:?}: {}", process.output());
        let log = process.stderr();
        assert!(log.contains(expected), "{args:?}: {log}");
    }
}
