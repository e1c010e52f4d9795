//! Clients that take their time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use laureola_asgi::{Application, Command, Connection, Event, Scope, app_fn};
use laureola_testkit::{RawHttp, wait_until};

use crate::support::{DEADLINE, Running, Seen, echo};

const SHORT: Duration = Duration::from_millis(100);

#[test]
fn a_client_that_sends_nothing_is_cut() {
    let server = Running::with(echo(Seen::default()), |builder| builder.header_timeout(SHORT));
    let mut client = RawHttp::connect(server.port);
    assert!(client.is_closed(DEADLINE));
    server.assert_serves();
}

#[test]
fn a_head_that_drips_is_cut() {
    let server = Running::with(echo(Seen::default()), |builder| builder.header_timeout(SHORT));
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n");
    // Every byte is in time, the whole head is not.
    wait_until("the cut", DEADLINE, || !client.try_write("X: y\r\n"));
    server.assert_serves();
}

#[test]
fn a_head_that_stops_is_answered_and_cut() {
    let server = Running::with(echo(Seen::default()), |builder| builder.header_timeout(SHORT));
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHos");
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 200);
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 400);
    assert!(client.is_closed(DEADLINE));
    server.assert_serves();
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = Running::with(echo(Seen::default()), |builder| builder.keep_alive_timeout(SHORT));
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 200);
    assert!(client.is_closed(DEADLINE));
    server.assert_serves();
}

#[test]
fn an_upload_that_stalls_is_a_disconnect_and_408() {
    let seen = Seen::default();
    let server = Running::with(echo(seen.clone()), |builder| builder.body_timeout(SHORT));
    for framing in [
        "Content-Length: 9\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ] {
        let mut client = RawHttp::connect(server.port);
        client.write(format!("POST / HTTP/1.1\r\nHost: x\r\n{framing}"));
        assert_eq!(client.read_response(DEADLINE).unwrap().status, 408);
        assert!(client.is_closed(DEADLINE));
    }
    assert_eq!(seen.disconnects().len(), 2);
    server.assert_serves();
}

#[test]
fn a_client_that_does_not_read_its_response_makes_send_wait_and_is_cut() {
    let (seen, sent) = (Seen::default(), std::sync::Arc::new(AtomicUsize::new(0)));
    let application = {
        let (seen, sent) = (seen.clone(), std::sync::Arc::clone(&sent));
        app_fn(move |connection: Connection| {
            let (seen, sent) = (seen.clone(), std::sync::Arc::clone(&sent));
            async move {
                let (status, headers) = (http::StatusCode::OK, http::HeaderMap::new());
                connection.send.send(Command::start(status, headers)).await?;
                let _end = EndOnDrop(seen);
                loop {
                    let (body, more_body) = (vec![7; 64 * 1024].into(), true);
                    connection
                        .send
                        .send(Command::HttpResponseBody { body, more_body })
                        .await?;
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            }
        })
    };
    let server = Running::with(application, |builder| builder.slow_client_timeout(SHORT));
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_until("the application's end", DEADLINE, || seen.ended() == 1);
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 500, "{sent} parts of 64 KiB");
}

/// Reads uploads, and never returns from one that broke off.
fn stubborn(seen: Seen) -> impl Application {
    let well_behaved = echo(seen.clone());
    let well_behaved = std::sync::Arc::new(well_behaved);
    app_fn(move |mut connection: Connection| {
        let (seen, well_behaved) = (seen.clone(), std::sync::Arc::clone(&well_behaved));
        async move {
            if !matches!(&connection.scope, Scope::Http(scope) if scope.method() == http::Method::POST) {
                return well_behaved.call(connection).await;
            }
            let _end = EndOnDrop(seen.clone());
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                if let Event::HttpDisconnect = event {
                    std::future::pending::<()>().await;
                }
            }
        }
    })
}

struct EndOnDrop(Seen);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[test]
fn an_upload_that_breaks_off_is_answered_and_its_application_stopped_whatever_that_does() {
    let seen = Seen::default();
    let server = Running::with(stubborn(seen.clone()), |builder| {
        builder.body_timeout(SHORT).application_close_timeout(SHORT)
    });
    let head = "POST / HTTP/1.1\r\nHost: x\r\n";
    let mut stalls = RawHttp::connect(server.port);
    stalls.write(format!("{head}Content-Length: 9\r\n\r\nabc"));
    assert_eq!(stalls.read_response(DEADLINE).unwrap().status, 408);
    let mut malformed = RawHttp::connect(server.port);
    malformed.write(format!("{head}Transfer-Encoding: chunked\r\n\r\nx"));
    assert_eq!(malformed.read_response(DEADLINE).unwrap().status, 400);
    let mut ends = RawHttp::connect(server.port);
    ends.write(format!("{head}Content-Length: 9\r\n\r\nabc"));
    ends.finish();
    assert_eq!(ends.read_response(DEADLINE).unwrap().status, 400);
    let mut vanishes = RawHttp::connect(server.port);
    vanishes.write(format!("{head}Content-Length: 9\r\n\r\nabc"));
    drop(vanishes);
    wait_until("the applications' ends", DEADLINE, || seen.ended() == 4);
    assert_eq!(seen.disconnects().len(), 4);
    server.assert_serves();
}
