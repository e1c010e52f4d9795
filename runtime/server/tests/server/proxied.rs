//! The PROXY protocol in front of a connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use laureola_server::{Builder, Endpoint, Limits};
use laureola_testkit::wait_until;

use crate::certificates::Authority;
use crate::endpoints::{ends, get};
use crate::support::{DEADLINE, Running};

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A server behind a proxy, and the port for it.
fn serve(settings: impl FnOnce(Builder) -> Builder) -> (Running, u16) {
    let server = Running::with(ends(), |builder| {
        settings(builder).listen("haproxy:tcp:0:interface=127.0.0.1".parse().expect("an endpoint"))
    });
    let port = server.addresses[1].tcp().expect("a TCP address").port();
    (server, port)
}

/// What comes back for `parts`, which are sent one by one; nothing where the server closes.
fn sent(port: u16, parts: &[&[u8]]) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("a server");
    client.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    client.set_nodelay(true).expect("an option");
    for part in parts {
        if client.write_all(part).is_err() {
            break;
        }
    }
    let mut bytes = Vec::new();
    // A connection that is cut over unread bytes is reset.
    let _ = client.read_to_end(&mut bytes);
    String::from_utf8(bytes).expect("text")
}

#[test]
fn the_ends_are_those_of_the_header_whatever_its_version_and_pieces() {
    let (_server, port) = serve(|builder| builder);
    for header in [V1, V2] {
        let text = sent(port, &[header, GET]);
        assert!(text.contains("http 192.0.2.7:56324 198.51.100.1:443"), "{text}");
        let all = [header, GET].concat();
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        let text = sent(port, &bytes);
        assert!(text.contains("http 192.0.2.7:56324 198.51.100.1:443"), "{text}");
    }
}

#[test]
fn a_proxy_that_speaks_for_itself_is_the_client() {
    let (_server, port) = serve(|builder| builder);
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let text = sent(port, &[header, GET]);
        assert!(text.contains("http 127.0.0.1:"), "{text}");
    }
}

#[test]
fn a_tls_flag_of_version_2_makes_the_request_secure() {
    let (_server, port) = serve(|builder| builder);
    let mut header = V2.to_vec();
    header[15] += 8;
    header.extend([0x20, 0, 5, 1, 0, 0, 0, 0]);
    let text = sent(port, &[&header, GET]);
    assert!(text.contains("https 192.0.2.7:56324"), "{text}");
}

#[test]
fn without_a_good_header_a_connection_is_cut() {
    let (server, port) = serve(|builder| builder.header_timeout(Duration::from_millis(100)));
    for bad in [
        GET,
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        b"PROXY TCP4 1",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        b"",
    ] {
        assert_eq!(sent(port, &[bad]), "", "{bad:?}");
    }
    // Where no header is expected, one is no request.
    assert!(sent(server.port, &[V1, GET]).starts_with("HTTP/1.1 400"));
}

#[test]
fn a_header_that_drips_is_cut() {
    let (_server, port) = serve(|builder| builder.header_timeout(Duration::from_millis(100)));
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.set_nodelay(true).unwrap();
    client.write_all(b"PROXY UNKNOWN ").unwrap();
    let mut drops = 0;
    // Every byte is in time, and the line long enough for none to be the last.
    wait_until("the cut", DEADLINE, || {
        drops += 1;
        drops > 90 || client.write_all(b"x").is_err()
    });
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_peer_that_is_not_trusted_is_cut_whatever_it_sends() {
    let (server, port) = serve(|builder| builder.proxy_protocol_from("10.0.0.0/8".parse().unwrap()));
    assert_eq!(sent(port, &[V1, GET]), "");
    assert_eq!(sent(port, &[GET]), "");
    assert!(get(TcpStream::connect(("127.0.0.1", server.port)).unwrap()).contains("http 127.0.0.1:"));
}

#[test]
fn the_share_of_an_address_is_that_of_the_client_behind() {
    let (_server, port) = serve(|builder| {
        builder.limits(Limits {
            max_connections_per_address: Some(1),
            ..Limits::default()
        })
    });
    let mut first = TcpStream::connect(("127.0.0.1", port)).unwrap();
    first
        .write_all(&[V1, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"].concat())
        .unwrap();
    assert_ne!(first.read(&mut [0; 64]).unwrap(), 0);
    assert_eq!(
        sent(port, &[V2, GET]),
        "",
        "the same client by another connection"
    );
    let other = b"PROXY TCP4 192.0.2.8 198.51.100.1 56324 443\r\n";
    assert!(sent(port, &[other, GET]).contains("http 192.0.2.8:56324"));
    drop(first);
    wait_until("a place", DEADLINE, || !sent(port, &[V1, GET]).is_empty());
}

#[test]
fn the_header_comes_before_the_handshake() {
    let authority = Authority::new();
    let config = authority.sign("site").config();
    let server = Running::with(ends(), |builder| {
        builder
            .listen(Endpoint::tcp("127.0.0.1", 0).tls(config.clone()).behind_proxy())
            .listen(Endpoint::tcp("127.0.0.1", 0).behind_proxy().tls(config))
    });
    for place in [1, 2] {
        let mut socket = TcpStream::connect(server.addresses[place].tcp().unwrap()).unwrap();
        socket.write_all(V2).unwrap();
        let stream = authority.client(None).over(socket, "localhost").unwrap();
        let text = get(stream);
        assert!(text.contains("https 192.0.2.7:56324 198.51.100.1:443"), "{text}");
    }
}
