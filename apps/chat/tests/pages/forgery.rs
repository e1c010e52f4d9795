//! Forms that no page of ours sent.

use axum::body::Body;
use axum::http::{Method, header};

use crate::browser::{Browser, PASSWORD, Site, encoded, token};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_form_needs_the_cookie_and_a_token_of_it() {
    let site = Site::start().await;
    let fields = [
        ("username", "ada"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    let mut blank = Browser::new(&site);
    let answer = blank.post("/signup/", &fields).await;
    assert_eq!(answer.status, 403);
    answer.says("CSRF cookie not set.");

    let mut ada = Browser::new(&site);
    ada.get("/signup/").await;
    let answer = ada.post("/signup/", &fields).await;
    assert_eq!(answer.status, 403);
    answer.says("CSRF token missing.");
    let other = Browser::new(&site).get("/signup/").await;
    let forged = token(&other.body);
    let answer = ada
        .post(
            "/signup/",
            &[&fields[..], &[("csrfmiddlewaretoken", &forged)]].concat(),
        )
        .await;
    assert_eq!(answer.status, 403);
    answer.says("CSRF token incorrect.");
    assert!(!ada.cookies.contains_key("sessionid"));
    let store = &site.store;
    let users = laureola_django::auth::Users::new(store.database().clone(), Default::default());
    assert_eq!(users.by_name("ada").await.expect("read"), None);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let site = Site::start().await;
    site.user("ada", false).await;
    let mut ada = Browser::new(&site);
    ada.log_in("ada").await;
    let page = ada.get("/rooms/").await;
    let token = token(&page.body);
    for (secure, name, value) in [
        (false, header::ORIGIN, "http://evil.example"),
        (false, header::ORIGIN, "null"),
        (false, header::ORIGIN, "https://chat.example"),
        (true, header::ORIGIN, "http://chat.example"),
        (true, header::REFERER, "https://evil.example/"),
        (true, header::REFERER, "http://chat.example/"),
    ] {
        ada.secure = secure;
        let request = ada.request(Method::POST, "/logout/").header(&name, value);
        let request = request.header(header::CONTENT_TYPE, FORM);
        let body = encoded(&[("csrfmiddlewaretoken", &token)]);
        let answer = ada.send(request.body(body).expect("valid")).await;
        assert_eq!(answer.status, 403, "{name} {value}");
        answer.says("checking failed");
    }
    ada.secure = false;
    assert_eq!(ada.get("/rooms/").await.status, 200, "she is still logged in");
}

#[tokio::test]
async fn a_form_that_is_too_long_or_of_another_kind_is_not_read() {
    let site = Site::start().await;
    let mut browser = Browser::new(&site);
    let page = browser.get("/login/").await;
    let token = token(&page.body);
    let long = "x".repeat(64 * 1024);
    let answer = browser
        .post("/login/", &[("csrfmiddlewaretoken", &token), ("username", &long)])
        .await;
    assert_eq!(answer.status, 413);
    for kind in [
        "multipart/form-data; boundary=x",
        "application/json",
        "text/plain",
    ] {
        let request = browser
            .request(Method::POST, "/login/")
            .header(header::CONTENT_TYPE, kind);
        let answer = browser.send(request.body(Body::from("{}")).expect("valid")).await;
        assert_eq!(answer.status, 415, "{kind}");
    }
}
