//! Which origins a request that changes something may come from.

use super::{CsrfError, CsrfSecret};

/// `CSRF_TRUSTED_ORIGINS`: origins besides the site's own. `https://*.example.com` stands for all subdomains.
#[derive(Clone, Debug, Default)]
pub struct Origins(Box<[Box<str>]>);

impl Origins {
    /// A list of origins, each with its scheme.
    pub fn new<S: Into<Box<str>>>(origins: impl IntoIterator<Item = S>) -> Self {
        Self(origins.into_iter().map(Into::into).collect())
    }

    fn trusts(&self, scheme: &str, host: &str) -> bool {
        self.0
            .iter()
            .filter_map(|origin| origin.split_once("://"))
            .any(|(known, pattern)| {
                known == scheme && (pattern == host || is_subdomain(host, pattern.strip_prefix('*')))
            })
    }

    /// As [`trusts`](Self::trusts), whatever the scheme: for `Referer`, which Django compares so.
    fn names(&self, host: &str) -> bool {
        let mut hosts = self
            .0
            .iter()
            .filter_map(|origin| Some(origin.split_once("://")?.1));
        hosts.any(|pattern| pattern == host || is_subdomain(host, pattern.strip_prefix('*')))
    }
}

/// Whether `host` is `domain` or below it; `domain` begins with a dot, being what is behind a `*`.
fn is_subdomain(host: &str, domain: Option<&str>) -> bool {
    let Some(domain) = domain.filter(|domain| domain.starts_with('.')) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    host == domain[1..] || host.ends_with(domain)
}

/// What of a request decides whether it may change something.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// GET, HEAD, OPTIONS and TRACE change nothing, and are not checked.
    pub method: &'a str,
    /// Whether it came by HTTPS.
    pub secure: bool,
    /// `Host`, one that the site answers to.
    pub host: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// `Referer`.
    pub referer: Option<&'a str>,
    /// The cookie `csrftoken`.
    pub cookie: Option<&'a str>,
    /// The form's field `csrfmiddlewaretoken`, else the header `X-CSRFToken`.
    pub token: Option<&'a str>,
}

impl Request<'_> {
    /// Checks the request as `CsrfViewMiddleware` does.
    ///
    /// # Errors
    /// The reason to refuse it with 403.
    pub fn check(&self, trusted: &Origins) -> Result<(), CsrfError> {
        if matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE") {
            return Ok(());
        }
        self.check_origin(trusted)?;
        let cookie = self.cookie.ok_or(CsrfError::NoCookie)?;
        let secret = CsrfSecret::from_cookie(cookie)?;
        let token = self
            .token
            .filter(|token| !token.is_empty())
            .ok_or(CsrfError::NoToken)?;
        secret.check(token)
    }

    /// The first half of [`check`](Self::check): where the request comes from.
    ///
    /// # Errors
    /// [`CsrfError::BadOrigin`], and by HTTPS without an `Origin` those of the `Referer`.
    pub fn check_origin(&self, trusted: &Origins) -> Result<(), CsrfError> {
        match self.origin {
            Some(origin) if self.is_ours(origin, trusted) => Ok(()),
            Some(origin) => Err(CsrfError::BadOrigin(origin.to_owned())),
            None if self.secure => self.check_referer(trusted),
            None => Ok(()),
        }
    }

    fn is_ours(&self, origin: &str, trusted: &Origins) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else {
            return false;
        };
        let own_scheme = if self.secure { "https" } else { "http" };
        (scheme == own_scheme && self.host == Some(host)) || trusted.trusts(scheme, host)
    }

    fn check_referer(&self, trusted: &Origins) -> Result<(), CsrfError> {
        let referer = self.referer.ok_or(CsrfError::NoReferer)?;
        let (scheme, rest) = referer.split_once("://").ok_or(CsrfError::MalformedReferer)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if scheme.is_empty() || host.is_empty() {
            return Err(CsrfError::MalformedReferer);
        }
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(CsrfError::InsecureReferer);
        }
        if self.host == Some(host) || trusted.names(host) {
            Ok(())
        } else {
            Err(CsrfError::BadReferer(referer.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Request<'static> = Request {
        method: "POST",
        secure: false,
        host: Some("site.example:8000"),
        origin: None,
        referer: None,
        cookie: None,
        token: None,
    };

    #[test]
    fn requests_that_change_nothing_are_not_checked() {
        let request = Request {
            method: "GET",
            origin: Some("https://evil.example"),
            ..PLAIN
        };
        assert_eq!(request.check(&Origins::default()), Ok(()));
    }

    #[test]
    fn cookie_and_token_are_needed_in_turn() {
        let none = Origins::default();
        assert_eq!(PLAIN.check(&none), Err(CsrfError::NoCookie));
        let secret = CsrfSecret::generate();
        let with_cookie = Request {
            cookie: Some(secret.cookie()),
            ..PLAIN
        };
        assert_eq!(with_cookie.check(&none), Err(CsrfError::NoToken));
        let token = secret.token();
        assert_eq!(
            Request {
                token: Some(&token),
                ..with_cookie
            }
            .check(&none),
            Ok(())
        );
    }

    #[test]
    fn an_origin_is_ours_or_trusted() {
        let trusted = Origins::new(["https://*.friend.example", "http://other.example:81"]);
        for (origin, ours) in [
            ("http://site.example:8000", true),
            ("https://site.example:8000", false),
            ("http://site.example", false),
            ("https://a.friend.example", true),
            ("https://friend.example", true),
            ("https://evilfriend.example", false),
            ("http://a.friend.example", false),
            ("http://other.example:81", true),
            ("http://other.example", false),
            ("null", false),
            ("", false),
        ] {
            let request = Request {
                origin: Some(origin),
                ..PLAIN
            };
            assert_eq!(request.check_origin(&trusted).is_ok(), ours, "{origin}");
        }
    }

    #[test]
    fn by_https_a_referer_stands_in_for_the_origin() {
        let secure = Request {
            secure: true,
            ..PLAIN
        };
        let trusted = Origins::new(["https://*.friend.example"]);
        let check = |referer| Request { referer, ..secure }.check_origin(&trusted);
        assert_eq!(check(None), Err(CsrfError::NoReferer));
        assert_eq!(check(Some("nonsense")), Err(CsrfError::MalformedReferer));
        assert_eq!(
            check(Some("http://site.example:8000/")),
            Err(CsrfError::InsecureReferer)
        );
        assert_eq!(check(Some("https://site.example:8000/form?x")), Ok(()));
        assert_eq!(check(Some("https://a.friend.example/")), Ok(()));
        assert!(matches!(
            check(Some("https://evil.example/")),
            Err(CsrfError::BadReferer(_))
        ));
    }
}
