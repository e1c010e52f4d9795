//! What the chat answers to HTTP requests, through the application a server runs.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use laureola::asgi::{Application as _, exchange};
use laureola::{Layer, MemoryLayer, Plugins};
use laureola_chat::Chat;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a text"))
    }
}

async fn ask(request: Request<Body>) -> Answer {
    let layer = Layer::new(MemoryLayer::new());
    let plugins = Plugins::new().with(Chat::default());
    let site = plugins.application(&layer).expect("the chat registers");
    let (connection, response, outcome) = exchange::open(request);
    outcome.finish(&site.call(connection).await);
    let (parts, body) = response.await.into_parts();
    let body = to_bytes(Body::new(body), 1 << 20).await.expect("a body");
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.into()).expect("a text"),
    }
}

async fn get(target: &str) -> Answer {
    ask(Request::get(target).body(Body::empty()).expect("valid")).await
}

async fn with_method(method: Method, target: &str) -> Answer {
    let request = Request::builder().method(method).uri(target);
    ask(request.body(Body::empty()).expect("valid")).await
}

#[tokio::test]
async fn the_index_asks_for_a_room() {
    let index = get("/").await;
    assert_eq!(index.status, 200);
    assert_eq!(index.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert!(
        index.body.contains(r#"<form id="room-form" action="/chat/">"#),
        "{}",
        index.body
    );
}

#[tokio::test]
async fn a_room_has_what_the_django_site_has() {
    let room = get("/chat/v1.2_x-y/").await;
    assert_eq!(room.status, 200);
    assert!(room.body.contains(r#"data-room="v1.2_x-y""#), "{}", room.body);
    assert!(room.body.contains("<title>v1.2_x-y</title>"), "{}", room.body);
    for id in ["log", "message-input", "message-send", "username-input", "status"] {
        assert!(room.body.contains(&format!(r#"id="{id}""#)), "{id}");
    }
}

#[tokio::test]
async fn the_form_leads_to_the_room_without_javascript() {
    for (target, location) in [
        ("/chat/?room=lobby", "/chat/lobby/"),
        ("/chat/?room=+team-42+", "/chat/team-42/"),
        ("/chat/?room=", "/"),
        ("/chat/", "/"),
    ] {
        let answer = get(target).await;
        assert_eq!(answer.status, 303, "{target}");
        assert_eq!(answer.header(header::LOCATION), location, "{target}");
    }
    let answer = get("/chat/lobby").await;
    assert_eq!(answer.status, 308);
    assert_eq!(answer.header(header::LOCATION), "/chat/lobby/");
}

#[tokio::test]
async fn a_room_that_cannot_be_is_a_page_that_says_which_can() {
    let too_long = format!("/chat/{}/", "x".repeat(95));
    for target in [
        "/chat/a%20b/",
        "/chat/caf%C3%A9/",
        "/chat/%2E%2E/",
        "/chat/%FF/",
        "/chat/a!b",
        &too_long,
    ] {
        let answer = get(target).await;
        assert_eq!(answer.status, 404, "{target}");
        assert!(
            answer.body.contains("1 to 94 letters (a to z)"),
            "{target}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_name_in_the_url_never_becomes_markup() {
    let name = "%3Cscript%3Ealert(1)%3C%5Cscript%3E%22%27%26";
    for target in [format!("/chat/{name}/"), format!("/chat/?room={name}")] {
        let answer = get(&target).await;
        assert_eq!(answer.status, 404, "{target}");
        assert!(!answer.body.contains("<script"), "{}", answer.body);
        assert!(
            answer.body.contains("&#60;script&#62;alert(1)"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn every_page_forbids_what_is_not_ours() {
    for target in ["/", "/chat/lobby/", "/chat/a%20b/", "/chat/?room=lobby"] {
        let answer = get(target).await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(answer.header(header::REFERRER_POLICY), "same-origin");
        // The policy would stop them anyway.
        for forbidden in ["http:", "https:", "style=", "onclick", "<style"] {
            assert!(!answer.body.contains(forbidden), "{target}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn methods_behave() {
    for target in ["/", "/chat/lobby/", "/static/chat/room.js"] {
        let whole = get(target).await;
        let head = with_method(Method::HEAD, target).await;
        assert_eq!(head.status, 200, "{target}");
        assert_eq!(head.body, "");
        assert_eq!(
            head.header(header::CONTENT_LENGTH),
            whole.body.len().to_string(),
            "{target}"
        );
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = with_method(method, target).await;
            assert_eq!(answer.status, 405, "{target}");
            assert_eq!(answer.header(header::ALLOW), "GET,HEAD");
        }
    }
}

#[tokio::test]
async fn an_asset_is_sent_once_and_then_confirmed() {
    for (file, content_type) in [
        ("chat.css", "text/css; charset=utf-8"),
        ("room.js", "text/javascript; charset=utf-8"),
        ("log.js", "text/javascript; charset=utf-8"),
        ("socket.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let target = format!("/static/chat/{file}");
        let answer = get(&target).await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header(header::CONTENT_TYPE), content_type);
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(!answer.body.is_empty());
        let etag = answer.header(header::ETAG);
        assert_eq!(etag.len(), 66, "{etag}");
        for (condition, status) in [
            (etag.to_owned(), 304),
            (format!("\"other\", W/{etag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (etag.trim_matches('"').to_owned(), 200),
        ] {
            let request = Request::get(&target).header(header::IF_NONE_MATCH, &condition);
            let again = ask(request.body(Body::empty()).expect("valid")).await;
            assert_eq!(again.status, status, "{condition}");
            assert_eq!(again.header(header::ETAG), etag);
            assert_eq!(again.body.is_empty(), status == 304);
        }
    }
}

#[tokio::test]
async fn other_files_are_not_there() {
    for target in [
        "/static/chat/missing.js",
        "/static/chat/../Cargo.toml",
        "/static/chat/..%2FCargo.toml",
        "/static/chat/..%2Fstatic%2Froom.js",
        "/static/chat/%2Fetc%2Fpasswd",
        "/static/chat/",
        "/chat/a/b/",
        "/other/",
    ] {
        assert_eq!(get(target).await.status, 404, "{target}");
    }
}
