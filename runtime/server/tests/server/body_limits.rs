//! Bodies that are too long, and bodies that are read slowly.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, Event, app_fn};
use laureola_server::{Builder, Limits};
use laureola_testkit::{RawHttp, rss_bytes, wait_until};
use tokio::sync::Notify;

use crate::support::{DEADLINE, Running, Seen, echo, respond};

fn at_most(bytes: u64) -> impl FnOnce(Builder) -> Builder {
    move |builder| {
        builder.limits(Limits {
            max_request_body: Some(bytes),
            ..Limits::default()
        })
    }
}

/// Counts its calls, then echoes.
fn counted(calls: &Arc<AtomicUsize>, seen: &Seen) -> impl Application + use<> {
    let calls = Arc::clone(calls);
    let echo = Arc::new(echo(seen.clone()));
    app_fn(move |connection: Connection| {
        calls.fetch_add(1, Ordering::SeqCst);
        let echo = Arc::clone(&echo);
        async move { echo.call(connection).await }
    })
}

#[test]
fn an_announced_body_that_is_too_long_is_413_without_the_application() {
    let (calls, seen) = (Arc::default(), Seen::default());
    let server = Running::with(counted(&calls, &seen), at_most(5));
    for head in ["", "Expect: 100-continue\r\n"] {
        let mut client = RawHttp::connect(server.port);
        client.write(format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 6\r\n\r\n"
        ));
        let response = client.read_response(DEADLINE).unwrap();
        assert_eq!(response.status, 413);
        assert_eq!(response.header("connection"), Some("close"));
        client.write("123456");
        assert!(client.is_closed(DEADLINE));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let fits = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345";
    assert_eq!(server.status(fits), 200);
    server.assert_serves();
}

#[test]
fn a_chunked_body_that_is_too_long_is_413_and_a_disconnect() {
    let (calls, seen) = (Arc::default(), Seen::default());
    let server = Running::with(counted(&calls, &seen), at_most(5));
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut client = RawHttp::connect(server.port);
    client.write(format!("{head}3\r\nabc\r\n3\r\nabc\r\n"));
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 413);
    assert!(client.is_closed(DEADLINE));
    wait_until("the disconnect", DEADLINE, || seen.disconnects().len() == 1);
    assert_eq!(server.status(format!("{head}5\r\nabcde\r\n0\r\n\r\n")), 200);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    server.assert_serves();
}

#[test]
fn a_body_that_gets_too_long_under_the_response_closes_the_connection_behind_it() {
    let application = app_fn(|mut connection: Connection| async move {
        let headers = HeaderMap::new();
        connection
            .send
            .send(Command::start(StatusCode::OK, headers))
            .await?;
        let (body, more_body) = (Bytes::from_static(b"so far"), true);
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        while !connection.receive.next().await.is_disconnect() {}
        let (body, more_body) = (Bytes::from_static(b", and no further"), false);
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        Ok::<_, AppError>(())
    });
    let server = Running::with(application, at_most(5));
    let mut client = RawHttp::connect(server.port);
    client.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 200);
    client.write("6\r\nabcdef\r\n");
    let body = "6\r\nso far\r\n10\r\n, and no further\r\n0\r\n\r\n";
    assert_eq!(client.read_bytes(body.len(), DEADLINE), body.as_bytes());
    client.try_write("6\r\nabcdef\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(client.is_closed(DEADLINE));
}

/// Memory that a server in this process may use for one slow connection, kernel buffers apart.
const SLACK: u64 = 24 << 20;
const UPLOAD: u64 = 300 << 20;

#[test]
fn an_upload_is_held_back_until_the_application_reads() {
    let go = Arc::new(Notify::new());
    let read = Arc::new(AtomicU64::new(0));
    let application = {
        let (go, read) = (Arc::clone(&go), Arc::clone(&read));
        app_fn(move |mut connection: Connection| {
            let (go, read) = (Arc::clone(&go), Arc::clone(&read));
            async move {
                go.notified().await;
                while let Event::HttpRequest { body, more_body } = connection.receive.next().await {
                    read.fetch_add(body.len() as u64, Ordering::SeqCst);
                    if !more_body {
                        break;
                    }
                }
                respond(&connection.send, StatusCode::OK, "read").await
            }
        })
    };
    let server = Running::start(application);
    let before = rss_bytes(std::process::id());
    let written = Arc::new(AtomicU64::new(0));
    let client = {
        let written = Arc::clone(&written);
        let port = server.port;
        thread::spawn(move || {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {UPLOAD}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let piece = vec![7; 1 << 20];
            for _ in 0..UPLOAD >> 20 {
                stream.write_all(&piece).unwrap();
                written.fetch_add(1 << 20, Ordering::SeqCst);
            }
            let mut response = [0; 15];
            stream.read_exact(&mut response).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            assert_eq!(&response, b"HTTP/1.1 200 OK");
        })
    };
    // The client is stopped when its pieces get no further.
    let mut last = (u64::MAX, 0);
    wait_until("the upload to stop", DEADLINE, || {
        let now = written.load(Ordering::SeqCst);
        last = if now == last.0 {
            (now, last.1 + 1)
        } else {
            (now, 0)
        };
        last.1 >= 50
    });
    assert!(last.0 < UPLOAD / 4, "{} bytes were taken", last.0);
    assert_eq!(read.load(Ordering::SeqCst), 0);
    let held = rss_bytes(std::process::id()).saturating_sub(before);
    assert!(held < SLACK, "{held} bytes while nobody reads");
    go.notify_one();
    let mut most = 0;
    wait_until("the whole upload", DEADLINE * 3, || {
        most = most.max(rss_bytes(std::process::id()).saturating_sub(before));
        read.load(Ordering::SeqCst) == UPLOAD
    });
    client.join().unwrap();
    assert!(most < SLACK, "{most} bytes in the course of the upload");
}

#[test]
fn a_response_is_held_back_until_the_client_reads() {
    const PIECE: usize = 64 * 1024;
    let sent = Arc::new(AtomicU64::new(0));
    let application = {
        let sent = Arc::clone(&sent);
        app_fn(move |connection: Connection| {
            let sent = Arc::clone(&sent);
            async move {
                let headers = HeaderMap::new();
                connection
                    .send
                    .send(Command::start(StatusCode::OK, headers))
                    .await?;
                for piece in 1..=UPLOAD / PIECE as u64 {
                    let body = vec![7; PIECE].into();
                    let more_body = piece < UPLOAD / PIECE as u64;
                    connection
                        .send
                        .send(Command::HttpResponseBody { body, more_body })
                        .await?;
                    sent.fetch_add(PIECE as u64, Ordering::SeqCst);
                }
                Ok::<_, AppError>(())
            }
        })
    };
    let server = Running::start(application);
    let before = rss_bytes(std::process::id());
    let mut client = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut last = (u64::MAX, 0);
    wait_until("the sender to wait", DEADLINE, || {
        let now = sent.load(Ordering::SeqCst);
        last = if now == last.0 {
            (now, last.1 + 1)
        } else {
            (now, 0)
        };
        now > 0 && last.1 >= 50
    });
    assert!(last.0 < UPLOAD / 4, "{} bytes were taken", last.0);
    let held = rss_bytes(std::process::id()).saturating_sub(before);
    assert!(held < SLACK, "{held} bytes while nobody reads");
    let (mut bytes, mut piece) = (0, vec![0; 1 << 20]);
    loop {
        match client.read(&mut piece).unwrap() {
            0 => break,
            read => bytes += read as u64,
        }
    }
    assert!(bytes > UPLOAD, "{bytes} bytes with head and chunk sizes");
    let most = rss_bytes(std::process::id()).saturating_sub(before);
    assert!(most < SLACK, "{most} bytes in the course of the response");
}
