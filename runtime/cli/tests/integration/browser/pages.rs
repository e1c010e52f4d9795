//! Every page can be read and used: in light and in dark, on a phone, with the keyboard, and by a screen reader.

use laureola_testkit::ChromeDriver;

use super::deployment::Deployment;
use super::window::{PASSWORD, Window};

/// A phone's width, and a window's.
const SIZES: [(u32, u32); 2] = [(360, 640), (1000, 700)];

/// What is wrong with the page that is open, one line each.
const AUDIT: &str = include_str!("pages/audit.js");

async fn is_fit(window: &Window<'_>, page: &str) {
    for dark in [false, true] {
        for size in SIZES {
            window.looks(size, dark);
            let problems: Vec<String> = window.run(AUDIT).await;
            assert!(
                problems.is_empty(),
                "{page} at {size:?}, dark: {dark}: {problems:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_and_used_by_everybody() {
    let driver = ChromeDriver::start();
    let site = Deployment::small().await;
    site.conversation().await;
    let window = Window::open(&driver, site.first()).await;
    for page in [
        "/",
        "/login/?next=/rooms/",
        "/signup/",
        "/chat/lobby/",
        "/chat/no%20room/",
    ] {
        window.visit(page).await;
        is_fit(&window, page).await;
    }
    window.visit("/signup/").await;
    let weak = [
        ("username", "eve ."),
        ("password1", "12345"),
        ("password2", "12345"),
    ];
    window.fills_in(&weak).await;
    window.until_it_says("This password is too common.").await;
    is_fit(&window, "/signup/ with errors").await;
    window.visit("/login/").await;
    window
        .fills_in(&[("username", "root"), ("password", "a wrong one")])
        .await;
    window.until_it_says("Please enter a correct").await;
    is_fit(&window, "/login/ with an error").await;
    window.fills_in(&[("password", PASSWORD)]).await;
    window.until_at("/rooms/").await;
    for page in [
        "/",
        "/rooms/",
        "/admin/users/",
        "/admin/rooms/general/",
        "/rooms/none/",
    ] {
        window.visit(page).await;
        is_fit(&window, page).await;
    }
    window.visit("/admin/").await;
    window.presses("main li:last-child summary").await;
    is_fit(&window, "/admin/").await;

    window.visit("/rooms/general/").await;
    window.until_connected().await;
    window.says("one of my own").await;
    window
        .until("document.querySelector('.entry.own[data-id]')")
        .await;
    window.presses("#people summary").await;
    is_fit(&window, "/rooms/general/").await;
    window.presses("#people summary").await;
    let order = tab_order(&window).await;
    let expected = ["Other rooms", "1 here", "Log out", "Messages", "Message", "Send"];
    assert_eq!(order, expected);
    window.has_quiet_console(&["404 (Not Found)"]);
    window.close().await;
}

/// What the Tab key leads to, from the top of the page to its end; each has to be seen to have the focus.
async fn tab_order(window: &Window<'_>) -> Vec<String> {
    window.run::<()>("document.activeElement.blur()").await;
    window
        .run::<()>("document.body.tabIndex = -1; document.body.focus()")
        .await;
    let mut order = Vec::new();
    loop {
        window.key("\u{e004}").await;
        let focused = "const e = document.activeElement;
            return [e.ariaLabel ?? (e.labels?.[0] ?? e).textContent.trim(), getComputedStyle(e).outlineStyle];";
        let (name, outline): (String, String) = window.run(focused).await;
        assert_ne!(outline, "none", "{name} does not show that it has the focus");
        order.push(name);
        if order.last().is_some_and(|name| name == "Send") || order.len() > 20 {
            return order;
        }
    }
}
