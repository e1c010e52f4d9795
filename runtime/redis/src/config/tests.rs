use serde_json::{Value, json};

use super::host::Place;
use super::tls::Check;
use super::*;

fn config(value: Value) -> Result<RedisConfig, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn host(value: Value) -> Result<Host, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn shown(value: Value) -> String {
    host(value).expect("a host").to_string()
}

#[test]
fn nothing_said_is_the_defaults_of_channels_redis() {
    let read = config(json!({})).expect("a configuration");
    assert_eq!(format!("{read:?}"), format!("{:?}", RedisConfig::default()));
    for hosts in [json!(null), json!([])] {
        let read = config(json!({"hosts": hosts})).expect("a configuration");
        assert_eq!(read.hosts[0].to_string(), "redis://localhost:6379/0");
    }
}

#[test]
fn every_option_is_read_by_its_name() {
    let read = config(json!({
        "hosts": ["redis://a", ["b", 7]],
        "prefix": "chat", "expiry": 1.5, "group_expiry": 2, "capacity": 7,
        "channel_capacity": [["a.*", 1], ["a.b", 2]],
        "symmetric_encryption_keys": ["new", "old"],
        "random_prefix_length": 4, "serializer_format": "json",
        "membership": "process", "overflow": "close", "heartbeat": 30,
    }));
    let read = read.expect("a configuration");
    assert_eq!(read.hosts.len(), 2);
    assert_eq!(
        (read.prefix.as_str(), read.expiry),
        ("chat", Duration::from_millis(1_500))
    );
    assert_eq!(read.group_expiry, Duration::from_secs(2));
    assert_eq!(["a.b", "b"].map(|name| read.capacities().of(name)), [1, 7]);
    assert_eq!(read.symmetric_encryption_keys, ["new", "old"]);
    assert_eq!(
        (read.random_prefix_length, read.serializer_format.as_str()),
        (4, "json")
    );
    assert_eq!(
        (read.membership, read.overflow),
        (Membership::Process, Overflow::Close)
    );
    assert_eq!(read.heartbeat, Duration::from_secs(30));
}

#[test]
fn what_cannot_be_meant_is_an_error_that_says_what_can() {
    for (value, words) in [
        (
            json!({"host": "a"}),
            vec!["unknown field `host`", "`hosts`", "`serializer_format`"],
        ),
        (
            json!({"hosts": "redis://:secret@a"}),
            vec!["hosts must be a list of hosts, even if there is only one"],
        ),
        (
            json!({"hosts": [{"adress": "redis://a"}]}),
            vec!["unknown field `adress`", "`address`"],
        ),
        (json!({"hosts": [["a"]]}), vec!["must be a pair"]),
        (json!({"hosts": [["a", 1, 2]]}), vec!["must be a pair"]),
        (
            json!({"symmetric_encryption_keys": "secret"}),
            vec!["must be a list, even if there is only one key"],
        ),
        (
            json!({"expiry": 0}),
            vec!["expiry is 0, and must be a number of seconds above 0"],
        ),
        (json!({"capacity": 0}), vec!["capacity is 0"]),
        (
            json!({"channel_capacity": {"[a": 1}}),
            vec!["\"[a\" is not valid"],
        ),
        (
            json!({"overflow": "drop"}),
            vec!["unknown variant `drop`", "`drop-newest`"],
        ),
    ] {
        let error = config(value).expect_err("refused");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn urls_are_those_of_redis_py() {
    for (url, expected) in [
        ("redis://", "redis://localhost:6379/0"),
        ("redis://a", "redis://a:6379/0"),
        ("redis://me:se@cret@example.com:1/2", "redis://example.com:1/2"),
        ("redis://a/1?db=3", "redis://a:6379/3"),
        ("redis://[::1]:7/", "redis://[::1]:7/0"),
        ("rediss://a", "rediss://a:6379/0"),
        ("unix:///run/redis%20a.sock?db=1", "unix:///run/redis a.sock?db=1"),
        ("unix://me@/run/a.sock", "unix:///run/a.sock?db=0"),
    ] {
        assert_eq!(shown(json!(url)), expected, "{url}");
    }
    let login = host(json!("redis://m%65:p%40ss@a")).expect("a host").login;
    assert_eq!(
        (login.username.as_deref(), login.password.as_deref()),
        (Some("me"), Some("p@ss"))
    );
    let login = host(json!("unix://me@/a?password=p%40ss")).expect("a host").login;
    assert_eq!(
        (login.username.as_deref(), login.password.as_deref()),
        (Some("me"), Some("p@ss"))
    );
}

#[test]
fn a_url_that_is_none_is_refused_without_its_password() {
    for (url, why) in [
        ("localhost", "it is no URL"),
        ("amqp://:secret@x", "its scheme is amqp"),
        ("redis://:secret@a:port", "its port is no number"),
        ("redis://:secret@a/one", "its database \"one\" is no number"),
        (
            "redis://a?sll_cert_reqs=none",
            "its option \"sll_cert_reqs\" is not known",
        ),
        ("redis://a?ssl_cert_reqs=none", "write rediss://"),
        (
            "rediss://a?ssl_cert_reqs=maybe",
            "must be \"required\" or \"none\"",
        ),
        ("redis://:sec#ret@a", "write # in a password as %23"),
        ("unix://run/redis.sock", "a third slash"),
    ] {
        let error = Host::parse(url).expect_err(url).to_string();
        assert!(error.contains(why), "{url}: {error}");
        let later = format!("{:?}", Host::from(url));
        assert!(
            later.contains(why) && !later.contains("secret") && !error.contains("secret"),
            "{later}"
        );
    }
}

#[test]
fn maps_are_connection_arguments() {
    assert_eq!(shown(json!({})), "redis://localhost:6379/0");
    assert_eq!(shown(json!({"host": "a", "port": 7, "db": 1})), "redis://a:7/1");
    assert_eq!(shown(json!({"path": "/run/a.sock"})), "unix:///run/a.sock?db=0");
    // What the URL says counts first, as in redis-py.
    let both = json!({"address": "redis://:b@a/2", "db": 1, "username": "me", "password": "c", "port": 9});
    let read = host(both).expect("a host");
    assert_eq!(read.to_string(), "redis://a:9/2");
    assert_eq!(
        (read.login.username.as_deref(), read.login.password.as_deref()),
        (Some("me"), Some("b"))
    );
    assert_eq!(
        shown(json!({"host": "a", "max_connections": 5, "socket_timeout": null})),
        "redis://a:6379/0"
    );
}

#[test]
fn tls_is_said_by_ssl_arguments_in_maps_and_urls() {
    let check = |value| host(value).expect("a host").tls.expect("TLS").check;
    assert_eq!(check(json!("rediss://a")), Check::All);
    assert_eq!(check(json!("rediss://a?ssl_cert_reqs=none")), Check::Nothing);
    assert_eq!(
        check(json!("rediss://a?ssl_check_hostname=False")),
        Check::AnyName
    );
    assert_eq!(check(json!({"host": "a", "ssl": true})), Check::All);
    assert_eq!(check(json!({"host": "a", "ssl_cert_reqs": 0})), Check::Nothing);
    assert_eq!(
        check(json!({"host": "a", "ssl_cert_reqs": "required"})),
        Check::All
    );
    assert_eq!(
        check(json!({"address": "rediss://a", "ssl_check_hostname": false})),
        Check::AnyName
    );
    let full =
        json!({"host": "a", "ssl": true, "ssl_ca_certs": "ca", "ssl_certfile": "c", "ssl_keyfile": "k"});
    let tls = host(full).expect("a host").tls.expect("TLS");
    assert_eq!(
        format!("{tls:?}"),
        r#"Tls { roots: ["ca"], client: Some(("c", "k")), check: All }"#
    );
    assert!(
        host(json!({"host": "a", "ssl": false}))
            .expect("a host")
            .tls
            .is_none()
    );
    for (value, why) in [
        (
            json!({"host": "a", "ssl": false, "ssl_ca_certs": "ca"}),
            "without TLS",
        ),
        (json!({"host": "a", "ssl_keyfile": "k"}), "needs ssl_certfile"),
        (json!({"path": "/a", "ssl": true}), "speaks no TLS"),
    ] {
        let error = host(value).expect_err("refused");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn sentinels_have_a_login_of_their_own() {
    let read = host(json!({
        "sentinels": [["s1", 26379], ["s2", 26380]],
        "master_name": "mymaster",
        "sentinel_kwargs": {"password": "for them", "ssl": true},
        "password": "for it",
        "db": 2,
    }));
    let read = read.expect("a host");
    assert_eq!(read.to_string(), "mymaster of sentinels s1:26379, s2:26380");
    let Place::Sentinel(sentinels) = &read.place else {
        panic!("{read}");
    };
    assert_eq!(sentinels.login.password.as_deref(), Some("for them"));
    assert!(sentinels.tls.is_some() && read.tls.is_none());
    assert_eq!(
        (read.login.password.as_deref(), read.login.db),
        (Some("for it"), 2)
    );
    for (value, why) in [
        (json!({"sentinels": [["s", 1]]}), "master_name"),
        (json!({"master_name": "m"}), "needs sentinels"),
        (json!({"master_name": "m", "sentinels": []}), "empty"),
    ] {
        let error = host(value).expect_err("refused");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let config = RedisConfig::new("redis://me:secret@a")
        .hosts([Host::sentinel("m", [("s", 1)])
            .password("secret")
            .sentinel_login(Some("me"), "secret")])
        .symmetric_encryption_keys(["secret"]);
    let shown = format!("{config:?} {:?}", Host::from("redis://:secret@a").login);
    assert!(
        !shown.contains("secret") && shown.contains("encrypted: true"),
        "{shown}"
    );
}
