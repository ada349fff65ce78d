//! `statistics.prometheus.listen`: the statistics of all instances of the process, for
//! Prometheus.
//!
//! The process has a list of its instances, and one of the addresses that some of them want
//! served, each by a thread ([`server`]). Both change under a lock that is held over a fork
//! (`base::fork`): a child has neither the instances nor the threads, and its own may serve
//! what they like. The threads read the first list without it, so that one can be waited
//! for under the lock.

mod http;
mod server;
mod table;
mod text;

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use crossbeam_channel::Sender;

use super::command::{MainCommand, MainSender, StatisticsReply};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::fork::{self, Generation};
use crate::base::lock::Mutex;
use crate::base::standard;
use server::Server;

/// An instance among those of the process, until it goes.
pub struct Listed {
    id: u64,
    listens: Option<SocketAddr>,
    made: Generation,
}

struct Process {
    made: Option<Generation>,
    served: Vec<Served>,
}

type Instances = Vec<(u64, MainSender)>;

/// An address, and how many instances want it.
struct Served {
    address: SocketAddr,
    wanted_by: usize,
    server: Server,
}

/// Locked by whoever holds `fork::listing`.
static PROCESS: Mutex<Process> = Mutex::new(Process {
    made: None,
    served: Vec::new(),
});

/// All of the process; changed under the same lock.
static INSTANCES: ArcSwapOption<Instances> = ArcSwapOption::const_empty();

static LAST_ID: AtomicU64 = AtomicU64::new(0);

fn with_process<R>(work: impl FnOnce(&mut Process) -> R) -> R {
    let _held_over_forks = fork::listing();
    let mut process = PROCESS.lock();
    if process.made != Some(Generation::current()) {
        // What a parent has left is the parent's: its threads are not here.
        std::mem::forget(std::mem::take(&mut process.served));
        std::mem::forget(INSTANCES.swap(None));
        process.made = Some(Generation::current());
    }
    work(&mut process)
}

/// Adds an instance, and serves its address if it has one and nobody does yet.
pub fn join(listen: Option<&str>, main: &MainSender) -> Result<Listed, KafkaError> {
    let listens = listen.map(address).transpose()?;
    let id = LAST_ID.fetch_add(1, Ordering::Relaxed);
    with_process(|process| {
        if let Some(address) = listens {
            process.serve(address)?;
        }
        change_instances(|all| all.push((id, main.clone())));
        Ok(Listed {
            id,
            listens,
            made: Generation::current(),
        })
    })
}

fn change_instances(change: impl FnOnce(&mut Instances)) {
    let mut all = INSTANCES
        .load_full()
        .map_or_else(Vec::new, |all| all.to_vec());
    change(&mut all);
    // Nothing is left behind by the last one.
    INSTANCES.store((!all.is_empty()).then(|| Arc::new(all)));
}

impl Process {
    fn serve(&mut self, address: SocketAddr) -> Result<(), KafkaError> {
        if let Some(served) = self.served.iter_mut().find(|s| s.address == address) {
            if served.server.has_ended() {
                served.server = start(address)?;
            }
            served.wanted_by += 1;
            return Ok(());
        }
        let server = start(address)?;
        self.served.push(Served {
            address,
            wanted_by: 1,
            server,
        });
        Ok(())
    }
}

fn start(address: SocketAddr) -> Result<Server, KafkaError> {
    Server::start(address).map_err(|e| {
        let text = format!("statistics.prometheus.listen: cannot listen on {address}: {e}");
        KafkaError::new(ErrorCode::_CRIT_SYS_RESOURCE, text)
    })
}

impl Drop for Listed {
    fn drop(&mut self) {
        if !self.made.is_current() {
            return;
        }
        with_process(|process| {
            change_instances(|all| all.retain(|(id, _)| *id != self.id));
            let served = |s: &Served| Some(s.address) == self.listens;
            if let Some(at) = process.served.iter().position(served)
                && let Some(served) = process.served.get_mut(at)
            {
                served.wanted_by -= 1;
                if served.wanted_by == 0 {
                    // The address is free when it returns: the next may want it.
                    process.served.swap_remove(at).server.stop();
                }
            }
        });
    }
}

/// Asks every instance. The ids of those that are to answer.
fn ask_all(answers: &Sender<Answer>, wake: impl Fn() + Clone + Send + 'static) -> Vec<u64> {
    let all = INSTANCES.load_full().unwrap_or_default();
    for (id, main) in all.iter() {
        let (answers, wake) = (answers.clone(), wake.clone());
        let id = *id;
        let reply = StatisticsReply::new(move |statistics| {
            // The server may have ended.
            let _ = answers.send(Answer { id, statistics });
            wake();
        });
        main.send(MainCommand::Statistics(reply));
    }
    all.iter().map(|(id, _)| *id).collect()
}

/// None: the instance is gone.
struct Answer {
    id: u64,
    statistics: Option<String>,
}

/// `HOST:PORT`; a name is looked up.
fn address(listen: &str) -> Result<SocketAddr, KafkaError> {
    let refuse = |why: String| {
        let text = format!("statistics.prometheus.listen: '{listen}' {why}");
        KafkaError::new(ErrorCode::_INVALID_ARG, text)
    };
    let _taken = standard::take();
    let mut found = listen
        .to_socket_addrs()
        .map_err(|e| refuse(format!("is no HOST:PORT to listen on: {e}")))?;
    let first = found.next();
    first.ok_or_else(|| refuse("has no address".into()))
}

#[cfg(all(test, not(loom)))]
mod tests;
