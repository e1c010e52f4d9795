//! What it costs to make the bytes that a room of 1,000 sockets is written: an event framed once, and messages that leave
//! together joined once, beside a frame for each member.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use laureola_benches::chat::RoomEvent;
use laureola_message::{Frame, Frames};
use tokio_tungstenite::tungstenite::protocol::frame::Frame as TheirFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMBERS: usize = 1_000;
/// Messages that leave together.
const TOGETHER: usize = 16;

/// A text and its frame, by tungstenite, into a socket's own buffer.
fn naive(event: &RoomEvent, out: &mut Vec<u8>) {
    let text = serde_json::to_string(&event.outgoing()).expect("texts are JSON");
    let frame = TheirFrame::message(Bytes::from(text), OpCode::Data(Data::Text), true);
    frame.format(out).expect("a vector takes all");
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames");
    group
        .throughput(Throughput::Elements(MEMBERS as u64))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for payload in [128, 4 * 1024, 64 * 1024] {
        let event = RoomEvent::of(payload);
        group.bench_function(BenchmarkId::new("one", payload), |bencher| {
            bencher.iter(|| {
                let frame = Frame::text_json(&black_box(&event).outgoing()).expect("texts are JSON");
                for _ in 0..MEMBERS {
                    black_box(frame.bytes());
                }
            });
        });
        group.bench_function(BenchmarkId::new("one-naive", payload), |bencher| {
            let mut out = Vec::new();
            bencher.iter(|| {
                for _ in 0..MEMBERS {
                    out.clear();
                    naive(black_box(&event), &mut out);
                    black_box(&out);
                }
            });
        });
    }

    let event = RoomEvent::sample();
    let made: Vec<_> =
        std::iter::repeat_with(|| Frame::text_json(&event.outgoing()).expect("texts are JSON"))
            .take(TOGETHER)
            .collect();
    group.throughput(Throughput::Elements((MEMBERS * TOGETHER) as u64));
    group.bench_function(BenchmarkId::new("together", TOGETHER), |bencher| {
        bencher.iter(|| {
            let frames = Frames::new(made.clone()).expect("there are some");
            for _ in 0..MEMBERS {
                black_box(frames.joined());
            }
        });
    });
    group.bench_function(BenchmarkId::new("together-naive", TOGETHER), |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            for _ in 0..MEMBERS {
                out.clear();
                for frame in black_box(&made) {
                    out.extend_from_slice(frame.bytes());
                }
                black_box(&out);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
