//! What was acknowledged is stored, once and in order: fifty clients talk while the database is locked, and the server is
//! killed while it stores what has waited, and started again.
//!
//! Takes six seconds; with `LAUREOLA_DURABILITY_SECONDS=30` in the environment it is the whole proof.

mod client;

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use laureola_chat::store::messages::Page;
use laureola_chat::store::{Store, StoredMessage};
use laureola_django::auth::{Auth, NewUser, Users};
use laureola_django::hashers::{PasswordPool, Passwords};
use laureola_django::session::database::DatabaseStore;
use laureola_django::session::{Session, Sessions};
use laureola_django::{Database, Secrets};
use laureola_testkit::{free_port, wait_until};

use self::client::{Client, Story};
use crate::server::{Command, SOON, command};

const CLIENTS: usize = 50;
const ROOMS: usize = 5;
/// Messages of all clients together in a second.
const RATE: usize = 200;
const SECRET: &str = "a key for tests";

fn seconds() -> u64 {
    let given = std::env::var("LAUREOLA_DURABILITY_SECONDS");
    given.map_or(6, |seconds| seconds.parse().expect("a number of seconds"))
}

fn server(port: u16, url: &str) -> Command {
    let port = port.to_string();
    let args = [
        "--port",
        &port,
        "--database-url",
        url,
        "--secret-key",
        SECRET,
        "--chat-rate",
        "0",
        "--layer-capacity",
        "5000",
    ];
    let process = command(&args);
    wait_until("laureola listens", SOON, || {
        process.stderr().contains("listens on")
    });
    process
}

/// The cookies of as many users as there are clients.
async fn users(store: &Store) -> Vec<String> {
    let users = Users::new(store.database().clone(), Default::default());
    let secrets = Secrets::new(SECRET);
    let sessions = DatabaseStore::new(secrets.clone(), store.database().clone());
    let sessions = Sessions::new(sessions, Default::default());
    let auth = Auth::new(secrets, users, PasswordPool::new(Passwords::default()));
    let mut cookies = Vec::new();
    for number in 0..CLIENTS {
        let username = format!("user{number}");
        let user = NewUser {
            username: &username,
            password: "!unusable",
            email: "",
            is_superuser: false,
        };
        auth.users().create(user).await.expect("created").expect("free");
        let user = auth
            .users()
            .by_name(&username)
            .await
            .expect("read")
            .expect("there");
        let mut session = Session::new();
        auth.login(&mut session, &user).await.expect("logged in");
        sessions.commit(&mut session).await.expect("stored");
        cookies.push(format!("sessionid={}", session.key().expect("a key").as_str()));
    }
    cookies
}

fn wait_for(moment: Instant) {
    while Instant::now() < moment {
        thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_acknowledged_message_is_stored_once_and_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", dir.path().join("chat.sqlite3").display());
    let store = Store::open(&url).await.expect("a database");
    for room in 0..ROOMS {
        store
            .create_room(&format!("room{room}"), None)
            .await
            .expect("created");
    }
    let cookies = users(&store).await;
    let port = free_port();
    let mut process = server(port, &url);

    let length = Duration::from_secs(seconds());
    let interval = Duration::from_secs(1) * CLIENTS as u32 / RATE as u32;
    let messages = usize::try_from(length.as_millis() / interval.as_millis()).expect("few");
    let start = Instant::now() + Duration::from_millis(500);
    let clients: Vec<_> = cookies
        .into_iter()
        .enumerate()
        .map(|(number, cookie)| {
            let client = Client::new(number, port, &format!("room{}", number % ROOMS), cookie);
            // Not all at once, or there would be moments in which nothing is under way.
            let start = start + interval * u32::try_from(number).expect("few") / CLIENTS as u32;
            thread::spawn(move || client.tell(start, interval, messages))
        })
        .collect();

    wait_for(start + length / 3);
    let Database::Sqlite(pools) = store.database() else {
        panic!("it is SQLite");
    };
    let lock = pools.write.begin_with("BEGIN EXCLUSIVE").await.expect("locked");
    wait_for(Instant::now() + (length / 3).min(Duration::from_secs(5)));
    let before = newest(&store).await;
    lock.rollback().await.expect("unlocked");
    // What has waited is being stored, and not all of that was acknowledged.
    let end = Instant::now() + SOON;
    while newest(&store).await == before {
        assert!(Instant::now() < end, "nothing is stored any more");
    }
    process.sigkill();
    let killed = Instant::now();
    process = server(port, &url);
    let away = killed.elapsed();
    let stories: Vec<Story> = clients
        .into_iter()
        .map(|client| client.join().expect("a client's story"))
        .collect();
    let took = start.elapsed();

    let stored = stored(&store).await;
    check(&stories, &stored, messages);
    let sum = |count: fn(&Story) -> usize| stories.iter().map(count).sum::<usize>();
    assert!(sum(|story| story.sent_again) > 0, "the server was killed in vain");
    let slowest = stories
        .iter()
        .map(|story| story.slowest)
        .max()
        .unwrap_or_default();
    println!(
        "{} messages of {CLIENTS} clients in {:.1} s: {} acknowledged, {} stored, {} sent again, {} of which had been \
         stored before; {} connections lost; {:.1} s from the kill until it served again; slowest answer {:.1} s",
        CLIENTS * messages,
        took.as_secs_f64(),
        sum(|story| story.acknowledged.len()),
        stored.len(),
        sum(|story| story.sent_again),
        sum(|story| story.stored_before),
        sum(|story| story.lost),
        away.as_secs_f64(),
        slowest.as_secs_f64(),
    );
    drop(process);
}

/// The key of the newest message in the first room.
async fn newest(store: &Store) -> i64 {
    let room = store.room("room0").await.expect("read").expect("there");
    let newest = store.messages(room.id, Page::Newest, 1).await.expect("read");
    newest.first().map_or(0, |message| message.id)
}

/// All rooms' messages, in the order in which they were stored.
async fn stored(store: &Store) -> Vec<StoredMessage> {
    let mut stored = Vec::new();
    for room in store.rooms().await.expect("read") {
        let all = store.messages(room.id, Page::After(0), u32::MAX).await;
        stored.extend(all.expect("read"));
    }
    stored.sort_by_key(|message| message.id);
    stored
}

fn check(stories: &[Story], stored: &[StoredMessage], messages: usize) {
    let by_id: HashMap<i64, &StoredMessage> = stored.iter().map(|message| (message.id, message)).collect();
    let texts: HashSet<&str> = stored.iter().map(|message| &*message.content).collect();
    assert_eq!(texts.len(), stored.len(), "a message is stored twice");
    for story in stories {
        assert_eq!(story.refused, Vec::<String>::new());
        assert_eq!(story.acknowledged.len(), messages, "of client {}", story.number);
        for (number, id) in &story.acknowledged {
            let message = by_id
                .get(id)
                .unwrap_or_else(|| panic!("{id} was acknowledged and is not stored"));
            assert_eq!(message.content, client::text(story.number, *number));
            assert_eq!(message.username, format!("user{}", story.number));
        }
        let mut ids: Vec<_> = story.acknowledged.clone();
        ids.sort_unstable();
        assert!(
            ids.is_sorted_by_key(|(_, id)| *id),
            "client {}'s messages are out of order",
            story.number
        );
    }
    assert_eq!(stored.len(), stories.len() * messages);
}
