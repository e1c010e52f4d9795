//! msgpack: a chat message as a typed event, the core layer's envelope around it, and a nested value.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use laureola_benches::chat::RoomEvent;
use laureola_message::{Channels, Message, envelope, msgpack};
use serde_json::{Value, json};

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As one does it at hand: any value, through serde.
fn naive_encode(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("JSON is msgpack")
}

fn naive_decode(bytes: &[u8]) -> Value {
    rmp_serde::from_slice(bytes).expect("what was encoded")
}

fn chat(criterion: &mut Criterion) {
    let event = RoomEvent::sample();
    let message = Message::new(&event).expect("a map");
    let bytes = message.msgpack().clone();
    let value = naive_decode(&bytes);

    let mut group = criterion.benchmark_group("msgpack/chat");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |b| b.iter(|| Message::new(black_box(&event))));
    group.bench_function("encode-naive", |b| b.iter(|| naive_encode(black_box(&value))));
    group.bench_function("decode", |b| {
        b.iter(|| Message::from_msgpack(bytes.clone())?.decode::<RoomEvent>());
    });
    group.bench_function("decode-naive", |b| {
        b.iter(|| serde_json::from_value::<RoomEvent>(naive_decode(black_box(&bytes))));
    });
    group.finish();
}

/// What a group send to 50 channels of one process puts into Redis, and what their process takes out.
fn channels_of_a_group(criterion: &mut Criterion) {
    let message = Message::new(&RoomEvent::sample()).expect("a map");
    let names: Vec<_> = (0..50)
        .map(|n| format!("specific.0123456789abcdef0123456789abcdef!{n:032x}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let bytes = envelope::with_channels(&message, Channels::Many(&names));

    let mut group = criterion.benchmark_group("msgpack/envelope-50");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |b| {
        b.iter(|| envelope::with_channels(black_box(&message), Channels::Many(&names)));
    });
    group.bench_function("encode-naive", |b| {
        b.iter(|| {
            let mut value = naive_decode(black_box(message.msgpack()));
            value[envelope::CHANNEL_KEY] = json!(names);
            naive_encode(&value)
        });
    });
    group.bench_function("decode", |b| b.iter(|| envelope::split_channels(bytes.clone())));
    group.bench_function("decode-naive", |b| {
        b.iter(|| {
            let mut value = naive_decode(black_box(&bytes));
            let channels = value
                .as_object_mut()
                .and_then(|map| map.remove(envelope::CHANNEL_KEY));
            (naive_encode(&value), channels)
        });
    });
    group.finish();
}

/// A list of small maps, 4 kB in all: a page of a chat's history, say.
fn nested(criterion: &mut Criterion) {
    let entry = |id: u64| {
        let text = "Nobody in the room minds.";
        json!({"id": id, "at": 1.5, "by": {"name": "guest-4711", "staff": false}, "tags": [null, -1, 70_000], "text": text})
    };
    let value: Value = (0..45).map(entry).collect();
    let ours: laureola_message::Value = serde_json::from_value(value.clone()).expect("any JSON");
    let bytes = msgpack::encode(&ours).expect("any JSON");
    let rmpv = rmpv::decode::read_value(&mut &bytes[..]).expect("what was encoded");

    let mut group = criterion.benchmark_group("msgpack/nested-4k");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |b| b.iter(|| msgpack::encode(black_box(&ours))));
    group.bench_function("encode-naive", |b| b.iter(|| naive_encode(black_box(&value))));
    group.bench_function("encode-rmpv", |b| {
        b.iter(|| {
            let mut out = Vec::new();
            rmpv::encode::write_value(&mut out, black_box(&rmpv)).expect("a vector takes all");
            out
        });
    });
    group.bench_function("decode", |b| b.iter(|| msgpack::decode(bytes.clone())));
    group.bench_function("decode-naive", |b| b.iter(|| naive_decode(black_box(&bytes))));
    group.bench_function("decode-rmpv", |b| {
        b.iter(|| rmpv::decode::read_value(&mut black_box(&bytes[..])));
    });
    group.finish();
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = benches;
    config = short();
    targets = chat, channels_of_a_group, nested
}
criterion_main!(benches);
