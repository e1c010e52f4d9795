//! Networks fail, and nothing is lost or said twice.

use serde_json::json;

use super::Story;
use super::talk::MARKUP;

impl Story<'_> {
    pub(super) async fn a_network_fails(&self) {
        let Self {
            ada, bob, network, ..
        } = self;
        let mut said = vec![("ada", "hello"), ("bob", MARKUP), ("bob", "by the way\n…")];
        let status = |words| format!("document.querySelector('#status').innerText.includes('{words}')");

        network.fails();
        bob.until(&status("offline")).await;
        for text in ["first", "second", "third"] {
            ada.says(text).await;
            said.push(("ada", text));
        }
        ada.hears(&said).await;
        bob.says("while").await;
        bob.says("away").await;
        bob.until(&status("2 to send")).await;
        bob.types("#message-input", "unsent").await;
        network.works();
        said.extend([("bob", "while"), ("bob", "away")]);
        self.both_hear(&said).await;
        bob.until_connected().await;
        let unsent: String = bob.value("document.querySelector('#message-input').value").await;
        assert_eq!(unsent, "unsent");
        // A reload does not lose it, either. (From there on, what takes twelve seconds takes a third of one in a
        // hurry.)
        let hurry = "const wait = setTimeout;
            globalThis.setTimeout = (action, time) => wait(action, globalThis.hurry && time === 12_000 ? 333 : time);";
        bob.devtools("Page.enable", &json!({}));
        bob.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": hurry }),
        );
        bob.page.refresh().await.expect("reloaded");
        bob.until("document.querySelector('#message-input').value === 'unsent'")
            .await;
        bob.until_connected().await;
        bob.says("").await;
        said.push(("bob", "unsent"));
        self.both_hear(&said).await;

        // The answer to a message is lost, not the message. The page does not wait for a connection that says nothing.
        network.holds_answers();
        bob.run::<()>("globalThis.hurry = true").await;
        bob.says("only once").await;
        said.push(("bob", "only once"));
        ada.hears(&said).await;
        bob.until("document.querySelector('#status').dataset.state !== 'open'")
            .await;
        bob.run::<()>("globalThis.hurry = false").await;
        network.fails();
        bob.until(&status("offline")).await;
        network.works();
        self.both_hear(&said).await;

        // The browser knows that it is offline before the connection does.
        ada.devtools("Network.enable", &json!({}));
        let conditions = |offline: bool| json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        ada.devtools("Network.emulateNetworkConditions", &conditions(true));
        ada.until(&status("offline")).await;
        bob.sees_people(&["bob"]).await;
        bob.says("are you there?").await;
        ada.devtools("Network.emulateNetworkConditions", &conditions(false));
        said.push(("bob", "are you there?"));
        self.both_hear(&said).await;
        ada.until_connected().await;
        bob.sees_people(&["ada", "bob"]).await;
        for name in ["ada", "bob"] {
            let texts = said.iter().filter(|(who, _)| *who == name).map(|(_, text)| *text);
            self.is_stored(name, &texts.collect::<Vec<_>>()).await;
        }
    }

    /// Whether the database has just these texts of somebody, in this order.
    async fn is_stored(&self, username: &str, texts: &[&str]) {
        let store = self.site.store().await;
        let room = store.room("tea-biscuits").await.expect("read").expect("a room");
        let page = laureola_chat::store::messages::Page::Newest;
        let messages = store.messages(room.id, page, 100).await.expect("read");
        let theirs = messages.iter().filter(|message| message.username == username);
        let stored: Vec<_> = theirs.map(|message| &*message.content).collect();
        assert_eq!(stored, texts);
        store.close().await;
    }
}
