//! Clients that leave while their application is busy with something else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use laureola_asgi::{Application, Command, Connection, Event, Payload};
use laureola_server::Limits;
use laureola_testkit::{Frame, WebSocket, wait_until};
use tokio::sync::Notify;

use crate::support::{DEADLINE, Running, Seen, websocket_app};

/// Accepts, and takes no event before it is told to; sends, for it to be seen when that fails.
fn busy(seen: Seen, go: Arc<Notify>, gone: Arc<AtomicUsize>) -> impl Application {
    websocket_app(move |mut connection: Connection, _| {
        let (seen, go, gone) = (seen.clone(), Arc::clone(&go), Arc::clone(&gone));
        async move {
            connection.send.send(Command::accept()).await?;
            while connection
                .send
                .send(Command::WebSocketSend("news".into()))
                .await
                .is_ok()
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            gone.fetch_add(1, Ordering::SeqCst);
            go.notified().await;
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                if let Event::WebSocketDisconnect { .. } = event {
                    seen.end();
                    return Ok(());
                }
            }
        }
    })
}

struct Stage {
    seen: Seen,
    go: Arc<Notify>,
    gone: Arc<AtomicUsize>,
    server: Running,
}

fn stage() -> Stage {
    let (seen, go, gone) = (Seen::default(), Arc::new(Notify::new()), Arc::default());
    let application = busy(seen.clone(), Arc::clone(&go), Arc::clone(&gone));
    let server = Running::with(application, |builder| {
        let limits = Limits {
            websocket_inbound_events: 4,
            ..Limits::default()
        };
        // Nothing but the client's leaving may end it.
        builder.limits(limits).ping_interval(None)
    });
    Stage {
        seen,
        go,
        gone,
        server,
    }
}

impl Stage {
    /// A client whose 100 messages fill the queue, and the socket's buffer behind it.
    fn connect(&self) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port)).expect("the server listens");
        stream
            .write_all(WebSocket::handshake(self.server.port, "/", &[]).as_bytes())
            .expect("the server takes it");
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        for number in 0..100 {
            stream
                .write_all(&Frame::new(Frame::TEXT, number.to_string()).encode())
                .expect("the server takes it");
        }
        stream
    }

    /// The application's sends fail, while it has taken no event.
    #[track_caller]
    fn wait_until_noticed(&self) {
        wait_until("the client's leaving", DEADLINE, || {
            self.gone.load(Ordering::SeqCst) == 1
        });
        assert!(self.seen.messages().is_empty());
        self.go.notify_one();
    }
}

#[test]
fn a_client_that_says_goodbye_to_a_busy_application_loses_no_message() {
    let stage = stage();
    let mut stream = stage.connect();
    stream.write_all(&Frame::close(1001, "bye").encode()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stage.wait_until_noticed();
    stage.seen.assert_one_disconnect(1001);
    let expected: Vec<Payload> = (0..100).map(|number: u32| number.to_string().into()).collect();
    assert_eq!(stage.seen.messages(), expected);
}

#[test]
fn a_client_that_leaves_a_busy_application_without_a_word_is_1006_after_its_messages() {
    let stage = stage();
    let stream = stage.connect();
    stream.shutdown(Shutdown::Write).unwrap();
    stage.wait_until_noticed();
    stage.seen.assert_one_disconnect(1006);
    assert_eq!(stage.seen.messages().len(), 100);
}

#[test]
fn a_client_that_resets_its_connection_is_noticed_by_a_busy_application_at_once() {
    let stage = stage();
    let stream = stage.connect();
    let linger = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    linger.unwrap();
    drop(stream);
    stage.wait_until_noticed();
    stage.seen.assert_one_disconnect(1006);
    // The reset took with it what was not read yet.
    assert!(stage.seen.messages().len() < 100);
}

#[test]
fn an_application_that_never_listens_is_stopped_after_its_client_left() {
    let seen = Seen::default();
    let application = {
        let seen = seen.clone();
        websocket_app(move |connection: Connection, _| {
            let seen = seen.clone();
            async move {
                let _end = EndOnDrop(seen);
                connection.send.send(Command::accept()).await?;
                std::future::pending::<()>().await;
                unreachable!()
            }
        })
    };
    let server = Running::with(application, |builder| {
        let limits = Limits {
            websocket_inbound_events: 4,
            ..Limits::default()
        };
        builder
            .limits(limits)
            .ping_interval(None)
            .application_close_timeout(Duration::from_millis(50))
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for _ in 0..100 {
        socket.send_text("anyone?");
    }
    drop(socket);
    wait_until("the application's end", DEADLINE, || seen.ended() == 1);
    server.stop();
}

struct EndOnDrop(Seen);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}
