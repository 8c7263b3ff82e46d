//! The lock and the slot of a descriptor.
//!
//! | | what one round is | what else it contains |
//! | --- | --- | --- |
//! | `FdMutex` | a read lock is taken and released | a future of `Fd::read` for no bytes, polled once; no system call |
//! | `AllocFree/ours` | a descriptor gets its slot and gives it back | `socketpair`, `epoll_ctl`, two times `close`; the allocation of the `Fd` |
//! | `AllocFree/kernel` | the same system calls without a slot | so the difference of the two is ours |

use std::os::fd::OwnedFd;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::FutureExt;
use futures::executor::block_on;
use netfd::{Fd, Netpoll};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

fn pair() -> (OwnedFd, OwnedFd) {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("two sockets")
}

fn fd_mutex(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let netpoll = Netpoll::new().expect("a poller");
    let (near, _far) = pair();
    let fd = Fd::new(near, &netpoll).expect("registered");
    criterion.benchmark_group("FdMutex").bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
        bencher.iter(|| fd.read(&mut []).now_or_never().expect("no bytes are there at once"));
    });
}

fn alloc_free(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let mut group = criterion.benchmark_group("AllocFree");
    let netpoll = Netpoll::new().expect("a poller");
    group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
        bencher.iter(|| {
            let (near, far) = pair();
            let fd = Fd::new(near, &netpoll).expect("registered");
            block_on(fd.close()).expect("closed once");
            drop(far);
        });
    });
    let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll");
    let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
    group.bench_function(BenchmarkId::from_parameter("kernel"), |bencher| {
        bencher.iter(|| {
            let (near, far) = pair();
            epoll::add(&epoll, &near, EventData::new_u64(1), flags).expect("registered");
            drop(near);
            drop(far);
        });
    });
}

criterion_group!(benches, fd_mutex, alloc_free);
criterion_main!(benches);
