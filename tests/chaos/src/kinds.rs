//! Kinds of faults, and what a kind becomes in one case.

use fastrand::Rng;

use crate::classes::Class;

/// A kind by its name, and which client meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name in plans and reports.
    pub name: &'static str,
    /// Which of a face's clients makes the call: `plain`, `tls`, or one whose host cannot be reached.
    pub client: &'static str,
}

const fn plain(name: &'static str) -> Kind {
    Kind { name, client: "plain" }
}

const fn tls(name: &'static str) -> Kind {
    Kind { name, client: "tls" }
}

/// Every kind.
pub const KINDS: [Kind; 46] = [
    plain("none"),
    plain("latency"),
    plain("jitter"),
    plain("reset_on_connect"),
    plain("close_on_connect"),
    plain("reset_mid_request"),
    plain("reset_before_work"),
    plain("reset_before_answer"),
    plain("close_before_answer"),
    plain("reset_in_headers"),
    plain("cut_headers"),
    plain("reset_mid_body"),
    plain("reset_after_body"),
    plain("cut_body"),
    plain("cut_chunks"),
    plain("cut_gzip"),
    plain("long_body"),
    plain("answer_twice"),
    plain("short_length"),
    plain("excess_length"),
    plain("bad_length"),
    plain("garbage"),
    plain("garbage_body"),
    plain("slow_bytes"),
    plain("stall_mid_body"),
    plain("half_open"),
    plain("html"),
    plain("html_ok"),
    plain("status_storm"),
    plain("limited"),
    plain("limited_seconds"),
    plain("limited_date"),
    plain("limited_negative"),
    plain("limited_huge"),
    plain("unavailable"),
    plain("keepalive_closed"),
    plain("keepalive_next"),
    plain("redirect"),
    plain("early_hints"),
    tls("tls_reset"),
    tls("tls_plain"),
    tls("tls_garbage"),
    tls("tls_silence"),
    Kind {
        name: "tls_untrusted",
        client: "untrusted",
    },
    Kind {
        name: "dns",
        client: "dns",
    },
    Kind {
        name: "refused",
        client: "refused",
    },
];

/// What the proxy does.
#[derive(Clone, Debug, PartialEq)]
pub enum Strike {
    /// Nothing: the host cannot be reached at all, or nothing is to go wrong.
    Nothing,
    /// A new connection ends before a byte is read.
    OnAccept {
        /// By a TCP reset.
        reset: bool,
    },
    /// The handshake of TLS fails.
    Handshake(Handshake),
    /// Idle connections are closed at the moment at which the call begins.
    CloseIdle {
        /// By a TCP reset.
        reset: bool,
    },
    /// The connection is closed when so many bytes of the next request have come.
    CloseOnNext {
        /// By a TCP reset.
        reset: bool,
    },
    /// Waits before anything else.
    Latency {
        /// How long.
        ms: u64,
    },
    /// A reset when this part of the request's body has come, half of which was passed on or not.
    ResetMidRequest {
        /// From 0 to 1.
        part: f64,
        /// Whether the server saw it.
        forward: bool,
    },
    /// The request is swallowed.
    NoAnswer {
        /// Whether the operation runs.
        apply: bool,
        /// How the connection ends; by silence when none.
        end: Option<End>,
    },
    /// The operation runs and its answer is spoilt.
    Spoil(Spoil),
    /// Another answer instead.
    Instead {
        /// Whether the operation runs all the same.
        apply: bool,
        /// The answer.
        answer: Instead,
    },
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// RST.
    Reset,
    /// FIN.
    Close,
    /// Not at all: nothing more comes until the client leaves.
    Silence,
}

/// What becomes of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// A reset.
    Reset,
    /// HTTP without TLS.
    Plain,
    /// Bytes without meaning.
    Garbage,
    /// Silence.
    Silence,
}

/// What becomes of a good answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Spoil {
    /// It comes in pieces of random size with random pauses.
    Jitter,
    /// It comes in pieces of so many bytes, each after a pause of this many milliseconds.
    Slow(usize, u64),
    /// It ends in the head, at this part of it.
    Head(f64, End),
    /// It ends in the body, at this part of it.
    Body(f64, End),
    /// The connection is reset behind it, after so many milliseconds.
    ResetBehind(u64),
    /// In chunks, of which the last ones are missing.
    CutChunks(f64),
    /// Compressed, with its end missing, under a fitting length.
    CutGzip(f64),
    /// Bytes behind its end.
    Longer(usize),
    /// It comes twice.
    Twice,
    /// Under a length that is so much shorter or longer.
    Length(i64, End),
    /// Under a length that is none.
    BadLength(&'static str),
    /// A good head, and a body of random bytes.
    GarbageBody,
    /// Hints before it.
    EarlyHints,
}

/// An answer that the server never gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead {
    /// An error in JSON.
    Status(u16),
    /// A gateway's page.
    Html(u16),
    /// 429 or 503 with or without `Retry-After`.
    Later(u16, RetryAfter),
    /// Bytes that are no HTTP.
    Garbage,
    /// To a host that records whoever comes.
    Redirect(u16),
}

/// What a server says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Absent,
    /// This text.
    Text(&'static str),
    /// A date so many seconds from now.
    Date(i64),
}

/// What happens in one case: to how many requests, after how many good ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Blow {
    /// What.
    pub strike: Strike,
    /// Requests (or connections) that are left alone first.
    pub skip: u32,
    /// How many are struck.
    pub times: u32,
}

impl Blow {
    /// Draws what `kind` is to a case of `class`.
    pub fn draw(kind: Kind, class: Class, rng: &mut Rng) -> Self {
        let strike = strike(kind.name, class, rng);
        let skip = if class.has_many_requests() { rng.u32(..3) } else { 0 };
        let storm = matches!(
            kind.name,
            "status_storm" | "html" | "limited" | "limited_seconds" | "unavailable"
        );
        let times = match rng.u32(..10) {
            0..=5 => 1,
            6..=8 => 2,
            _ if storm => rng.u32(4..8),
            _ => 3,
        };
        Self { strike, skip, times }
    }
}

#[allow(clippy::too_many_lines, reason = "a table, one line a kind")]
fn strike(name: &str, class: Class, rng: &mut Rng) -> Strike {
    let (part, apply, reset) = (rng.f64(), rng.bool(), rng.bool());
    let end = if reset { End::Reset } else { End::Close };
    // What a lying server can do to a file that nothing but the file itself could tell.
    let file = class == Class::Download;
    let instead = |answer| Strike::Instead { apply: false, answer };
    let later = |retry_after| instead(Instead::Later(429, retry_after));
    match name {
        "latency" => Strike::Latency { ms: rng.u64(1..60) },
        "jitter" => Strike::Spoil(Spoil::Jitter),
        "reset_on_connect" => Strike::OnAccept { reset: true },
        "close_on_connect" => Strike::OnAccept { reset: false },
        "reset_mid_request" => Strike::ResetMidRequest { part, forward: apply },
        "reset_before_work" => Strike::NoAnswer {
            apply: false,
            end: Some(End::Reset),
        },
        "reset_before_answer" => Strike::NoAnswer {
            apply: true,
            end: Some(End::Reset),
        },
        "close_before_answer" => Strike::NoAnswer {
            apply,
            end: Some(End::Close),
        },
        "reset_in_headers" => Strike::Spoil(Spoil::Head(part, End::Reset)),
        "cut_headers" => Strike::Spoil(Spoil::Head(part, End::Close)),
        "reset_mid_body" => Strike::Spoil(Spoil::Body(part, End::Reset)),
        "reset_after_body" => Strike::Spoil(Spoil::ResetBehind(if reset { 0 } else { 20 })),
        "cut_body" => Strike::Spoil(Spoil::Body(part, End::Close)),
        "cut_chunks" => Strike::Spoil(Spoil::CutChunks(part)),
        "cut_gzip" => Strike::Spoil(Spoil::CutGzip(part)),
        "long_body" => Strike::Spoil(Spoil::Longer(rng.usize(1..5000))),
        "answer_twice" => Strike::Spoil(Spoil::Twice),
        "short_length" if !file => Strike::Spoil(Spoil::Length(-rng.i64(1..40), end)),
        "short_length" | "excess_length" => {
            let end = if rng.u32(..4) == 0 { End::Silence } else { end };
            Strike::Spoil(Spoil::Length(rng.i64(1..1000), end))
        }
        "bad_length" => {
            const WRONG: [&str; 5] = ["abc", "-1", "99999999999999999999999", "1, 2", "0x10"];
            Strike::Spoil(Spoil::BadLength(WRONG[rng.usize(..WRONG.len())]))
        }
        "garbage_body" if !file => Strike::Spoil(Spoil::GarbageBody),
        "garbage" | "garbage_body" => Strike::Instead {
            apply,
            answer: Instead::Garbage,
        },
        "slow_bytes" => Strike::Spoil(Spoil::Slow(rng.usize(1..200), rng.u64(1..5))),
        "stall_mid_body" => Strike::Spoil(Spoil::Body(part, End::Silence)),
        "half_open" => Strike::NoAnswer { apply, end: None },
        "html" => Strike::Instead {
            apply,
            answer: Instead::Html([500, 502, 503, 504][rng.usize(..4)]),
        },
        "html_ok" => Strike::Instead {
            apply,
            answer: Instead::Html(200),
        },
        "status_storm" => Strike::Instead {
            apply: apply && part < 0.5,
            answer: Instead::Status([408, 500, 502, 503, 504][rng.usize(..5)]),
        },
        "limited" => later(RetryAfter::Absent),
        "limited_seconds" => later(RetryAfter::Text(["0", "0", "0.05", "1"][rng.usize(..4)])),
        "limited_date" => later(RetryAfter::Date([-3600, 0, 0, 1][rng.usize(..4)])),
        "limited_negative" => later(RetryAfter::Text(["-1", "-99999", "soon", ""][rng.usize(..4)])),
        "limited_huge" => later(RetryAfter::Text(
            ["86400", "99999999999999999999", "1e300"][rng.usize(..3)],
        )),
        "unavailable" => instead(Instead::Later(503, RetryAfter::Text(["0", "0.05"][rng.usize(..2)]))),
        "keepalive_closed" => Strike::CloseIdle { reset },
        "keepalive_next" => Strike::CloseOnNext { reset },
        "redirect" => instead(Instead::Redirect([301, 302, 303, 307, 308][rng.usize(..5)])),
        "early_hints" => Strike::Spoil(Spoil::EarlyHints),
        "tls_reset" => Strike::Handshake(Handshake::Reset),
        "tls_plain" => Strike::Handshake(Handshake::Plain),
        "tls_garbage" => Strike::Handshake(Handshake::Garbage),
        "tls_silence" => Strike::Handshake(Handshake::Silence),
        _ => Strike::Nothing,
    }
}

impl Strike {
    /// Whether a client that met it cannot know that nothing was done.
    #[must_use]
    pub const fn is_uncertain(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::ResetMidRequest { .. } | Self::CloseOnNext { .. } => true,
            Self::Spoil(spoil) => spoil.breaks(),
            Self::Instead { answer, .. } => {
                matches!(
                    answer,
                    Instead::Garbage | Instead::Status(_) | Instead::Html(_) | Instead::Redirect(_)
                )
            }
            Self::Nothing
            | Self::OnAccept { .. }
            | Self::Handshake(_)
            | Self::CloseIdle { .. }
            | Self::Latency { .. } => false,
        }
    }

    /// Whether calls that may be repeated should get over it, when it strikes no oftener than there are retries.
    #[must_use]
    pub fn is_passing(&self, repeats: bool) -> bool {
        match self {
            Self::Nothing => false,
            Self::Latency { .. } | Self::Handshake(_) => true,
            Self::OnAccept { .. }
            | Self::CloseIdle { .. }
            | Self::ResetMidRequest { .. }
            | Self::NoAnswer { .. }
            | Self::CloseOnNext { .. } => repeats,
            Self::Spoil(spoil) => !spoil.breaks() || (repeats && !spoil.is_unreadable()),
            Self::Instead { answer, .. } => match answer {
                Instead::Status(_) | Instead::Garbage => repeats,
                Instead::Html(status) => repeats && *status >= 500,
                // So long a wait fails the call at once, by design; what is no number is no answer.
                Instead::Later(_, RetryAfter::Text("86400")) | Instead::Redirect(_) => false,
                Instead::Later(..) => true,
            },
        }
    }
}

impl Spoil {
    /// Whether the answer cannot be read to its end, or cannot be understood.
    const fn breaks(&self) -> bool {
        match self {
            Self::Jitter | Self::Slow(..) | Self::Longer(_) | Self::Twice | Self::EarlyHints => false,
            Self::Head(..)
            | Self::Body(..)
            | Self::ResetBehind(_)
            | Self::CutChunks(_)
            | Self::CutGzip(_)
            | Self::Length(..)
            | Self::BadLength(_)
            | Self::GarbageBody => true,
        }
    }

    /// Whether it is whole as HTTP goes, and still cannot be understood, which no retry is made for.
    const fn is_unreadable(&self) -> bool {
        matches!(self, Self::GarbageBody) || matches!(self, Self::Length(by, _) if *by < 0)
    }
}
