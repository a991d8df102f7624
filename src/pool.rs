//! A fixed number of workers, each running one future at a time.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;

use async_channel::Sender;
use smol::{Executor, Task};

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The concurrency limit.
///
/// The pool holds the only sender, so a running future has no way to submit another and wait
/// for it. That is what makes it impossible for the workers to starve one another:
///
/// ```compile_fail,E0597
/// # use {newsagg::pool::Pool, smol::Executor, std::num::NonZeroUsize};
/// # let executor = Executor::new();
/// let pool = Pool::new(&executor, NonZeroUsize::MIN);
/// let again = &pool;
/// pool.submit(async move { again.submit(async {}) }); // `pool` does not live long enough
/// ```
///
/// Dropping the pool cancels what is under way, at once.
#[derive(Debug)]
pub struct Pool {
    jobs: Sender<Job>,
    _workers: Vec<Task<()>>,
}

impl Pool {
    /// `workers` tasks on `executor`, waiting for work.
    pub fn new(executor: &Executor<'_>, workers: NonZeroUsize) -> Pool {
        let (jobs, queue) = async_channel::bounded::<Job>(workers.get());
        let worker = || {
            let queue = queue.clone();
            executor.spawn(async move {
                while let Ok(job) = queue.recv().await {
                    job.await;
                }
            })
        };
        Pool { jobs, _workers: (0..workers.get()).map(|_| worker()).collect() }
    }

    /// Hands `job` to a worker.
    ///
    /// # Panics
    /// If more jobs are under way than there are workers: the caller counts them.
    pub fn submit(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.jobs.try_send(Box::pin(job)).expect("no more jobs than workers");
    }
}
