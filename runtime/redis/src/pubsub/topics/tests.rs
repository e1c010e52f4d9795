use super::*;

fn connected() -> Topics {
    let topics = Topics::new();
    topics.up();
    topics
}

fn names(topics: &[Topic]) -> Vec<&str> {
    topics.iter().map(AsRef::as_ref).collect()
}

fn why() -> RedisFault {
    RedisFault::Away("gone".to_owned())
}

#[tokio::test]
async fn many_wishes_are_one_command_and_each_is_answered_once_confirmed() {
    let topics = connected();
    let wishes: Vec<_> = ["a", "b", "a"].map(|topic| topics.want(topic)).into();
    let changes = topics.take_changes();
    assert_eq!(names(&changes.subscribe), ["a", "b"]);
    assert!(changes.unsubscribe.is_empty());
    topics.confirm(&changes.subscribe);
    for wish in wishes {
        wish.answer().await.expect("subscribed");
    }
    assert!(matches!(topics.want("a"), Wanted::Settled(Ok(()))));
    assert_eq!(topics.take_changes(), Changes::default());
}

#[test]
fn given_up_and_wanted_again_before_anybody_looked_changes_nothing() {
    let topics = connected();
    let _wish = topics.want("a");
    topics.confirm(&topics.take_changes().subscribe);
    topics.give_up("a");
    assert!(matches!(topics.want("a"), Wanted::Settled(Ok(()))));
    assert_eq!(topics.take_changes(), Changes::default());
}

#[test]
fn given_up_while_it_is_subscribed_to_is_unsubscribed_from_then() {
    let topics = connected();
    let _wish = topics.want("a");
    let changes = topics.take_changes();
    topics.give_up("a");
    topics.confirm(&changes.subscribe);
    assert_eq!(names(&topics.take_changes().unsubscribe), ["a"]);
    assert_eq!(topics.len(), 0);
}

#[test]
fn given_up_and_looked_at_while_it_is_subscribed_to_is_unsubscribed_from_too() {
    let topics = connected();
    let _wish = topics.want("a");
    let begun = topics.begin();
    assert_eq!(names(&begun), ["a"]);
    topics.away(&why());
    topics.give_up("a");
    topics.confirm(&begun);
    topics.up();
    assert_eq!(names(&topics.take_changes().unsubscribe), ["a"]);
}

#[tokio::test]
async fn a_loss_answers_those_who_wait_and_begins_anew_with_all() {
    let topics = connected();
    let _a = topics.want("a");
    topics.confirm(&topics.take_changes().subscribe);
    let b = topics.want("b");
    topics.away(&why());
    assert!(b.answer().await.is_err(), "told at once");
    assert!(topics.want("c").answer().await.is_err(), "while it is away");
    topics.give_up("a");
    let mut begun = topics.begin();
    begun.sort();
    assert_eq!(names(&begun), ["b", "c"]);
    // Wanted after the connection began and before it was up.
    assert!(topics.want("d").answer().await.is_err());
    topics.confirm(&begun);
    topics.up();
    assert_eq!(names(&topics.take_changes().subscribe), ["d"]);
}
