//! Headless Chromium.

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use laureola_testkit::ChromeDriver;
use serde_json::{Value, json};

use crate::certificates::Certificates;
use crate::site::Site;

/// A window that takes any certificate, at the mirror's empty page.
async fn open(driver: &ChromeDriver, url: &str) -> Client {
    let mut capabilities: Capabilities =
        serde_json::from_value(driver.capabilities()).expect("capabilities are an object");
    capabilities.insert("acceptInsecureCerts".to_owned(), json!(true));
    if let Some(arguments) = capabilities["goog:chromeOptions"]["args"].as_array_mut() {
        arguments.push(json!("--ignore-certificate-errors"));
    }
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url())
        .await
        .expect("a browser window");
    client
        .goto(&format!("{url}/page/"))
        .await
        .expect("the page opens");
    client
}

/// Runs the body of an asynchronous function in the page; what it returns.
async fn run(page: &Client, body: &str) -> Value {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         (async () => {{ {body} }})().then(done, (error) => done('failed: ' + error));"
    );
    page.execute_async(&script, vec![])
        .await
        .expect("the script runs")
}

const FETCHES: &str = "
    const scope = await (await fetch('/scope/?a=b', { headers: { 'X-Name': 'v' } })).json();
    const body = 'x'.repeat(300000);
    const echo = await (await fetch('/echo/', { method: 'POST', body })).text();
    const parts = await (await fetch('/parts/500/')).arrayBuffer();
    const many = await Promise.all(Array.from({ length: 30 },
        async (_, n) => (await (await fetch('/scope/?n=' + n)).json()).query_string));
    const entries = performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol);
    return { scope, echo: echo === body, parts: parts.byteLength,
             many: many.every((query, n) => query === 'n=' + n),
             protocols: [...new Set(entries)] };";

const SOCKET: &str = "
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws/', ['chat.v2', 'chat']);
    socket.binaryType = 'arraybuffer';
    const next = () => new Promise((resolve, reject) => {
        socket.onmessage = (event) => resolve(event.data);
        socket.onclose = (event) => reject('closed with ' + event.code);
    });
    const scope = JSON.parse(await next());
    let echoed = 0;
    for (const text of ['', 'hello', '日本語 🎉', 'x'.repeat(500000)]) {
        socket.send(text);
        if (await next() === text) echoed += 1;
    }
    socket.send(new Uint8Array([0, 1, 255]));
    const bytes = Array.from(new Uint8Array(await next()));
    const closed = new Promise((resolve) => { socket.onclose = resolve; });
    socket.close(4000, 'enough');
    const { code, reason, wasClean } = await closed;
    return { scope, echoed, bytes, protocol: socket.protocol, extensions: socket.extensions, code, reason, wasClean };";

/// `http_version` is what the application sees, `hop` what the browser says.
async fn check(url: &str, http_version: &str, hop: &str, socket_version: &str) {
    let driver = ChromeDriver::start();
    let page = open(&driver, url).await;
    let fetched = run(&page, FETCHES).await;
    assert_eq!(fetched["scope"]["http_version"], http_version, "{fetched}");
    assert_eq!(fetched["scope"]["query_string"], "a=b");
    let name = json!(["x-name", "v"]);
    assert!(
        fetched["scope"]["headers"]
            .as_array()
            .expect("a list")
            .contains(&name),
        "{fetched}"
    );
    assert_eq!(fetched["echo"], true, "{fetched}");
    assert_eq!(fetched["parts"], 500 * 1024, "{fetched}");
    assert_eq!(fetched["many"], true, "{fetched}");
    assert_eq!(fetched["protocols"], json!([hop]), "{fetched}");

    let socket = run(&page, SOCKET).await;
    assert_eq!(socket["scope"]["http_version"], socket_version, "{socket}");
    assert_eq!(socket["echoed"], 4, "{socket}");
    assert_eq!(socket["bytes"], json!([0, 1, 255]));
    assert_eq!(socket["protocol"], "chat.v2");
    assert_eq!(socket["code"], 4000, "{socket}");
    assert_eq!(socket["reason"], "enough");
    assert_eq!(socket["wasClean"], true);
    page.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_and_websocket_over_http_1_1() {
    let site = Site::start(&[]);
    check(&site.url, "1.1", "http/1.1", "1.1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_with_compression() {
    let site = Site::start(&["--websocket-compression", "--websocket-compression-threshold=1"]);
    let driver = ChromeDriver::start();
    let page = open(&driver, &site.url).await;
    let socket = run(&page, SOCKET).await;
    assert_eq!(socket["echoed"], 4, "{socket}");
    assert_eq!(socket["bytes"], json!([0, 1, 255]));
    let extensions = socket["extensions"].as_str().expect("text");
    assert!(extensions.contains("permessage-deflate"), "{socket}");
    page.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_and_websocket_over_http_2() {
    let certificates = Certificates::new();
    let site = Site::secure(&certificates, "");
    check(&site.url, "2", "h2", "2").await;
}
