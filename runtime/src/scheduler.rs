//! The run queue, the idle workers, and the tasks that a shutdown has to end.
//!
//! Go: `runtime.schedt`
//!
//! One lock covers the queue and the list of idle workers, so a worker that lies down and a task that comes cannot miss
//! each other. No task runs, wakes or is dropped under it.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use netfd::{Netpoll, Unparker};

use crate::contained::Contained;
use crate::sync::tasks::{self, Runnable};
use crate::sync::thread::{self, JoinHandle as ThreadHandle};
use crate::sync::{Arc, Mutex, MutexGuard, catch, lock};
use crate::{JoinError, JoinHandle, worker};

/// What the workers of a runtime share.
pub(crate) struct Scheduler {
    netpoll: Netpoll,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Runnable>,
    /// Idle workers; the one that lay down last gets up first, for its caches are warm.
    idle: Vec<(WorkerId, Unparker)>,
    threads: Vec<(WorkerId, ThreadHandle<()>)>,
    /// Threads of workers that have ended, or are about to: whoever comes next waits for them.
    ended: Vec<ThreadHandle<()>>,
    /// Live tasks' wakers: a shutdown wakes them all, and drops them as they come.
    tasks: BTreeMap<u64, Waker>,
    next: u64,
    /// Workers that may end, since those whom they replaced are back.
    surplus: usize,
    shut_down: bool,
}

/// Names a worker within its runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkerId(pub(crate) u64);

/// What a worker is to do.
pub(crate) enum Next {
    Run(Runnable),
    /// It stands in the list of idle workers now.
    Park,
    Quit,
}

impl Scheduler {
    pub(crate) fn new(netpoll: Netpoll) -> Scheduler {
        Scheduler { netpoll, state: Mutex::new(State::default()) }
    }

    pub(crate) fn netpoll(&self) -> &Netpoll {
        &self.netpoll
    }

    /// Starts a task.
    pub(crate) fn spawn<F>(scheduler: &Arc<Scheduler>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let id = scheduler.number();
        let registered = Registered { scheduler: scheduler.clone(), id };
        let guarded = Guarded { future: Contained::new(Box::pin(future)), registered };
        let queue = scheduler.clone();
        let (runnable, task) = tasks::spawn(guarded, move |runnable| queue.schedule(runnable));
        tracing::trace!(target: "runtime", task = id, "go");
        scheduler.lock().tasks.insert(id, runnable.waker());
        runnable.schedule();
        JoinHandle::new(task)
    }

    /// Puts a task into the queue and wakes a worker for it. After a shutdown the task is dropped instead.
    ///
    /// Go: `runtime.ready`
    #[doc(alias = "ready")]
    fn schedule(&self, runnable: Runnable) {
        let (dropped, sleeper) = {
            let mut state = self.lock();
            if state.shut_down {
                (Some(runnable), None)
            } else {
                state.queue.push_back(runnable);
                (None, state.pick_idle(worker::current_id(self)))
            }
        };
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
        drop(dropped);
    }

    /// The next task, or a place among the idle.
    ///
    /// Go: `runtime.findRunnable`
    #[doc(alias = "findRunnable")]
    pub(crate) fn next(&self, worker: WorkerId, unparker: &Unparker) -> Next {
        let mut state = self.lock();
        state.idle.retain(|(id, _)| *id != worker);
        if state.shut_down {
            return Next::Quit;
        }
        if let Some(runnable) = state.queue.pop_front() {
            return Next::Run(runnable);
        }
        if state.surplus > 0 {
            state.surplus -= 1;
            state.leave(worker);
            return Next::Quit;
        }
        state.idle.push((worker, unparker.clone()));
        Next::Park
    }

    /// A number that no other task or worker of this runtime has.
    fn number(&self) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        state.next
    }

    pub(crate) fn worker_id(&self) -> WorkerId {
        WorkerId(self.number())
    }

    /// Remembers a worker's thread, to be waited for. After a shutdown, which waits for no more, it is waited for here:
    /// it ends at its first look.
    pub(crate) fn adopt(&self, worker: WorkerId, thread: ThreadHandle<()>) {
        let ended = {
            let mut state = self.lock();
            let mut ended = std::mem::take(&mut state.ended);
            if state.shut_down {
                ended.push(thread);
            } else {
                state.threads.push((worker, thread));
            }
            ended
        };
        ended.into_iter().for_each(join);
    }

    /// One worker more than there need be: the next that finds nothing to do ends.
    pub(crate) fn retire_one(&self) {
        let idle = {
            let mut state = self.lock();
            state.surplus += 1;
            state.pick_idle(None)
        };
        if let Some(idle) = idle {
            idle.unpark();
        }
    }

    /// Ends the workers and drops the tasks.
    pub(crate) fn shut_down(&self) {
        let last = {
            let mut state = self.lock();
            let next = state.next;
            std::mem::replace(&mut *state, State { shut_down: true, next, ..State::default() })
        };
        last.idle.iter().for_each(|(_, unparker)| unparker.unpark());
        drop(last.queue);
        // A task that waits is scheduled by its waker, which drops it now.
        last.tasks.into_values().for_each(Waker::wake);
        last.threads.into_iter().map(|(_, thread)| thread).chain(last.ended).for_each(join);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Waits for a worker's thread to end.
fn join(thread: ThreadHandle<()>) {
    // A task may own its own runtime: its worker ends by itself. A worker's panic has been printed.
    if thread.thread().id() != thread::current().id() {
        let _ = thread.join();
    }
}

impl State {
    /// The worker to wake for a new task: none if the caller, in the midst of waking, is itself about to look.
    fn pick_idle(&mut self, caller: Option<WorkerId>) -> Option<Unparker> {
        match self.idle.iter().position(|(id, _)| Some(*id) == caller) {
            Some(own) => Some(self.idle.remove(own).1),
            None => self.idle.pop().map(|(_, unparker)| unparker),
        }
    }

    /// Moves a worker that ends to those to be waited for; one that was not adopted yet will be found among the others.
    fn leave(&mut self, worker: WorkerId) {
        if let Some(place) = self.threads.iter().position(|(id, _)| *id == worker) {
            self.ended.push(self.threads.swap_remove(place).1);
        }
    }
}

/// A task's entry in the list of live tasks.
struct Registered {
    scheduler: Arc<Scheduler>,
    id: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let waker = self.scheduler.lock().tasks.remove(&self.id);
        drop(waker);
        tracing::trace!(target: "runtime", task = self.id, "gone");
    }
}

/// A future whose panic becomes its result.
struct Guarded<F> {
    future: Contained<Pin<Box<F>>>,
    /// Dropped after the future.
    #[expect(dead_code, reason = "held for what its drop does")]
    registered: Registered,
}

impl<F: Future> Future for Guarded<F> {
    type Output = Contained<Result<F::Output, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch(|| self.future.get_mut().as_mut().poll(cx)) {
            Ok(polled) => polled.map(|output| Contained::new(Ok(output))),
            Err(payload) => Poll::Ready(Contained::new(Err(JoinError::panicked(payload)))),
        }
    }
}
