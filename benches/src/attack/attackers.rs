//! Those who attack, until they are killed. What a server does to them, they do again.

mod http1;
mod http2;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use super::kind::Attack;

/// The least the kernel gives: what a client does not read waits in the server or nowhere, and
/// 2,000 of them do not take the machine's memory for their kernel's buffers.
const RECEIVE_BUFFER: u32 = 4096;
/// Between an attacker's connections, so that an attack is not one of connecting.
const AGAIN: Duration = Duration::from_millis(50);
/// Connections that are begun at a time.
const STEP: usize = 50;

/// Attacks the server on `port`, and prints a line once every attacker has begun.
///
/// # Errors
/// If there is no runtime for it.
pub fn attack(attack: Attack, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let begun = Arc::new(AtomicUsize::new(0));
        for number in 0..attack.connections() {
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                let mut first = Some(begun);
                loop {
                    let begins = || {
                        if let Some(begun) = first.take() {
                            begun.fetch_add(1, Relaxed);
                        }
                    };
                    // However it ends, it is done again.
                    let _ = once(attack, port, begins).await;
                    sleep(AGAIN).await;
                }
            });
            if number % STEP == STEP - 1 {
                sleep(Duration::from_millis(5)).await;
            }
        }
        while begun.load(Relaxed) < attack.connections() {
            sleep(Duration::from_millis(10)).await;
        }
        println!("begun");
        std::future::pending().await
    })
}

/// One connection, to its end.
async fn once(attack: Attack, port: u16, begins: impl FnOnce()) -> io::Result<()> {
    let stream = connect(port).await?;
    match attack {
        Attack::Slowloris => http1::slowloris(stream, begins).await,
        Attack::DeafMembers => http1::deaf(stream, begins).await,
        Attack::UnreadUploads => http1::upload(stream, begins).await,
        Attack::HeaderFlood => http1::headers(stream, begins).await,
        Attack::RapidReset => http2::rapid_reset(stream, begins).await,
        Attack::Continuations => http2::continuations(stream, begins).await,
    }
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket
        .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
}
