//! Clients that leave, and applications that are told.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, SendError, app_fn};
use laureola_testkit::{RawHttp, wait_until};
use parking_lot::Mutex;

use crate::support::{DEADLINE, Running, Seen, respond};

fn part(body: &'static str, more_body: bool) -> Command {
    let body = Bytes::from_static(body.as_bytes());
    Command::HttpResponseBody { body, more_body }
}

/// `/wait` waits for its client to leave, `/stream` begins a response before; others are answered.
fn waiting(seen: &Seen, calls: &Arc<AtomicUsize>) -> impl Application + use<> {
    let (seen, calls) = (seen.clone(), Arc::clone(calls));
    app_fn(move |mut connection: Connection| {
        let (seen, calls) = (seen.clone(), Arc::clone(&calls));
        async move {
            let path = connection.scope.path().into_owned();
            if path == "/" {
                return respond(&connection.send, StatusCode::OK, "/").await;
            }
            if path == "/stream" {
                let start = Command::start(StatusCode::OK, HeaderMap::new());
                connection.send.send(start).await?;
                connection.send.send(part("data: 1\n\n", true)).await?;
            }
            calls.fetch_add(1, Ordering::SeqCst);
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                if event.is_disconnect() {
                    // ASGI 2.4: whoever sends now is told.
                    let start = Command::start(StatusCode::OK, HeaderMap::new());
                    let error = connection.send.send(start).await.expect_err("nobody is there");
                    assert!(matches!(error, SendError::Disconnected(_)), "{error}");
                    seen.end();
                    return Ok::<_, AppError>(());
                }
            }
        }
    })
}

const GET: &str = "HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends `request`, waits for the application, and leaves.
fn leaves(path: &str, more: &[u8], reset: bool) {
    let (seen, calls) = (Seen::default(), Arc::default());
    let server = Running::with(waiting(&seen, &calls), |builder| {
        // Told at once, or not at all in the time of the test.
        builder.application_close_timeout(DEADLINE * 10)
    });
    let mut client = TcpStream::connect(("127.0.0.1", server.port)).expect("a server");
    client
        .write_all(format!("GET {path} {GET}").as_bytes())
        .expect("a server");
    client.write_all(more).expect("a server");
    wait_until("the application", DEADLINE, || calls.load(Ordering::SeqCst) == 1);
    // Later bytes come on their own, too.
    std::thread::sleep(Duration::from_millis(20));
    client.write_all(more).expect("a server");
    if reset {
        socket2::SockRef::from(&client)
            .set_linger(Some(Duration::ZERO))
            .expect("a server");
    }
    drop(client);
    seen.assert_one_disconnect(0);
    assert_eq!(calls.load(Ordering::SeqCst), 1, "of the first request alone");
    assert_eq!(RawHttp::get(server.port, "/", DEADLINE).status, 200);
}

#[test]
fn a_client_that_leaves_before_the_response() {
    leaves("/wait", b"", false);
    leaves("/wait", b"", true);
}

#[test]
fn a_client_that_leaves_a_stream() {
    leaves("/stream", b"", false);
    leaves("/stream", b"", true);
}

#[test]
fn the_http_timeout_cuts_off_what_is_under_way() {
    let (seen, calls) = (Seen::default(), Arc::default());
    let limit = Some(Duration::from_millis(50));
    let server = Running::with(waiting(&seen, &calls), |builder| builder.http_timeout(limit));
    let mut client = RawHttp::connect(server.port);
    client.write(format!("GET /stream {GET}"));
    let bytes = client.read_to_end(DEADLINE);
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "{}", bytes.escape_ascii());
    seen.assert_one_disconnect(0);
}

#[test]
fn a_client_that_asked_for_more_and_left() {
    let next = format!("GET /wait {GET}");
    for (path, more) in [
        ("/wait", next.as_bytes()),
        ("/stream", next.as_bytes()),
        ("/wait", b"GET /half HTT"),
        ("/wait", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"),
    ] {
        leaves(path, more, false);
        leaves(path, more, true);
    }
}

#[test]
fn requests_that_were_read_ahead_are_answered_in_order() {
    let go = Arc::new(tokio::sync::Notify::new());
    let application = {
        let go = Arc::clone(&go);
        app_fn(move |connection: Connection| {
            let go = Arc::clone(&go);
            async move {
                let path = connection.scope.path().into_owned();
                if path == "/0" {
                    go.notified().await;
                }
                respond(&connection.send, StatusCode::OK, path).await
            }
        })
    };
    let server = Running::start(application);
    let mut client = RawHttp::connect(server.port);
    // More than is read ahead, and than hyper's buffer holds.
    for number in 0..1000 {
        client.write(format!(
            "GET /{number} HTTP/1.1\r\nHost: x\r\nX-Pad: {}\r\n\r\n",
            "x".repeat(200)
        ));
    }
    std::thread::sleep(Duration::from_millis(20));
    go.notify_one();
    for number in 0..1000 {
        assert_eq!(
            client.read_response(DEADLINE).unwrap().text(),
            format!("/{number}")
        );
    }
}

/// Streams `parts` pieces of 64 KiB; what came of the last is noted.
fn streaming(parts: usize, outcome: &Arc<Mutex<Vec<String>>>) -> impl Application + use<> {
    let outcome = Arc::clone(outcome);
    app_fn(move |connection: Connection| {
        let outcome = Arc::clone(&outcome);
        async move {
            let start = Command::start(StatusCode::OK, HeaderMap::new());
            connection.send.send(start).await?;
            let body = Bytes::from(vec![7; 64 * 1024]);
            for number in 1..=parts {
                let (body, more_body) = (body.clone(), number < parts);
                let command = Command::HttpResponseBody { body, more_body };
                if let Err(error) = connection.send.send(command).await {
                    outcome.lock().push(format!("part {number}: {error}"));
                    return Ok(());
                }
            }
            outcome.lock().push("whole".to_owned());
            Ok::<_, AppError>(())
        }
    })
}

#[test]
fn the_streamed_body_of_a_head_request_is_taken_and_dropped() {
    let outcome = Arc::default();
    let server = Running::start(streaming(10, &outcome));
    let mut client = RawHttp::connect(server.port);
    for _ in 0..2 {
        client.write(format!("HEAD / {GET}"));
        let head = client.read_head(DEADLINE).unwrap();
        assert_eq!(head.status, 200);
    }
    wait_until("both applications", DEADLINE, || outcome.lock().len() == 2);
    assert_eq!(*outcome.lock(), ["whole", "whole"]);
}

#[test]
fn an_endless_answer_to_head_ends() {
    let outcome = Arc::default();
    let server = Running::start(streaming(usize::MAX, &outcome));
    let mut client = RawHttp::connect(server.port);
    client.write(format!("HEAD / {GET}"));
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 200);
    wait_until("the application", DEADLINE, || outcome.lock().len() == 1);
    let text = outcome.lock()[0].clone();
    assert!(text.ends_with("the client has disconnected"), "{text}");
}
