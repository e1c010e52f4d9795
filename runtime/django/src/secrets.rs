//! `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A site's secrets: the first signs, all verify. Cheap to clone; never shown by `Debug`.
#[derive(Clone)]
pub struct Secrets(Arc<[Zeroizing<Vec<u8>>]>);

impl Secrets {
    /// `SECRET_KEY`.
    pub fn new(secret_key: impl Into<String>) -> Self {
        Self([Zeroizing::new(secret_key.into().into_bytes())].into())
    }

    /// The same with `SECRET_KEY_FALLBACKS`, in whose order they are tried.
    #[must_use]
    pub fn with_fallbacks<S: Into<String>>(self, fallbacks: impl IntoIterator<Item = S>) -> Self {
        let fallbacks = fallbacks
            .into_iter()
            .map(|key| Zeroizing::new(key.into().into_bytes()));
        Self(self.0.iter().cloned().chain(fallbacks).collect())
    }

    pub(crate) fn first(&self) -> &[u8] {
        &self.0[0]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|key| key.as_slice())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}
