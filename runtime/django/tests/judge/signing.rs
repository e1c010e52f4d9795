//! Signed values.

use laureola_django::{Secrets, signing};
use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};

use crate::django::{Django, SECRET};

#[test]
fn signed_values_pass_to_and_fro() {
    let values = [
        json!({}),
        json!({"_auth_user_id": "1", "n": [1, -2, 2.5, null, true, "é\u{1f600}\n\""]}),
        json!({"long": "x".repeat(10_000)}),
        json!([u64::MAX, i64::MIN, 1e300]),
        json!("text"),
    ];
    let secrets = Secrets::new(SECRET);
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        for value in &values {
            for compress in [false, true] {
                let theirs = django.ask_text(json!(["dumps", value, "salt", compress]));
                assert_eq!(
                    signing::loads::<Value>(&secrets, "salt", &theirs, None).as_ref(),
                    Ok(value)
                );
                let ours = signing::dumps(&secrets, "salt", value, compress).unwrap();
                assert_eq!(&django.ask(json!(["loads", ours, "salt"])), value);
                assert!(django.try_ask(json!(["loads", ours, "other"])).is_err());
            }
        }
    }
}
