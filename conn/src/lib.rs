//! Stream connections as Go has them: dial, read, write, deadlines that move while a read waits, close that ends it.
//!
//! ```text
//!   dial("tcp", "localhost:80") ─► network ─► resolver ─► one address after the other ─► Conn
//!
//!   Conn ──clone── Conn ──clone── Conn        one connection, used by as many tasks as hold a handle:
//!    read           write          close      each direction in order, close ends them all
//! ```
//!
//! Every future here is `Send`, if what it is given is, and runs on any executor: the poller below has its own way to wake tasks.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::time::{Duration, Instant};
//!
//! // A peer that nobody here wrote: the standard library's.
//! let peer = std::net::TcpListener::bind("127.0.0.1:0")?;
//! let address = peer.local_addr()?.to_string();
//! let served = std::thread::spawn(move || -> std::io::Result<()> {
//!     let (mut stream, _) = peer.accept()?;
//!     let mut word = [0; 5];
//!     stream.read_exact(&mut word)?;
//!     stream.write_all(&word)?;
//!     // Held open until the other side closes.
//!     stream.read(&mut word).map(drop)
//! });
//!
//! futures::executor::block_on(async {
//!     let conn = conn::dial("tcp", &address).await?;
//!     conn.write(b"hello").await?;
//!     let mut answer = [0; 16];
//!     assert_eq!(conn.read(&mut answer).await?, 5);
//!     conn.set_read_deadline(Some(Instant::now() + Duration::from_millis(5)))?;
//!     assert!(conn.read(&mut answer).await.unwrap_err().is_timeout());
//!     conn.close().await
//! })?;
//! served.join().expect("the peer does not panic")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Go: `net.TCPConn`, `net.Dial`

#![forbid(unsafe_code)]

mod address;
mod connection;
mod dial;
mod network;
mod resolve;
mod stream;

pub use address::{join_host_port, split_host_port};
pub use connection::{Buffers, Conn, CopySource, PeerCredentials, Received};
pub use dial::{Dialer, dial, dial_timeout};
pub use netfd::{
    Addr, AddrError, Control, ControlledSocket, Error, KeepAliveConfig, LookupError, NetFd, Netpoll, OpError,
    SocketGuard, UnixAddr,
};
pub use network::{IpVersion, Network};
pub use resolve::{lookup_port, resolve_dial, resolve_listen, resolve_tcp_addr};
pub use stream::{ReadHalf, Stream, WriteHalf};
