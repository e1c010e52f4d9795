//! Somebody's browser.

use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use laureola_testkit::ChromeDriver;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";
/// Deadline of everything, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks at a page.
const PAUSE: Duration = Duration::from_millis(40);
pub(crate) const ENTER: &str = "\u{e007}";

/// A message as a page shows it.
#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) own: bool,
    pub(crate) guest: bool,
    /// `sending` or `failed`, of what the server does not have.
    pub(crate) state: Option<String>,
}

const ENTRIES: &str = "return [...document.querySelectorAll('#log .entry')].map((entry) => ({
    name: entry.querySelector('.username').textContent,
    text: entry.querySelector('.message').textContent,
    own: entry.classList.contains('own'),
    guest: entry.querySelector('.guest') !== null,
    state: entry.dataset.state ?? null,
}));";

/// A browser of its own, with its own cookies, on a site.
pub(crate) struct Window<'a> {
    pub(crate) page: Client,
    driver: &'a ChromeDriver,
    session: String,
    site: String,
}

impl<'a> Window<'a> {
    /// Opens a browser that will visit the server of `port`.
    pub(crate) async fn open(driver: &'a ChromeDriver, port: u16) -> Self {
        let capabilities: Capabilities =
            serde_json::from_value(driver.capabilities()).expect("capabilities are an object");
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .expect("a browser window");
        let session = page.session_id().await.expect("a session");
        Self {
            page,
            driver,
            session: session.expect("it has begun"),
            site: format!("http://127.0.0.1:{port}"),
        }
    }

    pub(crate) async fn visit(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        self.page.goto(&url).await.expect("the page opens");
    }

    /// What an expression in the page has for a value.
    pub(crate) async fn value<T: DeserializeOwned>(&self, expression: &str) -> T {
        self.run(&format!("return {expression};")).await
    }

    pub(crate) async fn run<T: DeserializeOwned>(&self, script: &str) -> T {
        let value = self.page.execute(script, Vec::new()).await;
        let value = value.unwrap_or_else(|error| panic!("{script}: {error}"));
        serde_json::from_value(value).expect("of that type")
    }

    /// Waits until an expression is true in whatever page is open then.
    pub(crate) async fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression});");
        let end = Instant::now() + PATIENCE;
        // While a page gives way to the next, scripts fail.
        while !matches!(
            self.page.execute(&script, Vec::new()).await,
            Ok(Value::Bool(true))
        ) {
            if Instant::now() > end {
                let shown: String = self
                    .value("location.href + '\\n' + document.body.innerText")
                    .await;
                panic!("never true: {expression}\n{shown}\n{:#?}", self.console());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn until_at(&self, path: &str) {
        let path = json!(path);
        self.until(&format!(
            "location.pathname === {path} && document.readyState === 'complete'"
        ))
        .await;
    }

    /// Waits until a page says something.
    pub(crate) async fn until_it_says(&self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words)))
            .await;
    }

    /// Types into the first element of this selector.
    pub(crate) async fn types(&self, css: &str, keys: &str) {
        let wait = self.page.wait().at_most(PATIENCE);
        let element = wait.for_element(Locator::Css(css)).await;
        let element = element.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.send_keys(keys).await.expect("typed");
    }

    pub(crate) async fn presses(&self, css: &str) {
        let wait = self.page.wait().at_most(PATIENCE);
        let element = wait.for_element(Locator::Css(css)).await;
        let element = element.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.click().await.expect("clicked");
    }

    /// Fills in fields by their names, and sends the form with Enter.
    pub(crate) async fn fills_in(&self, fields: &[(&str, &str)]) {
        for (index, (name, value)) in fields.iter().enumerate() {
            let end = if index + 1 == fields.len() { ENTER } else { "" };
            self.types(&format!("[name={name}]"), &format!("{value}{end}"))
                .await;
        }
    }

    /// Visits a page for people with accounts, is led to the login, and from there to the sign-up and back.
    pub(crate) async fn signs_up(&self, username: &str, path: &str) {
        self.visit(path).await;
        self.until_at("/login/").await;
        self.presses("main a").await;
        self.until_at("/signup/").await;
        let fields = [
            ("username", username),
            ("password1", PASSWORD),
            ("password2", PASSWORD),
        ];
        self.fills_in(&fields).await;
        self.until_at(path).await;
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn key(&self, key: &str) {
        let focused = self.page.active_element().await.expect("a page");
        focused.send_keys(key).await.expect("pressed");
    }

    /// Sets the size of the page, and whether its reader wants it dark.
    pub(crate) fn looks(&self, (width, height): (u32, u32), dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    pub(crate) async fn until_connected(&self) {
        self.until("document.querySelector('#status').dataset.state === 'open'")
            .await;
    }

    /// Writes a message and sends it with Enter.
    pub(crate) async fn says(&self, text: &str) {
        self.types("#message-input", &format!("{text}{ENTER}")).await;
    }

    pub(crate) async fn entries(&self) -> Vec<Entry> {
        self.run(ENTRIES).await
    }

    /// Waits until the log shows exactly these messages, none of them on its way any more.
    pub(crate) async fn hears(&self, expected: &[(&str, &str)]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let entries = self.entries().await;
            let said = entries.iter().filter(|entry| entry.state.is_none());
            let said: Vec<_> = said.map(|entry| (&*entry.name, &*entry.text)).collect();
            if said == expected && said.len() == entries.len() {
                return;
            }
            assert!(
                Instant::now() < end,
                "expected {expected:#?}, not {entries:#?}\n{:#?}",
                self.console()
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until these people are listed as being in the room.
    pub(crate) async fn sees_people(&self, names: &[&str]) {
        let names = json!(names.join(", "));
        let listed =
            "[...document.querySelectorAll('#people-names li')].map((e) => e.textContent).join(', ')";
        self.until(&format!("{listed} === {names}")).await;
    }

    /// From now on notes what is shown for a moment: who is typing, who comes and goes.
    pub(crate) async fn watches_news(&self) {
        let script = "globalThis.news = [];
            const typing = document.querySelector('#typing');
            new MutationObserver(() => news.push(typing.textContent)).observe(typing, { childList: true });";
        self.run::<()>(script).await;
    }

    pub(crate) async fn until_news(&self, words: &str) {
        self.until(&format!("news.includes({})", json!(words))).await;
    }

    pub(crate) async fn is_told(&self, words: &str) {
        let told = "document.querySelector('#notice:not([hidden])')?.innerText.includes";
        self.until(&format!("{told}({})", json!(words))).await;
    }

    /// What the browser's console shows.
    pub(crate) fn console(&self) -> Vec<String> {
        self.driver.console(&self.session)
    }

    /// Has Chromium's DevTools do something.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.driver.devtools(&self.session, command, parameters)
    }

    /// Fails if the console shows anything but what `expected` names, such as a connection that was cut; and the 503 of a
    /// server that had no time, after which the page comes back.
    #[track_caller]
    pub(crate) fn has_quiet_console(&self, expected: &[&str]) {
        let mut lines = self.console();
        lines.retain(|line| !expected.iter().any(|words| line.contains(words)));
        lines.retain(|line| !line.contains("Unexpected response code: 503"));
        assert!(lines.is_empty(), "{lines:#?}");
    }

    pub(crate) async fn close(self) {
        self.page.close().await.expect("closed");
    }
}
