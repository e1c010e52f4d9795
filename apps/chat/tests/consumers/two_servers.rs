//! Two servers on one PostgreSQL, one Redis and one channel layer.

use laureola::{Layer, MemoryLayer};
use laureola_chat::ChatOptions;
use laureola_testkit::{Postgres, RedisServer};
use serde_json::json;

use crate::site::{Site, texts};

struct Parts {
    redis: RedisServer,
    postgres: Postgres,
    layer: Layer,
}

impl Parts {
    async fn start() -> Self {
        let start = || (RedisServer::start(), Postgres::start());
        let (redis, postgres) = tokio::task::spawn_blocking(start).await.expect("started");
        Self {
            redis,
            postgres,
            layer: Layer::new(MemoryLayer::new()),
        }
    }

    async fn server(&self) -> Site {
        Site::start_on(self.layer.clone(), |options: &mut ChatOptions| {
            options.database_url = self.postgres.url();
            options.redis_url = Some(self.redis.url());
        })
        .await
    }
}

#[tokio::test]
async fn people_and_messages_are_the_same_on_both() {
    let parts = Parts::start().await;
    let (first, second) = (parts.server().await, parts.server().await);
    first.room("lobby").await;
    let (ada, bob) = (first.user("ada").await, first.user("bob").await);
    let mut here = first.join("/ws/lobby/", &ada).await;
    here.arrived().await;
    let mut there = second.join("/ws/lobby/", &bob).await;
    assert_eq!(there.arrived().await.1, json!({ "users": ["ada", "bob"] }));
    assert_eq!(here.next("joined").await, json!({ "joined": "bob" }));

    // bob is on both servers: he is there until he has left both.
    let mut too = first.join("/ws/lobby/", &bob).await;
    too.arrived().await;
    too.send(json!({ "message": "from the first", "id": "1" })).await;
    there.hears("bob", "from the first").await;
    too.leave().await;
    there
        .send(json!({ "message": "from the second", "id": "1" }))
        .await;
    assert_eq!(here.next("message").await["message"], "from the first");
    let next = here.next("username").await;
    assert_eq!(next["message"], "from the second", "nobody has left");
    there.leave().await;
    assert_eq!(here.next("left").await, json!({ "left": "bob" }));

    let mut late = second.join("/ws/lobby/", &bob).await;
    let (history, _) = late.arrived().await;
    assert_eq!(texts(&history["history"]), ["from the first", "from the second"]);
    let noted = parts
        .redis
        .command(&["LRANGE", "asgi:laureola:chat:stored:lobby", "0", "-1"]);
    assert_eq!(noted.texts().len(), 2);
}

#[tokio::test]
async fn an_open_room_is_remembered_by_redis_when_a_server_is_gone() {
    let parts = Parts::start().await;
    let (first, second) = (parts.server().await, parts.server().await);
    let mut ada = first.guest("open/?username=Ada").await;
    let mut ids = Vec::new();
    for text in ["one", "\"two\" \\ é"] {
        ada.send(json!({ "message": text, "id": text })).await;
        ids.push(ada.next("ack").await["id"].as_i64().expect("an id"));
    }
    ada.leave().await;
    first.stop().await;
    let mut bob = second.guest("open/?username=Bob").await;
    let (history, users) = bob.arrived().await;
    assert_eq!(texts(&history["history"]), ["one", "\"two\" \\ é"]);
    assert_eq!(history["history"][1]["id"], ids[1]);
    assert_eq!(history["history"][1]["guest"], true);
    assert_eq!(users, json!({ "users": ["Bob (guest)"] }));
    let ttl = parts
        .redis
        .command(&["TTL", "asgi:laureola:chat:open:open"])
        .int();
    assert!((1..=86_400).contains(&ttl), "{ttl}");
    bob.say("three").await;
    assert!(bob.hears("Bob", "three").await["id"].as_i64() > Some(ids[1]));
}

#[tokio::test]
async fn without_redis_a_room_with_accounts_goes_on() {
    let mut parts = Parts::start().await;
    let site = parts.server().await;
    site.room("lobby").await;
    let ada = site.user("ada").await;
    let mut window = site.join("/ws/lobby/", &ada).await;
    window.arrived().await;
    parts.redis.stop();
    window.send(json!({ "message": "still", "id": "1" })).await;
    assert_eq!(window.next("ack").await["ack"], "1");
    let mut late = site.join("/ws/lobby/", &ada).await;
    assert_eq!(texts(&late.next("history").await["history"]), ["still"]);
    let mut guest = site.guest("open/").await;
    guest.send(json!({ "message": "hello", "id": "2" })).await;
    assert_eq!(guest.next("error").await["client"], "2");
}
