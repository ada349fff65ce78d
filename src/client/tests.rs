//! A client's requests on a mock cluster, one to each kind of target.

use std::any::Any;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use kafka_protocol::messages::{ApiKey, ListGroupsRequest, RequestKind};

use super::Client;
use super::command::MainCommand;
use super::hooks::{ConfBox, Hooks};
use super::types::{CommitResult, RebalanceEvent, ThreadKind};
use crate::base::conf::{ClientKind, Conf, TopicConf};
use crate::base::log::Line;
use crate::broker::observer::Observer;
use crate::broker::transport::tls::CertificateCheck;
use crate::broker::transport::{Plain, SocketHooks};
use crate::broker::{RequestError, Response};
use crate::coordinator::fan_out::{End, FanOut, Part, Step, question};
use crate::coordinator::{Kind, Target};
use crate::metadata::Refresh;
use crate::mock::{Cluster, Options};
use crate::producer::Delivery;
use crate::producer::partitioner::CustomPartitioner;

const PATIENCE: Duration = Duration::from_secs(60);

struct NoHooks;

impl Hooks for NoHooks {
    fn log(&self, _: &Line) {}
    fn partitioner(&self, _: &TopicConf) -> Option<Arc<dyn CustomPartitioner>> {
        None
    }
    fn open_file(&self, _: &str) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn sockets(&self) -> Arc<dyn SocketHooks> {
        Arc::new(Plain)
    }
    fn certificate_check(&self) -> Option<Arc<dyn CertificateCheck>> {
        None
    }
    fn thread(&self, _: bool, _: ThreadKind, _: &str) {}
    fn acknowledged(&self, _: &Delivery) {}
    fn committed(&self, _: &CommitResult) {}
    fn on_send(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
    fn link_observer(&self) -> Option<Arc<dyn Observer>> {
        None
    }
    fn address(&self) -> usize {
        0
    }
    fn rebalance(&self, _: &RebalanceEvent) {}
}

fn client(servers: &str) -> Arc<Client> {
    let mut conf = Conf::default();
    conf.global.set("bootstrap.servers", Some(servers)).unwrap();
    conf.finalize(ClientKind::Producer).unwrap();
    let conf: Box<dyn ConfBox> = Box::new(Box::new(conf));
    let client = Client::start(ClientKind::Producer, conf, Arc::new(NoHooks)).unwrap();
    client.begin();
    client
}

/// The broker that answered, for each target.
type Answers = Vec<Option<Result<i32, RequestError>>>;

struct AskAll {
    targets: Vec<Target>,
    answers: Answers,
}

impl FanOut for AskAll {
    type Output = (bool, Answers);

    fn split(&mut self) -> Vec<Part> {
        let part = |(id, target): (usize, &Target)| {
            let build = |_| RequestKind::ListGroups(ListGroupsRequest::default());
            Part::new(id, target.clone(), ApiKey::ListGroups, build).once()
        };
        self.targets.iter().enumerate().map(part).collect()
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        self.answers[id] = Some(result.map(|r| r.broker_id));
        Step::More(Vec::new())
    }

    fn merge(self: Box<Self>, end: End) -> Self::Output {
        (end == End::Answered, self.answers)
    }
}

fn ask(client: &Client, targets: &[Target], patience: Duration) -> (bool, Answers) {
    let (reply, answer) = bounded(1);
    let asked = Box::new(AskAll {
        targets: targets.to_vec(),
        answers: vec![None; targets.len()],
    });
    let question = question(asked, move |all| reply.send(all).unwrap());
    let deadline = Instant::now() + patience;
    client
        .shared
        .main
        .send(MainCommand::FanOut { question, deadline });
    answer.recv_timeout(patience + PATIENCE).unwrap()
}

#[test]
fn each_target_is_the_broker_it_means() {
    let cluster = Cluster::new(3, Options::default()).unwrap();
    let client = client(cluster.bootstraps());
    let what = Refresh::Topics(vec!["t".into()]);
    let snapshot = client.metadata(what, PATIENCE).unwrap();
    let (complete, answers) = ask(
        &client,
        &[
            Target::Any,
            Target::Broker(2),
            Target::Controller,
            Target::Coordinator(Kind::Group, "g".into()),
            Target::Coordinator(Kind::Transaction, "x".into()),
            Target::Broker(9),
        ],
        PATIENCE,
    );
    assert!(complete);
    let answers: Vec<_> = answers.into_iter().map(Option::unwrap).collect();
    assert!((1..=3).contains(answers[0].as_ref().unwrap()));
    assert_eq!(answers[1], Ok(2));
    assert_eq!(answers[2], Ok(snapshot.controller_id));
    assert!(answers[3].is_ok() && answers[4].is_ok(), "{answers:?}");
    assert!(matches!(answers[5], Err(RequestError::NoBroker(_))));
    client.stop(|| ());
}

#[test]
fn a_fan_out_ends_with_its_time() {
    // A port that no one listens at: it was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client(&address);
    let (complete, answers) = ask(&client, &[Target::Any], Duration::from_millis(200));
    assert!(
        !complete || matches!(answers[0], Some(Err(_))),
        "{answers:?}"
    );
    client.stop(|| ());
}
