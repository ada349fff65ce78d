//! `kafka-admin cluster`.

use rdkafka::capi::admin::cluster::*;
use rdkafka::capi::admin::elect_leaders::*;
use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::results::*;
use rdkafka::capi::types::*;
use serde_json::json;

use crate::arguments::{Cluster, Partition};
use crate::client::{Admin, List, array, error, optional, string};
use crate::output::Table;

pub fn run(admin: &Admin, command: &Cluster) -> Result<Table, String> {
    match command {
        Cluster::Describe => describe(admin),
        Cluster::Elect {
            partitions,
            unclean,
        } => elect(admin, partitions, *unclean),
    }
}

fn describe(admin: &Admin) -> Result<Table, String> {
    let mut table = Table::new(&["cluster", "broker", "host", "port", "rack", "controller"]);
    // SAFETY: the event owns the result.
    unsafe {
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER.0, |options, queue| {
            rd_kafka_DescribeCluster(admin.rk, options, queue);
        })?;
        let result = rd_kafka_event_DescribeCluster_result(event.0);
        let id = json!(optional(rd_kafka_DescribeCluster_result_cluster_id(result)));
        let controller = rd_kafka_DescribeCluster_result_controller(result);
        let controller = (!controller.is_null()).then(|| rd_kafka_Node_id(controller));
        for node in array(|n| rd_kafka_DescribeCluster_result_nodes(result, n)) {
            let broker = rd_kafka_Node_id(node);
            table.row([
                id.clone(),
                json!(broker),
                json!(string(rd_kafka_Node_host(node))),
                json!(rd_kafka_Node_port(node)),
                json!(optional(rd_kafka_Node_rack(node))),
                json!(controller == Some(broker)),
            ]);
        }
    }
    Ok(table)
}

fn elect(admin: &Admin, partitions: &[Partition], unclean: bool) -> Result<Table, String> {
    let mut list = List::new();
    for Partition { topic, partition } in partitions {
        list.add(topic, *partition, 0)?;
    }
    let all = std::ptr::null_mut();
    let asked = if partitions.is_empty() { all } else { list.0 };
    let kind = if unclean {
        RD_KAFKA_ELECTION_TYPE_UNCLEAN
    } else {
        RD_KAFKA_ELECTION_TYPE_PREFERRED
    };
    let mut table = Table::new(&["topic", "partition", "error"]);
    // SAFETY: the objects are this function's, and the event owns the result.
    unsafe {
        let election = rd_kafka_ElectLeaders_new(kind, asked);
        let event = admin.ask(RD_KAFKA_ADMIN_OP_ELECTLEADERS.0, |options, queue| {
            rd_kafka_ElectLeaders(admin.rk, election, options, queue);
        });
        rd_kafka_ElectLeaders_destroy(election);
        let event = event?;
        let result = rd_kafka_event_ElectLeaders_result(event.0);
        for partition in array(|n| rd_kafka_ElectLeaders_result_partitions(result, n)) {
            let Some(element) = rd_kafka_topic_partition_result_partition(partition).as_ref()
            else {
                continue;
            };
            let error = table.outcome(error(rd_kafka_topic_partition_result_error(partition)));
            table.row([
                json!(string(element.topic)),
                json!(element.partition),
                error,
            ]);
        }
    }
    Ok(table)
}
