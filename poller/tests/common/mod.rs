//! What several of the poller's tests need: connected sources, one event at a time, and a look into the kernel's books.

#![allow(dead_code, reason = "each test file uses some of it")]

use poller::{Delay, Event, Events, Poller, RawSource};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

/// A delay that no test outlives.
pub(crate) const LONG: Delay = Delay::UpTo(Duration::from_secs(3600));

/// A pair whose near end is ready to be polled. Its events are exactly what the far end does.
pub(crate) fn unix_pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (near, far)
}

/// A connection over loopback whose near end is ready to be polled.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (near, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    (near, far)
}

/// What is ready at this moment.
pub(crate) fn ready(poller: &Poller) -> Vec<Event> {
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Now).unwrap();
    events.iter().collect()
}

/// The one event that the next poll brings, however long it takes.
pub(crate) fn next(poller: &Poller) -> Event {
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Block).unwrap();
    let events: Vec<_> = events.iter().collect();
    assert_eq!(events.len(), 1, "{events:?}");
    events[0]
}

/// The poller's own descriptors.
pub(crate) fn own_descriptors(poller: &Poller) -> Vec<RawSource> {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    descriptors
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| poller.is_poll_descriptor(*descriptor))
        .collect()
}

/// What the kernel says of a descriptor under `name`.
pub(crate) fn kernel_says(descriptor: RawSource, name: &str) -> Option<String> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap();
    info.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// How many writes of the descriptor for breaks wait to be read.
pub(crate) fn unread_wakes(poller: &Poller) -> u64 {
    let count = own_descriptors(poller).into_iter().find_map(|own| kernel_says(own, "eventfd-count"));
    u64::from_str_radix(&count.expect("the poller has an eventfd"), 16).unwrap()
}

/// The kernel's number for the calling thread.
pub(crate) fn this_thread() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// Returns when `thread` of this process sleeps in the kernel.
pub(crate) fn until_asleep(thread: i32) {
    let state = || {
        let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
        stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next())
    };
    while state() != Some('S') {
        thread::yield_now();
    }
}
