//! `tests/test_http.py` (cookies) and `tests/security/test_websocket.py`.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Application, Command, Connection, Event, Scope, app_fn};
use laureola_consumers::middleware::{AllowedHostsOriginValidator, CookieLayer, Cookies, OriginValidator};
use laureola_consumers::testing::{CommunicatorError, HttpCommunicator, WebsocketCommunicator};
use tower_layer::Layer as _;

/// Says the cookie `theme`.
async fn theme(mut connection: Connection) -> Result<(), AppError> {
    let cookies = connection
        .scope
        .extensions()
        .get::<Cookies>()
        .cloned()
        .unwrap_or_default();
    let theme = cookies.get("theme").unwrap_or("none").to_owned();
    if let Scope::Http(_) = connection.scope {
        let response = Box::new(Response::new(Body::from(theme)));
        return Ok(connection.send.send(Command::HttpResponse(response)).await?);
    }
    connection.receive.next().await;
    connection.send.send(Command::accept()).await?;
    connection.send.send(Command::WebSocketSend(theme.into())).await?;
    while !matches!(connection.receive.next().await, Event::WebSocketDisconnect { .. }) {}
    Ok(())
}

#[tokio::test]
async fn test_basic_cookie() {
    let application = CookieLayer.layer(app_fn(theme));
    let request = || Request::get("/").header("cookie", "a=1; theme=dark");
    let http = request().body(Bytes::new()).expect("a request");
    let response = HttpCommunicator::new(application.clone(), http)
        .get_response()
        .await;
    assert_eq!(response.expect("a response").body(), "dark");
    let handshake = request().body(()).expect("a request");
    let mut browser = WebsocketCommunicator::with_request(application, handshake);
    browser.connect().await.expect("accepted");
    assert_eq!(browser.receive_text().await.expect("a text"), "dark");
}

async fn may_connect(application: impl Application, origin: Option<&str>) -> bool {
    let mut request = Request::get("/");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let request = request.body(()).expect("a request");
    match WebsocketCommunicator::with_request(application, request)
        .connect()
        .await
    {
        Ok(_) => true,
        Err(CommunicatorError::Denied(StatusCode::FORBIDDEN)) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn test_origin_validator() {
    let patterns = [
        "allowed-domain.com",
        ".subs.example",
        "https://secure.example:8443",
    ];
    let application = OriginValidator::new(patterns).layer(app_fn(theme));
    for (origin, expected) in [
        (Some("http://allowed-domain.com"), true),
        (Some("https://allowed-domain.com:8443"), true),
        (Some("http://a.subs.example"), true),
        (Some("https://secure.example:8443"), true),
        (Some("http://secure.example:8443"), false),
        (Some("https://secure.example"), false),
        (Some("http://bad-domain.com"), false),
        (Some("http://allowed-domain.com.bad-domain.com"), false),
        (Some("null"), false),
        (None, false),
    ] {
        assert_eq!(
            may_connect(application.clone(), origin).await,
            expected,
            "{origin:?}"
        );
    }
    let everybody = OriginValidator::new(["*"]).layer(app_fn(theme));
    assert!(may_connect(everybody.clone(), None).await);
    assert!(may_connect(everybody, Some("null")).await);
}

#[tokio::test]
async fn test_allowed_hosts_origin_validator() {
    let application = AllowedHostsOriginValidator::debug().layer(app_fn(theme));
    for origin in ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000"] {
        assert!(may_connect(application.clone(), Some(origin)).await, "{origin}");
    }
    assert!(!may_connect(application.clone(), Some("http://example.com")).await);
    // HTTP is none of its business.
    let request = Request::get("/")
        .header("origin", "http://example.com")
        .body(Bytes::new());
    let mut client = HttpCommunicator::new(application, request.expect("a request"));
    assert_eq!(
        client.get_response().await.expect("a response").status(),
        StatusCode::OK
    );
}
