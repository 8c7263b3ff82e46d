//! One test body, three executors.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt;
use netfd::{Netpoll, Timer};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An executor that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Exec {
    /// The project's own.
    Runtime,
    /// tokio, with two workers.
    Tokio,
    /// `futures::executor::block_on` on a thread for each task.
    Bare,
}

impl Exec {
    /// Runs a test's body to its end.
    pub fn run<T>(self, body: impl Future<Output = T>) -> T {
        match self {
            Exec::Runtime => runtime::block_on(body),
            Exec::Tokio => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .build()
                .expect("tokio starts")
                .block_on(body),
            Exec::Bare => futures::executor::block_on(body),
        }
    }

    /// Starts a task; the future yields its result, or panics as the task did.
    pub fn spawn<T: Send + 'static>(self, task: impl Future<Output = T> + Send + 'static) -> Boxed<T> {
        match self {
            Exec::Runtime => runtime::go(task).map(|done| done.expect("the task ends")).boxed(),
            Exec::Tokio => tokio::spawn(task).map(|done| done.expect("the task ends")).boxed(),
            Exec::Bare => {
                let (send, receive) = futures::channel::oneshot::channel();
                std::thread::spawn(move || send.send(futures::executor::block_on(task)));
                receive.map(|done| done.expect("the task ends")).boxed()
            }
        }
    }

    /// Waits.
    pub async fn sleep(self, duration: Duration) {
        Timer::after(&Netpoll::global().expect("a poller"), duration).await;
    }
}

/// A test for each executor, in a module of the test's name: `on_every_executor!(name, |exec| async move { … });`
#[macro_export]
macro_rules! on_every_executor {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "not every body needs what its file imports")]
            use super::*;

            fn run(exec: $crate::exec::Exec) {
                exec.run(($body)(exec));
            }

            #[test]
            fn runtime() {
                run($crate::exec::Exec::Runtime);
            }

            #[test]
            fn tokio() {
                run($crate::exec::Exec::Tokio);
            }

            #[test]
            fn bare() {
                run($crate::exec::Exec::Bare);
            }
        }
    };
}
