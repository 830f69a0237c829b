//! The proxy: one lane for each class of a face's cases, with a plain and a TLS port.
//!
//! A face says when a case begins by a request of its own to the lane's third port. What arrives from then on belongs
//! to that case, is counted, and is struck as the plan says. Everything else goes to the emulator and back unchanged.

mod connection;
mod control;
mod tls;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::classes::Class;
use crate::kinds::{Blow, Handshake, KINDS, Strike};
use crate::plan::LanePlan;
use crate::play::Wire;

/// The proxy for one lane. It ends when it is dropped.
#[derive(Debug)]
pub struct Lane {
    state: Arc<State>,
    /// The port without TLS.
    pub plain: SocketAddr,
    /// The port with TLS, certified for `localhost`.
    pub tls: SocketAddr,
    /// The port on which the face says where it is; nothing is struck there.
    pub control: SocketAddr,
    tasks: [JoinHandle<()>; 3],
}

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    /// Where redirects lead.
    elsewhere: String,
    plan: LanePlan,
    current: Mutex<Option<usize>>,
    seen: Vec<Mutex<Seen>>,
    requests: AtomicU64,
    /// Told to every connection that waits for its next request.
    close_idle: Notify,
    /// Strikes at random instead of by case.
    storm: Option<Mutex<Storm>>,
}

/// Chance strikes, whatever a face is at.
#[derive(Debug)]
struct Storm {
    rng: fastrand::Rng,
    probability: f64,
    struck: u64,
}

/// What was seen of one case.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Requests, or connections, that the blow might have struck.
    met: u32,
    /// How many it struck.
    pub struck: u32,
    /// Requests in their order: method and path, and whether the client could know that nothing was done.
    pub requests: Vec<(String, bool)>,
}

impl Seen {
    /// Whether a request was sent again after it may have arrived.
    #[must_use]
    pub fn resent(&self) -> bool {
        let mut in_doubt: Vec<&str> = Vec::new();
        self.requests.iter().any(|(request, uncertain)| {
            let again = in_doubt.contains(&request.as_str());
            if *uncertain {
                in_doubt.push(request);
            }
            again
        })
    }
}

impl Lane {
    /// Opens the ports in front of `upstream`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn open(plan: LanePlan, upstream: SocketAddr, elsewhere: String) -> io::Result<Self> {
        Self::with(plan, upstream, elsewhere, None).await
    }

    /// Opens the ports in front of `upstream` and strikes at random, in the order that `seed` says: the n-th request meets
    /// what the n-th draw gives.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn storm(upstream: SocketAddr, seed: u64, probability: f64) -> io::Result<Self> {
        let plan = LanePlan {
            class: Class::Load,
            cases: Vec::new(),
        };
        let storm = Storm {
            rng: fastrand::Rng::with_seed(seed),
            probability,
            struck: 0,
        };
        Self::with(plan, upstream, String::new(), Some(Mutex::new(storm))).await
    }

    async fn with(
        plan: LanePlan,
        upstream: SocketAddr,
        elsewhere: String,
        storm: Option<Mutex<Storm>>,
    ) -> io::Result<Self> {
        let state = Arc::new(State {
            storm,
            upstream,
            elsewhere,
            seen: plan.cases.iter().map(|_| Mutex::default()).collect(),
            plan,
            current: Mutex::default(),
            requests: AtomicU64::new(0),
            close_idle: Notify::new(),
        });
        let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let control = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            plain: plain.local_addr()?,
            tls: tls.local_addr()?,
            control: control.local_addr()?,
            tasks: [
                tokio::spawn(accept_plain(plain, Arc::clone(&state))),
                tokio::spawn(tls::accept(tls, Arc::clone(&state))),
                tokio::spawn(control::accept(control, Arc::clone(&state))),
            ],
            state,
        })
    }

    /// What was seen of a case.
    #[must_use]
    pub fn seen(&self, case: usize) -> Seen {
        lock(&self.state.seen[case]).clone()
    }

    /// Requests that a storm struck.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.state.storm.as_ref().map_or(0, |storm| lock(storm).struck)
    }

    /// Requests of all cases.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn accept_plain(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            connection::serve(stream, &state).await;
        });
    }
}

impl State {
    /// The case under way, if the blow of it strikes what `meets` says it may.
    fn strike(&self, meets: impl Fn(&Strike) -> bool) -> Option<Strike> {
        if let Some(storm) = &self.storm {
            return lock(storm).draw().filter(meets);
        }
        let index = (*lock(&self.current))?;
        let blow = &self.plan.cases[index].blow;
        if !meets(&blow.strike) {
            return None;
        }
        let mut seen = lock(&self.seen[index]);
        seen.met += 1;
        if seen.met <= blow.skip || seen.struck >= blow.times {
            return None;
        }
        seen.struck += 1;
        Some(blow.strike.clone())
    }

    /// What a new connection meets; storms leave connections alone.
    fn on_accept(&self) -> Option<Strike> {
        if self.storm.is_some() {
            return None;
        }
        self.strike(|strike| matches!(strike, Strike::OnAccept { .. }))
    }

    fn handshake(&self) -> Option<Handshake> {
        match self.strike(|strike| matches!(strike, Strike::Handshake(_))) {
            Some(Strike::Handshake(how)) => Some(how),
            _ => None,
        }
    }

    fn begin(&self, case: usize) {
        *lock(&self.current) = Some(case);
        let blow = &self.plan.cases[case].blow;
        // Whoever is to meet trouble at connecting has to connect; then the plain closing happens before the call.
        match blow.strike {
            Strike::CloseIdle { .. } => lock(&self.seen[case]).struck += 1,
            Strike::OnAccept { .. } | Strike::Handshake(_) => {}
            _ => return,
        }
        self.close_idle.notify_waiters();
    }

    fn end(&self) {
        *lock(&self.current) = None;
    }

    /// How an idle connection is to end now.
    fn tears_idle(&self) -> bool {
        let index = *lock(&self.current);
        index.is_some_and(|index| self.plan.cases[index].blow.strike == Strike::CloseIdle { reset: true })
    }

    fn note(&self, method: &str, path: &str, uncertain: bool) {
        if self.storm.is_some() {
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
        let Some(index) = *lock(&self.current) else { return };
        self.requests.fetch_add(1, Ordering::Relaxed);
        lock(&self.seen[index])
            .requests
            .push((format!("{method} {path}"), uncertain));
    }
}

impl Storm {
    fn draw(&mut self) -> Option<Strike> {
        if self.rng.f64() >= self.probability {
            return None;
        }
        self.struck += 1;
        let kind = STORM[self.rng.usize(..STORM.len())];
        let kind = KINDS.into_iter().find(|known| known.name == kind)?;
        Some(Blow::draw(kind, Class::Load, &mut self.rng).strike)
    }
}

/// What a storm is made of: everything that comes to a request. Silence costs time, and comes less often.
const STORM: [&str; 20] = [
    "reset_mid_request",
    "reset_before_work",
    "reset_before_answer",
    "close_before_answer",
    "reset_in_headers",
    "cut_headers",
    "reset_mid_body",
    "reset_after_body",
    "cut_body",
    "cut_chunks",
    "cut_gzip",
    "long_body",
    "excess_length",
    "bad_length",
    "garbage",
    "html",
    "status_storm",
    "unavailable",
    "keepalive_next",
    "half_open",
];

impl Wire for TcpStream {
    fn tear(&self) {
        let _ = self.set_zero_linger();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
