//! TLS, from the handshake to what an application is told of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::{Application, Connection, Scope, app_fn};
use laureola_server::tls::{ClientCertificates, TlsConfig, TlsVersion};
use laureola_server::{BindError, Endpoint, ListenAddr, Server, TlsError};
use laureola_testkit::wait_until;
use tokio_rustls::rustls;

use crate::certificates::{Authority, der};
use crate::endpoints::get;
use crate::support::{DEADLINE, Running, Seen, echo, respond};

const SHORT: Duration = Duration::from_millis(50);

/// Answers with what the scope knows of TLS.
fn facts() -> impl Application {
    app_fn(|connection: Connection| async move {
        let (scheme, tls) = match &connection.scope {
            Scope::Http(scope) => (scope.scheme(), scope.tls.clone()),
            _ => return Ok(()),
        };
        let text = match tls {
            None => format!("{scheme} without"),
            Some(tls) => format!(
                "{scheme} {:#06x} {:#06x} name={:?} chain={} error={:?}\n{}",
                tls.tls_version.unwrap_or(0),
                tls.cipher_suite.unwrap_or(0),
                tls.client_cert_name,
                tls.client_cert_chain().concat(),
                tls.client_cert_error,
                tls.server_cert.as_deref().unwrap_or("no certificate"),
            ),
        };
        respond(&connection.send, http::StatusCode::OK, text).await
    })
}

fn serve(config: TlsConfig) -> (Running, u16) {
    let server = Running::with(facts(), |builder| {
        let builder = builder.handshake_timeout(SHORT * 40).certificate_interval(None);
        builder.listen(Endpoint::tcp("127.0.0.1", 0).tls(config))
    });
    let port = server.addresses[1].tcp().expect("a TCP address").port();
    (server, port)
}

#[test]
fn an_application_is_told_of_version_suite_and_certificates() {
    let authority = Authority::new();
    let site = authority.sign("site");
    let (server, port) = serve(site.config());
    let text = authority.client(None).get(port).unwrap();
    assert!(text.contains("https 0x0304 0x13"), "{text}");
    assert!(text.contains("name=None chain= error=None"), "{text}");
    let certificate = fs::read_to_string(&site.certificate).unwrap().replace('\r', "");
    assert!(text.contains(certificate.trim()), "{text}");
    assert!(get(TcpStream::connect(("127.0.0.1", server.port)).unwrap()).contains("http without"));
}

#[test]
fn a_client_may_have_to_show_a_certificate_that_is_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (site, ada) = (authority.sign("site"), authority.sign("Ada"));
    let stranger = other.sign("stranger");
    let authorities = authority.file.clone();
    let mut config = site.config();
    config.client_certificates = ClientCertificates::Required {
        authorities: authorities.clone(),
    };
    let (_required, port) = serve(config.clone());
    let text = authority.client(Some(&ada)).get(port).unwrap();
    assert!(text.contains(r#"name=Some("O=Example\\, Ltd,CN=Ada")"#), "{text}");
    let shown = fs::read_to_string(&ada.certificate).unwrap().replace('\r', "");
    assert!(text.contains(shown.trim()), "{text}");
    assert!(authority.client(None).get(port).is_err());
    assert!(authority.client(Some(&stranger)).get(port).is_err());
    config.client_certificates = ClientCertificates::Optional { authorities };
    let (_optional, port) = serve(config);
    assert!(authority.client(Some(&ada)).get(port).unwrap().contains("CN=Ada"));
    assert!(authority.client(None).get(port).unwrap().contains("name=None"));
    assert!(authority.client(Some(&stranger)).get(port).is_err());
}

#[test]
fn the_versions_and_suites_are_those_asked_for() {
    let authority = Authority::new();
    let mut config = authority.sign("site").config();
    config.min_version = TlsVersion::V1_3;
    let (_new, port) = serve(config.clone());
    let mut old = authority.client(None);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(
            der(&crate::certificates::Pair {
                certificate: authority.file.clone(),
                key: authority.file.clone(),
            })
            .into(),
        )
        .unwrap();
    old.config = builder.with_root_certificates(roots).with_no_client_auth();
    assert!(old.get(port).is_err(), "TLS 1.2 is too old");
    config.min_version = TlsVersion::V1_2;
    config.ciphers = vec!["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256".to_owned()];
    let (_old, port) = serve(config.clone());
    assert!(old.get(port).unwrap().contains("https 0x0303 0xcca9"));
    assert!(
        authority
            .client(None)
            .get(port)
            .unwrap()
            .contains("https 0x0303 0xcca9")
    );
    config.ciphers = vec!["TLS_RSA_WITH_RC4_128_MD5".to_owned()];
    let error = refusal(config);
    assert!(matches!(error, TlsError::Cipher { .. }), "{error}");
}

fn refusal(config: TlsConfig) -> TlsError {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let builder = Server::builder(echo(Seen::default())).listen(Endpoint::tcp("127.0.0.1", 0).tls(config));
    match runtime.block_on(builder.open()) {
        Err(BindError::Tls(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let (site, other) = (authority.sign("site"), authority.sign("other"));
    let error = refusal(TlsConfig::new("/nowhere.pem", &site.key)).to_string();
    assert!(
        error.starts_with("cannot read a certificate from /nowhere.pem: "),
        "{error}"
    );
    let error = refusal(TlsConfig::new(&site.key, &site.key)).to_string();
    assert!(error.ends_with("there is none in the file"), "{error}");
    let error = refusal(TlsConfig::new(&site.certificate, &site.certificate)).to_string();
    assert!(error.starts_with("cannot read a private key from "), "{error}");
    let error = refusal(TlsConfig::new(&site.certificate, &other.key));
    assert!(matches!(error, TlsError::Certificate { .. }), "{error}");
}

#[test]
fn a_client_without_a_server_name_is_served() {
    let authority = Authority::new();
    let (_server, port) = serve(authority.sign("site").config());
    let client = authority.client(None);
    // An address is no name to be indicated (RFC 6066 §3).
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let stream = client.over(socket, "127.0.0.1").unwrap();
    assert!(get(stream).contains("https 0x0304"));
}

#[test]
fn a_websocket_goes_through_tls() {
    let authority = Authority::new();
    let config = authority.sign("site").config();
    let seen = Seen::default();
    let mut server = Running::with(echo(seen.clone()), |builder| {
        builder.listen(Endpoint::tcp("127.0.0.1", 0).tls(config))
    });
    let port = server.addresses[1].tcp().unwrap().port();
    let mut stream = authority.client(None).connect(port).unwrap();
    let handshake = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    // Many small ones, and one that fills several records of TLS; the mask is zero.
    for length in std::iter::repeat_n(5, 100).chain([60_000]) {
        let (short, long) = match u8::try_from(length) {
            Ok(short) => (short, Vec::new()),
            Err(_) => (126, u16::try_from(length).unwrap().to_be_bytes().to_vec()),
        };
        let payload = vec![b'x'; length];
        let frame = |mask, key: &[u8]| [&[0x81, mask | short], &long[..], key, &payload].concat();
        stream.write_all(&frame(0x80, &[0; 4])).unwrap();
        let mut echoed = vec![0; 2 + long.len() + length];
        stream.read_exact(&mut echoed).unwrap();
        assert!(echoed == frame(0, &[]), "{length} bytes");
    }
    server.begin_stop();
    let mut close = [0; 4];
    stream.read_exact(&mut close).unwrap();
    assert_eq!((close[0], &close[2..]), (0x88, &1012u16.to_be_bytes()[..]));
    drop(stream);
    seen.assert_one_disconnect(1012);
}

#[test]
fn http_2_is_agreed_on_where_it_is_on() {
    let authority = Authority::new();
    let config = authority.sign("site").config();
    let mut client = authority.client(None);
    client.config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (_on, port) = serve(config.clone());
    let mut stream = client.connect(port).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "SETTINGS");
    let off = Running::with(facts(), |builder| {
        builder
            .http2(false)
            .listen(Endpoint::tcp("127.0.0.1", 0).tls(config))
    });
    let port = off.addresses[1].tcp().unwrap().port();
    let stream = client.connect(port).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(get(stream).starts_with("HTTP/1.1 200"));
}

#[test]
fn plain_http_sent_to_a_tls_port_is_told_so() {
    let authority = Authority::new();
    let (_server, port) = serve(authority.sign("site").config());
    let text = get(TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert!(
        text.ends_with("This port speaks TLS: begin with https://.\n"),
        "{text}"
    );
}

#[test]
fn a_handshake_that_takes_too_long_is_cut() {
    let authority = Authority::new();
    let config = authority.sign("site").config();
    let server = Running::with(facts(), |builder| {
        let builder = builder.handshake_timeout(SHORT);
        builder.listen(Endpoint::tcp("127.0.0.1", 0).tls(config))
    });
    let port = server.addresses[1].tcp().unwrap().port();
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x02\0\x01\0\x01\xfc"] {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        client.write_all(sent).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "{sent:?}");
    }
}

#[test]
fn changed_certificates_are_noticed_and_broken_ones_are_not_used() {
    let authority = Authority::new();
    let site = authority.sign("site");
    let server = Running::with(facts(), |builder| {
        let builder = builder.certificate_interval(Some(SHORT / 5));
        builder.listen(Endpoint::tcp("127.0.0.1", 0).tls(site.config()))
    });
    let port = server.addresses[1].tcp().unwrap().port();
    let client = authority.client(None);
    let before = der(&site);
    let mut open = client.connect(port).unwrap();
    assert_eq!(client.sees(port).unwrap(), before);
    fs::write(&site.certificate, "half a certif").unwrap();
    // Long enough to be looked at; whether it was is of no matter.
    std::thread::sleep(SHORT);
    assert_eq!(client.sees(port).unwrap(), before);
    authority.sign_into("site", "new");
    let after = der(&site);
    assert_ne!(before, after);
    wait_until("the new certificate", DEADLINE, || {
        client.sees(port).unwrap() == after
    });
    // What was open stays.
    open.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert!(text.contains(laureola_asgi::tls::pem(&before).trim()), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_read_again_on_request_and_errors_are_said() {
    let authority = Authority::new();
    let site = authority.sign("site");
    let server = Server::builder(facts())
        .certificate_interval(None)
        .listen(Endpoint::tcp("127.0.0.1", 0).tls(site.config()))
        .open()
        .await
        .unwrap();
    let Some(ListenAddr::Tcp(address)) = server.local_addrs().next().cloned() else {
        panic!("a TCP address");
    };
    let reloader = server.reloader();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    let before = der(&site);
    fs::write(&site.key, "no key").unwrap();
    reloader.reload().await.unwrap_err();
    let client = Arc::new(authority.client(None));
    let sees = |client: &Arc<crate::certificates::TlsClient>| {
        let client = Arc::clone(client);
        tokio::task::spawn_blocking(move || client.sees(address.port()).unwrap())
    };
    assert_eq!(sees(&client).await.unwrap(), before);
    authority.sign_into("site", "new");
    reloader.reload().await.unwrap();
    assert_eq!(sees(&client).await.unwrap(), der(&site));
    drop(stop);
    serving.await.unwrap().unwrap();
}
