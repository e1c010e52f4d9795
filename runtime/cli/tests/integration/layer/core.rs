//! Groups, members, messages and the clean-up of a core layer with members in Rust and in Python.

use laureola_testkit::{RedisServer, RespValue, WebSocket, wait_until};
use serde_json::{Value, json};

use super::config::ConfigFile;
use super::{layer, run};
use crate::python_member::PythonMember;
use crate::server::{SOON, Server, heard};

/// Two sockets of a server of ours and a Python consumer in one room.
struct Room {
    redis: RedisServer,
    server: Server,
    _sockets: [WebSocket; 2],
    python: PythonMember,
    channel: String,
}

impl Room {
    fn start() -> Self {
        let redis = RedisServer::start();
        // Dead after two seconds without a sign of life.
        let config = json!({ "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": { "hosts": [redis.url()], "heartbeat": 3 },
        } });
        let file =
            std::env::temp_dir().join(format!("laureola-{}-{}.json", std::process::id(), redis.port()));
        std::fs::write(&file, config.to_string()).expect("written");
        let server = Server::start(&["--layer-config", file.to_str().expect("text")]);
        std::fs::remove_file(&file).expect("the server has read it");
        let mut python = PythonMember::start("core", &redis);
        Self {
            _sockets: [server.join("lobby", "ada"), server.join("lobby", "bob")],
            channel: python.join(&["chat_lobby", "chat_kitchen"]),
            python,
            server,
            redis,
        }
    }

    /// How many members of the lobby are `owner`'s, and alive or not or neither.
    fn count(&self, owner: &str, alive: &Value) -> usize {
        let members = layer(&self.redis, &["members", "chat_lobby", "--json"]).json();
        let members = members.as_array().expect("a list");
        members
            .iter()
            .filter(|member| member["owner"] == owner && member["alive"] == *alive)
            .count()
    }
}

#[test]
fn groups_and_members_of_both_worlds() {
    let room = Room::start();
    let host = format!("127.0.0.1:{}", room.redis.port());
    let groups = layer(&room.redis, &["groups"]);
    assert_eq!(
        groups.rows(),
        [
            ["chat.lobby", "2", &host],
            ["chat_kitchen", "1", &host],
            ["chat_lobby", "3", &host]
        ]
    );
    assert_eq!(
        layer(&room.redis, &["groups", "--json"]).json(),
        json!([
            { "group": "chat.lobby", "members": 2, "host": host },
            { "group": "chat_kitchen", "members": 1, "host": host },
            { "group": "chat_lobby", "members": 3, "host": host },
        ])
    );

    let members = layer(&room.redis, &["members", "chat_lobby"]);
    let rows = members.rows();
    let whose = |owner: &str| rows.iter().filter(|row| row[2] == owner).count();
    assert_eq!((whose("Laureola, alive"), whose("other")), (2, 1), "{rows:?}");
    let python = rows.iter().find(|row| row[2] == "other").expect("Python's");
    assert_eq!(python[0], room.channel);
    assert!(python[1].ends_with('s'), "{python:?}");
    assert_eq!(
        layer(&room.redis, &["members", "chat_garden"]).stdout,
        "nobody is in chat_garden\n"
    );
    assert_eq!(
        layer(&room.redis, &["members", "chat_garden", "--json"]).json(),
        json!([])
    );
}

#[test]
fn gc_removes_the_members_of_a_killed_server_and_none_of_pythons() {
    let mut room = Room::start();
    assert_eq!(room.count("laureola", &true.into()), 2);
    room.server.process.sigkill();
    wait_until("the server counts as dead", SOON, || {
        room.count("laureola", &false.into()) == 2
    });
    let members = layer(&room.redis, &["members", "chat_lobby"]);
    assert!(members.stdout.contains("Laureola, dead"), "{}", members.stdout);

    let gc = layer(&room.redis, &["gc"]);
    gc.succeeded();
    assert!(
        gc.stdout.starts_with("removed 4 members; 1 dead process, "),
        "{}",
        gc.stdout
    );
    assert_eq!(room.count("other", &Value::Null), 1);
    assert_eq!(room.count("laureola", &false.into()), 0);

    let again = layer(&room.redis, &["gc", "--age", "1h", "--json"]).json();
    assert_eq!(again["members"], 0, "Python's is younger");
    let old = layer(&room.redis, &["gc", "--age", "0.001s", "--json"]).json();
    assert_eq!(old["members"], 2, "one a group");
    assert_eq!(
        layer(&room.redis, &["groups"]).stdout,
        "no groups under the prefix asgi\n"
    );
}

#[test]
fn messages_from_the_command_line_reach_python_and_rust() {
    let mut room = Room::start();
    let message = json!({ "type": "chat.message", "message": "ça va 🎉", "username": "operator" });
    let sent = layer(&room.redis, &["group-send", "chat_lobby", &message.to_string()]);
    sent.succeeded();
    assert_eq!(sent.stdout, "sent to group chat_lobby\n");
    assert_eq!(room.python.receive(&room.channel), message);
    let expected = json!({ "message": "ça va 🎉", "username": "operator" });
    for socket in &mut room._sockets {
        assert_eq!(heard(socket), expected);
    }

    let message = json!({ "type": "direct", "n": [1, 2.5, null, true] });
    let sent = layer(
        &room.redis,
        &["send", &room.channel, &message.to_string(), "--json"],
    );
    assert_eq!(sent.json(), json!({ "sent": true, "channel": room.channel }));
    assert_eq!(room.python.receive(&room.channel), message);
}

#[test]
fn depth_counts_what_waits_and_a_full_channel_is_an_error() {
    let redis = RedisServer::start();
    let mut python = PythonMember::start("core", &redis);
    for id in 0..3 {
        python.send("thumbnails", &json!({ "type": "generate", "id": id }));
    }
    redis.command(&["ZADD", "asgithumbnails$inflight", "1", "taken"]);
    let host = format!("127.0.0.1:{}", redis.port());
    let depth = layer(&redis, &["depth", "thumbnails"]);
    assert_eq!(depth.rows(), [[&*host, "3", "1", "100"]]);
    let depth = layer(
        &redis,
        &["depth", "thumbnails", "--json", "--layer-capacity", "3"],
    );
    assert_eq!(
        depth.json(),
        json!([{ "host": host, "waiting": 3, "in_flight": 1, "capacity": 3 }])
    );

    let message = r#"{"type": "generate", "id": 3}"#;
    let full = layer(&redis, &["send", "thumbnails", message, "--layer-capacity", "3"]);
    full.failed(1, &["channel thumbnails is full"]);
    layer(&redis, &["send", "thumbnails", message]).succeeded();
    assert_eq!(layer(&redis, &["depth", "thumbnails"]).rows()[0][1], "4");
}

#[test]
fn another_prefix_is_another_layer() {
    let room = Room::start();
    let url = room.redis.url();
    let groups = run(&[
        "layer",
        "groups",
        "--channel-layer",
        &url,
        "--layer-prefix",
        "other",
    ]);
    groups.succeeded();
    assert_eq!(groups.stdout, "no groups under the prefix other\n");
}

#[test]
fn an_inspector_leaves_nothing_behind() {
    let redis = RedisServer::start();
    for args in [&["groups"][..], &["members", "g"], &["depth", "c"], &["gc"]] {
        layer(&redis, args).succeeded();
    }
    assert_eq!(redis.command(&["DBSIZE"]), RespValue::Integer(0));
}

#[test]
fn a_unix_socket_is_a_place_too() {
    let directory = std::env::temp_dir();
    let socket = directory.join(format!("laureola-redis-{}.sock", std::process::id()));
    let socket = socket.to_str().expect("text");
    let redis = RedisServer::start_with(&["--unixsocket", socket]);
    let url = format!("unix://{socket}");
    let server = Server::start(&["--channel-layer", &url]);
    let _ada = server.join("lobby", "ada");
    let groups = run(&["layer", "groups", "--channel-layer", &url]);
    assert_eq!(
        groups.rows(),
        [["chat.lobby", "1", socket], ["chat_lobby", "1", socket]]
    );
    assert_eq!(layer(&redis, &["groups"]).rows()[1][..2], ["chat_lobby", "1"]);
    drop(redis);
    let _ = std::fs::remove_file(socket);
}

#[test]
fn the_members_of_a_process_that_stands_for_them_all() {
    let redis = RedisServer::start();
    let config = json!({ "default": {
        "BACKEND": "laureola.layers.RedisChannelLayer",
        "CONFIG": { "hosts": [redis.url()], "membership": "process" },
    } });
    let file = ConfigFile::new("json", &config.to_string());
    let server = Server::start(&["--layer-config", file.path()]);
    let _sockets = [server.join("lobby", "ada"), server.join("lobby", "bob")];
    let members = layer(&redis, &["members", "chat_lobby"]);
    let rows = members.rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0][0].contains("!g."), "{rows:?}");
    assert_eq!(rows[0][2], "Laureola, alive");
}
