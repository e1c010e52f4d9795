//! Who is in a room.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn people_come_and_go_once_however_many_windows_they_have() {
    let site = Site::start().await;
    site.room("lobby").await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let mut first = site.join("/ws/lobby/", &ada).await;
    assert_eq!(first.arrived().await.1, json!({ "users": ["ada"] }));
    let mut window = site.join("/ws/lobby/", &bob).await;
    assert_eq!(window.arrived().await.1, json!({ "users": ["ada", "bob"] }));
    let mut other = site.join("/ws/lobby/", &bob).await;
    other.arrived().await;
    assert_eq!(first.next("joined").await, json!({ "joined": "bob" }));
    window.leave().await;
    assert!(first.is_quiet().await, "another window of bob's is open");
    other.leave().await;
    assert_eq!(first.next("left").await, json!({ "left": "bob" }));
}

#[tokio::test]
async fn guests_are_marked_among_people() {
    let site = Site::start().await;
    let ada = site.user("ada").await;
    let mut ada = site.join("/ws/chat/lobby/", &ada).await;
    ada.arrived().await;
    let mut guest = site.guest("lobby/?username=ada").await;
    assert_eq!(
        guest.arrived().await.1,
        json!({ "users": ["ada", "ada (guest)"] })
    );
    assert_eq!(ada.next("joined").await, json!({ "joined": "ada (guest)" }));
}

#[tokio::test]
async fn others_see_that_somebody_is_typing_now_and_then() {
    let site = Site::start().await;
    site.room("lobby").await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let mut ada = site.join("/ws/lobby/", &ada).await;
    let mut bob = site.join("/ws/lobby/", &bob).await;
    bob.arrived().await;
    ada.arrived().await;
    for _ in 0..5 {
        ada.send(json!({ "typing": true })).await;
    }
    ada.send(json!({ "typing": false })).await;
    assert_eq!(bob.next("typing").await, json!({ "typing": "ada" }));
    ada.say("typed").await;
    let next = bob.next("message").await;
    assert_eq!(next["message"], "typed");
    assert_eq!(
        ada.next("message").await["message"],
        "typed",
        "nobody is told of themselves"
    );
}
