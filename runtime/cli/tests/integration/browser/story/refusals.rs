//! Strangers' pages and forged messages.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use serde_json::{Value, json};

use super::{ROOM, Story};
use crate::browser::window::Window;

/// Opens the room's socket from whatever page is there, and says what it is given, if it may.
const OPEN: &str = "const [url, text, done] = arguments;
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send(text);
    socket.onmessage = ({ data }) => {
        if ('ack' in JSON.parse(data)) { socket.close(); done('said'); }
    };
    socket.onclose = () => done('refused');";

impl Story<'_> {
    pub(super) async fn strangers_and_forgers_are_refused(&self) {
        let Self { ada, bob, site, .. } = self;
        let before: Vec<_> = ada.entries().await;
        let mut said: Vec<_> = before.iter().map(|entry| (&*entry.name, &*entry.text)).collect();

        // Of the session's user alone, whatever the message says.
        let forged = json!({ "message": "forged", "username": "root", "room": "archive", "id": "mine" });
        assert_eq!(open(ada, site.first(), &forged).await, "said");
        said.push(("ada", "forged"));
        self.both_hear(&said).await;

        // A page of somebody else in Ada's own browser: her cookies go along, for ports do not tell sites apart.
        let stranger = strangers_site();
        let here = ada.page.window().await.expect("a tab");
        let tab = ada.page.new_window(true).await.expect("another tab").handle;
        ada.page.switch_to_window(tab).await.expect("the tab");
        let url = format!("http://127.0.0.1:{stranger}/");
        ada.page.goto(&url).await.expect("the stranger's page");
        assert_eq!(open(ada, site.first(), &forged).await, "refused");
        let form = format!(
            "document.body.innerHTML = '<form method=post action=\"http://127.0.0.1:{}/logout/\"></form>';
             document.forms[0].submit()",
            site.first()
        );
        ada.run::<()>(&form).await;
        ada.until_it_says("CSRF verification failed").await;
        ada.page.close_window().await.expect("closed");
        ada.page.switch_to_window(here).await.expect("back");
        ada.has_quiet_console(super::CUT);

        // She is still logged in, and nothing more was said.
        ada.visit(ROOM).await;
        ada.until_connected().await;
        self.both_hear(&said).await;
        bob.has_quiet_console(super::CUT);
    }
}

async fn open(window: &Window<'_>, port: u16, content: &Value) -> String {
    let url = format!("ws://127.0.0.1:{port}/ws/tea-biscuits/");
    let done = window
        .page
        .execute_async(OPEN, vec![json!(url), json!(content.to_string())])
        .await;
    let done = done.expect("the script runs");
    done.as_str().expect("a word").to_owned()
}

/// A site with one empty page, for as long as the test runs; returns its port.
fn strangers_site() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n\
                <!doctype html><link rel=icon href='data:,'><title>stranger</title>";
            let _ = client.write_all(page.as_bytes());
        }
    });
    port
}
