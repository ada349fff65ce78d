use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, BrokerId, ConsumerGroupDescribeResponse, ConsumerProtocolAssignment,
    DeleteGroupsResponse, DescribeGroupsResponse, FindCoordinatorResponse, GroupId,
    ListGroupsResponse, MetadataResponse, RequestKind, ResponseKind, TopicName,
    consumer_group_describe_response as consumer, consumer_protocol_assignment as assignment,
    delete_groups_response::DeletableGroupResult, describe_groups_response as classic,
    find_coordinator_response::Coordinator, list_groups_response::ListedGroup,
    metadata_response::MetadataResponseBroker,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::by_group::{ByGroup, GroupOperation};
use super::{delete, describe, list};
use crate::admin::Request;
use crate::admin::options::{AdminOp, AdminOptions};
use crate::admin::results::AdminResult;
use crate::admin::results::groups::{GroupDescription, GroupListings, GroupResult};
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, FanOut, Part, Step};
use crate::protocol::strings::text;

type Answered = Result<Response, RequestError>;

fn response(version: i16, kind: impl Into<ResponseKind>) -> Answered {
    Ok(Response {
        kind: Some(kind.into()),
        version,
        rtt: Duration::ZERO,
        broker_id: 7,
        broker: Arc::from("host:9092/7"),
    })
}

fn parts(step: Step) -> Vec<Part> {
    match step {
        Step::More(parts) => parts,
        Step::End => panic!("it has ended"),
    }
}

fn only(mut parts: Vec<Part>) -> Part {
    assert_eq!(parts.len(), 1);
    parts.remove(0)
}

fn sent(part: &Part, version: i16) -> RequestKind {
    (part.build)(version)
}

/// Each key at the coordinator that `node` says; below 0 it stands for an error code.
fn found(keys: &[StrBytes], node: impl Fn(&str) -> i32) -> Answered {
    let coordinator = |key: &StrBytes| {
        let node = node(key);
        Coordinator::default()
            .with_key(key.clone())
            .with_node_id(BrokerId(node.max(-1)))
            .with_host(text("h"))
            .with_port(9092)
            .with_error_code(i16::try_from(-node.min(0)).unwrap())
    };
    let coordinators = keys.iter().map(coordinator).collect();
    response(
        4,
        FindCoordinatorResponse::default().with_coordinators(coordinators),
    )
}

fn keys(part: &Part) -> Vec<StrBytes> {
    match sent(part, 4) {
        RequestKind::FindCoordinator(request) => request.coordinator_keys,
        other => panic!("{other:?}"),
    }
}

fn groups(part: &Part) -> Vec<String> {
    let names = match sent(part, 1) {
        RequestKind::DeleteGroups(request) => request.groups_names,
        RequestKind::ConsumerGroupDescribe(request) => request.group_ids,
        RequestKind::DescribeGroups(request) => request.groups,
        other => panic!("{other:?}"),
    };
    names.iter().map(|name| name.to_string()).collect()
}

fn deleted(names: &[String], code: impl Fn(&str) -> i16) -> Answered {
    let result = |name: &String| {
        DeletableGroupResult::default()
            .with_group_id(GroupId(text(name)))
            .with_error_code(code(name))
    };
    let results = names.iter().map(result).collect();
    response(2, DeleteGroupsResponse::default().with_results(results))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn deletion(groups: &[&str], broker: Option<i32>) -> Box<ByGroup<delete::DeleteGroups>> {
    let mut options = AdminOptions::new(AdminOp::DELETE_GROUPS);
    options.broker = broker;
    Box::new(delete(names(groups), &Request::new(&options, 1000)))
}

fn results<O: GroupOperation>(operation: Box<ByGroup<O>>, end: End) -> Vec<GroupResult> {
    match operation.merge(end) {
        Ok(AdminResult::Groups(results)) => results,
        other => panic!("{other:?}"),
    }
}

fn codes(results: &[GroupResult]) -> Vec<(String, ErrorCode)> {
    let code = |error: &Option<KafkaError>| error.as_ref().map_or(ErrorCode::NO_ERROR, |e| e.code);
    let name = |result: &GroupResult| result.group.to_string_lossy().into_owned();
    results.iter().map(|r| (name(r), code(&r.error))).collect()
}

#[test]
fn groups_of_one_coordinator_share_a_request() {
    let mut q = deletion(&["c", "a", "b"], None);
    let find = only(q.split());
    assert_eq!(
        (find.target.clone(), find.api),
        (Target::Any, ApiKey::FindCoordinator)
    );
    let at = |name: &str| if name == "a" { 2 } else { 1 };
    let asked = parts(q.on_response(find.id, found(&keys(&find), at)));
    assert_eq!(asked.len(), 2);
    assert_eq!(groups(&asked[0]), ["c", "b"]);
    assert_eq!(asked[1].target, Target::Broker(2));
    for part in asked.iter().rev() {
        let answer = deleted(&groups(part), |name| if name == "b" { 69 } else { 0 });
        assert!(parts(q.on_response(part.id, answer)).is_empty());
    }
    let none = ErrorCode::NO_ERROR;
    let unknown = ErrorCode::GROUP_ID_NOT_FOUND;
    assert_eq!(
        codes(&results(q, End::Answered)),
        [
            ("c".into(), none),
            ("a".into(), none),
            ("b".into(), unknown)
        ]
    );
}

#[test]
fn older_brokers_are_asked_for_one_coordinator_after_the_other() {
    let mut q = deletion(&["a", "b"], None);
    let find = only(q.split());
    let one = |part: &Part| match sent(part, 3) {
        RequestKind::FindCoordinator(request) => request.key.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(one(&find), "a");
    let answer = || FindCoordinatorResponse::default().with_node_id(BrokerId(3));
    let next = parts(q.on_response(find.id, response(3, answer())));
    assert_eq!(
        (groups(&next[0]), one(&next[1])),
        (names(&["a"]), "b".into())
    );
    let asked = only(parts(q.on_response(next[1].id, response(3, answer()))));
    for part in [&next[0], &asked] {
        q.on_response(part.id, deleted(&groups(part), |_| 0));
    }
    let codes = codes(&results(q, End::Answered));
    assert!(codes.iter().all(|(_, code)| code.is_ok()), "{codes:?}");
}

#[test]
fn a_coordinator_that_moves_or_goes_is_found_again() {
    let mut q = deletion(&["a", "b", "c"], None);
    let find = only(q.split());
    // Not there yet, and refused for good.
    let at = |name: &str| match name {
        "a" => 1,
        "b" => -15,
        _ => -30,
    };
    let next = parts(q.on_response(find.id, found(&keys(&find), at)));
    assert_eq!(groups(&next[0]), ["a"]);
    assert_eq!(keys(&next[1]), [text("b")]);
    assert!(!next[1].after.is_zero() && next[0].single_attempt);
    let again = only(parts(
        q.on_response(next[0].id, deleted(&names(&["a"]), |_| 16)),
    ));
    assert_eq!(keys(&again), [text("a")]);
    assert!(again.after > next[1].after);
    let asked = only(parts(q.on_response(again.id, found(&keys(&again), |_| 2))));
    // The client does not know the broker: it learns it, once.
    let unknown = || Err(RequestError::NoBroker("broker of this id"));
    let learn = only(parts(q.on_response(asked.id, unknown())));
    assert_eq!(learn.api, ApiKey::Metadata);
    let asked = only(parts(
        q.on_response(learn.id, response(9, MetadataResponse::default())),
    ));
    assert_eq!(asked.target, Target::Broker(2));
    let again = only(parts(q.on_response(asked.id, unknown())));
    let asked = only(parts(q.on_response(again.id, found(&keys(&again), |_| 3))));
    assert_eq!(asked.target, Target::Broker(3));
    q.on_response(asked.id, deleted(&names(&["a"]), |_| 0));
    assert_eq!(
        codes(&results(q, End::TimedOut)),
        [
            ("a".into(), ErrorCode::NO_ERROR),
            ("b".into(), ErrorCode::_TIMED_OUT),
            ("c".into(), ErrorCode::GROUP_AUTHORIZATION_FAILED)
        ]
    );
}

#[test]
fn answers_that_do_not_fit_are_errors_of_the_groups() {
    let mut q = deletion(&["a", "b", "c"], None);
    let find = only(q.split());
    let strange = [text("a"), text("x"), text("a"), text("b")];
    let asked = only(parts(q.on_response(find.id, found(&strange, |_| 1))));
    assert_eq!(groups(&asked), ["a", "b"]);
    let twice = names(&["x", "a", "a", ""]);
    q.on_response(asked.id, deleted(&twice, |_| 0));
    // Nobody has sent this one.
    assert!(parts(q.on_response(4711, Err(RequestError::TimedOut))).is_empty());
    let bad = ErrorCode::_BAD_MSG;
    assert_eq!(
        codes(&results(q, End::Answered)),
        [
            ("a".into(), ErrorCode::NO_ERROR),
            ("b".into(), bad),
            ("c".into(), bad)
        ]
    );
    let mut q = deletion(&["a"], None);
    let find = only(q.split());
    q.on_response(find.id, response(4, MetadataResponse::default()));
    assert_eq!(codes(&results(q, End::Answered)), [("a".into(), bad)]);
}

#[test]
fn a_given_broker_is_asked_whatever_it_coordinates() {
    let mut q = deletion(&["a"], Some(7));
    let asked = only(q.split());
    assert_eq!(
        (asked.target.clone(), asked.api),
        (Target::Broker(7), ApiKey::DeleteGroups)
    );
    // It may come up: the router tries again.
    assert!(asked.class.is_some());
    assert!(
        parts(q.on_response(asked.id, deleted(&names(&["a"]), |_| 16))).is_empty(),
        "asked again"
    );
    let code = ErrorCode::NOT_COORDINATOR;
    assert_eq!(codes(&results(q, End::Answered)), [("a".into(), code)]);
}

/// Thousands of groups, with a window of requests and few of them.
#[test]
fn many_groups_take_few_requests() {
    const GROUPS: usize = 10_000;
    let all: Vec<String> = (0..GROUPS).map(|i| format!("g{i}")).collect();
    let options = AdminOptions::new(AdminOp::DELETE_GROUPS);
    let mut q = Box::new(delete(all.clone(), &Request::new(&options, 1000)));
    let mut out: Vec<Part> = q.split();
    let (mut finds, mut asks) = (0, 0);
    while let Some(part) = out.pop() {
        assert!(out.len() < 32, "{} are out", out.len());
        let answer = if part.api == ApiKey::FindCoordinator {
            finds += 1;
            found(&keys(&part), |name| i32::try_from(name.len()).unwrap())
        } else {
            asks += 1;
            deleted(&groups(&part), |_| 0)
        };
        out.extend(parts(q.on_response(part.id, answer)));
    }
    assert_eq!(finds, 20);
    assert!((100..130).contains(&asks), "{asks}");
    let results = codes(&results(q, End::Answered));
    assert!(results.iter().map(|(name, _)| name).eq(&all));
    assert!(results.iter().all(|(_, code)| code.is_ok()));
}

// --- descriptions

fn descriptions(answer: Result<AdminResult, KafkaError>) -> Vec<GroupDescription> {
    match answer {
        Ok(AdminResult::GroupDescriptions(all)) => all,
        other => panic!("{other:?}"),
    }
}

fn assigned(topic: &str, partitions: Vec<i32>) -> Bytes {
    let topic = assignment::TopicPartition::default()
        .with_topic(TopicName(text(topic)))
        .with_partitions(partitions);
    let message = ConsumerProtocolAssignment::default().with_assigned_partitions(vec![topic]);
    let mut out = BytesMut::new();
    out.put_i16(0);
    message.encode(&mut out, 0).unwrap();
    out.freeze()
}

fn classic_group(name: &str, protocol: &str, assignment: Bytes) -> classic::DescribedGroup {
    let member = classic::DescribedGroupMember::default()
        .with_member_id(text("m"))
        .with_client_id(text("c"))
        .with_member_assignment(assignment);
    classic::DescribedGroup::default()
        .with_group_id(GroupId(text(name)))
        .with_group_state(text("stable"))
        .with_protocol_type(text(protocol))
        .with_protocol_data(text("range"))
        .with_members(vec![member])
        .with_authorized_operations(0b1000)
}

fn consumer_group(name: &str, code: i16) -> consumer::DescribedGroup {
    let assignment = |partitions| {
        let topic = consumer::TopicPartitions::default()
            .with_topic_name(TopicName(text("t")))
            .with_partitions(partitions);
        consumer::Assignment::default().with_topic_partitions(vec![topic])
    };
    let member = consumer::Member::default()
        .with_member_id(text("m"))
        .with_instance_id(Some(text("i")))
        .with_assignment(assignment(vec![1]))
        .with_target_assignment(assignment(vec![1, 2]));
    consumer::DescribedGroup::default()
        .with_group_id(GroupId(text(name)))
        .with_error_code(code)
        .with_group_state(text("Reconciling"))
        .with_assignor_name(text("uniform"))
        .with_members(vec![member])
}

#[test]
fn groups_are_described_by_either_protocol() {
    let options = AdminOptions::new(AdminOp::DESCRIBE_CONSUMER_GROUPS);
    let all = ["new", "old", "connect", "broken", "gone", "secret"];
    let mut q = Box::new(describe(names(&all), &Request::new(&options, 1000)));
    let find = only(q.split());
    let first = only(parts(q.on_response(find.id, found(&keys(&find), |_| 1))));
    assert_eq!(first.api, ApiKey::ConsumerGroupDescribe);
    let code = |name: &str| match name {
        "new" => 0,
        "secret" => 30,
        "broken" => 35,
        _ => 69,
    };
    let answers = all.map(|name| consumer_group(name, code(name)));
    let answer = ConsumerGroupDescribeResponse::default().with_groups(answers.to_vec());
    let second = only(parts(q.on_response(first.id, response(1, answer))));
    assert_eq!(groups(&second), ["old", "connect", "broken", "gone"]);
    assert_eq!(second.max_version, Some(5));
    let dead = classic::DescribedGroup::default()
        .with_group_id(GroupId(text("gone")))
        .with_group_state(text("Dead"));
    let answers = vec![
        classic_group("old", "consumer", assigned("t", vec![2, 0])),
        classic_group("connect", "connect", Bytes::from_static(b"x")),
        classic_group(
            "broken",
            "consumer",
            Bytes::from_static(&[0, 0, 0, 9, 9, 9]),
        ),
        dead,
    ];
    let answer = DescribeGroupsResponse::default().with_groups(answers);
    q.on_response(second.id, response(5, answer));
    let all = descriptions(q.merge(End::Answered));
    let partitions = |list: &[crate::base::topic_partition::TopicPartition]| {
        list.iter().map(|p| p.partition).collect::<Vec<_>>()
    };
    let new = &all[0];
    assert_eq!((new.kind, new.state, new.simple), (1, 0, false));
    assert_eq!(partitions(&new.members[0].assignment), [1]);
    let target = new.members[0].target_assignment.as_deref().unwrap();
    assert_eq!(partitions(target), [1, 2]);
    assert_eq!(new.coordinator.as_ref().unwrap().id, 1);
    assert!(new.operations.is_none());
    let old = &all[1];
    assert_eq!((old.kind, old.state, old.simple), (2, 3, false));
    assert_eq!(partitions(&old.members[0].assignment), [2, 0]);
    assert!(old.members[0].target_assignment.is_none());
    assert_eq!(old.operations.as_deref(), Some([3].as_slice()));
    let code = |at: usize| all[at].error.as_ref().map(|error| error.code);
    assert_eq!(code(2), Some(ErrorCode::_INVALID_ARG));
    assert_eq!(code(3), Some(ErrorCode::_BAD_MSG));
    assert_eq!((code(4), all[4].state, all[4].simple), (None, 4, true));
    assert_eq!(code(5), Some(ErrorCode::GROUP_AUTHORIZATION_FAILED));
    assert!(all[5].coordinator.is_none() && all[5].assignor.is_none());
}

#[test]
fn brokers_without_the_new_protocol_are_asked_by_the_old_one() {
    let mut options = AdminOptions::new(AdminOp::DESCRIBE_CONSUMER_GROUPS);
    options.broker = Some(7);
    options.include_authorized_operations = true;
    let mut q = Box::new(describe(names(&["g"]), &Request::new(&options, 1000)));
    let first = only(q.split());
    let unsupported = Err(RequestError::Unsupported(ApiKey::ConsumerGroupDescribe));
    let second = only(parts(q.on_response(first.id, unsupported)));
    let asks = |version| match sent(&second, version) {
        RequestKind::DescribeGroups(request) => request.include_authorized_operations,
        other => panic!("{other:?}"),
    };
    assert!(!asks(2) && asks(3));
    let group = classic_group("g", "consumer", Bytes::new());
    let answer = DescribeGroupsResponse::default().with_groups(vec![group]);
    q.on_response(second.id, response(3, answer));
    let all = descriptions(q.merge(End::Answered));
    // The broker is known by its answer.
    let node = all[0].coordinator.as_ref().unwrap();
    assert_eq!((node.id, node.port), (7, 9092));
    assert_eq!(node.host.as_deref(), Some(c"host"));
}

// --- lists

fn listing(broker: Option<i32>) -> Box<list::ListConsumerGroups> {
    let mut options = AdminOptions::new(AdminOp::LIST_CONSUMER_GROUPS);
    options.broker = broker;
    options.set_group_states(&[3]).unwrap();
    options.set_group_types(&[2]).unwrap();
    Box::new(list(&Request::new(&options, 1000)))
}

fn brokers(ids: &[i32]) -> Answered {
    let broker = |id: &i32| MetadataResponseBroker::default().with_node_id(BrokerId(*id));
    let brokers = ids.iter().map(broker).collect();
    response(9, MetadataResponse::default().with_brokers(brokers))
}

fn group_list(code: i16, groups: &[(&str, &str)]) -> Answered {
    let group = |(name, protocol): &(&str, &str)| {
        ListedGroup::default()
            .with_group_id(GroupId(text(name)))
            .with_protocol_type(text(protocol))
            .with_group_state(text("Empty"))
            .with_group_type(text("classic"))
    };
    let groups = groups.iter().map(group).collect();
    let answer = ListGroupsResponse::default().with_groups(groups);
    response(5, answer.with_error_code(code))
}

fn listings(operation: Box<list::ListConsumerGroups>, end: End) -> GroupListings {
    match operation.merge(end) {
        Ok(AdminResult::GroupListings(listings)) => listings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_brokers_list_their_groups() {
    let mut q = listing(None);
    let first = only(q.split());
    assert_eq!(
        (first.target.clone(), first.api),
        (Target::Any, ApiKey::Metadata)
    );
    let asked = parts(q.on_response(first.id, brokers(&[3, 1, 2, 1, 4])));
    let by_broker: HashMap<_, _> = asked.iter().map(|p| (p.target.clone(), p.id)).collect();
    assert_eq!(by_broker.len(), 4);
    let filters = |version| match sent(&asked[0], version) {
        RequestKind::ListGroups(request) => {
            (request.states_filter.len(), request.types_filter.len())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        [filters(3), filters(4), filters(5)],
        [(0, 0), (1, 0), (1, 1)]
    );
    let id = |broker| by_broker[&Target::Broker(broker)];
    let others = [("b", "consumer"), ("a", ""), ("x", "connect"), ("b", "")];
    q.on_response(id(1), group_list(0, &others));
    q.on_response(id(2), group_list(0, &[("b", "consumer")]));
    q.on_response(id(3), group_list(31, &[]));
    let late = listings(q, End::TimedOut);
    let names: Vec<_> = late.valid.iter().map(|g| g.group.as_c_str()).collect();
    assert_eq!(names, [c"a", c"b"]);
    assert!(late.valid[0].simple && !late.valid[1].simple);
    assert_eq!((late.valid[0].state, late.valid[0].kind), (5, 2));
    let codes: Vec<_> = late.errors.iter().map(|error| error.code).collect();
    let refused = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    assert_eq!(codes, [refused, ErrorCode::_TIMED_OUT]);
}

/// The group's new coordinator may have answered before it was one.
#[test]
fn when_a_broker_is_lost_all_are_asked_again() {
    let mut q = listing(None);
    let first = only(q.split());
    let asked = parts(q.on_response(first.id, brokers(&[1, 2])));
    assert!(asked.iter().all(|part| part.single_attempt));
    let gone = Err(RequestError::NoBroker("broker of this id"));
    assert!(parts(q.on_response(asked[1].id, gone)).is_empty());
    let old = group_list(0, &[("b", "consumer"), ("old", "consumer")]);
    let again = only(parts(q.on_response(asked[0].id, old)));
    assert_eq!(again.api, ApiKey::Metadata);
    assert!(again.after > Duration::ZERO);
    let asked = only(parts(q.on_response(again.id, brokers(&[1]))));
    // It loads the groups of the other one.
    let again = only(parts(q.on_response(asked.id, group_list(14, &[]))));
    let asked = only(parts(q.on_response(again.id, brokers(&[1]))));
    let both = group_list(0, &[("b", "consumer"), ("moved", "consumer")]);
    assert!(parts(q.on_response(asked.id, both)).is_empty());
    let all = listings(q, End::Answered);
    let names: Vec<_> = all.valid.iter().map(|g| g.group.as_c_str()).collect();
    assert_eq!((names, all.errors.len()), (vec![c"b", c"moved"], 0));
}

#[test]
fn a_broker_that_stays_lost_is_an_error_beside_what_was_found() {
    let mut q = listing(None);
    let first = only(q.split());
    let asked = parts(q.on_response(first.id, brokers(&[1, 2])));
    q.on_response(asked[0].id, group_list(0, &[("b", "consumer")]));
    let late = || Err(RequestError::TimedOutInQueue);
    let again = only(parts(q.on_response(asked[1].id, late())));
    q.on_response(again.id, brokers(&[1, 2]));
    let all = listings(q, End::TimedOut);
    assert_eq!(all.valid.len(), 1);
    let codes: Vec<_> = all.errors.iter().map(|error| error.code).collect();
    assert_eq!(codes, [ErrorCode::_TIMED_OUT; 2]);
    let mut q = listing(Some(9));
    let first = only(q.split());
    assert!(!first.single_attempt);
    assert!(parts(q.on_response(first.id, late())).is_empty());
    assert_eq!(listings(q, End::Answered).errors.len(), 1);
}

#[test]
fn without_brokers_the_list_has_one_error() {
    let one = |operation, end| {
        let listings = listings(operation, end);
        assert!(listings.valid.is_empty() && listings.errors.len() == 1);
        listings.errors[0].code
    };
    let mut q = listing(None);
    q.split();
    assert_eq!(one(q, End::TimedOut), ErrorCode::_TIMED_OUT);
    let mut q = listing(None);
    let first = only(q.split());
    q.on_response(first.id, Err(RequestError::TimedOutInQueue));
    assert_eq!(one(q, End::Answered), ErrorCode::_TIMED_OUT);
    let mut q = listing(None);
    let first = only(q.split());
    q.on_response(first.id, brokers(&[]));
    assert_eq!(one(q, End::Answered), ErrorCode::_TRANSPORT);
    let mut q = listing(Some(9));
    let first = only(q.split());
    assert_eq!(first.target, Target::Broker(9));
    q.on_response(first.id, brokers(&[1]));
    assert_eq!(one(q, End::Answered), ErrorCode::_BAD_MSG);
}
