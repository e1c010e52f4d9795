//! `tests/test_routing.py`.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Application, Command, Connection, ProtocolTypeRouter, app_fn};
use laureola_consumers::middleware::CookieLayer;
use laureola_consumers::routing::{Converters, path_with};
use laureola_consumers::testing::{CommunicatorError, HttpCommunicator, WebsocketCommunicator};
use laureola_consumers::{URLRouter, UrlArguments as _, include, path, re_path};
use tower_layer::Layer as _;

/// Answers with its name and the arguments: those by position, then `name=`, `id=`.
fn page(name: &'static str) -> impl Application {
    app_fn(move |connection: Connection| async move {
        let scope = &connection.scope;
        let mut text = name.to_owned();
        for argument in scope.url_route().into_iter().flat_map(|route| route.positional()) {
            text += &format!(" {argument}");
        }
        for name in ["name", "id"] {
            if let Some(value) = scope.url_argument(name) {
                text += &format!(" {name}={value}");
            }
        }
        if let Some(id) = scope.url_argument_as::<u64>("id") {
            text += &format!(" {}", id + 1);
        }
        let response = Box::new(Response::new(Body::from(text)));
        connection.send.send(Command::HttpResponse(response)).await?;
        Ok::<_, AppError>(())
    })
}

async fn get(router: &URLRouter, target: &str) -> String {
    let request = Request::get(target).body(Bytes::new()).expect("a target");
    let mut client = HttpCommunicator::new(router.clone(), request);
    let response = client.get_response().await.expect("a response");
    match response.status() {
        StatusCode::OK => String::from_utf8(response.body().to_vec()).expect("text"),
        status => status.to_string(),
    }
}

#[tokio::test]
async fn test_url_router() {
    let router = URLRouter::new([
        re_path(r"^$", page("root")),
        re_path(r"^foo/$", page("foo")),
        re_path(r"^args/(\w+)/(\d+)/$", page("args")),
        re_path(r"^kwargs/(?P<name>\w+)/(\d+)/$", page("kwargs")),
        path("int/<int:id>/", page("int")),
        path("text/<str:name>", page("text")),
    ])
    .expect("valid patterns");
    for (target, expected) in [
        ("/", "root"),
        ("/foo/", "foo"),
        ("/args/hello/12/", "args hello 12"),
        ("/kwargs/hello/12/", "kwargs name=hello"),
        ("/int/7/", "int id=7 8"),
        ("/int/99999999999999999999/", "int id=99999999999999999999"),
        ("/text/a%20b", "text name=a b"),
        ("/nonexistent/", "404 Not Found"),
        ("/foo", "404 Not Found"),
    ] {
        assert_eq!(get(&router, target).await, expected, "{target}");
    }
}

#[tokio::test]
async fn test_url_router_nesting() {
    let inner = || {
        URLRouter::new([
            re_path(r"^book/(\w+)/(\d+)/$", page("book")),
            path("page/<int:id>/", page("page")),
            path("<str:name>/", page("inner")),
        ])
        .expect("valid patterns")
    };
    let router = URLRouter::new([
        re_path(r"^universe/(\d+)/", inner()),
        path("team/<str:name>/", inner()),
        include("wrapped/<int:id>/", CookieLayer.layer(inner())),
        path("exact/", page("exact")),
    ])
    .expect("valid patterns");
    for (target, expected) in [
        // Outer arguments come first.
        ("/universe/42/book/channels/3/", "book 42 channels 3"),
        ("/universe/42/page/3/", "page 42 id=3 4"),
        ("/team/red/page/3/", "page name=red id=3 4"),
        // Of one name, the inner one counts.
        ("/team/red/blue/", "inner name=blue"),
        ("/wrapped/5/page/6/", "page id=6 7"),
        ("/wrapped/5/blue/", "inner name=blue id=5 6"),
        ("/team/red/", "404 Not Found"),
        ("/team/red/page/x/", "404 Not Found"),
        ("/exact/more/", "404 Not Found"),
    ] {
        assert_eq!(get(&router, target).await, expected, "{target}");
    }
}

#[tokio::test]
async fn test_path_remaining_of_three_routers() {
    let last = URLRouter::new([path("c/<int:id>/", page("c"))]).expect("valid");
    let middle = URLRouter::new([path("b/", last)]).expect("valid");
    let router = URLRouter::new([path("a/<str:name>/", middle)]).expect("valid");
    assert_eq!(get(&router, "/a/x/b/c/1/").await, "c name=x id=1 2");
    assert_eq!(get(&router, "/a/x/b/").await, "404 Not Found");
}

#[tokio::test]
async fn test_url_router_path_with_a_converter_of_ones_own() {
    let converters = Converters::default()
        .with("hex", "[0-9a-f]+")
        .with_check("even", "[0-9]+", |text| text.ends_with(['0', '2', '4', '6', '8']));
    let router = URLRouter::new([
        path_with(&converters, "<even:id>/", page("even")),
        path_with(&converters, "<hex:name>/", page("hex")),
    ])
    .expect("valid patterns");
    assert_eq!(get(&router, "/12/").await, "even id=12 13");
    assert_eq!(
        get(&router, "/13/").await,
        "hex name=13",
        "the next pattern is tried"
    );
    assert_eq!(get(&router, "/xyz/").await, "404 Not Found");
    let error = path_with(&converters, "<dec:id>/", page("x"));
    let error = URLRouter::new([error])
        .expect_err("no such converter")
        .to_string();
    assert!(
        error.contains("there are str, int, slug, uuid, path, hex, even"),
        "{error}"
    );
}

#[tokio::test]
async fn test_protocol_type_router_answers_what_it_does_not_know() {
    let router = ProtocolTypeRouter::new().http(page("http"));
    match WebsocketCommunicator::new(router, "/").connect().await {
        Err(CommunicatorError::Denied(status)) => assert_eq!(status, StatusCode::NOT_FOUND),
        other => panic!("{other:?}"),
    }
}
