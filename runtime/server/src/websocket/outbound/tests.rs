use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;
use tokio::net::TcpStream;

use crate::stream::{ReadHalf, Stream};

const HIGH_WATER: usize = 64 * 1024;
const CAP: usize = 256 * 1024;

/// A queue over a real connection, its far end, and the near reading half that keeps it open.
async fn connected() -> (Arc<Outbound>, TcpStream, ReadHalf) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let server = server.unwrap().0;
    server.writable().await.unwrap();
    let (read, write) = Stream::Tcp(server).into_split();
    let outbound = Arc::new(Outbound::new(HIGH_WATER, CAP));
    outbound.attach(write);
    (outbound, client.unwrap(), read)
}

/// Sends as a `Sender` does.
async fn send(outbound: &Outbound, bytes: Bytes) -> Result<(), Refused> {
    loop {
        match outbound.push(&bytes, 1) {
            Err(Refused::Full) => poll_fn(|cx| outbound.poll_ready(cx)).await,
            other => return other,
        }
    }
}

fn drive(outbound: &Arc<Outbound>) -> tokio::task::JoinHandle<()> {
    let outbound = Arc::clone(outbound);
    tokio::spawn(async move {
        poll_fn(|cx| {
            outbound.drive(cx, 2);
            if outbound.is_over() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    })
}

#[tokio::test]
async fn an_idle_queue_writes_at_once_without_a_driver() {
    let (outbound, mut client, _read) = connected().await;
    outbound.push(&Bytes::from_static(b"hello"), 1).unwrap();
    assert_eq!(outbound.queued(), 0);
    let mut bytes = [0; 5];
    client.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_holds_between_the_fast_path_and_the_queue() {
    let (outbound, mut client, _read) = connected().await;
    let driver = drive(&outbound);
    // Sizes that do not divide the kernel's buffers, so that writes come up short.
    let parts: Vec<Bytes> = (0..2000_u32)
        .map(|part| {
            part.to_be_bytes()
                .repeat(usize::try_from(part % 977 + 1).unwrap())
                .into()
        })
        .collect();
    let expected = parts.concat();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        read
    });
    for part in parts {
        send(&outbound, part).await.unwrap();
        assert!(outbound.queued() < HIGH_WATER + 4 * 977);
    }
    outbound.close(&Bytes::from_static(b"\x88\0"), 1);
    outbound.finish(1);
    driver.await.unwrap();
    let read = reader.await.unwrap();
    assert_eq!(read.len(), expected.len() + 2);
    assert!(read.starts_with(&expected), "in order");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_bounded() {
    let (outbound, client, _read) = connected().await;
    let message = Bytes::from(vec![0; 10_000]);
    let mut taken = 0;
    while outbound.push(&message, 7).is_ok() {
        taken += 1;
        assert!(taken < 100_000, "the queue has no bound");
    }
    assert_eq!(outbound.push(&message, 7), Err(Refused::Full));
    assert!(outbound.queued() < HIGH_WATER + message.len());
    assert_eq!(outbound.owes_since(), (Stage::Open, Some(7)));

    // Pongs find no room, a close frame does, once.
    let before = outbound.queued();
    outbound.control(&Bytes::from_static(b"\x8a\0"), 7);
    assert_eq!(outbound.queued(), before);
    assert!(outbound.close(&Bytes::from_static(b"\x88\0"), 7));
    assert!(!outbound.close(&Bytes::from_static(b"\x88\0"), 7));
    assert_eq!(outbound.queued(), before + 2);
    assert_eq!(outbound.push(&message, 7), Err(Refused::Closed));

    outbound.kill();
    assert_eq!(outbound.queued(), 0);
    assert_eq!(outbound.stage(), Stage::Dead);
    drop(client);
}

#[tokio::test]
async fn waiting_senders_learn_that_the_client_has_gone() {
    let (outbound, _client, _read) = connected().await;
    let message = Bytes::from(vec![0; 10_000]);
    while outbound.push(&message, 1).is_ok() {}
    let waiting = tokio::spawn({
        let outbound = Arc::clone(&outbound);
        async move { send(&outbound, message).await }
    });
    tokio::task::yield_now().await;
    outbound.kill();
    assert_eq!(waiting.await.unwrap(), Err(Refused::Closed));
}

#[tokio::test]
async fn what_is_sent_before_the_stream_is_there_leaves_with_it() {
    let outbound = Arc::new(Outbound::new(HIGH_WATER, CAP));
    outbound.push(&Bytes::from_static(b"one "), 1).unwrap();
    outbound.push(&Bytes::from_static(b"two"), 1).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (_read, write) = Stream::Tcp(server.unwrap().0).into_split();
    outbound.attach(write);
    outbound.finish(1);
    drive(&outbound).await.unwrap();
    let mut read = Vec::new();
    client.unwrap().read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"one two");
}

#[tokio::test]
async fn what_can_neither_wait_nor_be_dropped_goes_up_to_the_cap() {
    let (outbound, _client, _read) = connected().await;
    let message = Bytes::from(vec![0; 10_000]);
    while outbound.push(&message, 1).is_ok() {}
    while outbound.deliver(&message, 1).is_ok() {}
    assert_eq!(outbound.deliver(&message, 1), Err(Refused::Slow));
    assert!(outbound.queued() > CAP - message.len() && outbound.queued() <= CAP);
    assert_eq!(outbound.stage(), Stage::Open);
}

#[tokio::test]
async fn a_message_longer_than_the_cap_has_its_place_where_nothing_waits() {
    let outbound = Outbound::new(HIGH_WATER, CAP);
    let message = Bytes::from(vec![0; CAP + 1]);
    outbound.deliver(&message, 1).unwrap();
    assert_eq!(outbound.deliver(&message, 1), Err(Refused::Slow));
}

#[tokio::test]
async fn a_queue_that_is_cut_short_ends_with_whole_frames() {
    let (outbound, mut client, _read) = connected().await;
    let message = Bytes::from(vec![b'x'; 30_000]);
    while outbound.push(&message, 1).is_ok() {}
    assert!(outbound.cut_short(&Bytes::from_static(b"\x88\0"), 1));
    assert!(!outbound.cut_short(&Bytes::from_static(b"\x88\0"), 1));
    assert!(outbound.queued() <= message.len() + 2);
    outbound.finish(1);
    let driver = drive(&outbound);
    let mut read = Vec::new();
    client.read_to_end(&mut read).await.unwrap();
    driver.await.unwrap();
    assert!(
        read.ends_with(b"x\x88\0") && (read.len() - 2) % message.len() == 0,
        "{}",
        read.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joined_messages_keep_their_order_among_single_ones_whatever_the_kernel_takes() {
    let (outbound, mut client, _read) = connected().await;
    let driver = drive(&outbound);
    let parts: Vec<Bytes> = (0..3000_u32)
        .map(|part| {
            let length = usize::try_from(part % 977 + 1).unwrap();
            part.to_be_bytes().repeat(length).into()
        })
        .collect();
    let expected = parts.concat();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        read
    });
    for (number, together) in parts.chunks(30).enumerate() {
        match number % 3 {
            0 => {
                let joined = Bytes::from(together.concat());
                // It goes above the mark; the cap is far.
                outbound.deliver_all(&joined, together.iter(), 1).unwrap();
            }
            1 => {
                outbound.cork();
                for part in together {
                    send(&outbound, part.clone()).await.unwrap();
                }
                outbound.uncork(1);
            }
            _ => {
                for part in together {
                    send(&outbound, part.clone()).await.unwrap();
                }
            }
        }
        poll_fn(|cx| outbound.poll_ready(cx)).await;
    }
    outbound.close(&Bytes::from_static(b"\x88\0"), 1);
    outbound.finish(1);
    driver.await.unwrap();
    let read = reader.await.unwrap();
    assert_eq!(read.len(), expected.len() + 2);
    assert!(read.starts_with(&expected), "in order");
}

#[tokio::test]
async fn of_joined_messages_as_many_wait_as_the_cap_holds() {
    let (outbound, client, _read) = connected().await;
    let parts = vec![Bytes::from(vec![b'x'; 10_000]); 6];
    let joined = Bytes::from(parts.concat());
    while outbound.deliver_all(&joined, parts.iter(), 1).is_ok() {}
    // Counted one by one, as if they had come so.
    assert!(outbound.queued() > CAP - 10_000 && outbound.queued() <= CAP);
    assert!(outbound.cut_short(&Bytes::from_static(b"\x88\0"), 1));
    assert!(outbound.queued() <= 10_002, "what is half written, and the close");
    drop(client);
}

#[tokio::test]
async fn a_corked_queue_leaves_with_the_uncork_and_not_before() {
    let (outbound, mut client, _read) = connected().await;
    outbound.cork();
    for part in [&b"one "[..], b"two ", b"three"] {
        outbound.push(&Bytes::from_static(part), 1).unwrap();
    }
    assert_eq!(outbound.queued(), 13);
    let mut bytes = [0; 20];
    assert_eq!(
        client.try_read(&mut bytes).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    outbound.uncork(1);
    assert_eq!(outbound.queued(), 0);
    client.readable().await.unwrap();
    let read = client.read(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..read], b"one two three", "in one write");
    outbound.push(&Bytes::from_static(b"four"), 1).unwrap();
    assert_eq!(outbound.queued(), 0, "it is open again");
}

#[tokio::test]
async fn a_corked_queue_is_bounded_and_left_to_the_driver_when_the_client_does_not_read() {
    let (outbound, mut client, _read) = connected().await;
    outbound.cork();
    let message = Bytes::from(vec![b'x'; 1_000]);
    let mut taken = 0;
    while outbound.push(&message, 1).is_ok() {
        taken += 1;
        assert!(taken < 100_000, "the queue has no bound");
    }
    assert!(outbound.queued() < HIGH_WATER + 1_000);
    outbound.uncork(1);
    let driver = drive(&outbound);
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        read.len()
    });
    poll_fn(|cx| outbound.poll_ready(cx)).await;
    outbound.finish(1);
    driver.await.unwrap();
    assert_eq!(reader.await.unwrap(), taken * 1_000);
}
