//! What an operator does, and what people then find.

use std::time::SystemTime;

use laureola_chat::manage::{ManageError, Management, Person};
use laureola_chat::store::NewMessage;

use crate::browser::{Browser, PASSWORD, Site};

async fn create(
    management: &Management,
    username: &str,
    password: &str,
    is_superuser: bool,
) -> Result<(), ManageError> {
    let person = Person {
        username,
        password,
        is_superuser,
        ..Person::default()
    };
    management.create_user(person).await
}

#[tokio::test]
async fn a_superuser_made_beside_a_running_server_logs_in() {
    let site = Site::start().await;
    let management = Management::open(&site.url).await.expect("the chat's database");
    for (username, password, words) in [
        ("a b", PASSWORD, "Enter a valid username."),
        ("root", "12345", "too common"),
    ] {
        let error = create(&management, username, password, true)
            .await
            .expect_err(username);
        assert!(error.to_string().contains(words), "{error}");
    }
    create(&management, "root", PASSWORD, true)
        .await
        .expect("created");
    let again = create(&management, "Root", PASSWORD, true).await;
    assert!(matches!(again, Err(ManageError::Taken)), "{again:?}");
    management.create_room("Tea room", None).await.expect("created");

    let mut root = Browser::new(&site);
    root.log_in("root").await;
    root.get("/admin/").await.says("Tea room");
    management.close().await;
}

#[tokio::test]
async fn an_export_is_everything_in_pages() {
    let site = Site::start().await;
    let management = Management::open(&site.url).await.expect("the chat's database");
    create(&management, "ada", PASSWORD, false)
        .await
        .expect("created");
    let room = management.create_room("Tea", None).await.expect("created");
    let said = |n: usize| NewMessage {
        room: room.id,
        user: 1,
        content: n.to_string(),
        at: SystemTime::now(),
        again_after: None,
    };
    let messages: Vec<_> = (0..501).map(said).collect();
    site.store.insert(&messages).await.expect("stored");
    let (mut after, mut texts) = (0, Vec::new());
    loop {
        let page = management.export(&room, after).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.id;
        texts.extend(page.into_iter().map(|message| message.message));
    }
    assert_eq!(texts, (0..501).map(|n| n.to_string()).collect::<Vec<_>>());
    let extent = management.extent(&room).await.expect("counted");
    assert_eq!((extent.messages, extent.last), (501, after));
    for (asked, words) in [
        ("none", "there is no room \"none\""),
        ("teaa", "there is no room \"teaa\"; similar: tea"),
    ] {
        let none = management.room(asked).await.expect_err("no room");
        assert_eq!(none.to_string(), words);
    }
    assert_eq!(management.room("TEA").await.expect("in whatever case"), room);
}
