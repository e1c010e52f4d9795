//! The store, the same on both databases.

use std::time::SystemTime;

use laureola_chat::store::messages::Page;
use laureola_chat::store::{NewMessage, RoomError, Store};
use laureola_django::auth::{NewUser, Users};
use laureola_testkit::Postgres;

#[tokio::test]
async fn rooms_and_messages_in_sqlite() {
    let dir = tempfile::tempdir().expect("a directory");
    works(&format!("sqlite://{}", dir.path().join("chat.sqlite3").display())).await;
}

#[tokio::test]
async fn rooms_and_messages_in_postgres() {
    let postgres = tokio::task::spawn_blocking(Postgres::start)
        .await
        .expect("started");
    works(&postgres.url()).await;
}

async fn works(url: &str) {
    let store = Store::open(url).await.expect("a fresh database");
    rooms(&store).await;
    messages(&store).await;
    let again = Store::open(url).await.expect("opened as it is");
    assert_eq!(again.rooms().await.expect("read").len(), 1);
}

async fn rooms(store: &Store) {
    let hall = store.create_room(" Great  Hall ", None).await.expect("created");
    assert_eq!((&*hall.name, &*hall.slug), ("Great  Hall", "great-hall"));
    let taken = store.create_room("Other", Some("great-hall")).await;
    assert!(matches!(taken, Err(RoomError::Taken)), "{taken:?}");
    for (name, slug) in [("", None), ("日本", None), ("a", Some("a b")), ("a\0", None)] {
        assert!(store.create_room(name, slug).await.is_err(), "{name:?} {slug:?}");
    }
    store.rename_room(hall.id, "Hall").await.expect("renamed");
    let read = store.room("great-hall").await.expect("read").expect("there");
    assert_eq!((read.id, &*read.name), (hall.id, "Hall"));
    store.delete_room(hall.id).await.expect("deleted");
    let gone = store.rename_room(hall.id, "Hall").await;
    assert!(matches!(gone, Err(RoomError::Gone)), "{gone:?}");
    assert_eq!(store.room("great-hall").await.expect("read"), None);
}

async fn messages(store: &Store) {
    let users = Users::new(store.database().clone(), Default::default());
    let ada = NewUser {
        username: "ada",
        password: "!",
        email: "",
        is_superuser: false,
    };
    let user = users.create(ada).await.expect("created").expect("free");
    let room = store.create_room("Lobby", None).await.expect("created").id;
    let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_763_790_000_123_456);
    let message = |room, user, content: &str, again_after| NewMessage {
        room,
        user,
        content: content.to_owned(),
        at,
        again_after,
    };
    let batch: Vec<_> = (0..300)
        .map(|n| message(room, user, &n.to_string(), None))
        .collect();
    let ids = store.insert(&batch).await.expect("stored");
    assert!(ids.iter().all(Option::is_some) && ids.is_sorted());
    let newest = store.messages(room, Page::Newest, 3).await.expect("read");
    let texts: Vec<_> = newest.iter().map(|message| &*message.content).collect();
    assert_eq!(texts, ["297", "298", "299"]);
    assert_eq!((&*newest[0].username, newest[0].at), ("ada", at));

    let again = [
        message(room, user, "299", ids[298]),
        message(room, user, "300", ids[298]),
        message(room + 1, user, "a", None),
        message(room, user + 1, "a", None),
    ];
    let again = store.insert(&again).await.expect("stored");
    assert_eq!(again[0], ids[299], "sent again");
    assert!(again[1] > ids[299]);
    assert_eq!(again[2..], [None, None], "neither a room nor a user");

    assert!(
        store
            .delete_message(again[1].expect("stored"))
            .await
            .expect("deleted")
    );
    assert!(
        !store
            .delete_message(again[1].expect("stored"))
            .await
            .expect("deleted")
    );
    let none = store
        .messages(room, Page::After(ids[299].expect("stored")), 10)
        .await;
    assert_eq!(none.expect("read"), []);
}
