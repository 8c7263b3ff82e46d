//! Addresses of loopback that nobody answers at, for dials that are to fail or to hang.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use conn::Conn;
use listener::{ListenConfig, Listener};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

/// A listener whose queue is full: the kernel drops what comes next, as if the host were not there.
pub struct Silent {
    listener: Listener,
    address: SocketAddr,
    queued: Vec<TcpStream>,
}

impl Silent {
    /// Fills the queue of a listener on loopback, which was made with a backlog of 0.
    ///
    /// # Panics
    /// If the queue never fills.
    pub fn over(listener: Listener) -> Silent {
        let address = listener.addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
        let mut queued = vec![];
        // Over loopback a connection stands before connect(2) returns, or it does not come about.
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
            assert!(queued.len() < 8, "a queue of one connection took them all");
        }
        Silent { listener, address, queued }
    }

    /// One on a port of 127.0.0.1 that the kernel chooses.
    pub async fn anywhere() -> Silent {
        let listener = ListenConfig::new().backlog(0).listen("tcp", "127.0.0.1:0").await;
        Silent::over(listener.expect("a listener"))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Empties the queue. What is dialled from now on is answered; what was dialled before, when the kernel tries it
    /// again, which is a second after its first try.
    pub async fn wake(&mut self) {
        for _ in self.queued.drain(..) {
            self.listener.accept().await.expect("one of the queue");
        }
    }

    /// The listener.
    pub fn listener(&self) -> &Listener {
        &self.listener
    }

    /// The next one who is answered.
    pub async fn accept(&self) -> Conn {
        self.listener.accept().await.expect("a connection")
    }
}

/// A port that is taken and refuses connections, for as long as this lives.
pub struct Refusing {
    address: SocketAddr,
    _socket: OwnedFd,
}

impl Refusing {
    /// A port of 127.0.0.1 that the kernel chooses.
    pub fn anywhere() -> Refusing {
        let taken = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&taken, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = getsockname(&taken).expect("a bound socket");
        Refusing { address: SocketAddr::try_from(address).expect("an address of TCP"), _socket: taken }
    }

    /// The address that is refused.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
