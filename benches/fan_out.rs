//! Deliveries per second of one message to a room of 10, 100, 1,000 and 10,000 members, one message
//! in flight; each way beside the naive one.

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use laureola_benches::chat::RoomEvent;
use laureola_benches::{ConsumerRoom, LayerRoom, NaiveRoom, NaiveTasks, Room, RoomError};
use laureola_layers::{Layer, MemoryLayer};
use laureola_redis::{RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;
use tokio::runtime::Runtime;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMBERS: [usize; 4] = [10, 100, 1_000, 10_000];
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
    for members in MEMBERS {
        bench.run("memory", members, async || {
            let layer = memory();
            LayerRoom::open(&layer, &layer, members).await
        });
        bench.run("memory-naive", members, async || Ok(NaiveRoom::open(members)));
        bench.run("consumers", members, async || {
            ConsumerRoom::open(&memory(), members).await
        });
        bench.run("consumers-naive", members, async || Ok(NaiveTasks::open(members)));
        bench.run("redis", members, async || through(&redis, members).await);
        if members <= MAX_EACH {
            bench.run("redis-naive", members, async || {
                Ok(through(&redis, members).await?.send_to_each())
            });
        }
    }
    bench.group.finish();
}

/// A room in one layer that is sent to from another one, so that every message crosses Redis.
async fn through(redis: &RedisServer, members: usize) -> Result<LayerRoom, RoomError> {
    // Messages to each of a process's channels wait in one key, hence the capacity.
    let layer = async || {
        let config = RedisConfig::new(redis.url()).capacity(10 * MAX_EACH);
        RedisChannelLayer::connect(config).await.map(Layer::new)
    };
    LayerRoom::open(&layer().await?, &layer().await?, members).await
}

struct Bench<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

impl Bench<'_> {
    /// Measures how long `open`'s room takes to deliver a message to every member. The room is
    /// opened only if the bench is chosen, and lives through its samples.
    fn run<R: Room>(&mut self, name: &str, members: usize, open: impl AsyncFn() -> Result<R, RoomError>) {
        let event = RoomEvent::sample();
        let mut room = None;
        self.group.throughput(Throughput::Elements(members as u64));
        self.group
            .bench_function(BenchmarkId::new(name, members), |bencher| {
                let room = room.get_or_insert_with(|| self.runtime.block_on(open()).expect("the room opens"));
                bencher.iter_custom(|messages| {
                    self.runtime.block_on(async {
                        let start = Instant::now();
                        for _ in 0..messages {
                            room.deliver(&event).await.expect("everybody gets the message");
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
