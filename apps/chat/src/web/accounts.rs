//! `/signup/`, `/login/` and `/logout/`, with the fields and words of Django's forms.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use laureola_django::auth::{AuthError, NewUser};
use laureola_django::validators;

use super::form::local;
use super::view::{self, Nav};
use super::visit::Visit;

const REQUIRED: &str = "This field is required.";
const TAKEN: &str = "A user with that username already exists.";
const MISMATCH: &str = "The two password fields didn’t match.";
const WRONG: &str =
    "Please enter a correct username and password. Note that both fields may be case-sensitive.";

#[derive(Template, Default)]
#[template(path = "signup.html")]
struct Signup {
    nav: Nav,
    username: String,
    next: String,
    username_errors: Vec<String>,
    password1_errors: Vec<String>,
    password2_errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    nav: Nav,
    username: String,
    next: String,
    error: Option<String>,
}

/// `GET /signup/`.
pub(super) async fn signup_form(mut visit: Visit) -> Response {
    let next = local(visit.query.get("next")).to_owned();
    if visit.user.is_some() {
        return visit.lead_to(&next).await;
    }
    let nav = visit.nav_with_token();
    let form = Signup {
        nav,
        next,
        ..Signup::default()
    };
    visit.page(StatusCode::OK, &form).await
}

/// `POST /signup/`: makes the account, and logs it in.
pub(super) async fn signup(mut visit: Visit) -> Result<Response, Response> {
    let username = visit.form.get("username").trim().to_owned();
    let (password, again) = (visit.form.get("password1"), visit.form.get("password2"));
    let mut form = Signup {
        next: local(visit.form.get("next")).to_owned(),
        username_errors: validators::username_error(&username).into_iter().collect(),
        password1_errors: required(password),
        password2_errors: required(again),
        ..Signup::default()
    };
    if form.password1_errors.is_empty() && form.password2_errors.is_empty() {
        form.password2_errors = if password == again {
            validators::password_errors(password, &username, "")
        } else {
            vec![MISMATCH.to_owned()]
        };
    }
    let users = visit.site.auth.users();
    if form.username_errors.is_empty() && users.is_taken(&username).await.map_err(view::failed)? {
        form.username_errors.push(TAKEN.to_owned());
    }
    if form.has_errors() {
        return Ok(form.again(visit, username).await);
    }
    let made = visit.site.auth.passwords().make(password).await;
    let encoded = made.map_err(|error| busy(&error))?;
    let user = NewUser {
        username: &username,
        password: &encoded,
        email: "",
        is_superuser: false,
    };
    let Some(id) = users.create(user).await.map_err(view::failed)? else {
        // Somebody was faster.
        form.username_errors.push(TAKEN.to_owned());
        return Ok(form.again(visit, username).await);
    };
    let Some(user) = users.by_id(id).await.map_err(view::failed)? else {
        return Ok(visit.lead_to("/login/").await);
    };
    visit.log_in(user).await.map_err(view::failed)?;
    Ok(visit.lead_to(&form.next).await)
}

impl Signup {
    fn has_errors(&self) -> bool {
        let fields = [
            &self.username_errors,
            &self.password1_errors,
            &self.password2_errors,
        ];
        fields.iter().any(|errors| !errors.is_empty())
    }

    async fn again(mut self, mut visit: Visit, username: String) -> Response {
        self.username = username;
        self.nav = visit.nav_with_token();
        visit.page(StatusCode::OK, &self).await
    }
}

fn required(password: &str) -> Vec<String> {
    match password {
        "" => vec![REQUIRED.to_owned()],
        _ => Vec::new(),
    }
}

/// `GET /login/?next=…`.
pub(super) async fn login_form(mut visit: Visit) -> Response {
    let next = local(visit.query.get("next")).to_owned();
    if visit.user.is_some() {
        return visit.lead_to(&next).await;
    }
    let form = Login {
        nav: visit.nav_with_token(),
        username: String::new(),
        next,
        error: None,
    };
    visit.page(StatusCode::OK, &form).await
}

/// `POST /login/`.
pub(super) async fn login(mut visit: Visit) -> Result<Response, Response> {
    let username = visit.form.get("username").trim().to_owned();
    let password = visit.form.get("password");
    let next = local(visit.form.get("next")).to_owned();
    if let Err(wait) = visit.throttle.attempt(&visit.address, &username) {
        let minutes = wait.as_secs().div_ceil(60);
        let text = format!("Too many passwords were tried for this user. Try again in {minutes} minutes.");
        return Err(view::wait(
            StatusCode::TOO_MANY_REQUESTS,
            wait.as_secs() + 1,
            &text,
        ));
    }
    // No user has a name like that, and PostgreSQL would not even look.
    let user = if username.contains('\0') || username.chars().count() > validators::MAX_USERNAME {
        None
    } else {
        let found = visit.site.auth.authenticate(&username, password).await;
        found.map_err(|error| match error {
            AuthError::Busy(error) => busy(&error),
            error => view::failed(error),
        })?
    };
    let Some(user) = user else {
        let form = Login {
            nav: visit.nav_with_token(),
            username,
            next,
            error: Some(WRONG.to_owned()),
        };
        return Ok(visit.page(StatusCode::OK, &form).await);
    };
    visit.throttle.forgive(&visit.address, &username);
    visit.log_in(user).await.map_err(view::failed)?;
    Ok(visit.lead_to(&next).await)
}

/// `POST /logout/`: ends the session, in all its windows.
pub(super) async fn logout(mut visit: Visit) -> Response {
    visit.log_out();
    visit.lead_to("/").await
}

fn busy(error: &dyn std::error::Error) -> Response {
    tracing::warn!("somebody has to wait for a password: {error}");
    let text = "Too many people are logging in at this moment. Try again in a few seconds.";
    view::wait(StatusCode::SERVICE_UNAVAILABLE, 5, text)
}
