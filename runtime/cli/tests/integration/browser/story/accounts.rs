//! Accounts are made, and a room.

use super::{ROOM, ROOM_NAME, Story};
use crate::browser::window::PASSWORD;

impl Story<'_> {
    pub(super) async fn accounts_and_a_room(&self) {
        let Self { root, ada, bob, .. } = self;
        root.visit("/admin/").await;
        root.until_at("/login/").await;
        root.fills_in(&[("username", "root"), ("password", "a wrong one")])
            .await;
        root.until_it_says("Please enter a correct username and password.")
            .await;
        root.fills_in(&[("password", PASSWORD)]).await;
        root.until_at("/admin/").await;
        root.fills_in(&[("name", ROOM_NAME)]).await;
        root.until_it_says("tea-biscuits").await;

        ada.visit("/signup/").await;
        let weak = [
            ("username", "ada"),
            ("password1", "12345"),
            ("password2", "12345"),
        ];
        ada.fills_in(&weak).await;
        ada.until_it_says("This password is too common.").await;
        ada.fills_in(&[("password1", PASSWORD), ("password2", PASSWORD)])
            .await;
        ada.until_at("/rooms/").await;
        ada.presses("main li a").await;
        ada.until_at(ROOM).await;
        // Through the login that the room's page leads to, and back.
        bob.signs_up("bob", ROOM).await;
        for person in self.people() {
            person.has_quiet_console(&[]);
        }
    }
}
