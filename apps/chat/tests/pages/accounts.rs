//! Signup, login, logout, and the rooms for people with accounts.

use axum::http::header;

use crate::browser::{Browser, PASSWORD, Site};

#[tokio::test]
async fn somebody_signs_up_enters_a_room_logs_out_and_comes_back() {
    let site = Site::start().await;
    site.store
        .create_room("Tea <b>room</b>", Some("tea"))
        .await
        .expect("created");
    let mut ada = Browser::new(&site);
    ada.get("/rooms/tea/")
        .await
        .leads_to("/login/?next=%2Frooms%2Ftea%2F");
    ada.get("/login/?next=%2Frooms%2Ftea%2F")
        .await
        .says(r#"<a href="/signup/?next=%2Frooms%2Ftea%2F">"#);

    let fields = [
        ("username", "ada"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
        ("next", "/rooms/tea/"),
    ];
    let done = ada.submit("/signup/?next=/rooms/tea/", "/signup/", &fields).await;
    done.leads_to("/rooms/tea/");
    let cookie = done.set_cookie("sessionid");
    assert!(
        cookie.ends_with("; Max-Age=1209600; Path=/; SameSite=Lax; HttpOnly"),
        "{cookie}"
    );

    let room = ada.get("/rooms/tea/").await;
    assert_eq!(room.status, 200);
    for words in [
        r#"data-socket="/ws/tea/""#,
        r#"data-user="ada""#,
        r#"src="/static/chat/room.js""#,
        "Tea &#60;b&#62;room&#60;/b&#62;",
    ] {
        room.says(words);
    }
    assert!(!room.body.contains("<b>room"), "{}", room.body);
    let rooms = ada.get("/rooms/").await;
    rooms.says(r#"<a href="/rooms/tea/" dir="auto">Tea &#60;b&#62;room&#60;/b&#62;</a>"#);
    rooms.says(r#"<span class="who" title="ada">ada</span>"#);
    assert_eq!(ada.get("/rooms/none/").await.status, 404);
    let slash = ada.get("/rooms/tea").await;
    assert_eq!(
        (slash.status.as_u16(), slash.header(header::LOCATION)),
        (308, "/rooms/tea/")
    );
    ada.get("/login/").await.leads_to("/rooms/");

    let old = ada.cookies.clone();
    ada.submit("/rooms/tea/", "/logout/", &[]).await.leads_to("/");
    assert!(!ada.cookies.contains_key("sessionid"));
    ada.get("/rooms/").await.leads_to("/login/?next=%2Frooms%2F");
    let mut thief = Browser::new(&site);
    thief.cookies = old;
    thief.get("/rooms/").await.leads_to("/login/?next=%2Frooms%2F");

    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("next", "/rooms/tea/"),
    ];
    ada.submit("/login/", "/login/", &fields)
        .await
        .leads_to("/rooms/tea/");
    assert_eq!(ada.get("/rooms/tea/").await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_signup_is_said_in_djangos_words() {
    let site = Site::start().await;
    site.user("Ada", false).await;
    let mut browser = Browser::new(&site);
    for (username, password1, password2, words) in [
        ("", PASSWORD, PASSWORD, "This field is required."),
        ("a b", PASSWORD, PASSWORD, "Enter a valid username."),
        (
            "ada",
            PASSWORD,
            PASSWORD,
            "A user with that username already exists.",
        ),
        ("bob", PASSWORD, "", "This field is required."),
        (
            "bob",
            PASSWORD,
            "another one",
            "The two password fields didn’t match.",
        ),
        (
            "bob",
            "bob1234",
            "bob1234",
            "This password is too short. It must contain at least 8 characters.",
        ),
        ("bob", "password", "password", "This password is too common."),
        (
            "bob",
            "8230915674",
            "8230915674",
            "This password is entirely numeric.",
        ),
        (
            "bobby-tables",
            "bobby-tables",
            "bobby-tables",
            "The password is too similar to the username.",
        ),
    ] {
        let fields = [
            ("username", username),
            ("password1", password1),
            ("password2", password2),
        ];
        let answer = browser.submit("/signup/", "/signup/", &fields).await;
        assert_eq!(answer.status, 200);
        answer.says(words);
        answer.says(&format!(r#"name="username" value="{username}""#));
        assert!(!browser.cookies.contains_key("sessionid"));
        assert!(!answer.body.contains(PASSWORD), "a password is never shown");
    }
}

#[tokio::test]
async fn a_login_takes_new_keys_and_leads_nowhere_else() {
    let site = Site::start().await;
    site.user("ada", false).await;
    let mut ada = Browser::new(&site);
    ada.secure = true;
    let fields = |next| [("username", "ada"), ("password", PASSWORD), ("next", next)];
    ada.get("/login/").await;
    let before = ada.cookies["csrftoken"].clone();
    let done = ada.submit("/login/", "/login/", &fields("//evil.example/")).await;
    done.leads_to("/rooms/");
    assert_ne!(ada.cookies["csrftoken"], before);
    for name in ["sessionid", "csrftoken"] {
        assert!(
            done.set_cookie(name).ends_with("; Secure"),
            "{}",
            done.set_cookie(name)
        );
    }
    let session = ada.cookies["sessionid"].clone();
    for next in ["https://evil.example/", "/\\evil.example", "javascript:alert(1)"] {
        let query = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
        ada.get(&format!("/login/?next={query}"))
            .await
            .leads_to("/rooms/");
        let mut fresh = Browser::new(&site);
        let page = fresh.get(&format!("/login/?next={query}")).await;
        page.says(r#"name="next" value="/rooms/""#);
    }
    assert_eq!(ada.cookies["sessionid"], session);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_at_last_not_even_looked_at() {
    let site = Site::start().await;
    site.user("ada", false).await;
    let mut eve = Browser::new(&site);
    let markup = [("username", "<script>alert(1)</script>"), ("password", "x")];
    let answer = eve.submit("/login/", "/login/", &markup).await;
    answer.says("Please enter a correct username and password. Note that both fields may be case-sensitive.");
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    for _ in 0..10 {
        let answer = eve
            .submit("/login/", "/login/", &[("username", "ada"), ("password", "x")])
            .await;
        assert_eq!(answer.status, 200);
        answer.says("Please enter a correct username and password.");
    }
    let right = [("username", "ada"), ("password", PASSWORD)];
    let answer = eve.submit("/login/", "/login/", &right).await;
    assert_eq!(answer.status, 429);
    assert!(!answer.header(header::RETRY_AFTER).is_empty());
    answer.says("Too many passwords were tried");
    assert!(!eve.cookies.contains_key("sessionid"));
}
