//! `tests/test_generic_websocket.py`.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use laureola_asgi::{CloseCode, Payload};
use laureola_consumers::json::{EncodeJson, InvalidMessage};
use laureola_consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola_consumers::{
    Context, JsonConsumer, Layers, Result, Shared, WebsocketConsumer, as_application, websocket_application,
};
use laureola_layers::{ChannelLayers, GroupName, Layer};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{group, layer};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "message")]
    Message { text: String },
}

/// Notes what is called.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().push(what.into());
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

struct Recorder {
    log: Log,
    groups: Vec<GroupName>,
}

impl WebsocketConsumer for Recorder {
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        self.groups.clone()
    }

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        self.log.note("connect");
        let offered = ctx.scope().subprotocols().first().cloned();
        let mut headers = HeaderMap::new();
        headers.insert("x-room", HeaderValue::from_static("lobby"));
        match ctx.scope().path() {
            "/denied/" => {
                let mut response = Response::new("{\"error\": \"members only\"}");
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                ctx.deny_with(response).await
            }
            "/closed/" => ctx.close(4001).await,
            _ => ctx.accept_with(offered.as_deref(), headers).await,
        }
    }

    async fn receive(&mut self, ctx: &mut Context, message: Payload) -> Result<()> {
        match message.as_text() {
            Some("close") => ctx.close_with(4007, "test reason").await,
            Some(text) => {
                self.log.note(format!("text {text}"));
                ctx.send_text(text).await
            }
            None => {
                self.log.note(format!("bytes {}", message.len()));
                ctx.send_bytes(&b"\x01\xfe"[..]).await
            }
        }
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<Event>) -> Result<()> {
        let Event::Message { text } = &*event;
        ctx.send_text(text.as_str()).await
    }

    async fn disconnect(&mut self, _: &mut Context, code: CloseCode) {
        self.log.note(format!("disconnect {code}"));
    }
}

fn recorder(layer: &Layer, log: &Log, groups: &[&str]) -> laureola_consumers::ConsumerApplication {
    let log = log.clone();
    let groups: Vec<_> = groups.iter().map(|name| group(name)).collect();
    websocket_application(layer.clone(), move |_| {
        Ok(Recorder {
            log: log.clone(),
            groups: groups.clone(),
        })
    })
}

#[tokio::test]
async fn test_async_websocket_consumer() {
    let log = Log::default();
    let mut browser = WebsocketCommunicator::new(recorder(&layer(), &log, &[]), "/testws/");
    browser.connect().await.expect("accepted");
    browser.send_text("hello").await.expect("sent");
    assert_eq!(browser.receive_text().await.expect("a text"), "hello");
    browser.send_bytes(&b"\x00"[..]).await.expect("sent");
    assert_eq!(&browser.receive_bytes().await.expect("bytes")[..], b"\x01\xfe");
    browser.disconnect(1000).await.expect("a clean end");
    assert_eq!(
        log.read(),
        ["connect", "text hello", "bytes 1", "disconnect 1000"]
    );
}

#[tokio::test]
async fn test_websocket_consumer_subprotocol_and_accept_headers() {
    let request = Request::get("/").header("sec-websocket-protocol", "subprotocol1, subprotocol2");
    let application = recorder(&layer(), &Log::default(), &[]);
    let mut browser = WebsocketCommunicator::with_request(application, request.body(()).expect("valid"));
    let connected = browser.connect().await.expect("accepted");
    assert_eq!(connected.subprotocol.as_deref(), Some("subprotocol1"));
    assert_eq!(connected.headers["x-room"], "lobby");
}

#[tokio::test]
async fn test_close_reason() {
    let mut browser = WebsocketCommunicator::new(recorder(&layer(), &Log::default(), &[]), "/");
    browser.connect().await.expect("accepted");
    browser.send_text("close").await.expect("sent");
    let close = browser.receive_close().await.expect("a close");
    assert_eq!(close, (4007, "test reason".to_owned()));
}

#[tokio::test]
async fn test_deny_connection() {
    let log = Log::default();
    for (path, status) in [
        ("/denied/", StatusCode::UNAUTHORIZED),
        ("/closed/", StatusCode::FORBIDDEN),
    ] {
        let mut browser = WebsocketCommunicator::new(recorder(&layer(), &log, &[]), path);
        match browser.connect().await {
            Err(CommunicatorError::Denied(denied)) => assert_eq!(denied, status),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn test_async_websocket_consumer_groups() {
    let (layer, log) = (layer(), Log::default());
    let mut browser = WebsocketCommunicator::new(recorder(&layer, &log, &["chatroom", "staff"]), "/");
    browser.connect().await.expect("accepted");
    for name in ["chatroom", "staff"] {
        let event = Event::Message {
            text: name.to_owned(),
        };
        layer.group_send(&group(name), &event).await.expect("sent");
        assert_eq!(browser.receive_text().await.expect("a text"), name);
    }
    browser.disconnect(1001).await.expect("a clean end");
    assert_eq!(log.read(), ["connect", "disconnect 1001"]);
}

/// Keeps messages in one layer and counts in another, with its own JSON.
struct Framed;

/// Texts in angle brackets, and JSON in them.
fn bracketed(content: &Value) -> Result<String> {
    Ok(format!("<{content}>"))
}

impl JsonConsumer for Framed {
    type Receive = Value;
    type Event = Event;

    fn decode_json(&self, text: &str) -> Result<Value, InvalidMessage> {
        let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let inner = inner.ok_or_else(|| InvalidMessage::Decode("it has no brackets".to_owned()))?;
        Ok(serde_json::from_str(inner)?)
    }

    fn encode_json() -> Option<EncodeJson> {
        Some(bracketed)
    }

    fn groups(&self) -> Vec<GroupName> {
        vec![group("framed")]
    }

    async fn receive_json(&mut self, ctx: &mut Context, content: Value) -> Result<()> {
        let event = Event::Message {
            text: content.to_string(),
        };
        ctx.layer_named("metrics")?
            .group_send(&group("counts"), &event)
            .await?;
        if content == "lost" {
            ctx.layer_named("mail")?;
        }
        ctx.send_json(&json!({ "got": content })).await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<Event>) -> Result<()> {
        let frame = event.make_frame_once(|Event::Message { text }| {
            Ok(laureola_message::Frame::text(&bracketed(&json!(text))?))
        })?;
        ctx.send_frame(frame).await
    }
}

#[tokio::test]
async fn test_json_websocket_consumer_encode_and_decode() {
    let layer = layer();
    let layers = ChannelLayers::new().with("default", layer.clone());
    let layers = layers.with("metrics", crate::layer());
    let layers = Layers::new(layers, "default").expect("it is there");
    let application = as_application(layers, |_| Ok(Framed));
    let mut browser = WebsocketCommunicator::new(application.clone(), "/");
    browser.connect().await.expect("accepted");
    browser.send_text("<[1]>").await.expect("sent");
    assert_eq!(browser.receive_text().await.expect("a text"), r#"<{"got":[1]}>"#);
    let event = Event::Message {
        text: "all".to_owned(),
    };
    layer.group_send(&group("framed"), &event).await.expect("sent");
    assert_eq!(browser.receive_text().await.expect("a text"), r#"<"all">"#);
    browser.send_text("[1]").await.expect("sent");
    let close = browser.receive_close().await.expect("a close");
    assert_eq!(
        close,
        (1007, "not a valid message: it has no brackets".to_owned())
    );
}

#[tokio::test]
async fn test_async_websocket_consumer_specific_channel_layer() {
    let (default, metrics) = (layer(), layer());
    let layers = ChannelLayers::new()
        .with("default", default)
        .with("metrics", metrics.clone());
    let (mut channel, mut counts) = metrics.new_channel("specific").await.expect("a channel");
    channel.group_add(&group("counts")).await.expect("joined");
    let layers = Layers::new(layers, "default").expect("it is there");
    let mut browser = WebsocketCommunicator::new(as_application(layers, |_| Ok(Framed)), "/");
    browser.connect().await.expect("accepted");
    browser.send_text("<\"lost\">").await.expect("sent");
    let event: Event = counts.recv().await.message().decode().expect("an event");
    let Event::Message { text } = event;
    assert_eq!(text, "\"lost\"");
    let error = browser.receive_text().await.expect_err("no such layer");
    assert_eq!(
        error.to_string(),
        "the application failed: no channel layer has the alias \"mail\"; there are: default, metrics"
    );
}
