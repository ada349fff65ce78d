//! Looking up names. That can take long and nothing can interrupt it: a thread of its own
//! for each keeps the loop, and so `rd_kafka_destroy`, responsive.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::transport::{Family, SocketHooks};
use crate::base::thread;

/// What came of a look-up.
pub struct Answer {
    number: u64,
    pub result: io::Result<Vec<SocketAddr>>,
}

/// Told of an answer on the look-up's thread.
type Done = Arc<dyn Fn(Answer) + Send + Sync>;

/// The look-ups of one link, of which only the last one matters.
pub struct LookUps {
    done: Done,
    last: u64,
    /// Threads that run the application's function.
    threads: Vec<JoinHandle<()>>,
}

impl LookUps {
    pub fn new(done: impl Fn(Answer) + Send + Sync + 'static) -> Self {
        LookUps {
            done: Arc::new(done),
            last: 0,
            threads: Vec::new(),
        }
    }

    /// Begins one. An address, which needs none, and an error are answered at once.
    pub fn begin(
        &mut self,
        hooks: &Arc<dyn SocketHooks>,
        host: String,
        port: u16,
        family: Family,
    ) -> Option<Answer> {
        self.last += 1;
        let number = self.last;
        if host.parse::<IpAddr>().is_ok() {
            let result = hooks.resolve(&host, port, family);
            return Some(Answer { number, result });
        }
        let foreign = hooks.resolves_itself();
        let (done, hooks) = (self.done.clone(), hooks.clone());
        let spawned = thread::spawn("rdk:resolver", move || {
            let result = hooks.resolve(&host, port, family);
            done(Answer { number, result });
        });
        match spawned {
            Ok(thread) if foreign => {
                self.threads.retain(|t| !t.is_finished());
                self.threads.push(thread);
            }
            // Left behind if need be: it holds only its answer's address.
            Ok(_) => {}
            Err(e) => {
                let result = Err(e);
                return Some(Answer { number, result });
            }
        }
        None
    }

    /// Not of an earlier look-up, whose name may have been another.
    pub fn is_last(&self, answer: &Answer) -> bool {
        answer.number == self.last
    }

    /// Waits for the threads that run the application's function.
    pub fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // The function's panics, if it could have any, are not ours.
            let _ = thread.join();
        }
    }
}
