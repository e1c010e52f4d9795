//! `--layer-config`: CHANNEL_LAYERS in a file, for the server and for the inspector.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use laureola_testkit::{RedisServer, RespValue};

use super::run;
use crate::server::{SOON, Server, heard};

/// A file with a configuration; removed on drop.
pub(crate) struct ConfigFile(PathBuf);

impl ConfigFile {
    pub(crate) fn new(extension: &str, text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("laureola-layers-{}-{number}.{extension}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("text")
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn toml(redis: &RedisServer) -> ConfigFile {
    ConfigFile::new(
        "toml",
        &format!(
            r#"
            [default]
            BACKEND = "channels_redis.core.RedisChannelLayer"
            CONFIG = {{ hosts = [["127.0.0.1", {port}]], prefix = "fromfile", capacity = 7 }}

            [fleeting]
            BACKEND = "laureola.layers.RedisPubSubChannelLayer"
            CONFIG.hosts = ["{url}"]
            CONFIG.prefix = "fleeting"

            [local]
            BACKEND = "channels.layers.InMemoryChannelLayer"
            CONFIG.channel_capacity = {{ "mail.*" = 10 }}
            "#,
            port = redis.port(),
            url = redis.url(),
        ),
    )
}

#[test]
fn the_server_and_the_inspector_read_the_same_file() {
    let redis = RedisServer::start();
    let file = toml(&redis);
    let mut server = Server::start(&["--layer-config", file.path()]);
    let mut ada = server.join("lobby", "ada");
    assert_eq!(
        redis.command(&["ZCARD", "fromfile:group:chat_lobby"]),
        RespValue::Integer(1)
    );
    assert!(
        server.process.stderr().contains("channel layer default of "),
        "{}",
        server.process.stderr()
    );
    let groups = run(&["layer", "groups", "--layer-config", file.path()]);
    assert_eq!(groups.rows()[1][..2], ["chat_lobby", "1"]);
    let depth = run(&["layer", "--layer-config", file.path(), "depth", "jobs"]);
    assert_eq!(depth.rows()[0][3], "7");
    let hello = r#"{"type": "chat.message", "message": "hello", "username": "operator"}"#;
    run(&[
        "layer",
        "group-send",
        "chat_lobby",
        hello,
        "--layer-config",
        file.path(),
    ])
    .succeeded();
    assert_eq!(heard(&mut ada)["message"], "hello");
    server.process.terminate();
    assert!(server.process.wait_exit(SOON).success());
}

#[test]
fn an_alias_chooses_another_entry() {
    let redis = RedisServer::start();
    let file = toml(&redis);
    let server = Server::start(&["--layer-config", file.path(), "--layer-alias", "fleeting"]);
    let _ada = server.join("lobby", "ada");
    let groups = run(&[
        "layer",
        "groups",
        "--layer-config",
        file.path(),
        "--layer-alias",
        "fleeting",
    ]);
    assert_eq!(groups.rows()[1][..2], ["chat_lobby", "1"]);

    let server = Server::start(&["--layer-config", file.path(), "--layer-alias", "local"]);
    let mut ada = server.join("lobby", "ada");
    ada.send_text(r#"{"message": "hello"}"#);
    assert_eq!(heard(&mut ada)["message"], "hello");
    let groups = run(&[
        "layer",
        "groups",
        "--layer-config",
        file.path(),
        "--layer-alias",
        "local",
    ]);
    groups.failed(1, &["local of ", "inside the server's process"]);
}

#[test]
fn what_is_wrong_in_a_file_is_one_line_with_its_place() {
    for (extension, text, expected) in [
        ("json", "{", &["EOF while parsing"][..]),
        ("toml", "[default\n", &["line 1"]),
        ("yaml", "default:", &["a .json or a .toml file"]),
        (
            "json",
            "{}",
            &["no channel layer has the alias \"default\"; there are: none"],
        ),
        ("json", r#"{"x": {"BACKEND": "b"}}"#, &["there are: x"]),
        (
            "json",
            r#"{"default": {"BACKEND": "my.Layer"}}"#,
            &[
                "default: BACKEND \"my.Layer\" is not known",
                "channels_redis.core.RedisChannelLayer",
            ],
        ),
        (
            "toml",
            "[default]\nBACKEND = \"channels_redis.core.RedisChannelLayer\"\nCONFIG.capacity = \"many\"",
            &["default: CONFIG.capacity: invalid type"],
        ),
        (
            "json",
            r#"{"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"host": "h"}}}"#,
            &["default: CONFIG", "unknown field `host`"],
        ),
    ] {
        let file = ConfigFile::new(extension, text);
        for args in [&["layer", "groups"][..], &["--port", "0"]] {
            let outcome = run(&[args, &["--layer-config", file.path()]].concat());
            outcome.failed(1, &[file.path()]);
            outcome.failed(1, expected);
        }
    }
    let missing = run(&["--layer-config", "/nonexistent/layers.json"]);
    missing.failed(
        1,
        &["cannot read the layer configuration /nonexistent/layers.json"],
    );
}
