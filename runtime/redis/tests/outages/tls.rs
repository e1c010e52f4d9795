//! TLS: who is trusted, and a certificate that is wrong for a while.

use std::time::Instant;

use laureola_redis::config::Tls;
use laureola_redis::{Host, RedisChannelLayer, RedisConfig};
use laureola_testkit::{RedisServer, free_port, tls_redis_binary};
use tempfile::TempDir;

use crate::certificates::{Authority, Pair};
use crate::chain;
use crate::log::Log;
use crate::talk::Talk;

/// A server that speaks TLS on one port, and plainly with the test on another.
struct TlsServer {
    dir: TempDir,
    authority: Authority,
    redis: RedisServer,
    port: u16,
}

impl TlsServer {
    fn start(names: &[&str], client_certificates: &str) -> Self {
        Self::start_with(client_certificates, |authority| authority.sign("server", names))
    }

    fn start_with(client_certificates: &str, sign: impl FnOnce(&Authority) -> Pair) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(dir.path(), "authority");
        let pair = sign(&authority);
        let port = free_port();
        let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
        let redis = RedisServer::start_program(
            &tls_redis_binary(),
            &[
                "--tls-port",
                &port.to_string(),
                "--tls-cert-file",
                &path(&pair.certificate),
                "--tls-key-file",
                &path(&pair.key),
                "--tls-ca-cert-file",
                &path(&authority.file),
                "--tls-auth-clients",
                client_certificates,
            ],
        );
        Self {
            dir,
            authority,
            redis,
            port,
        }
    }

    fn host(&self, tls: Tls) -> Host {
        Host::from(("127.0.0.1", self.port)).tls(tls)
    }

    fn trusting(&self) -> Tls {
        Tls::default().ca_file(&self.authority.file)
    }

    async fn refusal(&self, tls: Tls) -> String {
        let error = RedisChannelLayer::connect(RedisConfig::new(self.host(tls))).await;
        let text = chain(&error.expect_err("not to be trusted"));
        let begin = format!("cannot reach Redis at 127.0.0.1:{}: TLS failed: ", self.port);
        let why = text.strip_prefix(&begin);
        why.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

#[tokio::test]
async fn the_right_authority_is_enough_in_every_form() {
    let server = TlsServer::start(&["127.0.0.1", "localhost"], "no");
    let file = server.authority.file.to_str().expect("UTF-8");
    let url = format!("rediss://localhost:{}?ssl_ca_certs={file}", server.port);
    let pem = std::fs::read_to_string(file).expect("the authority");
    for host in [
        server.host(server.trusting()),
        Host::parse(&url).expect("a URL"),
        server.host(Tls::default().ca_pem(pem)),
    ] {
        Talk::start(host).await.layer.close().await;
    }
}

#[tokio::test]
async fn a_wrong_authority_is_named_and_can_be_ignored() {
    let server = TlsServer::start(&["127.0.0.1"], "no");
    let other = Authority::new(server.dir.path(), "other");
    for tls in [Tls::default().ca_file(&other.file), Tls::default()] {
        let why = server.refusal(tls).await;
        assert!(
            why.contains("signed by an authority that is not trusted"),
            "{why}"
        );
    }
    Talk::start(server.host(Tls::default().insecure()))
        .await
        .layer
        .close()
        .await;
}

#[tokio::test]
async fn another_name_is_named_and_can_be_ignored() {
    let server = TlsServer::start(&["cache.example"], "no");
    let why = server.refusal(server.trusting()).await;
    assert!(
        why.contains("cache.example") && why.contains("not for 127.0.0.1"),
        "{why}"
    );
    Talk::start(server.host(server.trusting().any_name()))
        .await
        .layer
        .close()
        .await;
    // Whoever signed it is still looked at.
    let other = Authority::new(server.dir.path(), "other");
    let why = server
        .refusal(Tls::default().ca_file(&other.file).any_name())
        .await;
    assert!(why.contains("not trusted"), "{why}");
}

#[tokio::test]
async fn an_expired_certificate_is_named() {
    let server = TlsServer::start_with("no", |authority| {
        authority.sign_until("server", &["127.0.0.1"], 2001)
    });
    assert_eq!(
        server.refusal(server.trusting()).await,
        "the server's certificate has expired"
    );
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_one() {
    let server = TlsServer::start(&["127.0.0.1"], "yes");
    let why = server.refusal(server.trusting()).await;
    assert!(why.contains("the server wants a certificate"), "{why}");
    let stranger = Authority::new(server.dir.path(), "stranger").sign("stranger", &["me"]);
    let tls = server
        .trusting()
        .client_certificate(&stranger.certificate, &stranger.key);
    let why = server.refusal(tls).await;
    assert!(why.contains("the server refused our certificate"), "{why}");
    let ours = server.authority.sign("client", &["me"]);
    let tls = server.trusting().client_certificate(&ours.certificate, &ours.key);
    Talk::start(server.host(tls)).await.layer.close().await;
}

#[tokio::test]
async fn files_that_are_missing_or_empty_are_named() {
    let server = TlsServer::start(&["127.0.0.1"], "no");
    let missing = server.dir.path().join("missing.pem");
    let why = server.refusal(Tls::default().ca_file(&missing)).await;
    assert!(
        why.contains(&format!("cannot read {}", missing.display())),
        "{why}"
    );
    let why = server.refusal(Tls::default().ca_pem("")).await;
    assert!(why.contains("no PEM certificate"), "{why}");
}

#[tokio::test]
async fn a_wrong_authority_for_a_while_is_one_outage_with_its_reason() {
    let (server, log) = (TlsServer::start(&["127.0.0.1"], "no"), Log::start());
    let mut talk = Talk::start(server.host(server.trusting())).await;
    let set = |pair: &Pair| {
        let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
        let (certificate, key) = (path(&pair.certificate), path(&pair.key));
        let words = [
            "CONFIG",
            "SET",
            "tls-cert-file",
            &certificate,
            "tls-key-file",
            &key,
        ];
        assert_eq!(server.redis.command(&words).text(), "OK");
    };
    set(&Authority::new(server.dir.path(), "other").sign("wrong", &["127.0.0.1"]));
    server.redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    talk.failure_that_says("signed by an authority that is not trusted")
        .await;
    set(&server.authority.sign("right", &["127.0.0.1"]));
    talk.recovered("a wrong authority", Instant::now()).await;
    log.is_one_outage(
        &format!("127.0.0.1:{}", server.port),
        &["redis refuses the connection; trying again"],
    );
}
