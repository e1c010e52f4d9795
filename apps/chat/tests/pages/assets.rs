//! What the pages load.

use axum::body::Body;
use axum::http::{Request, header};

use crate::browser::{Answer, Site};

async fn ask(request: Request<Body>) -> Answer {
    Site::start().await.ask(request).await
}

async fn get(target: &str) -> Answer {
    ask(Request::get(target).body(Body::empty()).expect("valid")).await
}

#[tokio::test]
async fn an_asset_is_sent_once_and_then_confirmed() {
    for (file, content_type) in [
        ("chat.css", "text/css; charset=utf-8"),
        ("room.js", "text/javascript; charset=utf-8"),
        ("log.js", "text/javascript; charset=utf-8"),
        ("socket.js", "text/javascript; charset=utf-8"),
        ("people.js", "text/javascript; charset=utf-8"),
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
