//! Requests and responses.

use bytes::Bytes;
use http::{Method, Request, StatusCode, Version};

use super::client::{Client, get, post, run, send_all, whole};
use crate::support::{Running, Seen, echo};

#[test]
fn a_request_is_answered_as_over_http1() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let response = client.get("/caf%C3%A9?x=1").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.version(), Version::HTTP_2);
        assert_eq!(response.headers()["server"], "laureola");
        assert!(response.headers().contains_key("date"));
        assert_eq!(response.body(), "GET /café\nhost: localhost\n");
        // The connection goes on.
        assert_eq!(client.get("/2").await.body(), "GET /2\nhost: localhost\n");
    });
}

#[test]
fn headers_come_as_an_application_knows_them() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let request = Request::get("http://example.org:81/")
            .header("x_user", "eve")
            .header("cookie", "a=1")
            .header("x-b", "1")
            .header("cookie", "b=2")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (response, _) = client.send(request, true);
        let response = whole(response.await.unwrap()).await.unwrap();
        let body = response.body();
        assert!(body.contains("cookie: a=1; b=2\n"), "{body}");
        assert!(body.contains("host: example.org:81\n"), "{body}");
        assert!(!body.contains("x_user"), "{body}");
    });
}

#[test]
fn a_body_and_its_echo_go_beyond_every_window() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let (response, mut body) = client.send(post("/"), false);
        let sender = tokio::spawn(async move {
            for _ in 0..40 {
                send_all(&mut body, Bytes::from(vec![b'x'; 100_000])).await;
            }
            body.send_data(Bytes::new(), true).unwrap();
        });
        let response = whole(response.await.unwrap()).await.unwrap();
        sender.await.unwrap();
        assert!(response.body().ends_with(&"x".repeat(4_000_000)));
    });
}

#[test]
fn many_streams_are_served_at_a_time() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut open = Vec::new();
        for number in 0..100 {
            open.push((number, client.send(post(&format!("/{number}")), false)));
        }
        for (number, (response, mut body)) in open.into_iter().rev() {
            body.send_data(Bytes::from(format!("body {number}")), true)
                .unwrap();
            let response = whole(response.await.unwrap()).await.unwrap();
            let body = response.body();
            assert!(body.starts_with(&format!("POST /{number}\n")), "{body}");
            assert!(body.ends_with(&format!("body {number}")), "{body}");
        }
    });
}

#[test]
fn the_response_to_head_has_no_body() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut request = get("/");
        *request.method_mut() = Method::HEAD;
        let (response, _) = client.send(request, true);
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.body().is_end_stream());
        assert_eq!(client.get("/2").await.status(), StatusCode::OK);
    });
}
