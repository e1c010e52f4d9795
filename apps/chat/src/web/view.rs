//! What all pages show.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Who is logged in, for the top of a page.
#[derive(Debug, Default)]
pub(super) struct Nav {
    pub(super) user: Option<String>,
    pub(super) is_staff: bool,
    /// For the forms of the page.
    pub(super) token: String,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    nav: Nav,
    title: &'a str,
    text: &'a str,
}

pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        // Writing to memory does not fail, nor do these templates call what could.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page that only says something.
pub(super) fn notice(status: StatusCode, nav: Nav, title: &str, text: &str) -> Response {
    page(status, &Notice { nav, title, text })
}

/// The page for what the database does not answer.
pub(super) fn failed(error: impl std::error::Error) -> Response {
    tracing::warn!("a page cannot be shown: {error}");
    let text = "The database does not answer. Try again in a few seconds.";
    notice(
        StatusCode::SERVICE_UNAVAILABLE,
        Nav::default(),
        "Something is wrong",
        text,
    )
}

/// The page for whoever has to wait.
pub(super) fn wait(status: StatusCode, seconds: u64, text: &str) -> Response {
    let page = notice(status, Nav::default(), "Please wait", text);
    ([("retry-after", seconds.to_string())], page).into_response()
}
