//! Races over given addresses: some answer, some refuse, and some are silent, which are listeners whose queue is full.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;

use futures::executor::block_on;
use futures::{join, poll};
use netfd::{Error, Mode, SocketConfig};

use super::*;
use crate::Dialer;

/// Longer than a test waits for anything.
const FOREVER: Duration = Duration::from_secs(3600);
/// A head start that is over within a test.
const SOON: Duration = Duration::from_millis(100);

/// Long enough for whatever is sure to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Peers of one family.
struct Peers {
    answering: TcpListener,
    silent: NetFd,
    queued: Vec<TcpStream>,
    refusing: NetFd,
}

impl Peers {
    fn on(loopback: IpAddr) -> Peers {
        let netpoll = Netpoll::global().expect("a poller");
        let any_port = SocketAddr::new(loopback, 0);
        let silent = SocketConfig::new(&netpoll).backlog(Some(0)).listen("tcp", &any_port.into());
        let silent = silent.expect("a listener");
        let address = silent.local_addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
        let mut queued = vec![];
        // Over loopback a connection stands before connect(2) returns, or it does not come about.
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
            assert!(queued.len() < 8, "a queue of one connection took them all");
        }
        let answering = TcpListener::bind(any_port).expect("a listener");
        let address = answering.local_addr().expect("a bound listener");
        let refusing = block_on(NetFd::dial("tcp", address, &netpoll)).expect("a connection");
        Peers { answering, silent, queued, refusing }
    }

    fn answering(&self) -> Addr {
        self.answering.local_addr().expect("a bound listener").into()
    }

    fn silent(&self) -> Addr {
        self.silent.local_addr().expect("a bound listener").clone()
    }

    /// A connection has this port, so nobody else will listen there.
    fn refusing(&self) -> Addr {
        self.refusing.local_addr().expect("a connection's end").clone()
    }

    /// Empties the queue of the silent one, and waits for the next who comes.
    async fn wake(&mut self) -> NetFd {
        for _ in self.queued.drain(..) {
            self.silent.accept().await.expect("one of the queue");
        }
        self.silent.accept().await.expect("whoever the kernel tries again")
    }
}

/// Peers of both families, either as the first.
fn each_way(test: impl Fn(Peers, Peers)) {
    let [v4, v6] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    test(Peers::on(v4), Peers::on(v6));
    test(Peers::on(v6), Peers::on(v4));
}

fn attempt() -> Attempt {
    Dialer::new().attempt("tcp").expect("a network and a poller")
}

/// Which address the race connects to. A head start that is not forever was needed.
fn winner(targets: &[&Addr], delay: Duration) -> Result<Addr, Failure> {
    let targets = targets.iter().copied().cloned().collect();
    let begun = Instant::now();
    let fd = block_on(attempt().race(targets, Some(delay)))?;
    assert!(delay == FOREVER || begun.elapsed() >= delay, "the fallback began early");
    Ok(fd.remote_addr().expect("a connection's end").clone())
}

/// Go: `net.TestDialParallel`
#[test]
fn dial_parallel() {
    each_way(|first, second| {
        let [one, other] = [&first, &second].map(Peers::answering);
        let [silent, silent_too] = [&first, &second].map(Peers::silent);
        let [refuses, refuses_too] = [&first, &second].map(Peers::refusing);
        // The first one answers, whatever is behind it.
        assert_eq!(winner(&[&one], FOREVER), Ok(one.clone()));
        assert_eq!(winner(&[&one, &silent_too], FOREVER), Ok(one.clone()));
        assert_eq!(winner(&[&one, &other], FOREVER), Ok(one.clone()));
        // Its family comes first, also where another one of it has to be tried.
        assert_eq!(winner(&[&refuses, &other, &one], FOREVER), Ok(one.clone()));
        // A silent one holds up the other family for the delay.
        assert_eq!(winner(&[&silent, &other], SOON), Ok(other.clone()));
        assert_eq!(winner(&[&silent, &silent, &refuses_too, &other], SOON), Ok(other.clone()));
        // Where all of the first family refuse, there is no delay.
        assert_eq!(winner(&[&refuses, &other], FOREVER), Ok(other.clone()));
        assert_eq!(winner(&[&refuses, &refuses_too, &refuses, &other], FOREVER), Ok(other.clone()));
        // If nobody answers, the first one's failure is the one to tell.
        let refused = Error::os("connect", libc::ECONNREFUSED);
        for all in [&[&refuses][..], &[&refuses, &refuses_too], &[&refuses, &refuses_too, &refuses]] {
            assert_eq!(winner(all, FOREVER), Err((refuses.clone(), refused.clone())));
        }
        // However many there are, each has time enough.
        let patient = Dialer::new().timeout(FOREVER).attempt("tcp").expect("a network and a poller");
        block_on(patient.race(vec![one.clone(); 1000], Some(SOON))).expect("a connection");
        // Without a race they are tried as they stand.
        let in_order = vec![refuses, other.clone(), one];
        let connected = block_on(attempt().race(in_order, None)).expect("a connection");
        assert_eq!(connected.remote_addr().as_ref(), Some(&other));
    });
}

/// A race of two silent ones, until both are asked.
async fn asking<'a>(attempt: &'a Attempt, targets: &[Addr]) -> Pin<Box<dyn Future<Output = Raced> + 'a>> {
    let mut race: Pin<Box<dyn Future<Output = Raced>>> =
        Box::pin(attempt.race(targets.to_vec(), Some(Duration::ZERO)));
    for _ in 0..2 {
        assert!(poll!(&mut race).is_pending());
        // The head start is over before.
        Timer::after(&attempt.netpoll, SOON).await;
    }
    assert!(poll!(&mut race).is_pending());
    race
}

type Raced = Result<NetFd, Failure>;

#[test]
fn a_race_that_is_dropped_connects_to_nobody() {
    each_way(|mut first, mut second| {
        let attempt = attempt();
        block_on(async {
            drop(asking(&attempt, &[first.silent(), second.silent()]).await);
            // The kernel would try again a second after its first try.
            let later = Some(Instant::now() + Duration::from_millis(1500));
            let netpoll = &attempt.netpoll;
            let come = join!(until(netpoll, later, first.wake()), until(netpoll, later, second.wake()));
            assert!(come.0.is_none() && come.1.is_none(), "{come:?}");
        });
    });
}

/// Go: `net.TestDialParallelSpuriousConnection`
#[test]
fn dial_parallel_spurious_connection() {
    each_way(|mut first, mut second| {
        let targets = [first.silent(), second.silent()];
        let attempt = attempt();
        block_on(async {
            let race = asking(&attempt, &targets).await;
            // Both connections stand before the race can look at either.
            let (winner, loser) = join!(first.wake(), second.wake());
            let connected = race.await.expect("a connection");
            assert_eq!(connected.remote_addr().as_ref(), Some(&targets[0]));
            // The one that nobody needs was closed, and nothing was sent over it.
            loser.fd().set_deadline(Mode::Read, Some(Instant::now() + PATIENCE)).expect("open");
            assert_eq!(loser.fd().read(&mut [0]).await, Ok(0));
            assert_eq!(connected.fd().write_some(b"1").await, Ok(1));
            assert_eq!(winner.fd().read(&mut [0]).await, Ok(1));
        });
    });
}
