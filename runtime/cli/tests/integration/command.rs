//! The command line, its errors and its end.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;

use laureola_testkit::{RawHttp, Received, RedisServer, RespValue, WebSocket, free_port, wait_until};

use crate::server::{SOON, Server, command, ending, heard};

/// What stderr holds besides, and the exit status.
fn outcome(args: &[&str]) -> (String, Option<i32>) {
    let mut process = command(args);
    let status = process.wait_exit(SOON);
    (process.stderr(), status.code())
}

#[test]
fn help_teaches_and_version_tells() {
    let mut help = command(&["--help"]);
    assert!(help.wait_exit(SOON).success());
    let text = help.stdout();
    for expected in [
        "--bind",
        "--port",
        "--channel-layer",
        "--layer-prefix",
        "--websocket_timeout",
        "--shutdown-timeout",
        "Examples:",
        "redis://",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    let mut version = command(&["--version"]);
    assert!(version.wait_exit(SOON).success());
    assert_eq!(
        version.stdout().trim(),
        concat!("laureola ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_bad_flag_is_one_line_and_status_2() {
    for (args, expected) in [
        (&["--colour"][..], "unexpected argument '--colour' found"),
        (&["--port", "http"], "invalid value 'http' for '--port <PORT>'"),
        (&["--channel-layer", "amqp://x"], "expected memory:// or redis://"),
        (
            &["site.asgi:application"],
            "cannot serve the Python application site.asgi:application",
        ),
        (&["serve"], "neither a subcommand nor an application"),
        (&["--log-fmt", "hello"], "a format without a single %(name)s"),
        (&["--ping-interval", "often"], "expected seconds"),
    ] {
        let (stderr, status) = outcome(args);
        assert_eq!(status, Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.starts_with("laureola: ") && stderr.contains(expected),
            "{stderr}"
        );
        assert!(stderr.contains("see laureola --help"), "{stderr}");
    }
}

#[test]
fn check_says_what_would_be_served_and_what_is_wrong() {
    let mut check = command(&["check", "-b", "::1", "-u", "/run/site.sock", "--workers", "4"]);
    assert!(check.wait_exit(SOON).success(), "{}", check.output());
    let text = check.stdout();
    for expected in [
        "http://[::1]:8000/",
        "unix:/run/site.sock",
        "processes      4",
        "memory://",
        "chat",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    let (stderr, status) = outcome(&["check", "--tls-cert", "/nonexistent/cert.pem"]);
    assert_eq!(status, Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("/nonexistent/cert.pem"), "{stderr}");
    let (stderr, status) = outcome(&["check", "--port", "http"]);
    assert_eq!(status, Some(2), "{stderr}");
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let mut completions = command(&["completions", shell]);
        assert!(completions.wait_exit(SOON).success(), "{}", completions.output());
        let script = completions.stdout();
        assert!(
            script.contains("shutdown-timeout") && script.contains("laureola"),
            "{script}"
        );
    }
}

#[test]
fn a_port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let (stderr, status) = outcome(&["--port", &port]);
    assert_eq!(status, Some(1), "{stderr}");
    let expected = format!("laureola: cannot listen on 127.0.0.1:{port}: address already in use");
    assert_eq!(stderr.trim().to_lowercase(), expected);
}

#[test]
fn an_unreachable_redis_is_one_line_and_status_1() {
    let url = format!("redis://:s3cret@127.0.0.1:{}", free_port());
    let (stderr, status) = outcome(&["--port", "0", "--channel-layer", &url]);
    assert_eq!(status, Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let place = url.rsplit_once('@').expect("a password").1;
    assert!(stderr.contains(place), "{stderr}");
    assert!(!stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn a_url_that_cannot_be_used_shows_no_password() {
    let (stderr, status) = outcome(&["--channel-layer", "redis://ada:s3cret@cache:port"]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("redis://***@cache:port"), "{stderr}");
    assert!(!stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn a_wrong_password_is_said() {
    let redis = RedisServer::start_with(&["--requirepass", "right"]);
    let url = format!("redis://:wrong@127.0.0.1:{}", redis.port());
    let (stderr, status) = outcome(&["--port", "0", "--channel-layer", &url]);
    assert_eq!(status, Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.to_lowercase().contains("password"), "{stderr}");
}

#[test]
fn sigint_and_sigterm_close_the_sockets_with_1012_and_exit_with_0() {
    for terminate in [true, false] {
        let redis = RedisServer::start();
        let mut server = Server::start(&["--channel-layer", &redis.url()]);
        let mut sockets: Vec<WebSocket> = (0..20).map(|_| server.join("closing", "ada")).collect();
        let members = || redis.command(&["ZCARD", "asgi:group:chat_closing"]);
        assert_eq!(members(), RespValue::Integer(20));
        if terminate {
            server.process.terminate();
        } else {
            server.process.interrupt();
        }
        for socket in &mut sockets {
            let received = ending(socket);
            assert!(
                matches!(received, Received::Close { code: Some(1012), .. }),
                "{received:?}"
            );
            socket.close(1012);
        }
        let status = server.process.wait_exit(SOON);
        assert!(status.success(), "{status:?}\n{}", server.process.output());
        assert_eq!(
            members(),
            RespValue::Integer(0),
            "a clean stop leaves every group"
        );
    }
}

#[test]
fn a_client_that_ignores_the_close_does_not_keep_the_server_long() {
    let mut server = Server::start(&[]);
    let _silent = server.join("silent", "ada");
    server.process.terminate();
    assert!(
        server.process.wait_exit(SOON).success(),
        "{}",
        server.process.output()
    );
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = Server::start(&[]);
    let _silent = server.join("silent", "ada");
    server.process.suspend();
    server.process.terminate();
    server.process.resume();
    wait_until("the first signal is seen", SOON, || {
        server.process.stderr().contains("SIGTERM")
    });
    server.process.interrupt();
    let status = server.process.wait_exit(SOON);
    // The silent client may have been given up on before the second signal came.
    assert!(
        matches!(status.code(), Some(0 | 1)),
        "{status:?} {:?}",
        status.signal()
    );
}

#[test]
fn the_default_is_the_chat_in_memory() {
    let server = Server::start(&[]);
    let page = RawHttp::get(server.port, "/", SOON);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<form"), "{}", page.text());
    assert_eq!(RawHttp::get(server.port, "/chat/lobby/", SOON).status, 200);
    assert_eq!(RawHttp::get(server.port, "/nowhere/", SOON).status, 404);
    let mut ada = server.join("lobby", "ada");
    let mut bob = server.join("lobby", "bob");
    ada.send_text(r#"{"message": "hello", "username": "mallory", "room": "other"}"#);
    let expected = serde_json::json!({ "message": "hello", "username": "ada" });
    assert_eq!(heard(&mut ada), expected);
    assert_eq!(heard(&mut bob), expected);
}
