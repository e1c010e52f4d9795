//! What routing costs a connection: one of forty URL patterns, the first, the last or none, beside a list of regular
//! expressions that are tried in turn.

use std::collections::HashMap;
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use laureola_asgi::receive::EventSource;
use laureola_asgi::{
    AppError, Application, BoxApplication, Connection, Event, HttpScope, Receiver, Scope, Sender, app_fn,
};
use laureola_benches::{CountingSink, Tally};
use laureola_consumers::{URLRouter, UrlArguments, path};
use regex::Regex;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUTES: usize = 40;

/// Nobody asks it.
struct Silence;

impl EventSource for Silence {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Event> {
        Poll::Pending
    }
}

/// The `urlpatterns` of a site.
fn ours() -> URLRouter {
    let route = |number| path(&format!("section{number}/<slug:room>/<int:page>/"), app_fn(asks));
    let router = URLRouter::new((0..ROUTES).map(route)).expect("Django would take the patterns");
    router.fallback(app_fn(ends))
}

/// What was found is read once, as a consumer does.
async fn asks(connection: Connection) -> Result<(), AppError> {
    black_box(connection.scope.url_argument("room"));
    black_box(connection.scope.url_argument("page"));
    Ok(())
}

async fn ends(connection: Connection) -> Result<(), AppError> {
    drop(black_box(connection));
    Ok(())
}

/// The same by hand.
struct Naive(Vec<(Regex, BoxApplication)>);

impl Naive {
    fn new() -> Self {
        let route = |number| {
            let pattern = format!("^section{number}/(?P<room>[-a-zA-Z0-9_]+)/(?P<page>[0-9]+)/$");
            (Regex::new(&pattern).expect("a pattern"), app_fn(ends).boxed())
        };
        Self((0..ROUTES).map(route).collect())
    }

    async fn call(&self, connection: Connection) -> Result<(), AppError> {
        let path = connection.scope.path().into_owned();
        for (pattern, application) in &self.0 {
            if let Some(found) = pattern.captures(&path[1..]) {
                let arguments: HashMap<String, String> = pattern
                    .capture_names()
                    .flatten()
                    .map(|name| (name.to_owned(), found[name].to_owned()))
                    .collect();
                black_box(arguments.get("room"));
                black_box(arguments.get("page").and_then(|page| page.parse::<u64>().ok()));
                return application.call_boxed(connection).await;
            }
        }
        ends(connection).await
    }
}

fn connection(path: &str, sender: &Sender) -> Connection {
    let (parts, ()) = http::Request::get(path)
        .body(())
        .expect("a path is a target")
        .into_parts();
    Connection {
        scope: Scope::Http(Box::new(HttpScope::new(parts))),
        receive: Receiver::new(Silence),
        send: sender.clone(),
    }
}

fn routing(criterion: &mut Criterion) {
    let sender = Sender::new(CountingSink::new(&Tally::new()));
    let (ours, naive) = (ours(), Naive::new());
    let mut group = criterion.benchmark_group("routing");
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for (which, path) in [
        ("first", "/section0/lobby/3/".to_owned()),
        ("last", format!("/section{}/lobby/3/", ROUTES - 1)),
        ("none", "/nowhere/lobby/3/".to_owned()),
    ] {
        let connection = || connection(&path, &sender);
        group.bench_function(BenchmarkId::new("router", which), |bencher| {
            let call = |connection| ours.call(connection).now_or_never().expect("nobody waits");
            bencher.iter_batched(connection, call, BatchSize::SmallInput);
        });
        group.bench_function(BenchmarkId::new("router-naive", which), |bencher| {
            let call = |connection| naive.call(connection).now_or_never().expect("nobody waits");
            bencher.iter_batched(connection, call, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, routing);
criterion_main!(benches);
