//! The open rooms, and what is refused there.

use laureola_testkit::ChromeDriver;

use super::window::Window;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_marked_and_told_why_a_message_is_refused() {
    let driver = ChromeDriver::start();
    let server = Server::start(&["--chat-rate", "3", "--chat-message-length", "20"]);
    let (ada, grace) = tokio::join!(
        Window::open(&driver, server.port),
        Window::open(&driver, server.port)
    );
    ada.signs_up("ada", "/rooms/").await;
    ada.visit("/chat/lobby/").await;
    grace.visit("/chat/lobby/").await;
    grace.types("#username-input", "ada\u{e007}").await;
    for person in [&ada, &grace] {
        person.until_connected().await;
        // The name is Ada's, the mark is not.
        person.sees_people(&["ada", "ada (guest)"]).await;
    }
    ada.watches_news().await;
    grace.types("#message-input", "<i>hi</i>").await;
    ada.until_news("ada (guest) is typing…").await;
    grace.says("").await;
    ada.hears(&[("ada", "<i>hi</i>")]).await;
    ada.until("!document.querySelector('#typing').innerText.includes('typing')")
        .await;
    ada.says("hello").await;
    for person in [&ada, &grace] {
        person.hears(&[("ada", "<i>hi</i>"), ("ada", "hello")]).await;
        let marked: Vec<bool> = person.entries().await.iter().map(|entry| entry.guest).collect();
        assert_eq!(marked, [true, false]);
    }

    let long = "one character too ...";
    ada.says(long).await;
    ada.is_told("A message has at most 20 characters. This one has 21.")
        .await;
    let kept: String = ada.value("document.querySelector('#message-input').value").await;
    assert_eq!(kept, long);

    // Typed as fast as no person does.
    grace
        .run::<()>(
            "for (let number = 0; number < 6; number += 1) {
                document.querySelector('#message-input').value = `quick ${number}`;
                document.querySelector('#message-form').requestSubmit();
            }",
        )
        .await;
    grace
        .until("document.querySelectorAll('#log [data-state=failed]').length > 1")
        .await;
    grace
        .until("!document.querySelector('#log [data-state=sending]')")
        .await;
    let failed = grace
        .entries()
        .await
        .iter()
        .filter(|entry| entry.state.is_some())
        .count();
    let note = "document.querySelector('#log [data-state=failed] .note').innerText";
    let note: String = grace.value(note).await;
    assert!(note.starts_with("Not sent: too many messages; wait "), "{note}");
    // Discard, and edit: back into the field.
    grace
        .presses("#log [data-state=failed] .note button:last-child")
        .await;
    grace
        .presses("#log [data-state=failed] .note button:nth-child(2)")
        .await;
    grace
        .until("document.querySelector('#message-input').value.startsWith('quick ')")
        .await;
    let left = grace
        .entries()
        .await
        .iter()
        .filter(|entry| entry.state.is_some())
        .count();
    assert_eq!(left, failed - 2);
    for person in [ada, grace] {
        person.has_quiet_console(&[]);
        person.close().await;
    }
}
