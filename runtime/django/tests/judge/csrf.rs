//! Tokens and secrets.

use laureola_django::csrf::CsrfSecret;
use laureola_testkit::DjangoVersion;
use serde_json::json;

use crate::django::Django;

#[test]
fn tokens_of_either_side_are_taken_by_the_other() {
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        for _ in 0..20 {
            let secret = CsrfSecret::generate();
            let theirs = django.ask_text(json!(["mask", secret.cookie()]));
            assert_eq!(secret.check(&theirs), Ok(()));
            assert_eq!(CsrfSecret::from_cookie(&theirs), Ok(secret.clone()));
            assert_eq!(
                django.ask(json!(["check_token", secret.token(), secret.cookie()])),
                json!(true)
            );
            let other = CsrfSecret::generate();
            assert_eq!(
                django.ask(json!(["check_token", other.token(), secret.cookie()])),
                json!(false)
            );
        }
    }
}
