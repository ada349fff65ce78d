//! InitProducerId: an identity for an idempotent or transactional producer.

use crate::mock::state::txn::Pid;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};

pub fn handle(state: &mut ClusterState, cx: &Cx, request: InitProducerIdRequest) -> Reply {
    let given = Pid {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let outcome = match (&request.transactional_id, cx.error) {
        (_, code @ (..0 | 1..)) => Err(code),
        // Half of an identity is none.
        (_, 0) if (given.id == -1) != (given.epoch == -1) => Err(E::InvalidRequest.code()),
        (None, 0) => Ok(state.idempotent_producer()),
        (Some(id), 0) => {
            let expected = (given.id >= 0).then_some(given);
            state
                .init_transactions(cx, id, request.transaction_timeout_ms, expected)
                .map_err(|e| match e {
                    E::ProducerFenced if cx.version < 4 => E::InvalidProducerEpoch.code(),
                    e => e.code(),
                })
        }
    };
    let mut response = InitProducerIdResponse::default();
    match outcome {
        Ok(pid) => {
            response.producer_id = pid.id.into();
            response.producer_epoch = pid.epoch;
        }
        Err(code) => {
            response.error_code = code;
            response.producer_id = (-1).into();
            response.producer_epoch = -1;
        }
    }
    Reply::Now(response.into())
}
