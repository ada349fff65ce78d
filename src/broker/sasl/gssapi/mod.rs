//! GSSAPI: Kerberos 5 by MIT's library, which is opened at run time (`ffi.rs`).
//!
//! Tickets come from one of three places ([`Source`]): a keytab, by which the client gets
//! them itself; a command that the application gives; or what the process finds in its
//! environment. The library asks the KDC and waits for it, so that is done on a thread of
//! its own:
//!
//! ```text
//! prepare(host) ──► thread: ticket, first token ──► ready for a minute ──► begin(host)
//!                                               └─► failed, for a while ──► begin(host): why
//! ```
//!
//! Tickets of a keytab are renewed when half their time is over, by the library: each
//! login looks at them. A login that was not prepared, as one that renews a session, makes
//! its first token where it begins; only if its ticket has run out meanwhile does that
//! wait for the KDC.

mod exchange;
mod ffi;
pub mod kinit;

use std::collections::HashMap;
use std::ffi::CString;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{Login, Mechanism};
use crate::base::log::{Level, Logger, debug};
use crate::base::sync::Mutex;
use crate::base::thread;
use crate::broker::error::system_words;
use exchange::Gssapi;
use ffi::{Context, Credential, Failure, Library, Name};

/// A first token has the time in it, and brokers refuse one of some minutes ago.
const TOKEN_LASTS: Duration = Duration::from_secs(60);

/// After a failure the KDC is left alone for so long.
const FAILURE_LASTS: Duration = Duration::from_secs(3);

/// A command that takes longer is told about.
const SLOW_COMMAND: Duration = Duration::from_secs(5);

/// `sasl.kerberos.*`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KerberosSettings {
    pub service_name: String,
    pub principal: String,
    /// None unless it is set.
    pub keytab: Option<String>,
    /// None unless the application has set it; with the properties in it replaced.
    pub kinit_cmd: Option<String>,
    /// `sasl.kerberos.min.time.before.relogin`. Zero leaves tickets to the application:
    /// neither keytab nor command is used.
    pub relogin: Duration,
}

/// There may be a password in the command.
impl fmt::Debug for KerberosSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KerberosSettings")
            .field("service_name", &self.service_name)
            .field("principal", &self.principal)
            .field("keytab", &self.keytab)
            .field("has_kinit_cmd", &self.kinit_cmd.is_some())
            .field("relogin", &self.relogin)
            .finish()
    }
}

/// Where tickets come from.
enum Source {
    Keytab {
        principal: Name,
        keytab: CString,
        /// Of this client alone, in memory.
        cache: CString,
    },
    /// What a command renews is in the environment, too.
    Environment,
}

/// What the thread and the links share.
struct Kerberos {
    library: &'static Library,
    source: Source,
    service: String,
    /// What to look at when no ticket can be had.
    advice: String,
    hosts: Mutex<HashMap<String, Host>>,
    /// The command has run once, or there is none.
    ready: AtomicBool,
}

/// What was prepared for logins to a host.
enum Host {
    Fetching,
    There(Box<Gssapi>, Instant),
    Failed(String, Instant),
}

impl Host {
    /// Whether it says how a login begins, or soon will.
    fn is_current(&self, now: Instant) -> bool {
        match self {
            Host::Fetching => true,
            Host::There(_, since) => now.duration_since(*since) < TOKEN_LASTS,
            Host::Failed(_, since) => now.duration_since(*since) < FAILURE_LASTS,
        }
    }
}

/// Ends its thread when it goes, and wipes the tickets that it got.
pub struct GssapiLogin {
    kerberos: Arc<Kerberos>,
    /// The hosts to prepare for. None while it is dropped.
    wanted: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl GssapiLogin {
    /// An error says what is missing: the library, or what a property must be.
    pub fn new(
        settings: &KerberosSettings,
        logger: Arc<Logger>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, String> {
        let library = ffi::library()?;
        let source = source(library, settings)?;
        let command = settings
            .kinit_cmd
            .clone()
            .filter(|_| !settings.relogin.is_zero());
        let kerberos = Arc::new(Kerberos {
            library,
            source,
            service: settings.service_name.clone(),
            advice: advice(settings, command.is_some()),
            hosts: Mutex::default(),
            ready: AtomicBool::new(command.is_none()),
        });
        let (wanted, requests) = crossbeam_channel::unbounded();
        let worker = Worker {
            kerberos: kerberos.clone(),
            requests,
            command,
            interval: settings.relogin,
            logger,
            wake,
        };
        let counted = thread::Counted::new();
        let work = move || {
            worker.run();
            drop(counted);
        };
        let thread = thread::spawn("rdk:kerberos", work)
            .map_err(|error| format!("the thread for Kerberos cannot be started: {error}"))?;
        Ok(GssapiLogin {
            kerberos,
            wanted: Some(wanted),
            thread: Some(thread),
        })
    }
}

impl Drop for GssapiLogin {
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread's has been told.
            let _ = thread.join();
        }
        let hosts = std::mem::take(&mut *self.kerberos.hosts.lock());
        drop(hosts);
        if let Source::Keytab { cache, .. } = &self.kerberos.source {
            self.kerberos.library.destroy_cache(cache);
        }
    }
}

impl Login for GssapiLogin {
    fn mechanism(&self) -> &str {
        "GSSAPI"
    }

    fn is_ready(&self) -> bool {
        self.kerberos.ready.load(Ordering::Acquire)
    }

    fn prepare(&self, host: &str) -> bool {
        if !self.is_ready() {
            return false;
        }
        let now = Instant::now();
        let stale = {
            let mut hosts = self.kerberos.hosts.lock();
            match hosts.get(host) {
                Some(Host::Fetching) => return false,
                Some(current) if current.is_current(now) => return true,
                _ => hosts.insert(host.to_owned(), Host::Fetching),
            }
        };
        drop(stale);
        if let Some(wanted) = &self.wanted {
            // The thread lives as long as this does.
            let _ = wanted.send(host.to_owned());
        }
        false
    }

    fn begin(&self, host: &str) -> Result<Box<dyn Mechanism>, String> {
        match self.kerberos.take(host, Instant::now()) {
            Some(Ok(prepared)) => Ok(prepared),
            Some(Err(why)) => Err(why),
            None => Ok(self.kerberos.start(host)?),
        }
    }
}

impl Kerberos {
    /// What was prepared for a host. A failure stays for the others.
    fn take(&self, host: &str, now: Instant) -> Option<Result<Box<Gssapi>, String>> {
        let mut hosts = self.hosts.lock();
        match hosts.get(host) {
            Some(Host::Failed(why, _)) => Some(Err(why.clone())),
            Some(there @ Host::There(..)) if there.is_current(now) => match hosts.remove(host) {
                Some(Host::There(gssapi, _)) => Some(Ok(gssapi)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Takes a ticket, or gets one, and makes the first token.
    fn start(&self, host: &str) -> Result<Box<Gssapi>, String> {
        let credential = self.credential().map_err(|failure| {
            let why = self.keytab_fault().unwrap_or(failure.text);
            format!("no Kerberos ticket: {why}. See {}", self.advice)
        })?;
        let told = |failure: Failure| {
            let service = &self.service;
            format!(
                "no Kerberos ticket for {service}@{host}: {}. See whether that is the broker's \
                 principal (`sasl.kerberos.service.name` and the host's name), and {}",
                failure.text, self.advice
            )
        };
        let service = self.library.service(&self.service, host).map_err(told)?;
        let mut context = Context::new(credential, service);
        let (token, is_made) = context.step(None).map_err(told)?;
        Ok(Box::new(Gssapi::new(Box::new(context), token, is_made)))
    }

    /// The library does not say that a keytab cannot be read, but that there is no ticket.
    fn keytab_fault(&self) -> Option<String> {
        let Source::Keytab { keytab, .. } = &self.source else {
            return None;
        };
        let name = keytab.to_string_lossy();
        let path = name.strip_prefix("FILE:").unwrap_or(&name);
        // Other kinds of keytabs are no files.
        if path
            .split('/')
            .next()
            .is_some_and(|start| start.contains(':'))
        {
            return None;
        }
        let error = std::fs::File::open(path).err()?;
        Some(format!("{name} cannot be read: {}", system_words(&error)))
    }

    fn credential(&self) -> Result<Credential, Failure> {
        match &self.source {
            Source::Keytab {
                principal,
                keytab,
                cache,
            } => self.library.keytab_credential(principal, keytab, cache),
            Source::Environment => self.library.default_credential(),
        }
    }
}

fn source(library: &'static Library, settings: &KerberosSettings) -> Result<Source, String> {
    static CACHES: AtomicU64 = AtomicU64::new(0);
    let Some(keytab) = settings.keytab.as_deref().filter(|k| !k.is_empty()) else {
        return Ok(Source::Environment);
    };
    if settings.kinit_cmd.is_some() || settings.relogin.is_zero() {
        return Ok(Source::Environment);
    }
    let principal = library.principal(&settings.principal).map_err(|failure| {
        let name = &settings.principal;
        format!(
            "`sasl.kerberos.principal` ({name}) is no name of Kerberos: {}",
            failure.text
        )
    })?;
    // A forked child counts on where its parent was, but in memory of its own.
    let number = CACHES.fetch_add(1, Ordering::Relaxed);
    let cache = format!("MEMORY:librskafka-{number}");
    Ok(Source::Keytab {
        principal,
        keytab: ffi::c_text(keytab, "sasl.kerberos.keytab")?,
        cache: ffi::c_text(&cache, "cache")?,
    })
}

fn advice(settings: &KerberosSettings, has_command: bool) -> String {
    let principal = &settings.principal;
    match &settings.keytab {
        _ if has_command => "what `sasl.kerberos.kinit.cmd` does".to_owned(),
        Some(keytab) if settings.kinit_cmd.is_none() && !settings.relogin.is_zero() => format!(
            "whether {keytab} (`sasl.kerberos.keytab`) has a key of {principal} \
             (`sasl.kerberos.principal`), by `klist -k`"
        ),
        _ => "what tickets the process has, by `klist`, or set `sasl.kerberos.keytab`".to_owned(),
    }
}

/// The thread that waits for the KDC and for commands.
struct Worker {
    kerberos: Arc<Kerberos>,
    requests: Receiver<String>,
    /// To run at once, and then each `interval`.
    command: Option<String>,
    interval: Duration,
    logger: Arc<Logger>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Worker {
    /// Until the login goes.
    fn run(self) {
        let mut next_command = self.command.is_some().then(Instant::now);
        loop {
            if next_command.is_some_and(|at| at <= Instant::now()) {
                for host in self.renew() {
                    self.prepare(host);
                }
                next_command = Instant::now().checked_add(self.interval);
            }
            let request = match next_command {
                Some(at) => self.requests.recv_deadline(at),
                None => self.requests.recv().map_err(RecvTimeoutError::from),
            };
            match request {
                Ok(host) => self.prepare(host),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn prepare(&self, host: String) {
        let began = Instant::now();
        let started = self.kerberos.start(&host);
        let now = Instant::now();
        let took = now.duration_since(began).as_millis();
        let log = |text| self.logger.debug(debug::SECURITY, "GSSAPI", text);
        match &started {
            Ok(_) => log(format_args!(
                "The ticket for {host} was there after {took} ms"
            )),
            Err(why) => log(format_args!("After {took} ms: {why}")),
        }
        let outcome = match started {
            Ok(gssapi) => Host::There(gssapi, now),
            Err(why) => Host::Failed(why, now),
        };
        let old = self.kerberos.hosts.lock().insert(host, outcome);
        drop(old);
        (self.wake)();
    }

    /// Runs the command. Returns the hosts that were asked for meanwhile.
    fn renew(&self) -> Vec<String> {
        let mut asked = Vec::new();
        let Some(command) = &self.command else {
            return asked;
        };
        let began = Instant::now();
        let outcome = kinit::run(command, |time| match self.requests.recv_timeout(time) {
            Ok(host) => {
                asked.push(host);
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        });
        let took = began.elapsed();
        let ms = took.as_millis();
        if let Err(why) = outcome {
            self.logger.log(
                Level::Err,
                "SASLREFRESH",
                format_args!("No Kerberos ticket by `sasl.kerberos.kinit.cmd`: {why}"),
            );
        } else if took > SLOW_COMMAND {
            self.logger.log(
                Level::Warning,
                "SASLREFRESH",
                format_args!("`sasl.kerberos.kinit.cmd` took {ms} ms to get a Kerberos ticket"),
            );
        } else {
            self.logger.debug(
                debug::SECURITY,
                "SASLREFRESH",
                format_args!("`sasl.kerberos.kinit.cmd` got a Kerberos ticket in {ms} ms"),
            );
        }
        // A ticket of before may still be good, so links try, as with librdkafka. What
        // failed without the new one is tried again.
        let failed = {
            let mut hosts = self.kerberos.hosts.lock();
            let failed = |_: &String, host: &mut Host| matches!(host, Host::Failed(..));
            hosts.extract_if(failed).collect::<Vec<_>>()
        };
        drop(failed);
        if !self.kerberos.ready.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
        asked
    }
}
