//! Addresses that `createsuperuser` takes. (4.2 takes digits in a top-level domain, 5.2 does not: we do not either.)

use laureola_chat::manage::people::email_error;
use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};

use crate::project::{Place, Project};

#[test]
fn an_address_is_one_where_django_says_so() {
    let texts = [
        "ada@example.com",
        "a.b+c@x-y.example",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "ada@[::1]",
        "\"a\\@b\"@example.com",
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "a b@example.com",
        "ada@-x.com",
        "ada@x-.com",
        "ada@x..com",
        ".ada@example.com",
        "ada.@example.com",
        "ada@[1.2.3]",
        "ada@example.c",
        "\"a\"b\"@example.com",
        "äda@example.com",
        "ada@exam_ple.com",
        "ada@127.0.0.1",
        "\"a b\"@example.com",
        "\"\"@example.com",
        "ada@example.com.",
        "a@b@c.com",
        "ada@xn--exmple-cua.org",
        "ada@EXAMPLE.COM",
    ];
    for version in DjangoVersion::ALL {
        let project = Project::new(version, &Place::sqlite());
        let theirs = project.judge().ask(json!(["are_emails", texts]));
        let ours: Vec<_> = texts
            .iter()
            .map(|text| Value::from(email_error(text).is_none()))
            .collect();
        for ((text, ours), theirs) in texts.iter().zip(&ours).zip(theirs.as_array().expect("answers")) {
            assert_eq!(ours, theirs, "{text}, Django {version:?}");
        }
    }
}
