//! How many connections there may be.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use laureola_server::{Endpoint, Limits};
use laureola_testkit::{RawHttp, WebSocket, wait_until};
use socket2::{Domain, Socket, Type};

use crate::endpoints::get;
use crate::support::{DEADLINE, Running, Seen, echo};

fn limited(limits: Limits) -> Running {
    Running::with(echo(Seen::default()), |builder| {
        builder.limits(limits).listen(Endpoint::tcp("127.0.0.1", 0))
    })
}

/// A connection from an address of one's own.
fn connect_from(client: [u8; 4], port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("loopback");
    let address = SocketAddr::from((Ipv4Addr::from(client), 0));
    socket.bind(&address.into()).expect("loopback");
    socket
        .connect(&SocketAddr::from(([127, 0, 0, 1], port)).into())
        .expect("loopback");
    socket.into()
}

#[test]
fn further_connections_wait_until_one_leaves_whatever_the_listener() {
    let server = limited(Limits {
        max_connections: Some(1),
        ..Limits::default()
    });
    // The other listener is idle, and keeps no place.
    let mut first = RawHttp::connect(server.port);
    first.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(first.read_response(DEADLINE).unwrap().status, 200);
    let mut second = RawHttp::connect(server.addresses[1].tcp().unwrap().port());
    second.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // The first is still the only one that is served.
    first.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(first.read_response(DEADLINE).unwrap().status, 200);
    drop(first);
    assert_eq!(second.read_response(DEADLINE).unwrap().status, 200);
}

#[test]
fn an_address_that_has_its_share_is_refused_and_others_are_served() {
    let server = limited(Limits {
        max_connections_per_address: Some(2),
        ..Limits::default()
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    let mut second = RawHttp::connect(server.port);
    second.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(second.read_response(DEADLINE).unwrap().status, 200);
    let mut third = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    third.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(third.read(&mut [0]).unwrap_or(0), 0, "closed at once");
    assert!(get(connect_from([127, 0, 0, 2], server.port)).starts_with("HTTP/1.1 200"));
    // The place of a WebSocket is its own until it ends.
    socket.send_text("here");
    socket.recv(DEADLINE);
    drop(socket);
    wait_until("a place", DEADLINE, || {
        RawHttp::exchange(
            server.port,
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            DEADLINE,
        )
        .is_some_and(|response| response.status == 200)
    });
}
