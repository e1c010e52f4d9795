//! curl.

use std::process::{Command, Output};

use serde_json::Value;

use crate::site::Site;

/// What curl prints, given `args`.
#[track_caller]
pub(crate) fn curl(args: &[&str]) -> String {
    let output = run(args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "curl {args:?}: {}: {stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

/// curl gets no answer.
#[track_caller]
pub(crate) fn fails(args: &[&str]) {
    let output = run(args);
    let stdout = String::from_utf8_lossy(&output.stdout);
    // 28 is its own timeout: that would be a server that leaves it waiting.
    let waited = output.status.code() == Some(28);
    assert!(
        !output.status.success() && !waited,
        "curl {args:?}: {}: {stdout}",
        output.status
    );
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(laureola_testkit::curl());
    // Nobody's ~/.curlrc, and no proxy.
    command.args([
        "--disable",
        "--noproxy",
        "*",
        "--silent",
        "--show-error",
        "--fail",
        "--max-time",
        "60",
    ]);
    command.args(args).output().expect("curl starts")
}

#[track_caller]
pub(crate) fn json(args: &[&str]) -> Value {
    let text = curl(args);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// How curl is told to speak which version, and what the application then sees.
const VERSIONS: [(&str, &str); 4] = [
    ("--http1.0", "1.0"),
    ("--http1.1", "1.1"),
    // With `Upgrade: h2c`, which nobody needs any more.
    ("--http2", "1.1"),
    ("--http2-prior-knowledge", "2"),
];

#[test]
fn every_version_reaches_the_application() {
    let site = Site::start(&[]);
    for (flag, version) in VERSIONS {
        let url = format!("{}/scope/?a=%20b", site.url);
        let scope = json(&[flag, "--header", "X-Name: v", "--user-agent", "curl", &url]);
        assert_eq!(scope["http_version"], version, "{flag}");
        assert_eq!(scope["method"], "GET");
        assert_eq!(scope["scheme"], "http");
        assert_eq!(scope["path"], "/scope/");
        assert_eq!(scope["query_string"], "a=%20b");
        assert_eq!(
            scope["server"][1].as_u64(),
            site.url.rsplit_once(':').unwrap().1.parse().ok()
        );
        let headers = scope["headers"].as_array().expect("a list").clone();
        let value = |name: &str| {
            let mut all = headers.iter().filter(|header| header[0] == name);
            all.next()
                .map(|header| header[1].as_str().expect("text").to_owned())
        };
        assert_eq!(value("x-name").as_deref(), Some("v"), "{flag}");
        assert_eq!(value("user-agent").as_deref(), Some("curl"), "{flag}");
        assert_eq!(
            value("host").as_deref(),
            site.url.strip_prefix("http://"),
            "{flag}"
        );
        assert!(
            headers
                .iter()
                .all(|header| !header[0].as_str().unwrap().starts_with(':')),
            "{headers:?}"
        );
    }
}

#[test]
fn uploads_arrive_whole_with_a_length_and_in_chunks() {
    let site = Site::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("upload");
    // Above a mebibyte curl waits for 100 before it sends.
    std::fs::write(&file, vec![b'x'; 3_000_000]).expect("written");
    let file = file.to_str().expect("text");
    let url = format!("{}/count/", site.url);
    for (flag, version) in VERSIONS {
        let from_file = format!("@{file}");
        let counted = json(&[flag, "--data-binary", &from_file, &url]);
        assert_eq!(counted["bytes"], 3_000_000, "{flag}");
        if version != "1.0" {
            let chunked = ["--header", "Transfer-Encoding: chunked", "--data-binary"];
            let counted = json(&[&[flag][..], &chunked, &[&from_file, &url]].concat());
            assert_eq!(counted["bytes"], 3_000_000, "{flag} in chunks");
        }
    }
}

#[test]
fn what_is_echoed_comes_back_to_the_byte() {
    let site = Site::start(&[]);
    let url = format!("{}/echo/", site.url);
    for (flag, _) in VERSIONS {
        let text = "0123456789".repeat(20_000);
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("upload");
        std::fs::write(&file, &text).expect("written");
        let from_file = format!("@{}", file.display());
        assert_eq!(curl(&[flag, "--data-binary", &from_file, &url]), text, "{flag}");
    }
}

#[test]
fn long_responses_come_whole_and_side_by_side() {
    let site = Site::start(&[]);
    let long = format!("{}/parts/2000/", site.url);
    let short = format!("{}/parts/1/", site.url);
    for (flag, _) in VERSIONS {
        assert_eq!(curl(&[flag, &long]).len(), 2000 * 1024, "{flag}");
        // Connections of their own: in cleartext, this curl fails to begin a second stream.
        let parallel = ["--parallel", "--parallel-immediate"];
        let all = curl(&[
            flag,
            parallel[0],
            parallel[1],
            &long,
            &short,
            &long,
            &short,
            &short,
        ]);
        assert_eq!(all.len(), 4003 * 1024, "{flag}");
    }
}

#[test]
fn head_shows_what_get_would_bring() {
    let site = Site::start(&[]);
    let url = format!("{}/parts/3/", site.url);
    for (flag, version) in VERSIONS {
        let head = curl(&[flag, "--head", &url]).to_ascii_lowercase();
        assert!(
            head.starts_with(&format!("http/{version}")) || version == "1.0",
            "{head}"
        );
        assert!(
            head.contains("200") && head.contains("content-type: application/octet-stream"),
            "{head}"
        );
        assert!(
            head.contains("date: ") && head.contains("server: laureola"),
            "{head}"
        );
    }
}

#[test]
fn a_page_nobody_has_is_404() {
    let site = Site::start(&[]);
    let url = format!("{}/nowhere/", site.url);
    for (flag, _) in VERSIONS {
        let print = [
            "--no-fail",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
        ];
        assert_eq!(curl(&[&[flag][..], &print, &[&url]].concat()), "404", "{flag}");
    }
}

#[test]
fn early_hints_come_before_the_page() {
    let site = Site::start(&[]);
    let url = format!("{}/hint/", site.url);
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let text = curl(&[flag, "--include", &url]).to_ascii_lowercase();
        let (hint, rest) = text.split_once("\r\n\r\n").expect("two heads");
        assert!(
            hint.contains(" 103") && hint.contains("link: </style.css>"),
            "{flag}: {text}"
        );
        assert!(
            rest.contains(" 200") && rest.contains("<title>hint"),
            "{flag}: {text}"
        );
    }
}

#[test]
fn trailers_come_behind_the_body() {
    let site = Site::start(&[]);
    let url = format!("{}/trailers/", site.url);
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let dir = tempfile::tempdir().expect("a directory");
        let headers = dir.path().join("headers");
        let dump = ["--dump-header", headers.to_str().expect("text")];
        let body = curl(&[&[flag, "--header", "TE: trailers"][..], &dump, &[&url]].concat());
        assert_eq!(body, "body", "{flag}");
        let headers = std::fs::read_to_string(&headers)
            .expect("read")
            .to_ascii_lowercase();
        assert!(headers.contains("x-sum: 42"), "{flag}: {headers}");
    }
}
