//! The limiter against a model of the server: a sliding window over arrival times, under a paused clock.

use super::*;

const ANSWERED: Arrival = Arrival::Answered {
    connected: false,
    accepted: true,
};

fn gate(max_in_flight: usize) -> Gate {
    Gate {
        max_in_flight,
        limited: true,
    }
}

fn limited(requests: u32, per: Duration) -> Arc<Limiter> {
    let limiter = Arc::new(Limiter::default());
    limiter.fix(RateLimit::new(requests, per));
    limiter
}

/// A server behind a link with these one-way delays, that remembers when requests arrived.
struct Server {
    arrivals: Mutex<Vec<Instant>>,
    limit: usize,
    per: Duration,
    refused: Mutex<usize>,
}

impl Server {
    fn new(limit: usize, per: Duration) -> Self {
        Self {
            arrivals: Mutex::default(),
            limit,
            per,
            refused: Mutex::default(),
        }
    }

    async fn serve(&self, there: Duration, work: Duration, back: Duration) {
        tokio::time::sleep(there).await;
        let now = Instant::now();
        {
            let mut arrivals = lock(&self.arrivals);
            if arrivals
                .iter()
                .filter(|arrival| now.duration_since(**arrival) < self.per)
                .count()
                >= self.limit
            {
                *lock(&self.refused) += 1;
            }
            arrivals.push(now);
        }
        tokio::time::sleep(work + back).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_is_refused_and_the_window_is_used() {
    let (limit, per) = (3, Duration::from_secs(2));
    let limiter = limited(3, per);
    let server = Arc::new(Server::new(limit, per));
    let began = Instant::now();
    let tasks: Vec<_> = (0..60_u64)
        .map(|number| {
            let (limiter, server) = (Arc::clone(&limiter), Arc::clone(&server));
            tokio::spawn(async move {
                let (mut permit, _) = limiter.acquire(gate(16)).await;
                // Delays that vary from request to request, as on a real link.
                let there = Duration::from_millis(20 + number * 7 % 13);
                let back = Duration::from_millis(20 + number * 5 % 11);
                server.serve(there, Duration::from_millis(number % 3), back).await;
                permit.arrived(ANSWERED);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(*lock(&server.refused), 0);
    let least = per * 19;
    assert!(
        began.elapsed() < least.mul_f64(1.02),
        "{:?} where {least:?} is the least",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_connection_does_not_free_its_slot_early() {
    let per = Duration::from_secs(1);
    let limiter = limited(1, per);
    let server = Server::new(1, per);
    for connected in [true, false, false, false] {
        let (mut permit, _) = limiter.acquire(gate(16)).await;
        let connecting = if connected {
            Duration::from_millis(300)
        } else {
            Duration::ZERO
        };
        server
            .serve(
                connecting + Duration::from_millis(30),
                Duration::ZERO,
                Duration::from_millis(30),
            )
            .await;
        permit.arrived(Arrival::Answered {
            connected,
            accepted: true,
        });
    }
    assert_eq!(*lock(&server.refused), 0);
}

#[tokio::test(start_paused = true)]
async fn places_in_flight_are_bounded_and_handed_over_in_order() {
    let limiter = Arc::new(Limiter::default());
    let (first, wait) = limiter.acquire(gate(1)).await;
    assert_eq!(wait, Duration::ZERO);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            tokio::spawn(async move {
                let (_permit, _) = limiter.acquire(gate(1)).await;
                lock(&order).push(number);
                tokio::time::sleep(Duration::from_millis(10)).await;
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(lock(&order).is_empty(), "the place is taken");
    drop(first);
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(*lock(&order), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_leaves_the_queue_intact() {
    let limiter = limited(1, Duration::from_secs(5));
    drop(limiter.acquire(gate(16)).await);
    let given_up = tokio::time::timeout(Duration::from_secs(1), limiter.acquire(gate(16))).await;
    assert!(given_up.is_err());
    let began = Instant::now();
    limiter.acquire(gate(16)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_does_not_count() {
    let limiter = limited(1, Duration::from_secs(60));
    for _ in 0..5 {
        let (mut permit, wait) = limiter.acquire(gate(16)).await;
        assert_eq!(wait, Duration::ZERO);
        permit.arrived(Arrival::Never);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_keeps_its_slot_for_a_while() {
    let per = Duration::from_secs(1);
    let limiter = limited(1, per);
    let began = Instant::now();
    let (_in_flight, _) = limiter.acquire(gate(16)).await;
    limiter.acquire(gate(16)).await;
    assert_eq!(began.elapsed(), MAX_FLIGHT + per + GUARD);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_teaches_the_documented_limit() {
    let limiter = Arc::new(Limiter::default());
    for _ in 0..10 {
        let (mut permit, _) = limiter.acquire(gate(16)).await;
        permit.arrived(ANSWERED);
    }
    let (pause, learned) = limiter.refused(None, true);
    assert_eq!(pause, Duration::from_secs(20));
    assert_eq!(learned, Some(RateLimit::FREE_PLAN));
    let (_, wait) = limiter.acquire(gate(16)).await;
    assert!(wait >= Duration::from_secs(20), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_retry_after_reveals_the_window() {
    let limiter = Arc::new(Limiter::default());
    for _ in 0..4 {
        let (mut permit, _) = limiter.acquire(gate(16)).await;
        permit.arrived(ANSWERED);
        drop(permit);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let (pause, learned) = limiter.refused(Some(Duration::from_secs(1)), true);
    assert_eq!(pause, Duration::from_secs(1));
    assert_eq!(learned, Some(RateLimit::new(4, Duration::from_secs(2))));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_corrects_what_was_learned() {
    let limiter = Arc::new(Limiter::default());
    let mut permits = Vec::new();
    for _ in 0..5 {
        permits.push(limiter.acquire(gate(16)).await.0);
    }
    tokio::time::advance(Duration::from_millis(10)).await;
    permits[0].arrived(ANSWERED);
    permits[4].arrived(Arrival::Answered {
        connected: false,
        accepted: false,
    });
    let (_, learned) = limiter.refused(Some(Duration::from_secs(2)), true);
    assert_eq!(learned.map(|limit| limit.requests), Some(1));
    for permit in &mut permits[1..4] {
        permit.arrived(ANSWERED);
    }
    assert_eq!(limiter.limit().map(|limit| limit.requests), Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_out_of_the_blue_teaches_nothing_but_waiting() {
    let limiter = Arc::new(Limiter::default());
    assert_eq!(
        limiter.refused(Some(Duration::from_secs(3)), true),
        (Duration::from_secs(3), None)
    );
    let (_, wait) = limiter.acquire(gate(16)).await;
    assert_eq!(wait, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_users_limit_stays_as_it_is() {
    let limiter = limited(7, Duration::from_secs(7));
    assert!(!limiter.suggest(RateLimit::FREE_PLAN));
    assert_eq!(limiter.refused(None, true), (Duration::from_secs(7), None));
    assert_eq!(limiter.limit(), Some(RateLimit::new(7, Duration::from_secs(7))));
}

#[test]
fn an_origin_has_one_limiter_in_the_process() {
    let first = of_origin("https://limiter.example");
    assert!(Arc::ptr_eq(&first, &of_origin("https://limiter.example")));
    assert!(!Arc::ptr_eq(&first, &of_origin("https://other.example")));
}
