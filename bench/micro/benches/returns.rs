//! What it costs to return from the function that made a system call.
//!
//! A round sends 64 bytes through a pair of Unix sockets and receives them. Both calls are inlined, as `rustix` makes them.
//!
//! | `ReturnAfterCall` | where the calls are |
//! | --- | --- |
//! | `none` | in the loop itself |
//! | `plain` | in the innermost of six functions |
//! | `ours` | likewise, within `return_stack::after` |
//!
//! Where the kernel does not return by Safe RET, the last two are alike.

use std::hint::black_box;
use std::os::fd::OwnedFd;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use return_stack::after;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

struct Pair(OwnedFd, OwnedFd);

impl Pair {
    #[inline(always)]
    fn plain(&self) {
        let mut message = [7; 64];
        send(&self.0, &message, SendFlags::NOSIGNAL).expect("sent");
        recv(&self.1, &mut message[..], RecvFlags::empty()).expect("received");
    }

    #[inline(always)]
    fn ours(&self) {
        let mut message = [7; 64];
        after(|| send(&self.0, &message, SendFlags::NOSIGNAL)).expect("sent");
        after(|| recv(&self.1, &mut message[..], RecvFlags::empty())).expect("received");
    }
}

/// Some functions deep, as a read in a task is: the first return is the dear one.
const FUNCTIONS: usize = 6;

/// `work` in the innermost of so many functions, each of which really returns to the one before.
#[inline(never)]
fn within(functions: usize, work: impl Fn()) -> usize {
    match functions {
        1 => work(),
        more => return black_box(within(more - 1, work)) + 1,
    }
    1
}

fn return_after_call(criterion: &mut Criterion) {
    let (near, far) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("two sockets");
    let pair = Pair(near, far);
    return_stack::look();
    let mut group = criterion.benchmark_group("ReturnAfterCall");
    group.bench_function(BenchmarkId::from_parameter("none"), |bencher| bencher.iter(|| pair.plain()));
    group.bench_function(BenchmarkId::from_parameter("plain"), |bencher| {
        bencher.iter(|| assert_eq!(within(FUNCTIONS, || pair.plain()), FUNCTIONS));
    });
    group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
        bencher.iter(|| assert_eq!(within(FUNCTIONS, || pair.ours()), FUNCTIONS));
    });
}

criterion_group!(benches, return_after_call);
criterion_main!(benches);
