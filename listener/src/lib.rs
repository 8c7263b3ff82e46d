//! Stream listeners as Go has them: listen and accept.
//!
//! ```text
//!   listen("tcp", ":8080") ─► Listener ──accept────► Conn
//!                              │       ──incoming──► a stream of them, which rests while there are no descriptors
//!                              └─ clone: several tasks accept in turn; close ends them all
//! ```
//!
//! ```
//! futures::executor::block_on(async {
//!     let listener = listener::listen("tcp", "127.0.0.1:0").await?;
//!     let address = listener.addr().expect("a listener is bound").to_string();
//!     let (client, server) =
//!         futures::try_join!(listener::conn::dial("tcp", &address), listener.accept())?;
//!     client.write(b"ping").await?;
//!     let mut buf = [0; 8];
//!     assert_eq!(server.read(&mut buf).await?, 4);
//!     listener.close().await
//! })?;
//! # Ok::<(), listener::OpError>(())
//! ```
//!
//! Go: `net.TCPListener`, `net.Listen`

#![forbid(unsafe_code)]

mod backoff;
mod config;
mod incoming;
mod listener;

pub use conn;
pub use netfd::{Addr, Control, ControlledSocket, Error, KeepAliveConfig, NetFd, Netpoll, OpError};

pub use backoff::Backoff;
pub use config::{ListenConfig, listen};
pub use incoming::Incoming;
pub use listener::Listener;
