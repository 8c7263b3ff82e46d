//! One client: its connection, and how far its message is.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use return_stack::after;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::Socket;

use crate::pattern::Pattern;
use crate::source;

/// What a short receive does not tell, and the event does.
pub(super) const MORE: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);

const ALL: EventFlags = EventFlags::ET.union(EventFlags::IN).union(EventFlags::OUT).union(EventFlags::RDHUP);

/// One client.
pub(super) struct Client {
    index: usize,
    socket: Option<Socket>,
    /// Which message it is.
    nth: u64,
    under_way: bool,
    sent: usize,
    got: usize,
    began: Instant,
    /// Messages of the window.
    pub(super) done: u64,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing can be done before the next event.
    Waits,
    /// All of it has come back.
    Whole,
}

impl Client {
    pub(super) fn new(index: usize) -> Client {
        Client {
            index,
            socket: None,
            nth: 0,
            under_way: false,
            sent: 0,
            got: 0,
            began: Instant::now(),
            done: 0,
        }
    }

    /// Connects, and waits for it.
    pub(super) fn connect_now(
        &mut self,
        server: SocketAddr,
        nth: usize,
        epoll: &OwnedFd,
    ) -> anyhow::Result<()> {
        let socket = source::connect(server, nth).context("connect")?;
        socket.set_nonblocking(true)?;
        self.register(socket, epoll)
    }

    /// Begins to connect; a send tells how it went.
    pub(super) fn connect(&mut self, server: SocketAddr, nth: usize, epoll: &OwnedFd) -> anyhow::Result<()> {
        let socket = source::socket(server, nth, true).context("a socket")?;
        match socket.connect(&server.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error).context("connect"),
        }
        self.register(socket, epoll)
    }

    fn register(&mut self, socket: Socket, epoll: &OwnedFd) -> anyhow::Result<()> {
        epoll::add(epoll, &socket, EventData::new_u64(self.index as u64), ALL).context("epoll")?;
        self.socket = Some(socket);
        Ok(())
    }

    #[inline]
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = now;
        self.nth += 1;
        self.sent = 0;
        self.got = 0;
        self.under_way = true;
    }

    /// Ends the message; how long it took.
    #[inline]
    pub(super) fn complete(&mut self, now: Instant) -> Duration {
        self.under_way = false;
        now.saturating_duration_since(self.began)
    }

    /// Closes the connection, from which everything has been read: its peer reads the end.
    pub(super) fn close(&mut self) {
        self.socket = None;
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    pub(super) fn give_up(&mut self) {
        self.under_way = false;
        self.close();
    }

    /// How much of the message that is under way has not come back.
    pub(super) fn missing(&self, size: usize) -> Option<usize> {
        self.under_way.then(|| size - self.got)
    }

    /// Sends what the socket takes.
    #[inline]
    pub(super) fn send(&mut self, pattern: &Pattern) -> anyhow::Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        let message = pattern.message(self.index, self.nth);
        while self.sent < message.len() {
            match after(|| send(socket, &message[self.sent..], SendFlags::NOSIGNAL)) {
                Ok(sent) => self.sent += sent,
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error).context("send"),
            }
        }
        Ok(())
    }

    /// Does what can be done after an event.
    #[inline]
    pub(super) fn go_on(
        &mut self,
        pattern: &Pattern,
        received: &mut [u8],
        flags: EventFlags,
    ) -> anyhow::Result<Progress> {
        if self.under_way {
            self.send(pattern)?;
        }
        if !flags.intersects(EventFlags::IN.union(MORE)) {
            return Ok(Progress::Waits);
        }
        loop {
            let Some(socket) = &self.socket else { return Ok(Progress::Waits) };
            let came = match after(|| recv(socket, &mut *received, RecvFlags::empty())) {
                Ok((0, _)) if self.under_way => bail!("the server closed it before the answer was whole"),
                Ok((0, _)) => bail!("the server closed it"),
                Ok((came, _)) => came,
                Err(Errno::AGAIN) => return Ok(Progress::Waits),
                Err(error) => return Err(error).context("receive"),
            };
            self.compare(pattern, &received[..came])?;
            if self.got == pattern.message(self.index, self.nth).len() {
                return Ok(Progress::Whole);
            }
            if came < received.len() && !flags.intersects(MORE) {
                return Ok(Progress::Waits);
            }
        }
    }

    /// Whether what came is what comes next of the message.
    #[inline]
    fn compare(&mut self, pattern: &Pattern, came: &[u8]) -> anyhow::Result<()> {
        let expected = match self.under_way {
            true => &pattern.message(self.index, self.nth)[self.got..self.sent],
            false => &[],
        };
        if came.len() > expected.len() {
            bail!("{} bytes more came back than were sent", came.len() - expected.len());
        }
        if came != &expected[..came.len()] {
            let at = came.iter().zip(expected).take_while(|(came, expected)| came == expected).count();
            bail!("message {}: byte {} is not the one that was sent", self.nth, self.got + at);
        }
        self.got += came.len();
        Ok(())
    }
}
