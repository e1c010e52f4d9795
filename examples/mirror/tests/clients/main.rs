//! Real clients against a running `laureola` with the mirror for a site: curl, httpx, websockets
//! and Chromium. A client that is missing fails the test.

mod browser;
mod certificates;
mod curl;
mod python;
mod site;
mod tls;
