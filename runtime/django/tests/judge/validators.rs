//! What is asked of new passwords.

use laureola_django::validators::password_errors;
use laureola_testkit::DjangoVersion;
use serde_json::json;

use crate::django::Django;

const WORDS: [&str; 12] = [
    "ada",
    "Lovelace",
    "ada.lovelace",
    "1815",
    "correct",
    "horse",
    "pass",
    "word",
    "é",
    "@",
    "x",
    "123456",
];

#[test]
fn passwords_are_refused_for_the_same_reasons() {
    // Every two and three words, for two users: some 4,000 passwords.
    let mut pairs = Vec::new();
    for username in ["ada.lovelace", "x"] {
        for one in WORDS {
            for two in WORDS {
                pairs.push((format!("{one}{two}"), username));
                pairs.extend(WORDS.map(|three| (format!("{one}{two}{three}"), username)));
            }
        }
    }
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        let theirs = django.ask(json!(["password_errors", pairs]));
        for ((password, username), theirs) in pairs.iter().zip(theirs.as_array().unwrap()) {
            assert_eq!(
                &json!(password_errors(password, username, "")),
                theirs,
                "{password} of {username}"
            );
        }
    }
}

#[test]
fn every_common_password_is_known() {
    let mut django = Django::start(DjangoVersion::V5_2);
    let common = django.ask(json!(["common_passwords"]));
    let common = common.as_array().unwrap();
    assert!(common.len() > 10_000);
    for password in common {
        let errors = password_errors(password.as_str().unwrap(), "", "");
        assert!(
            errors.iter().any(|error| error.contains("too common")),
            "{password}"
        );
    }
}
