//! The staff's pages.

use std::time::SystemTime;

use laureola_chat::store::NewMessage;
use laureola_chat::store::messages::Page;

use crate::browser::{Browser, Site};

#[tokio::test]
async fn only_staff_may_administer() {
    let site = Site::start().await;
    site.store.create_room("Tea", None).await.expect("created");
    site.user("bob", false).await;
    let mut stranger = Browser::new(&site);
    let mut bob = Browser::new(&site);
    bob.log_in("bob").await;
    for target in ["/admin/", "/admin/users/", "/admin/rooms/tea/"] {
        let answer = stranger.get(target).await;
        assert_eq!(answer.status, 303, "{target}");
        assert_eq!(bob.get(target).await.status, 403, "{target}");
    }
    for target in [
        "/admin/rooms/",
        "/admin/rooms/tea/rename/",
        "/admin/rooms/tea/delete/",
        "/admin/rooms/tea/messages/1/delete/",
    ] {
        let answer = bob.submit("/rooms/", target, &[("name", "Mine")]).await;
        assert_eq!(answer.status, 403, "{target}");
    }
    let rooms = site.store.rooms().await.expect("read");
    assert_eq!(rooms.len(), 1);
    assert_eq!(rooms[0].name, "Tea");
}

#[tokio::test]
async fn staff_creates_renames_and_deletes_rooms() {
    let site = Site::start().await;
    site.user("root", true).await;
    let mut root = Browser::new(&site);
    root.log_in("root").await;
    let done = root
        .submit(
            "/admin/",
            "/admin/rooms/",
            &[("name", "<i>Tea</i> room"), ("slug", "")],
        )
        .await;
    done.leads_to("/admin/");
    root.get("/admin/").await.says("&#60;i&#62;Tea&#60;/i&#62; room");
    let slug = site.store.rooms().await.expect("read").remove(0).slug;
    assert_eq!(slug, "iteai-room");

    let again = root
        .submit("/admin/", "/admin/rooms/", &[("name", "Other"), ("slug", &slug)])
        .await;
    assert_eq!(again.status, 400);
    again.says("there is a room with this slug already");
    let nameless = root.submit("/admin/", "/admin/rooms/", &[("name", " ")]).await;
    nameless.says("a room&#39;s name has 1 to 255 characters");

    let rename = format!("/admin/rooms/{slug}/rename/");
    root.submit("/admin/", &rename, &[("name", "Coffee")])
        .await
        .leads_to("/admin/");
    assert_eq!(
        site.store.room(&slug).await.expect("read").expect("there").name,
        "Coffee"
    );
    // Guests find the way to it.
    let open = Browser::new(&site).get(&format!("/chat/{slug}/")).await;
    open.leads_to(&format!("/rooms/{slug}/"));

    let delete = format!("/admin/rooms/{slug}/delete/");
    root.submit("/admin/", &delete, &[]).await.leads_to("/admin/");
    assert_eq!(site.store.room(&slug).await.expect("read"), None);
    assert_eq!(root.submit("/admin/", &delete, &[]).await.status, 404);
}

#[tokio::test]
async fn messages_are_listed_in_pages_and_deleted_in_their_own_room_only() {
    let site = Site::start().await;
    site.user("root", true).await;
    let tea = site.store.create_room("Tea", None).await.expect("created");
    site.store.create_room("Other", None).await.expect("created");
    let said = |n| NewMessage {
        room: tea.id,
        user: 1,
        content: format!("<script>say({n})</script>"),
        at: SystemTime::now(),
        again_after: None,
    };
    let messages: Vec<_> = (0..60).map(said).collect();
    let ids = site.store.insert(&messages).await.expect("stored");
    let last = ids[59].expect("stored");
    let mut root = Browser::new(&site);
    root.log_in("root").await;
    let newest = root.get("/admin/rooms/tea/").await;
    newest.says("&#60;script&#62;say(59)&#60;/script&#62;");
    assert!(
        !newest.body.contains("say(9)") && !newest.body.contains("<script>say"),
        "{}",
        newest.body
    );
    let older = format!("/admin/rooms/tea/?before={}", ids[10].expect("stored"));
    newest.says(&older);
    root.get(&older).await.says("say(9)");

    let elsewhere = format!("/admin/rooms/other/messages/{last}/delete/");
    root.submit("/admin/", &elsewhere, &[])
        .await
        .leads_to("/admin/rooms/other/");
    let newest = |limit| site.store.messages(tea.id, Page::Newest, limit);
    assert_eq!(newest(1).await.expect("read")[0].id, last);
    let here = format!("/admin/rooms/tea/messages/{last}/delete/");
    root.submit("/admin/", &here, &[])
        .await
        .leads_to("/admin/rooms/tea/");
    assert_eq!(newest(100).await.expect("read").len(), 59);
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    let site = Site::start().await;
    site.user("root", true).await;
    let users = laureola_django::auth::Users::new(site.store.database().clone(), Default::default());
    for n in 0..60 {
        let user = laureola_django::auth::NewUser {
            username: &format!("m+{n:02}"),
            password: "!",
            email: "",
            is_superuser: false,
        };
        users.create(user).await.expect("created");
    }
    let mut root = Browser::new(&site);
    root.log_in("root").await;
    let first = root.get("/admin/users/").await;
    first.says("m+49");
    assert!(!first.body.contains("m+50"));
    first.says("/admin/users/?after=m%2B49");
    let second = root.get("/admin/users/?after=m%2B49").await;
    second.says("m+59");
    second.says("superuser");
}
