//! [`OriginValidator`] by Django's `ALLOWED_HOSTS`.

use laureola_asgi::Application;
use tower_layer::Layer;

use super::origin::{OriginValidated, OriginValidator};

/// Lets only WebSockets of this site's own pages through: those from `ALLOWED_HOSTS` (Channels:
/// `AllowedHostsOriginValidator`).
#[derive(Clone, Debug)]
pub struct AllowedHostsOriginValidator(OriginValidator);

impl AllowedHostsOriginValidator {
    /// By the setting `ALLOWED_HOSTS`: hosts, `.host` with subdomains, `*`.
    pub fn new<S: AsRef<str>>(allowed_hosts: impl IntoIterator<Item = S>) -> Self {
        Self(OriginValidator::new(allowed_hosts))
    }

    /// What Django allows with `DEBUG` and no `ALLOWED_HOSTS`: pages on this machine.
    #[must_use]
    pub fn debug() -> Self {
        Self::new(["localhost", "127.0.0.1", "[::1]"])
    }
}

impl<A: Application> Layer<A> for AllowedHostsOriginValidator {
    type Service = OriginValidated;

    fn layer(&self, inner: A) -> OriginValidated {
        self.0.layer(inner)
    }
}
