//! One page on our server and one on the Django site, in the same room, in headless Chromium.

use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use laureola_testkit::{ChromeDriver, DjangoSite, RedisServer};

use crate::server::{SOON, Server};

const PATIENCE: Duration = Duration::from_secs(30);

async fn open(driver: &ChromeDriver, url: &str) -> Client {
    let capabilities: Capabilities =
        serde_json::from_value(driver.capabilities()).expect("capabilities are an object");
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url())
        .await
        .expect("a browser window");
    client.goto(url).await.expect("the page opens");
    client
}

/// Types `text` and sends it as a person would.
async fn say(page: &Client, text: &str) {
    let wait = page.wait().at_most(PATIENCE);
    let input = wait
        .for_element(Locator::Css("#message-input:not([disabled])"))
        .await
        .expect("an input");
    input.send_keys(text).await.expect("typed");
    let wait = page.wait().at_most(PATIENCE);
    let send = wait
        .for_element(Locator::Css("#message-send:not([disabled])"))
        .await
        .expect("a button");
    send.click().await.expect("clicked");
}

/// Waits until the log's last message is `text`, to the letter.
async fn sees(page: &Client, text: &str) {
    let script = "return Array.from(document.querySelectorAll('#log .message')).map(e => e.textContent)";
    let end = std::time::Instant::now() + PATIENCE;
    loop {
        let messages = page.execute(script, vec![]).await.expect("the script runs");
        let messages: Vec<String> = serde_json::from_value(messages).expect("a list of texts");
        if messages.last().is_some_and(|last| last == text) {
            return;
        }
        assert!(
            std::time::Instant::now() < end,
            "{text:?} does not appear, only {messages:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn count(page: &Client, css: &str) -> usize {
    page.find_all(Locator::Css(css))
        .await
        .expect("the page answers")
        .len()
}

#[tokio::test(flavor = "multi_thread")]
async fn text_typed_on_one_site_appears_on_the_other_and_markup_stays_text() {
    let redis = RedisServer::start();
    let ours = Server::start(&["--channel-layer", &redis.url()]);
    let django = DjangoSite::start(&redis.url());
    let driver = ChromeDriver::start();
    let our_page = open(&driver, &format!("http://127.0.0.1:{}/chat/lobby/", ours.port)).await;
    let their_page = open(&driver, &django.url("/chat/lobby/")).await;
    let room_of = |members| {
        laureola_testkit::wait_until("both pages are in the room", SOON, || {
            redis.command(&["ZCARD", "asgi:group:chat_lobby"])
                == laureola_testkit::RespValue::Integer(members)
        });
    };
    room_of(2);

    say(&our_page, "hello from ours").await;
    sees(&their_page, "hello from ours").await;
    sees(&our_page, "hello from ours").await;
    say(&their_page, "hello from Django").await;
    sees(&our_page, "hello from Django").await;

    let markup = "<b>bold</b><img src=x onerror=alert(1)>";
    say(&our_page, markup).await;
    sees(&their_page, markup).await;
    say(&their_page, markup).await;
    sees(&our_page, markup).await;
    for page in [&our_page, &their_page] {
        assert_eq!(count(page, "#log b, #log img").await, 0, "text became markup");
    }
    our_page.close().await.expect("closed");
    their_page.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_reconnects_by_itself_and_keeps_what_was_typed() {
    let redis = RedisServer::start();
    let port = laureola_testkit::free_port().to_string();
    let url = redis.url();
    let args = ["--port", &port, "--channel-layer", &url];
    let start = || {
        let process = crate::server::command(&args);
        laureola_testkit::wait_until("laureola listens", SOON, || {
            process.stderr().contains("listens on")
        });
        process
    };
    let mut server = start();
    let driver = ChromeDriver::start();
    let page = open(
        &driver,
        &format!("http://127.0.0.1:{port}/chat/again/?username=ada"),
    )
    .await;
    say(&page, "before").await;
    sees(&page, "before").await;

    server.terminate();
    assert!(server.wait_exit(SOON).success());
    let input = page.find(Locator::Css("#message-input")).await.expect("an input");
    input.send_keys("typed while away").await.expect("typed");
    let _server = start();
    let wait = page.wait().at_most(PATIENCE);
    let send = wait
        .for_element(Locator::Css("#message-send:not([disabled])"))
        .await
        .expect("it is back");
    send.click().await.expect("clicked");
    sees(&page, "typed while away").await;
    page.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_leads_into_a_room() {
    let server = Server::start(&[]);
    let driver = ChromeDriver::start();
    let page = open(&driver, &format!("http://127.0.0.1:{}/", server.port)).await;
    let input = page
        .find(Locator::Css("form input"))
        .await
        .expect("an input for the room's name");
    input
        .send_keys("tea-room\u{e007}")
        .await
        .expect("typed, with Enter");
    let wait = page.wait().at_most(PATIENCE);
    wait.for_element(Locator::Css("#message-input"))
        .await
        .expect("the room's page");
    let url = page.current_url().await.expect("a URL");
    assert_eq!(url.path(), "/chat/tea-room/");
    say(&page, "anybody here?").await;
    sees(&page, "anybody here?").await;
    page.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_confirmed_with_enter_is_used_and_leaves_the_message_field_empty() {
    let server = Server::start(&[]);
    let driver = ChromeDriver::start();
    let page = open(&driver, &format!("http://127.0.0.1:{}/chat/names/", server.port)).await;
    let name = page
        .find(Locator::Css("#username-input"))
        .await
        .expect("an input");
    name.send_keys("Ada\u{e007}").await.expect("typed, with Enter");
    say(&page, "hello").await;
    sees(&page, "hello").await;
    let shown = page.find(Locator::Css("#log .username")).await.expect("a name");
    assert_eq!(shown.text().await.expect("a text"), "Ada");
    page.close().await.expect("closed");
}
