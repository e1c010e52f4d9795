//! Open rooms: one with a Django site, and the ways into them.

use std::time::Instant;

use laureola_testkit::{ChromeDriver, DjangoSite, RedisServer, RespValue, free_port, wait_until};

use super::window::{ENTER, PATIENCE, Window};
use crate::server::{SOON, Server, command};

/// Waits until the last message on a page, which may be Django's, is `text`, to the letter.
async fn sees(page: &Window<'_>, text: &str) {
    let script = "[...document.querySelectorAll('#log .message')].map((e) => e.textContent)";
    let end = Instant::now() + PATIENCE;
    loop {
        let messages: Vec<String> = page.value(script).await;
        if messages.last().is_some_and(|last| last == text) {
            return;
        }
        assert!(
            Instant::now() < end,
            "{text:?} does not appear, only {messages:?}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_typed_on_one_site_appears_on_the_other_and_markup_stays_text() {
    let redis = RedisServer::start();
    let server = Server::start(&["--channel-layer", &redis.url()]);
    let django = DjangoSite::start(&redis.url());
    let driver = ChromeDriver::start();
    let ours = Window::open(&driver, server.port).await;
    let theirs = Window::open(&driver, django.port()).await;
    for page in [&ours, &theirs] {
        page.visit("/chat/lobby/").await;
    }
    wait_until("both pages are in the room", SOON, || {
        redis.command(&["ZCARD", "asgi:group:chat_lobby"]) == RespValue::Integer(2)
    });

    ours.says("hello from ours").await;
    sees(&theirs, "hello from ours").await;
    sees(&ours, "hello from ours").await;
    theirs.says("hello from Django").await;
    sees(&ours, "hello from Django").await;

    let markup = "<b>bold</b><img src=x onerror=alert(1)>";
    for (sender, reader) in [(&ours, &theirs), (&theirs, &ours)] {
        sender.says(markup).await;
        sees(reader, markup).await;
    }
    for page in [ours, theirs] {
        let elements = "document.querySelectorAll('#log b, #log img').length";
        assert_eq!(page.value::<usize>(elements).await, 0, "text became markup");
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_reconnects_by_itself_and_keeps_what_was_typed() {
    let redis = RedisServer::start();
    let port = free_port();
    let args = ["--port", &port.to_string(), "--channel-layer", &redis.url()];
    let start = || {
        let process = command(&args);
        wait_until("laureola listens", SOON, || {
            process.stderr().contains("listens on")
        });
        process
    };
    let mut server = start();
    let driver = ChromeDriver::start();
    let page = Window::open(&driver, port).await;
    page.visit("/chat/again/").await;
    page.says("before").await;
    sees(&page, "before").await;

    server.terminate();
    assert!(server.wait_exit(SOON).success());
    page.types("#message-input", "typed while away").await;
    let _server = start();
    page.until_connected().await;
    page.presses("#message-send").await;
    // From Redis, which the restart did not touch.
    page.hears(&[("guest", "before"), ("guest", "typed while away")])
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_leads_into_a_room_and_enter_confirms_a_name() {
    let server = Server::start(&[]);
    let driver = ChromeDriver::start();
    let page = Window::open(&driver, server.port).await;
    page.visit("/").await;
    page.types("main form input", &format!("tea-room{ENTER}")).await;
    page.until_at("/chat/tea-room/").await;
    page.types("#username-input", &format!("Ada{ENTER}")).await;
    let focused: String = page.value("document.activeElement.id").await;
    assert_eq!(focused, "message-input");
    page.says("anybody here?").await;
    page.hears(&[("Ada", "anybody here?")]).await;
    page.has_quiet_console(&[]);
    page.close().await;
}
