//! Staff change the room, and people leave it.

use super::{ROOM, Story};

impl Story<'_> {
    pub(super) async fn staff_change_the_room(&self) {
        let Self {
            root,
            ada,
            bob,
            network,
            ..
        } = self;
        let before = ada.entries().await;
        let mut said: Vec<_> = before.iter().map(|entry| (&*entry.name, &*entry.text)).collect();
        // The last on the page is the newest.
        assert_eq!(said.pop(), Some(("ada", "forged")));
        root.visit("/admin/rooms/tea-biscuits/").await;
        root.until_it_says("forged").await;
        // Bob is away in that moment.
        network.fails();
        bob.until("document.querySelector('#status').dataset.state !== 'open'")
            .await;
        root.presses("main li:last-child button.danger").await;
        ada.hears(&said).await;
        network.works();
        self.both_hear(&said).await;
        root.until("!document.body.innerText.includes('forged')").await;

        root.visit("/admin/").await;
        root.presses("main li:last-child summary").await;
        root.types("main li:last-child details [name=name]", " (again)\u{e007}")
            .await;
        for person in [ada, bob] {
            person
                .until("document.querySelector('h1').innerText === 'Tea & biscuits (again)'")
                .await;
        }
        root.visit("/admin/users/").await;
        for name in ["ada", "bob", "root"] {
            root.until_it_says(name).await;
        }
    }

    pub(super) async fn people_leave(&self) {
        let Self {
            root,
            ada,
            bob,
            network,
            ..
        } = self;
        // Bob logs out in another tab. The first notices when it has to connect again.
        bob.types("#message-input", "and then").await;
        let first = bob.page.window().await.expect("a tab");
        let tab = bob.page.new_window(true).await.expect("another").handle;
        bob.page.switch_to_window(tab).await.expect("the other tab");
        bob.visit("/").await;
        bob.presses("nav form button").await;
        bob.until("document.querySelector('nav [href=\"/login/\"]')")
            .await;
        bob.page.close_window().await.expect("closed");
        bob.page.switch_to_window(first).await.expect("back");
        network.fails();
        bob.until("document.querySelector('#status').dataset.state !== 'open'")
            .await;
        network.works();
        bob.is_told("You are logged out.").await;
        ada.sees_people(&["ada"]).await;
        bob.presses("#notice a").await;
        bob.until_at("/login/").await;
        bob.fills_in(&[("username", "bob"), ("password", super::super::window::PASSWORD)])
            .await;
        bob.until_at(ROOM).await;
        ada.sees_people(&["ada", "bob"]).await;
        let kept: String = bob.value("document.querySelector('#message-input').value").await;
        assert_eq!(kept, "and then");

        // Ada logs out here.
        ada.presses("header form button").await;
        ada.until_at("/").await;
        bob.sees_people(&["bob"]).await;
        ada.visit(ROOM).await;
        ada.until_at("/login/").await;

        root.visit("/admin/").await;
        root.presses("main li:last-child summary").await;
        root.presses("main li:last-child button.danger").await;
        bob.is_told("The room is closed: the room was deleted.").await;
        bob.visit(ROOM).await;
        bob.until_it_says("There is no such room").await;
    }
}
