//! The connections that are open, and how they end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use conn::{Conn, OpError};

/// How long connections may take after a signal to write what they have read.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client is silent that sends no more.
const QUIET: Duration = Duration::from_millis(100);

/// Ends a connection of which the client gets all that was written: input that nobody has read would make the end a
/// reset, and the kernel would drop what it has not sent yet. A client that never stops sending is cut off after five
/// seconds.
///
/// Not cancel-safe: dropped, the connection is half closed.
///
/// # Errors
/// An [`OpError`] if the connection was closed before.
pub async fn finish(conn: &Conn) -> Result<(), OpError> {
    conn.close_write()?;
    let end = Instant::now() + GRACE;
    let mut unread = vec![0; 16 << 10];
    loop {
        conn.set_read_deadline(Some(end.min(Instant::now() + QUIET)))?;
        if !matches!(conn.read(&mut unread).await, Ok(1..)) {
            return conn.close().await;
        }
    }
}

/// The connections that are open, and how many there have been.
#[derive(Default)]
pub(super) struct Connections(Mutex<Open>);

#[derive(Default)]
struct Open {
    conns: BTreeMap<u64, Conn>,
    /// How many there have been.
    count: u64,
    /// Since when no connection reads any more.
    finishing: Option<Instant>,
}

impl Connections {
    /// Notes a connection; what [`Connections::end`] is told.
    pub(super) fn begin(&self, conn: &Conn) -> u64 {
        let mut open = self.open();
        open.count += 1;
        let id = open.count;
        open.conns.insert(id, conn.clone());
        if open.finishing.is_some() {
            end_reading(conn);
        }
        id
    }

    pub(super) fn end(&self, id: u64) {
        self.open().conns.remove(&id);
    }

    /// Lets each connection write what it has read, and read no more.
    pub(super) fn finish(&self) {
        let mut open = self.open();
        open.finishing = Some(Instant::now());
        open.conns.values().for_each(end_reading);
    }

    /// What is left of the time that connections have to finish.
    pub(super) fn grace(&self) -> Duration {
        let since = self.open().finishing.map_or(Duration::ZERO, |signal| signal.elapsed());
        GRACE.saturating_sub(since)
    }

    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.open().count
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read that waits ends at once, and so does every later one.
fn end_reading(conn: &Conn) {
    // An error says that the connection was closed meanwhile.
    let _ = conn.set_read_deadline(Some(Instant::now()));
}
