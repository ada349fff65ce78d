//! What a broker is called.

/// What a link is known as; changes when its id becomes known.
#[derive(Debug, Default, Clone)]
pub struct Identity {
    pub host: String,
    pub port: u16,
    /// -1 for a bootstrap broker, -2 and so on for what is no broker of its own.
    pub node_id: i32,
    /// Stands in for host and port where they are not fixed: a coordinator.
    pub label: Option<String>,
}

impl Identity {
    /// The broker's id, -1 for what is no broker of its own.
    pub fn shown_id(&self) -> i32 {
        match self.label {
            Some(_) => -1,
            None => self.node_id,
        }
    }

    /// `host:port/id`, as log lines, statistics and errors name the broker.
    pub fn name(&self) -> String {
        match (&self.label, self.node_id) {
            (Some(label), _) => label.clone(),
            (None, id) if id < 0 => format!("{}:{}/bootstrap", self.host, self.port),
            (None, id) => format!("{}:{}/{id}", self.host, self.port),
        }
    }
}
