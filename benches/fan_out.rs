//! Deliveries per second of one message to a room of 10, 100, 1,000 and 10,000 members, and of longer ones to 100, one
//! message in flight; each way beside the naive one.

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use laureola_benches::chat::RoomEvent;
use laureola_benches::{ConsumerRoom, LayerRoom, NaiveRoom, NaiveTasks, Room, RoomError};
use laureola_layers::{Layer, MemoryLayer};
use laureola_redis::{RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use laureola_testkit::RedisServer;
use tokio::runtime::Runtime;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMBERS: [usize; 4] = [10, 100, 1_000, 10_000];
/// Bytes of a browser's frame, beside the usual 128.
const PAYLOADS: [usize; 2] = [4 * 1024, 64 * 1024];
/// Sending to each of 10,000 channels through Redis takes seconds a message.
const MAX_EACH: usize = 1_000;

fn fan_out(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    // Started when the first bench that needs it is chosen.
    let redis = LazyCell::new(RedisServer::start);
    let memory = || Layer::new(MemoryLayer::new());

    let mut group = criterion.benchmark_group("fan_out");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    let mut bench = Bench {
        group,
        runtime: &runtime,
    };
    let sample = RoomEvent::sample();
    let usual = MEMBERS.map(|members| (members, members.to_string(), sample.clone()));
    let longer = PAYLOADS.map(|payload| (100, format!("100x{payload}"), RoomEvent::of(payload)));
    for (members, id, event) in usual.into_iter().chain(longer) {
        let load = Load {
            id: &id,
            members,
            event: &event,
        };
        bench.run("memory", load, async || {
            let layer = memory();
            LayerRoom::open(&layer, &layer, members).await
        });
        bench.run("memory-naive", load, async || Ok(NaiveRoom::open(members)));
        bench.run("consumers", load, async || {
            ConsumerRoom::open(&memory(), members).await
        });
        bench.run("consumers-naive", load, async || Ok(NaiveTasks::open(members)));
        bench.run("redis", load, async || through_core(&redis, members).await);
        bench.run("redis-pubsub", load, async || {
            through_pubsub(&redis, members).await
        });
        if members <= MAX_EACH {
            bench.run("redis-naive", load, async || {
                Ok(through_core(&redis, members).await?.send_to_each())
            });
        }
    }
    bench.group.finish();
}

/// A room in one layer that is sent to from another one, so that every message crosses Redis.
async fn through_core(redis: &RedisServer, members: usize) -> Result<LayerRoom, RoomError> {
    // Messages to each of a process's channels wait in one key, hence the capacity.
    let layer = async || {
        let config = RedisConfig::new(redis.url()).capacity(10 * MAX_EACH);
        RedisChannelLayer::connect(config).await.map(Layer::new)
    };
    LayerRoom::open(&layer().await?, &layer().await?, members).await
}

/// The same through pub/sub.
async fn through_pubsub(redis: &RedisServer, members: usize) -> Result<LayerRoom, RoomError> {
    let layer = async || {
        let layer = RedisPubSubChannelLayer::connect(RedisConfig::new(redis.url())).await;
        layer.map(Layer::new)
    };
    LayerRoom::open(&layer().await?, &layer().await?, members).await
}

struct Bench<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

/// What is delivered, to how many.
#[derive(Clone, Copy)]
struct Load<'a> {
    id: &'a str,
    members: usize,
    event: &'a RoomEvent,
}

impl Bench<'_> {
    /// Measures how long `open`'s room takes to deliver the message to every member. The room is
    /// opened only if the bench is chosen, and lives through its samples.
    fn run<R: Room>(&mut self, name: &str, load: Load<'_>, open: impl AsyncFn() -> Result<R, RoomError>) {
        let mut room = None;
        self.group.throughput(Throughput::Elements(load.members as u64));
        self.group
            .bench_function(BenchmarkId::new(name, load.id), |bencher| {
                let room = room.get_or_insert_with(|| self.runtime.block_on(open()).expect("the room opens"));
                bencher.iter_custom(|messages| {
                    self.runtime.block_on(async {
                        let start = Instant::now();
                        for _ in 0..messages {
                            room.deliver(load.event)
                                .await
                                .expect("everybody gets the message");
                        }
                        start.elapsed()
                    })
                });
            });
        if let Some(room) = room {
            self.runtime.block_on(room.close()).expect("everybody leaves");
        }
    }
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
