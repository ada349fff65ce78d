//! What an instance begins with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use crate::base::lock::{Mutex, RwLock};
use arc_swap::ArcSwap;

use super::command::{MainCommand, MainSender};
use super::consumer::Consumer;
use super::event::EventQueue;
use super::hooks::{ConfBox, Hooks};
use super::security::Security;
use super::settings;
use super::share::ShareConsumer;
use super::shared::{ClientLog, ClientShared, ReportSink};
use super::types::events;
use crate::base::conf::{ClientKind, Conf};
use crate::base::error::KafkaError;
use crate::base::log::{Level, Logger};
use crate::base::queue::Queue;
use crate::base::tally::Gate;
use crate::base::time::wall_us;
use crate::broker::socket_loan::SocketLoans;
use crate::consumer::{ConsumerShared, share};
use crate::metadata::Snapshot;
use crate::producer::idempotence::Identity;
use crate::producer::limits::Limits;
use crate::producer::partition::ready::ReadyPartitions;
use crate::producer::transaction::SharedTransaction;
use crate::producer::{ProducerShared, ProducerStats};

/// Instances made by this process, for their names.
static INSTANCES: AtomicU32 = AtomicU32::new(0);

/// What the threads of a new instance share.
pub fn shared(
    kind: ClientKind,
    conf: Box<dyn ConfBox>,
    hooks: Arc<dyn Hooks>,
    main: MainSender,
    log: &Arc<ClientLog>,
) -> Result<ClientShared, KafkaError> {
    let name = name(kind, &conf);
    let logger = logger(&conf, log);
    let security = match Security::new(&conf, &*hooks, &logger, &main) {
        Ok(security) => security,
        Err(e) => {
            // The application still has the configuration: it must not be freed.
            conf.give_back();
            return Err(e);
        }
    };
    let main_queue: EventQueue = Arc::new(Queue::new());
    let sasl_queue = (security.tokens().is_some() && conf.global.enable_sasl_queue)
        .then(|| Arc::new(Queue::new()));
    let socket_loans = Arc::<SocketLoans>::default();
    main_queue.set_idle_work(socket_loans.clone());
    let producer = kind
        .is_producer()
        .then(|| producer(&conf, &hooks, &main, &main_queue, log, &logger));
    let core = ConsumerShared {
        settings: settings::consumer(&conf, kind),
        logger: logger.clone(),
    };
    let gate = Gate::default();
    let member_id = settings::member_id(&conf);
    let consumer = Consumer::new(Arc::new(core), main.clone(), member_id, &gate);
    let share = share(kind, &conf, &consumer, &main, &logger);
    // Lines wait here until the application says where they are to go.
    let log_queue = conf.global.log_queue.then(|| Arc::new(Queue::new()));
    Ok(ClientShared {
        name,
        kind,
        hooks,
        logger,
        security,
        main,
        main_queue,
        sasl_queue,
        socket_loans,
        log_queue: Mutex::new(log_queue),
        producer,
        consumer,
        share,
        topics: RwLock::new(HashMap::new()),
        metadata: ArcSwap::from_pointee(Snapshot {
            controller_id: -1,
            answered_by: -1,
            ..Snapshot::default()
        }),
        fatal: Mutex::new(None),
        broker_list: RwLock::new(Vec::new()),
        threads: AtomicI32::new(0),
        conf,
        gate,
        started_us: wall_us(),
        started: Instant::now(),
        consumed: AtomicU64::new(0),
        consumed_bytes: AtomicU64::new(0),
    })
}

fn share(
    kind: ClientKind,
    conf: &Conf,
    consumer: &Consumer,
    main: &MainSender,
    logger: &Arc<Logger>,
) -> Option<Arc<ShareConsumer>> {
    if kind != ClientKind::ShareConsumer {
        return None;
    }
    let core = Arc::new(share::Shared {
        settings: settings::share_consumer(conf),
        logger: logger.clone(),
        counters: share::Counters::default(),
        pace: share::Pace::default(),
    });
    let mode = conf.global.share_acknowledgement_mode.as_deref();
    let explicit = mode == Some("explicit");
    let queue = consumer.queue.clone();
    let consumer = ShareConsumer::new(core, explicit, queue, main.clone());
    Some(Arc::new(consumer))
}

fn name(kind: ClientKind, conf: &Conf) -> String {
    let number = INSTANCES.fetch_add(1, Ordering::Relaxed) + 1;
    let kind = match kind {
        ClientKind::Producer => "producer",
        ClientKind::Consumer | ClientKind::ShareConsumer => "consumer",
    };
    let id = conf.global.client_id.as_deref().unwrap_or_default();
    format!("{id}#{kind}-{number}")
}

fn logger(conf: &Conf, log: &Arc<ClientLog>) -> Arc<Logger> {
    let c = &conf.global;
    // Debugging asks for all lines; rd_kafka_set_log_level may still ask for fewer.
    let level = match c.debug {
        0 => c.log_level,
        _ => Level::Debug as i32,
    };
    let logger = Arc::new(Logger::new(level, c.debug, c.log_thread_name));
    logger.set_sink(Some(log.clone()));
    logger
}

fn producer(
    conf: &Conf,
    hooks: &Arc<dyn Hooks>,
    main: &MainSender,
    queue: &EventQueue,
    log: &Arc<ClientLog>,
    logger: &Arc<Logger>,
) -> Arc<ProducerShared> {
    let c = &conf.global;
    let wanted = c.dr_cb != 0 || c.dr_msg_cb != 0 || c.enabled_events & events::DR != 0;
    let settings = settings::producer(conf);
    let limits = Limits::new(settings.max_queued_messages, settings.max_queued_bytes);
    let sink = Arc::new(ReportSink {
        queue: queue.clone(),
        wanted,
        only_errors: c.delivery_report_only_error,
        hooks: hooks.clone(),
        main: main.clone(),
        failed: AtomicU64::new(0),
        log: log.clone(),
    });
    let wake = main.clone();
    Arc::new(ProducerShared {
        identity: Identity::new(&settings),
        transaction: SharedTransaction::of(&settings),
        fatal: AtomicBool::new(false),
        settings,
        limits,
        sink,
        logger: logger.clone(),
        leaderless: Arc::new(ReadyPartitions::new(Arc::new(move |_| {
            wake.send(MainCommand::Leaderless);
        }))),
        stats: ProducerStats {
            windows: settings::windows(conf),
            ..ProducerStats::default()
        },
    })
}
