//! The access log, the admin address, and what stands in `/metrics`.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use laureola_testkit::{HttpResponse, RawHttp, free_port, wait_until};

use crate::server::{SOON, Server, command};

/// The port in "admin pages on http://127.0.0.1:1234/".
fn admin_port(server: &Server) -> u16 {
    let log = server.process.stderr();
    let (_, behind) = log
        .split_once("admin pages on http://127.0.0.1:")
        .expect("it is logged");
    behind
        .split('/')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port")
}

fn get(port: u16, path: &str) -> (u16, String) {
    let HttpResponse { status, body, .. } = RawHttp::get(port, path, SOON);
    (status, String::from_utf8(body).expect("text"))
}

#[test]
fn the_admin_address_has_probes_and_metrics() {
    let server = Server::start(&["--admin", "127.0.0.1:0"]);
    let admin = admin_port(&server);
    assert_eq!(get(admin, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(admin, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(admin, "/").0, 404);
    assert_eq!(get(server.port, "/healthz").0, 404, "nobody else sees them");
    let post = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(
        RawHttp::exchange(admin, post, SOON).expect("an answer").status,
        405
    );

    assert_eq!(get(server.port, "/").0, 200);
    let mut socket = server.join("metrics", "ada");
    socket.send_text(r#"{"message":"hi"}"#);
    let mut metrics = String::new();
    wait_until("the message to be counted", SOON, || {
        metrics = get(admin, "/metrics").1;
        metrics.contains("laureola_websocket_messages_total{direction=\"in\"} 1")
    });
    for expected in [
        "laureola_http_requests_total{method=\"GET\",status=\"200\"} 1\n",
        "laureola_http_requests_total{method=\"GET\",status=\"404\"} 1\n",
        "laureola_connections_open{protocol=\"websocket\"} 1\n",
        "laureola_websocket_bytes_total{direction=\"in\"} 16\n",
        "laureola_websocket_outbound_bytes 0\n",
        "# TYPE laureola_http_request_duration_seconds histogram",
        "laureola_http_request_duration_seconds_count{route=\"",
        "laureola_applications_stuck_total 0\n",
        "# TYPE laureola_layer_fan_out_seconds histogram",
    ] {
        assert!(metrics.contains(expected), "{expected} is missing in\n{metrics}");
    }
    drop(socket);
    wait_until("the socket to be gone", SOON, || {
        get(admin, "/metrics")
            .1
            .contains("laureola_connections_open{protocol=\"websocket\"} 0\n")
    });
}

#[test]
fn a_server_that_stops_is_not_ready() {
    let mut server = Server::start(&["--admin", "127.0.0.1:0", "--shutdown-delay", "60"]);
    let admin = admin_port(&server);
    server.process.terminate();
    wait_until("503", SOON, || get(admin, "/readyz").0 == 503);
    assert_eq!(get(admin, "/healthz").0, 200, "it lives on");
    assert_eq!(get(server.port, "/").0, 200, "and serves");
    server.process.terminate();
    server.process.wait_exit(SOON);
}

#[test]
fn an_admin_address_that_is_taken_is_said() {
    let server = Server::start(&[]);
    let mut second = command(&["--port", "0", "--admin", &format!("127.0.0.1:{}", server.port)]);
    assert_eq!(second.wait_exit(SOON).code(), Some(1));
    let stderr = second.stderr();
    assert!(
        stderr.contains("laureola: cannot serve --admin: cannot listen on"),
        "{stderr}"
    );
}

#[test]
fn the_access_log_is_daphnes_on_stdout() {
    let mut server = Server::start(&[]);
    assert_eq!(get(server.port, "/?a=b").0, 200);
    let socket = server.join("log", "ada");
    drop(socket);
    wait_until("the end of the socket", SOON, || {
        server.process.stdout().contains("WSDISCONNECT")
    });
    server.process.terminate();
    server.process.wait_exit(SOON);
    let log = server.process.stdout();
    let lines: Vec<_> = log
        .lines()
        .filter_map(|line| line.split_once("] "))
        .map(|(_, behind)| behind)
        .collect();
    assert!(lines[0].starts_with("\"GET /?a=b\" 200 "), "{log}");
    let turns =
        ["WSCONNECTING", "WSCONNECT", "WSDISCONNECT"].map(|word| format!("\"{word} /ws/chat/log/\" - -"));
    assert_eq!(lines[1..], turns, "{log}");

    let port = free_port();
    let quiet = command(&["-v", "0", "--port", &port.to_string()]);
    wait_until("it listens", SOON, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert_eq!(get(port, "/").0, 200);
    assert_eq!(quiet.stdout(), "");
}

#[test]
fn a_rotated_log_goes_on_in_a_new_file_at_sighup() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, old) = (directory.path().join("log"), directory.path().join("log.1"));
    let server = Server::start(&[
        "--access-log",
        path.to_str().expect("text"),
        "--access-log-format",
        "{status} %(path)s",
    ]);
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    assert_eq!(get(server.port, "/").0, 200);
    wait_until("the first line", SOON, || read(&path) == "200 /\n");
    fs::rename(&path, &old).expect("renamed");
    let signal = format!("kill -s HUP {}", server.process.pid());
    assert!(
        Command::new("sh")
            .args(["-c", &signal])
            .status()
            .expect("a shell")
            .success()
    );
    wait_until("the new file", SOON, || path.exists());
    assert_eq!(get(server.port, "/nothing").0, 404);
    wait_until("the second line", SOON, || read(&path) == "404 /nothing\n");
    assert_eq!(read(&old), "200 /\n");
}
