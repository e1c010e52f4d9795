//! One request of a browser: who it is, what it filled in, and the cookies of the answer.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest, Request};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use laureola::asgi::scope::Ends;
use laureola::consumers::routing::UrlRoute;
use laureola_django::auth::{Auth, AuthError, User};
use laureola_django::csrf::{self, CsrfError, CsrfSecret};
use laureola_django::session::{Session, SessionError};

use super::Web;
use super::form::{Form, FormError};
use super::throttle::Throttle;
use super::view::{self, Nav};
use crate::account::{self, SESSION_COOKIE};
use crate::site::Site;

/// A request that may be answered: the site runs, and a form is one of ours.
pub(super) struct Visit {
    pub(super) site: Arc<Site>,
    pub(super) throttle: Arc<Throttle>,
    /// Who is logged in.
    pub(super) user: Option<User>,
    /// What was filled in; empty unless it is a POST.
    pub(super) form: Form,
    pub(super) query: Form,
    /// The client's.
    pub(super) address: Arc<str>,
    route: Option<UrlRoute>,
    /// The path and query that were asked for.
    target: String,
    session: Session,
    had_session: bool,
    secret: Secret,
    secure: bool,
}

/// The browser's CSRF secret.
enum Secret {
    Of(CsrfSecret),
    /// It is to get this one.
    New(CsrfSecret),
    None,
}

impl FromRequest<Web> for Visit {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let Some(site) = web.handle.site() else {
            let text = "The chat is starting or stopping. Try again in a few seconds.";
            return Err(view::wait(StatusCode::SERVICE_UNAVAILABLE, 5, text));
        };
        let (parts, body) = request.into_parts();
        let cookie = |name| account::cookie(values(&parts.headers, header::COOKIE), name);
        let ends = parts.extensions.get::<Ends>().cloned().unwrap_or_default();
        let csrf_cookie = cookie(csrf::COOKIE);
        let form = if parts.method == Method::POST {
            let form = Form::read(&parts.headers, body).await.map_err(unreadable)?;
            check(&parts, ends.secure, csrf_cookie.as_deref(), &form, &site)
                .map_err(|error| forged(&error))?;
            form
        } else {
            Form::default()
        };
        let session_cookie = cookie(SESSION_COOKIE);
        let session = account::session(&site, session_cookie.as_deref()).await;
        let mut session = session.map_err(view::failed)?;
        let user = account::user(&site, &mut session).await.map_err(view::failed)?;
        let secret = csrf_cookie.and_then(|cookie| CsrfSecret::from_cookie(&cookie).ok());
        let target = parts.uri.path_and_query();
        Ok(Self {
            throttle: Arc::clone(&web.throttle),
            user,
            form,
            query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            address: ends.client.map(|client| client.host).unwrap_or_default(),
            target: target.map_or_else(|| "/".to_owned(), ToString::to_string),
            route: parts.extensions.get::<UrlRoute>().cloned(),
            session,
            had_session: session_cookie.is_some(),
            secret: secret.map_or(Secret::None, Secret::Of),
            secure: ends.secure,
            site,
        })
    }
}

fn values(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).into_iter().map(HeaderValue::as_bytes)
}

/// Whether a page of ours sent the form (Django: `CsrfViewMiddleware`).
fn check(
    parts: &Parts,
    secure: bool,
    cookie: Option<&str>,
    form: &Form,
    site: &Site,
) -> Result<(), CsrfError> {
    let text = |name: header::HeaderName| {
        let value = parts.headers.get(name)?;
        Some(value.to_str().unwrap_or("?"))
    };
    let authority = parts.uri.authority().map(axum::http::uri::Authority::as_str);
    let request = csrf::Request {
        method: parts.method.as_str(),
        secure,
        host: text(header::HOST).or(authority),
        origin: text(header::ORIGIN),
        referer: text(header::REFERER),
        cookie,
        token: Some(form.get(csrf::FIELD)),
    };
    request.check(&site.origins)
}

fn unreadable(error: FormError) -> Response {
    let status = match error {
        FormError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        FormError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        FormError::Foreign => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    };
    view::notice(
        status,
        Nav::default(),
        "The form was not taken",
        &error.to_string(),
    )
}

fn forged(error: &CsrfError) -> Response {
    tracing::info!("a form was refused: {error}");
    let text = format!(
        "CSRF verification failed. Request aborted. {error} Go back, load the page again, and allow this site its cookies. \
         If the site is behind a proxy, name its address with --allowed-origins."
    );
    view::notice(StatusCode::FORBIDDEN, Nav::default(), "Forbidden", &text)
}

impl Visit {
    /// An argument of the URL.
    pub(super) fn argument(&self, name: &str) -> &str {
        let argument = self.route.as_ref().and_then(|route| route.get(name));
        argument.unwrap_or_default()
    }

    /// For a page that has forms of its own.
    pub(super) fn nav_with_token(&mut self) -> Nav {
        let token = match &self.secret {
            Secret::Of(secret) | Secret::New(secret) => secret.token(),
            Secret::None => {
                let secret = CsrfSecret::generate();
                let token = secret.token();
                self.secret = Secret::New(secret);
                token
            }
        };
        Nav {
            user: self.user.as_ref().map(|user| user.username.clone()),
            is_staff: self.user.as_ref().is_some_and(|user| user.is_staff),
            token,
        }
    }

    /// For other pages; who is logged in can log out on each. Others get no cookie for nothing.
    pub(super) fn nav(&mut self) -> Nav {
        if self.user.is_some() {
            self.nav_with_token()
        } else {
            Nav::default()
        }
    }

    /// Makes `user` the session's (Django: `login`), and the old CSRF secret worthless.
    pub(super) async fn log_in(&mut self, user: User) -> Result<(), AuthError> {
        let auth = self.site.auth.clone();
        auth.login(&mut self.session, &user).await?;
        self.secret = Secret::New(CsrfSecret::generate());
        self.user = Some(user);
        Ok(())
    }

    pub(super) fn log_out(&mut self) {
        Auth::logout(&mut self.session);
        self.secret = Secret::New(CsrfSecret::generate());
        self.user = None;
    }

    /// Answers with a page.
    pub(super) async fn page(self, status: StatusCode, template: &impl Template) -> Response {
        self.finish(view::page(status, template)).await
    }

    /// Answers with a page that only says something.
    pub(super) async fn notice(mut self, status: StatusCode, title: &str, text: &str) -> Response {
        let nav = self.nav();
        self.finish(view::notice(status, nav, title, text)).await
    }

    /// Leads to another page of ours.
    pub(super) async fn lead_to(self, path: &str) -> Response {
        self.finish(Redirect::to(path).into_response()).await
    }

    /// Leads to the login, and from there back.
    pub(super) async fn ask_to_log_in(self) -> Response {
        let next: String = form_urlencoded::byte_serialize(self.target.as_bytes()).collect();
        self.lead_to(&format!("/login/?next={next}")).await
    }

    /// Writes the session, and sets the cookies that changed.
    pub(super) async fn finish(mut self, mut response: Response) -> Response {
        let changed = self.session.is_modified();
        match self.site.sessions.commit(&mut self.session).await {
            Ok(()) => {}
            Err(SessionError::Interrupted) => {
                let text = "You were logged out elsewhere while this page was made. Log in again.";
                return view::notice(
                    StatusCode::BAD_REQUEST,
                    Nav::default(),
                    "The session is over",
                    text,
                );
            }
            Err(error) => return view::failed(error),
        }
        if changed {
            match self.session.key().map(|key| key.as_str().to_owned()) {
                Some(key) => {
                    let expiry = self.site.sessions.expiry();
                    let age = (!expiry.is_at_browser_close(self.session.data())).then(|| {
                        expiry
                            .age(self.session.data(), std::time::SystemTime::now())
                            .as_secs()
                    });
                    self.set_cookie(&mut response, SESSION_COOKIE, &key, age, "; HttpOnly");
                }
                None if self.had_session => {
                    self.set_cookie(&mut response, SESSION_COOKIE, "\"\"", Some(0), "; HttpOnly");
                }
                None => {}
            }
        }
        if let Secret::New(secret) = &self.secret {
            self.set_cookie(
                &mut response,
                csrf::COOKIE,
                secret.cookie(),
                Some(csrf::COOKIE_AGE),
                "",
            );
        }
        response
    }

    fn set_cookie(&self, response: &mut Response, name: &str, value: &str, age: Option<u64>, more: &str) {
        let age = age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{name}={value}{age}; Path=/; SameSite=Lax{more}{secure}");
        let cookie = HeaderValue::from_str(&cookie).expect("keys and secrets are letters and digits");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
