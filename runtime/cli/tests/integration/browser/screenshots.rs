//! The pictures of the README.

use std::fs;
use std::path::Path;

use laureola_testkit::ChromeDriver;

use super::deployment::Deployment;
use super::window::{PASSWORD, Window};

/// Where they are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../apps/chat/screenshots");

async fn picture(window: &Window<'_>, name: &str) {
    // A cursor that blinks would make every picture another.
    window.run::<()>("document.activeElement.blur()").await;
    let png = window.page.screenshot().await.expect("a picture");
    assert!(png.len() < 150_000, "{name} has {} bytes", png.len());
    fs::create_dir_all(FOLDER).expect("the folder");
    fs::write(Path::new(FOLDER).join(name), png).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes the pictures of the README"]
async fn screenshots() {
    let driver = ChromeDriver::start();
    let site = Deployment::small().await;
    site.conversation().await;
    let (grace, root) = tokio::join!(
        Window::open(&driver, site.first()),
        Window::open(&driver, site.first())
    );
    grace.looks((400, 640), false);
    grace.signs_up("grace", "/rooms/general/").await;
    root.looks((900, 600), false);
    root.visit("/login/?next=/rooms/general/").await;
    root.fills_in(&[("username", "root"), ("password", PASSWORD)])
        .await;
    for person in [&grace, &root] {
        person.sees_people(&["grace", "root"]).await;
    }
    root.says("I took the cups along.").await;
    grace.until_it_says("I took the cups along.").await;
    root.until("document.querySelector('.entry.own[data-id]')").await;
    grace.types("#message-input", "Thank").await;
    root.until_it_says("grace is typing").await;
    picture(&root, "room.png").await;
    root.looks((900, 600), true);
    picture(&root, "room-dark.png").await;
    grace.looks((360, 640), false);
    picture(&grace, "phone.png").await;
    root.looks((900, 600), false);
    root.visit("/admin/").await;
    root.presses("main li:first-child summary").await;
    picture(&root, "admin.png").await;
    for person in [grace, root] {
        person.close().await;
    }
}
