//! Help, bad usage, and layers that cannot be looked into.

use laureola_testkit::free_port;

use super::run;

#[test]
fn every_help_teaches_with_an_example() {
    for subcommand in [
        "ping",
        "groups",
        "members",
        "depth",
        "send",
        "group-send",
        "tail",
        "gc",
        "flush",
    ] {
        let help = run(&["layer", subcommand, "--help"]);
        help.succeeded();
        let example = format!("$ laureola layer --channel-layer redis://cache {subcommand}");
        assert!(help.stdout.contains(&example), "{}", help.stdout);
        assert!(help.stdout.contains("--json"), "{}", help.stdout);
    }
}

#[test]
fn bad_usage_is_one_line_and_status_2() {
    let url = "--channel-layer=redis://127.0.0.1:1";
    for (args, expected) in [
        (&["groups", "surplus"][..], "unexpected argument 'surplus'"),
        (&["members"], "<GROUP> (see laureola layer members --help)"),
        (
            &["members", "chat lobby"],
            "group name \"chat lobby\" is not valid",
        ),
        (&["depth", "a!b!c"], "channel name \"a!b!c\" is not valid"),
        (&["send", "channel", "hello"], "no JSON"),
        (&["send", "channel", "[1]"], "a message is a JSON object"),
        (
            &["group-send", "room", r#"{"message": "hi"}"#],
            "a text under \"type\"",
        ),
        (&["tail", "room", "--count", "0"], "--count"),
        (&["gc", "--age", "soon"], "90s, 15m, 24h or 7d"),
        (
            &["groups", "--layer-alias", "x"],
            "--layer-alias needs --layer-config",
        ),
        (
            &["groups", "--layer-config", "x.json"],
            "--layer-config and --channel-layer cannot",
        ),
    ] {
        run(&[&["layer", url], args].concat()).failed(2, &[expected]);
    }
    run(&["layer", "groups", "--layer-kind", "core"])
        .failed(2, &["--layer-kind is for layers through Redis"]);
    run(&["--port", "1", "layer", "groups"]).failed(2, &["cannot be used with: --port"]);
    let nothing = run(&["layer"]);
    assert_eq!(nothing.status, Some(2));
    assert!(nothing.stderr.contains("group-send"), "{}", nothing.stderr);
}

#[test]
fn a_layer_in_memory_is_explained() {
    for args in [&["groups"][..], &["ping"], &["tail", "room"], &["flush", "--yes"]] {
        let layer = &["layer", "--channel-layer", "memory://"];
        for layer in [&layer[..], &layer[..1]] {
            run(&[layer, args].concat()).failed(1, &["inside the server's process", "redis://HOST"]);
        }
    }
}

#[test]
fn a_redis_that_is_away_is_one_line_and_status_1() {
    let url = format!("redis://:s3cret@127.0.0.1:{}", free_port());
    for args in [
        &["groups"][..],
        &["members", "g"],
        &["send", "c", r#"{"type": "t"}"#],
        &["tail", "g"],
        &["gc"],
        &["flush", "--yes"],
    ] {
        for kind in ["core", "pubsub"] {
            let layer = &["layer", "--channel-layer", &url, "--layer-kind", kind];
            let outcome = run(&[layer, args].concat());
            if kind == "core" || matches!(args[0], "groups" | "send" | "tail") {
                outcome.failed(1, &["cannot reach Redis at 127.0.0.1", "connection refused"]);
            }
            assert_eq!(outcome.status, Some(1));
            assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
        }
    }
}
