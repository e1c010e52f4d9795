//! What was said before: at connect, page by page, and after a while away.

use std::time::SystemTime;

use laureola_chat::store::NewMessage;
use laureola_django::auth::Users;
use serde_json::json;

use crate::site::{Site, texts};

/// Has `ada` say the numbers of a range, in the database alone. Returns their keys.
async fn said(site: &Site, room: i64, numbers: std::ops::Range<usize>) -> Vec<i64> {
    let users = Users::new(site.store.database().clone(), Default::default());
    let user = users.by_name("ada").await.expect("read").expect("there").id;
    let message = |number: usize| NewMessage {
        room,
        user,
        content: number.to_string(),
        at: SystemTime::now(),
        again_after: None,
    };
    let messages: Vec<_> = numbers.map(message).collect();
    let ids = site.store.insert(&messages).await.expect("stored");
    ids.into_iter().map(|id| id.expect("stored")).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn who_comes_gets_the_newest_and_may_page_back() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let ada = site.user("ada").await;
    said(&site, room.id, 0..120).await;
    let mut window = site.join("/ws/lobby/", &ada).await;
    let history = window.next("history").await;
    assert_eq!(texts(&history["history"]), numbers(70..120));
    assert_eq!(history["more"], true);
    let first = &history["history"][0];
    assert_eq!(first["username"], "ada");
    assert!(first["at"].is_f64(), "{first}");
    window.send(json!({ "before": first["id"] })).await;
    let page = window.next("page").await;
    assert_eq!(
        (texts(&page["page"]), &page["more"]),
        (numbers(20..70), &json!(true))
    );
    window.send(json!({ "before": page["page"][0]["id"] })).await;
    let page = window.next("page").await;
    assert_eq!(
        (texts(&page["page"]), &page["more"]),
        (numbers(0..20), &json!(false))
    );
}

#[tokio::test]
async fn who_comes_back_gets_what_they_missed() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let ada = site.user("ada").await;
    let ids = said(&site, room.id, 0..100).await;
    let mut window = site.join(&format!("/ws/lobby/?after={}", ids[89]), &ada).await;
    let history = window.next("history").await;
    let expected = json!({ "history": history["history"], "since": ids[89] - 20 });
    assert_eq!(
        history, expected,
        "neither a gap nor more than the client knows of"
    );
    let missed = texts(&history["history"]);
    assert_eq!(missed, numbers(70..100), "with a little of what came before");
}

#[tokio::test]
async fn who_was_away_for_too_much_begins_anew() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let ada = site.user("ada").await;
    let ids = said(&site, room.id, 0..700).await;
    let mut window = site.join(&format!("/ws/lobby/?after={}", ids[10]), &ada).await;
    let history = window.next("history").await;
    assert_eq!((&history["gap"], &history["more"]), (&json!(true), &json!(true)));
    assert_eq!(texts(&history["history"]), numbers(650..700));
}

#[tokio::test]
async fn an_open_room_remembers_too() {
    let site = Site::start_with(|options| options.limits.messages_per_10_s = 0).await;
    let mut window = site.guest("lobby/?username=Ada").await;
    let mut ids = Vec::new();
    for number in 0..60 {
        window
            .send(json!({ "message": number.to_string(), "id": "x" }))
            .await;
        ids.push(window.next("ack").await["id"].as_i64().expect("an id"));
    }
    let mut late = site.guest("lobby/").await;
    let history = late.next("history").await;
    assert_eq!(
        (texts(&history["history"]), &history["more"]),
        (numbers(10..60), &json!(true))
    );
    assert_eq!(history["history"][0]["guest"], true);
    late.send(json!({ "before": history["history"][0]["id"] })).await;
    let page = late.next("page").await;
    assert_eq!(
        (texts(&page["page"]), &page["more"]),
        (numbers(0..10), &json!(false))
    );
    let mut back = site.guest(&format!("lobby/?after={}", ids[49])).await;
    assert_eq!(texts(&back.next("history").await["history"]), numbers(30..60));
}

#[tokio::test]
async fn an_after_that_is_no_number_is_passed_over() {
    let site = Site::start().await;
    let mut window = site.guest("lobby/?after=soon").await;
    assert_eq!(
        window.next("history").await,
        json!({ "history": [], "more": false })
    );
}
