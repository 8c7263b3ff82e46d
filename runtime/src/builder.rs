//! [`Builder`]: a runtime with more to choose than its number of workers.

use std::io;

use netfd::Netpoll;

use crate::Runtime;

/// How a [`Runtime`] is to be made.
///
/// ```
/// let netpoll = runtime::Netpoll::new()?;
/// let runtime = runtime::Runtime::builder().workers(2).netpoll(&netpoll).build()?;
/// assert_eq!(runtime.block_on(runtime.go(async { 7 })).ok(), Some(7));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing starts before `build`"]
pub struct Builder {
    workers: Option<usize>,
    netpoll: Option<Netpoll>,
}

impl Builder {
    /// How many threads run tasks; otherwise one for each processor that the process may use.
    ///
    /// Go: `runtime.GOMAXPROCS`
    #[doc(alias = "GOMAXPROCS")]
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// The poller that the workers run when they find no task, otherwise the process-wide one. Connections have to be made
    /// over the same one, or their events come from another thread.
    pub fn netpoll(mut self, netpoll: &Netpoll) -> Builder {
        self.netpoll = Some(netpoll.clone());
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for no workers, or more than [`Runtime::MAX_WORKERS`]; what the kernel says when it
    /// refuses the poller's descriptors or a thread, and which.
    pub fn build(self) -> io::Result<Runtime> {
        let processors =
            || std::thread::available_parallelism().map_or(1, usize::from).min(Runtime::MAX_WORKERS);
        let workers = self.workers.unwrap_or_else(processors);
        Runtime::check(workers)?;
        let netpoll = self
            .netpoll
            .map_or_else(Netpoll::global, Ok)
            .map_err(|error| io::Error::new(error.kind(), format!("the poller cannot be made: {error}")))?;
        Runtime::over(netpoll, workers)
    }
}
