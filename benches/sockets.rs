//! What a delivery costs the server's processor, over real sockets: rooms of relayed and of handled members through each
//! layer, beside a bare loop of writes.
//!
//! The times are processor time of this process less that of the clients' thread, so deliveries per second are those of
//! one second of the server's CPU.

use std::cell::LazyCell;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use laureola_benches::RoomError;
use laureola_benches::sockets::{Floor, Flow, Kind, Served, Shape, process_cpu};
use laureola_layers::{Layer, LayerError, MemoryLayer};
use laureola_load::system::allow_open_files;
use laureola_redis::{Membership, RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use laureola_testkit::RedisServer;
use tokio::runtime::Runtime;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As long as a reader may need: nothing is to be lost.
const CAPACITY: usize = 10_000;

const SHAPES: [Shape; 6] = [
    shape(1, 100, 1),
    shape(1, 1_000, 1),
    shape(1, 1_000, 16),
    shape(1, 10_000, 1),
    shape(100, 10, 1),
    shape(100, 10, 16),
];

const fn shape(rooms: usize, members: usize, window: usize) -> Shape {
    Shape {
        rooms,
        members,
        window,
    }
}

fn sockets(criterion: &mut Criterion) {
    let most = SHAPES.iter().map(|shape| shape.rooms * shape.members).max();
    // Both ends are here.
    let enough = allow_open_files(2 * most.unwrap_or_default() + 200).is_ok();
    let runtime = Runtime::new().expect("a runtime");
    // Started when the first bench that needs it is chosen.
    let redis = LazyCell::new(RedisServer::start);
    let config = || RedisConfig::new(redis.url()).capacity(CAPACITY);

    let mut group = criterion.benchmark_group("sockets");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut bench = Bench {
        group,
        runtime: &runtime,
    };
    for shape in SHAPES {
        if !enough && shape.members >= 10_000 {
            eprintln!("too few open files are allowed for {shape:?}");
            continue;
        }
        bench.floor("floor", shape, false);
        bench.floor("floor-joined", shape, true);
        for (suffix, kind) in [("", Kind::Relayed), ("-handled", Kind::Handled)] {
            let name = |layer: &str| format!("{layer}{suffix}");
            bench.served(&name("memory"), kind, shape, async || {
                Ok(Layer::new(MemoryLayer::new().capacity(CAPACITY)))
            });
            bench.served(&name("pubsub"), kind, shape, async || {
                Ok(Layer::new(RedisPubSubChannelLayer::connect(config()).await?))
            });
            bench.served(&name("core"), kind, shape, async || {
                Ok(Layer::new(RedisChannelLayer::connect(config()).await?))
            });
            bench.served(&name("core-process"), kind, shape, async || {
                let config = config().membership(Membership::Process);
                Ok(Layer::new(RedisChannelLayer::connect(config).await?))
            });
        }
    }
    bench.group.finish();
}

struct Bench<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

impl Bench<'_> {
    fn floor(&mut self, name: &str, shape: Shape, joined: bool) {
        let runtime = self.runtime;
        let mut floor = None;
        self.run(name, shape, |messages| {
            let floor = floor.get_or_insert_with(|| Floor::open(shape, joined));
            measured(floor.flow(), || runtime.block_on(floor.deliver(messages)))
        });
    }

    fn served(
        &mut self,
        name: &str,
        kind: Kind,
        shape: Shape,
        layer: impl AsyncFn() -> Result<Layer, LayerError>,
    ) {
        let runtime = self.runtime;
        let mut served = None;
        self.run(name, shape, |messages| {
            let served = served.get_or_insert_with(|| {
                let open = async { Served::open(&layer().await?, kind, shape).await };
                runtime.block_on(open).expect("the room opens")
            });
            measured(served.flow(), || runtime.block_on(served.deliver(messages)))
        });
        if let Some(served) = served {
            runtime.block_on(served.close());
        }
    }

    fn run(&mut self, name: &str, shape: Shape, mut deliver: impl FnMut(u64) -> Duration) {
        let Shape {
            rooms,
            members,
            window,
        } = shape;
        let id = BenchmarkId::new(name, format!("{rooms}x{members}/{window}"));
        // As many as are under way at a time: a sample of fewer would show none of them together.
        let messages = window as u64;
        let deliveries = (rooms * members) as u64 * messages;
        self.group.throughput(Throughput::Elements(deliveries));
        self.group.bench_function(id, |bencher| {
            bencher.iter_custom(|iterations| deliver(iterations * messages));
        });
    }
}

/// The processor time that `work` takes, but for the clients'.
fn measured(flow: &Flow, work: impl FnOnce() -> Result<(), RoomError>) -> Duration {
    let (process, clients) = (process_cpu(), flow.clients_cpu());
    work().expect("everybody gets every message");
    (process_cpu() - process).saturating_sub(flow.clients_cpu() - clients)
}

criterion_group!(benches, sockets);
criterion_main!(benches);
