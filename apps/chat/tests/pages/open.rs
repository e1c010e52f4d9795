//! The first page and the open rooms.

use axum::body::Body;
use axum::http::{Method, Request, header};

use crate::browser::{Answer, Site};

async fn ask(request: Request<Body>) -> Answer {
    Site::start().await.ask(request).await
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
    for target in [
        "/",
        "/login/",
        "/signup/",
        "/rooms/",
        "/chat/lobby/",
        "/chat/a%20b/",
        "/chat/?room=lobby",
    ] {
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
async fn who_does_not_log_in_gets_no_cookie() {
    for target in ["/", "/chat/lobby/"] {
        let answer = get(target).await;
        assert_eq!(answer.header(header::SET_COOKIE), "", "{target}");
        answer.says(r#"href="/login/"#);
    }
}

#[tokio::test]
async fn a_chat_that_has_not_started_says_so() {
    let layer = laureola::Layer::new(laureola::MemoryLayer::new());
    let plugins = laureola::Plugins::new().with(laureola_chat::Chat::default());
    let application = plugins.application(&layer).expect("the chat registers");
    let request = Request::get("/").body(Body::empty()).expect("valid");
    let answer = crate::browser::answer(&application, request).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header(header::RETRY_AFTER), "5");
}
