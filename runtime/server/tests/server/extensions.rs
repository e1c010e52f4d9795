//! ASGI's extensions, over the wire.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, Event, Scope, SendError, app_fn};
use laureola_testkit::{HttpResponse, RawHttp};
use tempfile::NamedTempFile;

use crate::support::{DEADLINE, Running, respond};

fn start(headers: &[(&'static str, &str)]) -> Command {
    Command::start(StatusCode::OK, map(headers))
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let headers = headers.iter();
    headers
        .map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value")))
        .collect()
}

fn part(body: &'static str, more_body: bool) -> Command {
    let body = Bytes::from_static(body.as_bytes());
    Command::HttpResponseBody { body, more_body }
}

fn hint(link: &'static str) -> Command {
    let links = vec![HeaderValue::from_static(link)];
    Command::HttpResponseEarlyHint { links }
}

/// Sends what `commands` makes; an error of sending is answered with its text, where it still can.
fn sending<F>(commands: F) -> Running
where
    F: Fn() -> Vec<Command> + Send + Sync + 'static,
{
    let commands = Arc::new(commands);
    let application = app_fn(move |connection: Connection| {
        let commands = commands();
        async move {
            for command in commands {
                match connection.send.send(command).await {
                    Err(SendError::Protocol(text)) => {
                        let text = text.into_string();
                        return respond(&connection.send, StatusCode::BAD_GATEWAY, text).await;
                    }
                    sent => sent?,
                }
            }
            Ok(())
        }
    });
    Running::start(application)
}

fn get(server: &Running, head: &str) -> RawHttp {
    let mut client = RawHttp::connect(server.port);
    client.write(format!("GET / HTTP/1.1\r\nHost: x\r\n{head}\r\n"));
    client
}

fn answer(server: &Running) -> HttpResponse {
    get(server, "").read_response(DEADLINE).expect("a response")
}

#[test]
fn hints_leave_before_the_response_and_never_behind_its_head() {
    let server = sending(|| {
        vec![
            hint("</a.css>; rel=preload"),
            start(&[]),
            hint("</b.js>; rel=preload"),
            part("page", true),
            hint("</late.js>; rel=preload"),
            part("!", false),
        ]
    });
    // The second request is there before the first response is.
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2));
    for _ in 0..2 {
        for link in ["</a.css>; rel=preload", "</b.js>; rel=preload"] {
            let interim = client.read_head(DEADLINE).unwrap();
            assert_eq!((interim.status, interim.header("link")), (103, Some(link)));
        }
        let response = client.read_response(DEADLINE).unwrap();
        assert_eq!((response.status, &*response.text()), (200, "page!"));
        assert_eq!(response.header("link"), None);
    }
}

#[test]
fn a_hint_leaves_before_a_response_that_comes_with_it() {
    let application = app_fn(async |connection: Connection| {
        // The server has begun to wait.
        tokio::task::yield_now().await;
        connection.send.send(hint("</a.css>")).await?;
        respond(&connection.send, StatusCode::OK, "page").await
    });
    let server = Running::start(application);
    let mut client = get(&server, "");
    let interim = client.read_head(DEADLINE).unwrap();
    assert_eq!((interim.status, interim.header("link")), (103, Some("</a.css>")));
    let response = client.read_response(DEADLINE).unwrap();
    assert_eq!((response.status, &*response.text()), (200, "page"));
}

#[test]
fn a_hint_leaves_while_the_application_still_works() {
    let go = Arc::new(tokio::sync::Notify::new());
    let application = {
        let go = Arc::clone(&go);
        app_fn(move |connection: Connection| {
            let go = Arc::clone(&go);
            async move {
                connection.send.send(hint("</a.css>")).await?;
                go.notified().await;
                respond(&connection.send, StatusCode::OK, "page").await
            }
        })
    };
    let server = Running::start(application);
    let mut client = get(&server, "");
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 103);
    go.notify_one();
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "page");
}

#[test]
fn http_1_0_knows_no_hints_and_pushes_are_for_http_2() {
    let server = sending(|| {
        let push = Command::HttpResponsePush {
            path: "/style.css".into(),
            headers: HeaderMap::new(),
        };
        vec![hint("</a.css>"), start(&[]), push, part("page", false)]
    });
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "page");
}

#[test]
fn trailers_reach_a_client_that_wants_them() {
    let server = sending(|| {
        let trailers = |name: &'static str, more_trailers| Command::HttpResponseTrailers {
            headers: map(&[(name, "1")]),
            more_trailers,
        };
        vec![
            Command::HttpResponseStart {
                status: StatusCode::OK,
                headers: map(&[("trailer", "x-one, x-two")]),
                trailers: true,
            },
            part("body", false),
            trailers("x-one", true),
            trailers("x-two", false),
        ]
    });
    let mut client = get(&server, "TE: trailers\r\nConnection: close\r\n");
    let bytes = client.read_to_end(DEADLINE);
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.ends_with("4\r\nbody\r\n0\r\nx-one: 1\r\nx-two: 1\r\n\r\n"),
        "{text}"
    );
    let mut client = get(&server, "Connection: close\r\n");
    let text = String::from_utf8(client.read_to_end(DEADLINE)).unwrap();
    assert!(text.ends_with("4\r\nbody\r\n0\r\n\r\n"), "{text}");
}

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

fn pathsend(path: &std::path::Path) -> Command {
    let path = path.to_owned();
    Command::HttpResponsePathSend { path }
}

#[test]
fn a_file_is_sent_by_its_path() {
    let content = Bytes::from("0123456789abcdef".repeat(20_000));
    let on_disk = file(&content);
    let path = on_disk.path().to_owned();
    let length = content.len().to_string();
    let announced = sending({
        let path = path.clone();
        move || vec![start(&[("content-length", &length)]), pathsend(&path)]
    });
    let response = answer(&announced);
    assert_eq!(response.header("content-length"), Some("320000"));
    assert!(response.body == content);
    let mut client = RawHttp::connect(announced.port);
    client.write("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        client.read_head(DEADLINE).unwrap().header("content-length"),
        Some("320000")
    );
    assert!(client.read_response(DEADLINE).unwrap().body == content);

    let chunked = sending(move || vec![start(&[]), pathsend(&path)]);
    let response = answer(&chunked);
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert!(response.body == content);
}

#[test]
fn a_file_that_cannot_be_read_is_500() {
    for path in ["/no/such/file", "/tmp"] {
        let server = sending(move || vec![start(&[("x-page", "1")]), pathsend(path.as_ref())]);
        let response = answer(&server);
        assert_eq!(
            (response.status, response.header("x-page")),
            (500, None),
            "{path}"
        );
    }
}

#[test]
fn a_file_shorter_than_announced_breaks_the_response_off() {
    let on_disk = file(b"short");
    let path = on_disk.path().to_owned();
    let server = sending(move || vec![start(&[("content-length", "100")]), pathsend(&path)]);
    let bytes = get(&server, "").read_to_end(DEADLINE);
    // The head may be lost with the connection.
    let body = bytes
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .map(|at| &bytes[at + 4..]);
    assert!(
        matches!(body, None | Some(b"" | b"short")),
        "{}",
        bytes.escape_ascii()
    );
}

#[test]
fn open_files_are_sent_between_other_parts() {
    let on_disk = file(b"0123456789");
    let path = on_disk.path().to_owned();
    let server = sending(move || {
        let handle = Arc::new(File::open(&path).expect("it is there"));
        let send = |offset, count, more_body| Command::HttpResponseZeroCopySend {
            file: Arc::clone(&handle),
            offset,
            count,
            more_body,
        };
        vec![
            start(&[]),
            part("<", true),
            send(Some(7), None, true),
            part("|", true),
            // The file's own position, which moves on.
            send(None, Some(2), true),
            send(None, Some(2), true),
            part("|", true),
            send(Some(0), Some(0), true),
            send(Some(4), Some(100), true),
            part(">", false),
        ]
    });
    assert_eq!(answer(&server).text(), "<789|0123|456789>");
}

#[test]
fn what_does_not_fit_is_an_error_in_the_application() {
    let trailers = || Command::HttpResponseTrailers {
        headers: HeaderMap::new(),
        more_trailers: false,
    };
    type Make = fn() -> Command;
    let cases: Vec<(&str, Make)> = vec![
        (
            "HTTP response has not yet been started but got http.response.pathsend",
            || pathsend("/tmp/file".as_ref()),
        ),
        (
            "HTTP response has not yet been started but got http.response.push",
            || Command::HttpResponsePush {
                path: "/".into(),
                headers: HeaderMap::new(),
            },
        ),
        ("Cannot handle message type lifespan.startup.complete!", || {
            Command::LifespanStartupComplete
        }),
        (
            "Cannot handle message type websocket.http.response.start!",
            || Command::WebSocketHttpResponseStart {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
            },
        ),
    ];
    for (text, command) in cases {
        let response = answer(&sending(move || vec![command()]));
        assert_eq!((response.status, &*response.text()), (502, text));
    }
    let server = sending(move || vec![trailers()]);
    assert_eq!(
        answer(&server).text(),
        "HTTP response has not yet been started but got http.response.trailers"
    );
}

#[test]
fn a_scope_names_what_its_connection_offers() {
    let application = app_fn(|connection: Connection| async move {
        let text = match &connection.scope {
            Scope::Http(scope) => {
                let names: Vec<_> = scope.supported.names().collect();
                format!("{} {} {}", scope.http_version(), scope.scheme(), names.join(" "))
            }
            _ => String::new(),
        };
        respond(&connection.send, StatusCode::OK, text).await
    });
    let server = Running::start(application);
    assert_eq!(
        answer(&server).text(),
        "1.1 http http.response.pathsend http.response.zerocopysend http.response.early_hint \
         http.response.trailers"
    );
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(
        client.read_response(DEADLINE).unwrap().text(),
        "1.0 http http.response.pathsend http.response.zerocopysend"
    );
}

/// Denies a handshake in parts; `fails` after the first.
fn denying(fails: bool) -> impl Application {
    app_fn(move |mut connection: Connection| async move {
        let send = &connection.send;
        let part = |body: &'static str, more_body| Command::WebSocketHttpResponseBody {
            body: Bytes::from_static(body.as_bytes()),
            more_body,
        };
        assert!(matches!(connection.receive.next().await, Event::WebSocketConnect));
        let error = send.send(part("early", true)).await.expect_err("no start yet");
        assert!(
            error
                .to_string()
                .starts_with("Denial response has not yet been started")
        );
        let start = Command::WebSocketHttpResponseStart {
            status: StatusCode::UNAUTHORIZED,
            headers: map(&[("x-why", "no session")]),
        };
        send.send(start).await?;
        assert!(send.send(Command::accept()).await.is_err());
        send.send(part("please ", true)).await?;
        if fails {
            return Err(AppError::msg("on purpose"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        // More than may wait.
        for _ in 0..10 {
            let body = Bytes::from(vec![b'.'; 100_000]);
            let more_body = true;
            send.send(Command::WebSocketHttpResponseBody { body, more_body })
                .await?;
        }
        send.send(part("log in", false)).await?;
        assert!(connection.receive.next().await.is_disconnect());
        Ok(())
    })
}

const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn a_handshake_is_denied_with_a_streamed_response() {
    let server = Running::start(denying(false));
    let mut client = RawHttp::connect(server.port);
    client.write(HANDSHAKE);
    let response = client.read_response(DEADLINE).unwrap();
    assert_eq!(
        (response.status, response.header("x-why")),
        (401, Some("no session"))
    );
    let text = response.text();
    assert!(text.starts_with("please ....") && text.ends_with("....log in"));
    assert_eq!(text.len(), "please log in".len() + 1_000_000);
    assert!(client.is_closed(DEADLINE));
}

#[test]
fn a_denial_that_breaks_off_does_not_look_complete() {
    let server = Running::start(denying(true));
    let mut client = RawHttp::connect(server.port);
    client.write(HANDSHAKE);
    let bytes = client.read_to_end(DEADLINE);
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "{}", bytes.escape_ascii());
}
