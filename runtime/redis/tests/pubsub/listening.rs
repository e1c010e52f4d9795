//! Plain channels that come and go.

use crate::support::{config, connect, name, number, numbered, receive, servers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_channel_can_be_listened_to_the_moment_it_was_given_up() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let jobs = name("jobs");
    for round in 0..20_000 {
        let listening = layer.listen(&jobs).await;
        drop(listening.unwrap_or_else(|error| panic!("round {round}: {error}")));
        // Meets the end of the old one at another place each time.
        for _ in 0..round % 500 {
            std::hint::spin_loop();
        }
    }
    let mut mailbox = layer.listen(&jobs).await.expect("listening");
    layer.send_message(&jobs, numbered(7)).await.expect("sent");
    assert_eq!(number(&receive(&mut mailbox).await), 7);
}
