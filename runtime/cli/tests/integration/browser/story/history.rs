//! What was said before: after a restart, and in pages.

use std::time::SystemTime;

use laureola_chat::store::NewMessage;

use super::{ROOM, Story};

impl Story<'_> {
    pub(super) async fn the_server_starts_again(&mut self) {
        let before = self.ada.entries().await;
        assert!(before.len() > 5, "{before:?}");
        self.site.restart();
        let said: Vec<_> = before.iter().map(|entry| (&*entry.name, &*entry.text)).collect();
        for person in [&self.ada, &self.bob] {
            person.until_connected().await;
            person.hears(&said).await;
            person.visit(ROOM).await;
            person.hears(&said).await;
        }
        self.ada.sees_people(&["ada", "bob"]).await;
    }

    /// A room with 120 messages, of which a page has 50.
    pub(super) async fn the_past_comes_in_pages(&self) {
        let store = self.site.store().await;
        let room = store.create_room("Archive", None).await.expect("created");
        let users = laureola_django::auth::Users::new(store.database().clone(), Default::default());
        let ada = users.by_name("ada").await.expect("read").expect("Ada");
        let texts: Vec<String> = (1..=120).map(|number| number.to_string()).collect();
        let message = |content: &String| NewMessage {
            room: room.id,
            user: ada.id,
            content: content.clone(),
            at: SystemTime::now(),
            again_after: None,
        };
        let messages: Vec<_> = texts.iter().map(message).collect();
        store.insert(&messages).await.expect("stored");
        store.close().await;
        let newest = |count: usize| -> Vec<_> {
            let texts = texts[120 - count..].iter();
            texts.map(|text| ("ada", &**text)).collect()
        };

        let bob = &self.bob;
        bob.visit("/rooms/archive/").await;
        bob.hears(&newest(50)).await;
        let at_end = "document.querySelector('#log').scrollTop + 50 >
            document.querySelector('#log').scrollHeight - document.querySelector('#log').clientHeight";
        bob.until(at_end).await;
        // A button fetches more, and so does scrolling up; the reader stays where they are.
        bob.run::<()>("document.querySelector('#log .earlier').click()")
            .await;
        bob.hears(&newest(100)).await;
        bob.until(at_end).await;
        bob.run::<()>("document.querySelector('#log').scrollTop = 100")
            .await;
        bob.hears(&newest(120)).await;
        bob.until("document.querySelector('#log').scrollTop > 1000").await;
        bob.until("document.querySelector('#log .earlier').hidden").await;
        bob.visit(ROOM).await;
        bob.until_connected().await;
    }
}
