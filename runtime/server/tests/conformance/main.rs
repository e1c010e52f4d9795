//! RFC 6455 and RFC 7692, section by section, over raw sockets: bytes in, bytes out, and what the
//! application saw. Every case is sent whole and in small pieces, and followed by a client that is
//! served as if nothing had been.

mod case;
mod closing;
mod compression;
mod control;
mod ends;
mod fragments;
mod framing;
mod handshake;
mod limits;
mod negotiation;
mod server;
mod text;

use case::Case;

type Cases = fn() -> Vec<Case>;

#[test]
fn there_are_as_many_cases_as_were_promised() {
    let mut all = 0;
    let tables: [(&str, Cases); 9] = [
        ("5.1, 5.2, 5.3 framing", framing::cases),
        ("5.4 fragments", fragments::cases),
        ("5.5.2, 5.5.3 pings and pongs", control::cases),
        ("5.5.1, 7.4 closing", closing::cases),
        ("5.6, 8.1 text", text::cases),
        ("7.1 ends", ends::cases),
        ("10.4 limits", limits::cases),
        ("RFC 7692 6, 7.2 compression", compression::cases),
        ("RFC 7692 7.1.1.2 context takeover", compression::takeover_cases),
    ];
    for (section, cases) in tables {
        let count = cases().len();
        println!("{count:>4} cases: {section}");
        all += count;
    }
    for (section, count) in [
        ("4.2 opening handshake", handshake::count()),
        ("RFC 7692 5, 7.1 negotiation", negotiation::count()),
    ] {
        println!("{count:>4} cases: {section}");
        all += count;
    }
    println!("{all:>4} cases in all");
    assert!(all >= 150, "{all}");
}
