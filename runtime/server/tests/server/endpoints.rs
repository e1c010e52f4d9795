//! Where a server listens.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use laureola_asgi::{Application, Connection, Scope, app_fn};
use laureola_server::{Activation, BindError, Builder, Endpoint, Server};
use laureola_testkit::RawHttp;

use crate::support::{DEADLINE, Running, Seen, echo, respond};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// What comes back on `stream` for a request.
pub(crate) fn get(mut stream: impl Read + Write) -> String {
    stream.write_all(GET).expect("a server that reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("a whole response");
    text
}

/// Answers with the two ends of the connection.
pub(crate) fn ends() -> impl Application {
    app_fn(|connection: Connection| async move {
        let Scope::Http(scope) = &connection.scope else {
            return Ok(());
        };
        let end = |end: &Option<laureola_asgi::Address>| {
            end.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
        };
        let text = format!("{} {} {}", scope.scheme(), end(&scope.client), end(&scope.server));
        respond(&connection.send, http::StatusCode::OK, text).await
    })
}

fn refusal(settings: impl FnOnce(Builder) -> Builder) -> BindError {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let builder = settings(Server::builder(echo(Seen::default())));
    runtime
        .block_on(builder.open())
        .expect_err("nothing to listen at")
}

#[test]
fn a_server_listens_at_several_places_of_all_kinds_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sock");
    let server = Running::with(ends(), |builder| {
        builder
            .listen(Endpoint::unix(&path))
            .listen(r"tcp6:0:interface=\:\:1".parse().unwrap())
            .listen("tcp:0:interface=localhost".parse().unwrap())
    });
    let unix = get(UnixStream::connect(&path).unwrap());
    assert!(unix.contains("\nhttp - -\r"), "{unix}");
    assert_eq!(server.addresses[1].path(), Some(path.as_path()));
    let v6 = server.addresses[2].tcp().unwrap();
    assert_eq!(v6.ip(), Ipv6Addr::LOCALHOST);
    let client = TcpStream::connect(v6).unwrap();
    let expected = format!("http {} {v6}", client.local_addr().unwrap());
    assert!(get(client).contains(&expected));
    let name = server.addresses[3].tcp().unwrap();
    assert!(get(TcpStream::connect(name).unwrap()).starts_with("HTTP/1.1 200"));
    assert_eq!(RawHttp::get(server.port, "/", DEADLINE).status, 200);
}

#[test]
fn a_unix_socket_has_its_permissions_and_goes_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let [given, default] = ["given", "default"].map(|name| folder.path().join(name));
    let server = Running::with(ends(), |builder| {
        let given = format!("unix:{}:mode=620", given.display());
        builder
            .listen(given.parse().unwrap())
            .listen(Endpoint::unix(&default))
    });
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&given), 0o620);
    assert_eq!(mode(&default), 0o666);
    server.stop();
    assert!(!given.exists() && !default.exists());
}

#[test]
fn the_file_of_a_server_that_is_gone_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let server = Running::with(ends(), |builder| builder.listen(Endpoint::unix(&path)));
    assert!(get(UnixStream::connect(&path).unwrap()).starts_with("HTTP/1.1 200"));
    server.stop();
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_in_use_or_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken.sock");
    let taken = UnixListener::bind(&path).unwrap();
    let error = refusal(|builder| builder.listen(Endpoint::unix(&path)));
    assert!(
        error.to_string().ends_with("another process listens there"),
        "{error}"
    );
    drop(taken);
    let path = folder.path().join("notes.txt");
    fs::write(&path, "notes").unwrap();
    let error = refusal(|builder| builder.listen(Endpoint::unix(&path)));
    assert!(
        error.to_string().ends_with("there is a file that is no socket"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"notes");
    let error = refusal(|builder| builder.listen(Endpoint::unix("/nowhere/site.sock")));
    assert!(
        error.to_string().ends_with("its directory does not exist"),
        "{error}"
    );
}

#[test]
fn a_file_that_another_server_has_made_since_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sock");
    let server = Running::with(ends(), |builder| builder.listen(Endpoint::unix(&path)));
    fs::remove_file(&path).unwrap();
    let _next = UnixListener::bind(&path).unwrap();
    server.stop();
    assert!(path.exists());
}

#[test]
fn an_inherited_descriptor_is_served_and_stays_open() {
    let inherited = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = inherited.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inherited.sock");
    let unix = UnixListener::bind(&path).unwrap();
    let server = Running::with(ends(), |builder| {
        builder
            .listen(format!("fd:fileno={}", inherited.as_raw_fd()).parse().unwrap())
            .listen(Endpoint::Fd(unix.as_raw_fd()))
    });
    assert_eq!(server.addresses[1].tcp(), Some(address));
    assert!(get(TcpStream::connect(address).unwrap()).starts_with("HTTP/1.1 200"));
    assert!(get(UnixStream::connect(&path).unwrap()).contains("\nhttp - -\r"));
    server.stop();
    // Whoever passed it on has it still, and its file.
    assert!(path.exists());
    inherited.set_nonblocking(false).unwrap();
    let _client = TcpStream::connect(address).unwrap();
    inherited.accept().unwrap();
}

#[test]
fn a_descriptor_that_cannot_listen_is_named() {
    let error = refusal(|builder| builder.listen(Endpoint::Fd(900)));
    assert_eq!(
        error.to_string(),
        "cannot listen on descriptor 900: it is not open; pass it on to this process"
    );
    let file = tempfile::tempfile().unwrap();
    let error = refusal(|builder| builder.listen(Endpoint::Fd(file.as_raw_fd())));
    assert!(error.to_string().ends_with("it is no socket"), "{error}");
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let error = refusal(|builder| builder.listen(Endpoint::Fd(datagrams.as_raw_fd())));
    assert!(error.to_string().ends_with("not of a stream"), "{error}");
    let (one, _other) = UnixStream::pair().unwrap();
    let error = refusal(|builder| builder.listen(Endpoint::Fd(one.as_raw_fd())));
    assert!(error.to_string().ends_with("does not listen"), "{error}");
}

#[test]
fn a_descriptor_that_systemd_did_not_pass_is_named() {
    let endpoint: Endpoint = "systemd:domain=INET:index=0".parse().unwrap();
    let error = refusal(|builder| builder.listen(endpoint));
    assert_eq!(error.to_string(), "systemd passed no descriptor 0 (of 0)");
    let endpoint: Endpoint = "systemd:domain=INET:name=web".parse().unwrap();
    let passed = Activation::from_values(7, Some("7"), Some("2"), Some("a:b"));
    let error = refusal(|builder| builder.activation(passed).listen(endpoint));
    assert_eq!(
        error.to_string(),
        "systemd passed no descriptor named \"web\" (of 2)"
    );
}

#[test]
fn workers_share_an_address_only_where_they_ask_for_it() {
    let first = Running::with(ends(), |builder| {
        builder.reuse_port(true).listen(Endpoint::tcp("127.0.0.1", 0))
    });
    let address: SocketAddr = first.addresses[1].tcp().unwrap();
    let endpoint = || Endpoint::tcp("127.0.0.1", address.port());
    let second = Running::with(ends(), |builder| builder.reuse_port(true).listen(endpoint()));
    let error = refusal(|builder| builder.listen(endpoint()));
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {address}: address already in use")
    );
    second.stop();
    assert!(get(TcpStream::connect(address).unwrap()).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_server_without_a_place_is_refused() {
    assert!(matches!(refusal(|builder| builder), BindError::NoAddress));
}

#[test]
fn http_2_begins_by_its_preface_through_a_unix_socket_too_where_it_is_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sock");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for on in [true, false] {
        let _server = Running::with(ends(), |builder| builder.http2(on).listen(Endpoint::unix(&path)));
        let mut client = UnixStream::connect(&path).unwrap();
        for byte in preface {
            if client.write_all(&[*byte]).is_err() {
                break;
            }
        }
        let mut answer = [0; 9];
        client.read_exact(&mut answer).unwrap();
        // A SETTINGS frame, or a refusal of HTTP/1.1.
        assert_eq!(answer[3] == 4, on, "{answer:?}");
        assert_eq!(answer.starts_with(b"HTTP/1.1 "), !on, "{answer:?}");
    }
}
