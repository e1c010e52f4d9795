//! The `date` header, made once a second.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

thread_local! {
    static LAST: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static(""))) };
}

/// Now, as RFC 9110 §5.6.7 writes it.
pub(super) fn now() -> HeaderValue {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = elapsed.unwrap_or_default().as_secs();
    LAST.with_borrow_mut(|(made, value)| {
        if *made != seconds || value.is_empty() {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            *value = HeaderValue::try_from(date).expect("a date is a legal header value");
            *made = seconds;
        }
        value.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_one_of_now() {
        let date = httpdate::parse_http_date(now().to_str().unwrap()).unwrap();
        assert!(date.elapsed().unwrap() < Duration::from_secs(60));
    }
}
