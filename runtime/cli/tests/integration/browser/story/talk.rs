//! Two people talk.

use super::Story;
use crate::browser::window::Entry;

pub(super) const MARKUP: &str = "<b>bold</b><img src=x onerror=alert(1)> & \"more\"";

impl Story<'_> {
    pub(super) async fn two_people_talk(&self) {
        let Self {
            ada, bob, network, ..
        } = self;
        for person in [ada, bob] {
            person.until_connected().await;
            person.sees_people(&["ada", "bob"]).await;
        }
        ada.watches_news().await;
        ada.says("hello").await;
        self.both_hear(&[("ada", "hello")]).await;

        // While the answer is on its way, it is not there yet.
        network.holds_answers();
        bob.says(MARKUP).await;
        ada.hears(&[("ada", "hello"), ("bob", MARKUP)]).await;
        let sending = Entry {
            name: "bob".to_owned(),
            text: MARKUP.to_owned(),
            own: true,
            guest: false,
            state: Some("sending".to_owned()),
        };
        let shown = bob.entries().await;
        assert_eq!(shown[1..], [sending], "{shown:?}");
        assert!(!shown[0].own);
        bob.until("document.querySelector('#log [data-state=sending] .note').innerText === 'Sending…'")
            .await;
        network.works();
        self.both_hear(&[("ada", "hello"), ("bob", MARKUP)]).await;
        let own = |entries: Vec<Entry>| entries.iter().map(|entry| entry.own).collect::<Vec<_>>();
        assert_eq!(own(bob.entries().await), [false, true]);
        assert_eq!(own(ada.entries().await), [true, false]);
        for person in [ada, bob] {
            let markup: usize = person
                .value("document.querySelectorAll('#log b, #log img').length")
                .await;
            assert_eq!(markup, 0, "text became markup");
        }

        bob.types("#message-input", "by the w").await;
        ada.until_news("bob is typing…").await;
        bob.types("#message-input", "ay\u{e008}\u{e007}").await; // Shift+Enter: a new line
        bob.types("#message-input", "\u{e000}…\u{e007}").await;
        let said = [("ada", "hello"), ("bob", MARKUP), ("bob", "by the way\n…")];
        self.both_hear(&said).await;
        ada.until("!document.querySelector('#typing').innerText.includes('typing')")
            .await;

        // Who goes and comes back.
        bob.visit("/rooms/").await;
        ada.sees_people(&["ada"]).await;
        ada.until_news("bob left").await;
        ada.watches_news().await;
        bob.presses("main li a").await;
        ada.sees_people(&["ada", "bob"]).await;
        ada.until_news("bob came in").await;
        self.both_hear(&said).await;
        for person in self.people() {
            person.has_quiet_console(&[]);
        }
    }
}
