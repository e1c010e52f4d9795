//! `demo`.

use crate::place::Place;

/// The password in the line of a user.
fn password<'a>(stdout: &'a str, username: &str) -> Option<&'a str> {
    let line = stdout
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(username))?;
    line.split_once("password ").map(|(_, password)| password)
}

#[tokio::test]
async fn the_demo_prints_its_passwords_once_and_they_stay() {
    let place = Place::new();
    let first = place.chat(&["demo"]).done().stdout;
    assert!(first.contains("/rooms/demo/"), "{first}");
    let again = place.chat(&["demo"]).done().stdout;
    for username in ["ada", "grace"] {
        let made = password(&first, username).expect("shown");
        let user = place.log_in(username, made).await.expect("the right password");
        assert!(!user.is_staff && !user.is_superuser);
        assert!(!again.contains(made), "{again}");
    }
    assert_ne!(password(&first, "ada"), password(&first, "grace"));
    assert_eq!(again.matches("is there already").count(), 3, "{again}");
    assert_eq!(place.usernames().await, ["ada", "grace"]);
    assert_eq!(place.store().await.rooms().await.expect("read").len(), 1);
}

#[tokio::test]
async fn somebody_who_has_a_demo_users_name_stays_as_they_are() {
    let place = Place::new();
    let mine = "a password of my own";
    place
        .chat_with(
            &["createsuperuser", "--username", "ada", "--password-stdin"],
            mine,
        )
        .done();
    let said = place.chat(&["demo"]).done().stdout;
    assert!(password(&said, "grace").is_some(), "{said}");
    assert!(said.contains("ada    is there already"), "{said}");
    assert!(
        place
            .log_in("ada", mine)
            .await
            .expect("the same password")
            .is_superuser
    );
}
