//! `tests/test_generic_http.py`.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use laureola_asgi::AppError;
use laureola_consumers::testing::HttpCommunicator;
use laureola_consumers::{
    ConsumerApplication, HttpConsumer, HttpContext, Result, ServerSentEvent, Shared, http_application,
};
use laureola_layers::{GroupName, Layer};
use serde::{Deserialize, Serialize};

use crate::{group, layer};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum News {
    #[serde(rename = "news")]
    News { id: u64, text: String },
    #[serde(rename = "end")]
    End,
}

struct Pages;

impl HttpConsumer for Pages {
    type Event = News;

    fn body_limit(&self) -> usize {
        100
    }

    fn groups(&self) -> Vec<GroupName> {
        vec![group("news")]
    }

    async fn handle(&mut self, ctx: &mut HttpContext, body: Bytes) -> Result<()> {
        match &*ctx.scope().path() {
            "/parts/" => {
                ctx.send_headers(StatusCode::OK, HeaderMap::new()).await?;
                ctx.send_body("one ").await?;
                ctx.send_body(body).await
            }
            "/fail/" => Err(AppError::msg("asked to fail")),
            "/silent/" => Ok(()),
            "/news/" => {
                ctx.event_stream().await?;
                ctx.keep_alive(Some(Duration::from_millis(20)));
                // What the browser missed since its last event.
                let last: u64 = ctx.last_event_id().and_then(|id| id.parse().ok()).unwrap_or(2);
                for id in last + 1..=2 {
                    ctx.send_event(ServerSentEvent::new("old").id(&id.to_string()))
                        .await?;
                }
                Ok(())
            }
            path => {
                let text = format!("{path} {}", body.len());
                ctx.send_response(StatusCode::CREATED, "text/plain", text).await
            }
        }
    }

    async fn event(&mut self, ctx: &mut HttpContext, event: Shared<News>) -> Result<()> {
        match &*event {
            News::News { id, text } => {
                let event = ServerSentEvent::json(text)?.event("news").id(&id.to_string());
                ctx.send_event(event).await
            }
            News::End => ctx.finish().await,
        }
    }
}

fn pages(layer: Layer) -> ConsumerApplication {
    http_application(layer, |_| Ok(Pages))
}

fn request(path: &str, body: &'static str) -> Request<Bytes> {
    Request::post(path)
        .body(Bytes::from_static(body.as_bytes()))
        .expect("a request")
}

#[tokio::test]
async fn test_async_http_consumer() {
    let mut client = HttpCommunicator::new(pages(layer()), request("/test/", "hello"));
    let response = client.get_response().await.expect("a response");
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.body(), "/test/ 5");
}

#[tokio::test]
async fn test_async_http_consumer_streams_its_response() {
    let mut client = HttpCommunicator::new(pages(layer()), request("/parts/", "two"));
    client.get_head().await.expect("a head");
    assert_eq!(client.receive_part().await.expect("a part"), Some("one ".into()));
    assert_eq!(client.receive_part().await.expect("a part"), Some("two".into()));
    let end = client.receive_part().await.expect("the end");
    assert_eq!(end.unwrap_or_default(), "", "handle's end completes it");
}

#[tokio::test]
async fn test_async_http_consumer_body_limit() {
    let long = "x".repeat(101);
    let announced = Request::post("/").header("content-length", "101");
    for request in [Request::post("/"), announced] {
        let request = request.body(Bytes::from(long.clone())).expect("a request");
        let mut client = HttpCommunicator::new(pages(layer()), request);
        let response = client.get_response().await.expect("a response");
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(response.body(), "the request's body is larger than 100 bytes\n");
    }
}

#[tokio::test]
async fn test_error() {
    for (path, expected) in [
        ("/fail/", "the application failed: asked to fail"),
        (
            "/silent/",
            "the application failed: the consumer's handle sent no response",
        ),
    ] {
        let error = HttpCommunicator::new(pages(layer()), request(path, ""))
            .get_response()
            .await
            .expect_err("it failed");
        assert_eq!(error.to_string(), expected);
    }
    let refuses = http_application(layer(), |_| -> Result<Pages> {
        Err(AppError::msg("no such page"))
    });
    let response = HttpCommunicator::new(refuses, request("/", ""))
        .get_response()
        .await;
    let response = response.expect("a response");
    assert_eq!(
        (response.status(), &response.body()[..]),
        (StatusCode::NOT_FOUND, &b"no such page\n"[..])
    );
}

#[tokio::test]
async fn test_async_http_consumer_server_sent_events() {
    let layer = layer();
    let request = Request::get("/news/")
        .header("last-event-id", "1")
        .body(Bytes::new());
    let mut browser = HttpCommunicator::new(pages(layer.clone()), request.expect("a request"));
    let head = browser.get_head().await.expect("a head");
    assert_eq!(head.headers()["content-type"], "text/event-stream");
    assert_eq!(
        browser.receive_part().await.expect("a part"),
        Some(":\n\n".into())
    );
    assert_eq!(
        browser.receive_part().await.expect("what was missed"),
        Some("id: 2\ndata: old\n\n".into())
    );
    assert_eq!(
        browser.receive_part().await.expect("a sign of life"),
        Some(":\n\n".into())
    );
    let news = News::News {
        id: 3,
        text: "n".to_owned(),
    };
    layer.group_send(&group("news"), &news).await.expect("sent");
    let event = loop {
        let part = browser.receive_part().await.expect("a part").expect("more");
        if part != ":\n\n" {
            break part;
        }
    };
    assert_eq!(event, "event: news\nid: 3\ndata: \"n\"\n\n");
    layer.group_send(&group("news"), &News::End).await.expect("sent");
    while browser.receive_part().await.expect("the end").is_some() {}
    browser.disconnect().await.expect("a clean end");
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_stream() {
    let mut browser = HttpCommunicator::new(pages(layer()), request("/news/", ""));
    browser.get_head().await.expect("a head");
    browser.disconnect().await.expect("the consumer ends");
}
