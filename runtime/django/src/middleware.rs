//! Sessions and users in the scope of connections: tower layers over applications (feature `middleware`).
//!
//! - [`session`]: [`SessionLayer`], and the [`SessionHandle`] it leaves (Channels: `SessionMiddleware`)
//! - [`auth`]: [`AuthLayer`], and [`get_user`], [`login`], [`logout`] over a scope (Channels: `AuthMiddleware`, `channels.auth`)
//! - [`cookie`]: the session's cookie, with Django's settings
//! - `sink`: holds a response back until its session is committed

pub mod auth;
pub mod cookie;
pub mod session;
mod sink;

pub use auth::{AuthLayer, ScopeError, get_user, login, logout};
pub use cookie::{SameSite, SessionCookie};
pub use session::{SessionGuard, SessionHandle, SessionLayer};
