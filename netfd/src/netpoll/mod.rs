//! The poller that a process shares: descriptors wait in it, deadlines fire in it, threads take turns at driving it.
//!
//! Go: `runtime.netpollGenericInit`

pub(crate) mod deadline;
pub(crate) mod park_word;
pub(crate) mod poll_cache;
pub(crate) mod poll_desc;
pub(crate) mod ready_list;
pub(crate) mod shared;
pub(crate) mod until;

#[cfg(not(loom))]
use std::io;

use shared::Shared;

use crate::sync::Arc;

/// A poller: the process's own, or a separate one for tests and for sharding.
///
/// A cheap handle. Every descriptor keeps its poller alive; when the last handle goes, its stand-by thread ends.
///
/// **Wakers** are called by whoever makes a task able to go on: the thread that has polled, which may be the stand-by, or one that
/// closes a descriptor or moves a deadline. No lock is held meanwhile. A waker that panics hurts nobody else; one that blocks holds
/// up that thread, and with it all whose events came by the same poll.
///
/// Go: `runtime.netpollinit`
#[doc(alias = "netpollinit")]
#[derive(Clone)]
pub struct Netpoll(Arc<Handle>);

/// The part that only handles count: the stand-by thread shares what is below it, and is told when handles are no more.
struct Handle {
    shared: Arc<Shared>,
    #[cfg(not(loom))]
    standby: Option<std::thread::JoinHandle<()>>,
}

impl Netpoll {
    /// The process-wide poller, made at the first call.
    ///
    /// # Errors
    /// What the kernel says when it refuses descriptors or a thread; a later call tries again.
    ///
    /// Go: `runtime.netpollGenericInit`
    #[doc(alias = "netpollGenericInit")]
    #[cfg(not(loom))]
    pub fn global() -> io::Result<Netpoll> {
        static GLOBAL: std::sync::OnceLock<Netpoll> = std::sync::OnceLock::new();
        if let Some(netpoll) = GLOBAL.get() {
            return Ok(netpoll.clone());
        }
        // Of two that are made at once one is kept; the other ends with its handle.
        let made = Netpoll::new()?;
        Ok(GLOBAL.get_or_init(|| made).clone())
    }

    /// A poller apart from the process-wide one, with a stand-by thread of its own.
    ///
    /// # Errors
    /// What the kernel says when it refuses descriptors or a thread.
    #[cfg(not(loom))]
    pub fn new() -> io::Result<Netpoll> {
        let shared = Arc::new(Shared::new()?);
        let standby = shared.clone();
        let life = move || crate::driver::run_standby(&standby);
        let thread = std::thread::Builder::new().name("netpoll".into());
        let standby = Some(crate::sys::without_signals(|| thread.spawn(life))?);
        Ok(Netpoll(Arc::new(Handle { shared, standby })))
    }

    /// Gives this handle up, and if it was the last one, waits until the stand-by thread has ended and the poller's
    /// descriptors are closed. A handle that is only dropped does not wait.
    ///
    /// A waker that the stand-by calls at this moment must not wait for the caller.
    #[cfg(not(loom))]
    pub fn shutdown(self) {
        let Some(mut handle) = Arc::into_inner(self.0) else { return };
        let standby = handle.standby.take();
        drop(handle);
        // What the stand-by wakes may own the last handle.
        if let Some(standby) = standby.filter(|standby| standby.thread().id() != std::thread::current().id())
        {
            // Its panic has been printed.
            let _ = standby.join();
        }
    }

    /// A model has no thread to wait for.
    #[cfg(loom)]
    pub fn shutdown(self) {}

    /// A poller for models, which run the stand-by as one of their own threads, or do without.
    #[cfg(loom)]
    pub fn without_standby() -> Netpoll {
        let shared = Arc::new(Shared::new().expect("a fake kernel refuses nothing"));
        Netpoll(Arc::new(Handle { shared }))
    }

    /// Makes the thread that sleeps in this poller look up, now or when it next goes to sleep.
    ///
    /// Go: `runtime.netpollBreak`
    #[doc(alias = "netpollBreak")]
    pub fn break_poll(&self) {
        self.shared().break_poll();
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn shared_arc(&self) -> Arc<Shared> {
        self.0.shared.clone()
    }
}

impl std::fmt::Debug for Netpoll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Netpoll").finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.role.shut_down();
        self.shared.break_poll();
        self.shared.bell.ring();
    }
}
