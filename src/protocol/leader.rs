//! Who leads a partition now, as a broker says that refuses a request because it does not
//! (KIP-951). It comes with the refusal, so that metadata need not be asked for.

use kafka_protocol::messages::{
    fetch_response, produce_response, share_acknowledge_response, share_fetch_response,
};

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

/// The leader of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeader {
    pub partition: i32,
    pub leader: i32,
    pub epoch: i32,
    /// If the broker says where it is.
    pub node: Option<Node>,
}

/// The brokers that a response names, by the type that each response has for them.
pub trait Endpoint {
    fn id(&self) -> i32;
    fn node(&self) -> Node;
}

macro_rules! endpoints {
    ($($response:ident)*) => {$(
        impl Endpoint for $response::NodeEndpoint {
            fn id(&self) -> i32 {
                self.node_id.0
            }

            fn node(&self) -> Node {
                Node {
                    id: self.node_id.0,
                    host: self.host.to_string(),
                    port: self.port,
                    rack: self.rack.as_ref().map(ToString::to_string),
                }
            }
        }
    )*};
}
endpoints! { produce_response fetch_response share_fetch_response share_acknowledge_response }

impl NewLeader {
    /// `None` if the broker does not say, since it is older or does not know.
    pub fn told<E: Endpoint>(
        partition: i32,
        leader: i32,
        epoch: i32,
        endpoints: &[E],
    ) -> Option<Self> {
        let node = endpoints.iter().find(|e| e.id() == leader);
        (leader >= 0 && epoch >= 0).then(|| NewLeader {
            partition,
            leader,
            epoch,
            node: node.map(Endpoint::node),
        })
    }
}
