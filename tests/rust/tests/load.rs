//! Many callers, many instances, many calls that wait: everyone is served in turn, memory stays bounded, and closing the
//! client ends all of it. No limit of time here is closer than ten times of what is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::{Client, ClientOptions, ErrorKind, Request, Xano};

const CALLERS: usize = 256;
const INSTANCES: usize = 500;
const QUEUED: usize = 10_000;
/// Requests in flight to one origin; the default.
const PLACES: usize = 16;

fn emulator() -> Emulator {
    let options = EmulatorOptions {
        journal_size: 1,
        ..EmulatorOptions::default()
    };
    Emulator::start(options).expect("an emulator")
}

fn client(emulator: &Emulator) -> Client {
    Client::new(ClientOptions {
        token: Some(emulator.token().into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        ..ClientOptions::default()
    })
    .expect("a client")
}

fn received(emulator: &Emulator) -> u64 {
    let (_, journal) = emulator.control("GET", "/requests", &Value::Null);
    journal["total"].as_u64().expect("a number")
}

/// Bytes of memory that this process holds; none where that cannot be read.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

async fn me(client: &Client) {
    let request = Request::new("account.me").expect("in the table");
    client.account().call(request).await.expect("an answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_caller_starves() {
    const EACH: usize = 20;
    let emulator = emulator();
    let client = client(&emulator);
    let done = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (client, done) = (client.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut mine = 0;
                // Whoever is served more often than others takes it from them.
                while done.load(Ordering::Relaxed) < CALLERS * EACH {
                    me(&client).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    mine += 1;
                }
                mine
            })
        })
        .collect();
    let mut shares = Vec::new();
    for caller in callers {
        shares.push(caller.await.expect("no panic"));
    }
    shares.sort_unstable();
    let (least, most) = (shares[0], shares[CALLERS - 1]);
    assert!(least >= EACH / 2 && most <= EACH * 2, "{least} to {most} of {EACH}");
    assert!(client.stats().connections <= PLACES as u64 + 1, "{:?}", client.stats());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_that_wait_are_served_in_their_order_and_weigh_little() {
    let emulator = emulator();
    let client = client(&emulator);
    me(&client).await;
    let before = memory();
    let finished = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = (0..QUEUED)
        .map(|_| {
            let (client, finished) = (client.clone(), Arc::clone(&finished));
            tokio::spawn(async move {
                me(&client).await;
                finished.fetch_add(1, Ordering::Relaxed)
            })
        })
        .collect();
    let waiting = memory();
    let mut places = Vec::new();
    for call in calls {
        places.push(call.await.expect("no panic"));
    }
    assert_eq!(received(&emulator), QUEUED as u64 + 1);
    // The first tenth of those who came is among the first half of those who were served.
    let latest = places[..QUEUED / 10].iter().max().expect("some");
    assert!(
        *latest < QUEUED / 2,
        "a call of the first {} was served as number {latest}",
        QUEUED / 10
    );
    if let (Some(before), Some(waiting)) = (before, waiting) {
        let each = waiting.saturating_sub(before) / QUEUED as u64;
        assert!(each < 32 * 1024, "{each} bytes a waiting call");
    }
    assert!(client.stats().connections <= PLACES as u64 + 1, "{:?}", client.stats());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closing_ends_all_that_wait_and_nothing_is_sent_afterwards() {
    let emulator = emulator();
    let client = client(&emulator);
    emulator.control("POST", "/faults", &json!({"kind": "hang"}));
    let calls: Vec<_> = (0..QUEUED)
        .map(|_| {
            let client = client.clone();
            let request = Request::new("account.me").expect("in the table");
            tokio::spawn(async move { client.account().call(request).await })
        })
        .collect();
    let began = Instant::now();
    while received(&emulator) < PLACES as u64 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{} arrived",
            received(&emulator)
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.close();
    let began = Instant::now();
    for call in calls {
        let error = call.await.expect("no panic").expect_err("given up");
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Cancelled | ErrorKind::Config), "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(received(&emulator), PLACES as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_instances_are_served_alike() {
    let emulator = emulator();
    for number in 1..INSTANCES {
        let (status, answer) = emulator.control("POST", "/instances", &json!({"name": format!("i{number}")}));
        assert_eq!(status, 200, "{answer}");
    }
    let client = client(&emulator);
    let xano = Xano::of(&client);
    let infos = xano.instances().list().all().await.expect("instances");
    assert_eq!(infos.len(), INSTANCES);
    let instances: Arc<Vec<_>> = Arc::new(
        infos
            .iter()
            .map(|info| xano.instance_of(info).expect("an instance"))
            .collect(),
    );
    let served: Arc<Vec<AtomicUsize>> = Arc::new((0..INSTANCES).map(|_| AtomicUsize::new(0)).collect());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (instances, served) = (Arc::clone(&instances), Arc::clone(&served));
            tokio::spawn(async move {
                for number in (caller..INSTANCES * 4).step_by(CALLERS) {
                    let place = number % INSTANCES;
                    instances[place].me().await.expect("an answer");
                    served[place].fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let served: Vec<_> = served.iter().map(|served| served.load(Ordering::Relaxed)).collect();
    assert!(served.iter().all(|served| *served == 4), "{served:?}");
}
