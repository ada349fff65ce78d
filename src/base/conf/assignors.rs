//! The assignors named in `partition.assignment.strategy`.

use super::Conf;
use super::words::{Assignor, Word};
use crate::base::error::{ErrorCode, KafkaError};

impl Assignor {
    /// Whether partitions move one by one, instead of all being given up first.
    pub fn is_cooperative(self) -> bool {
        self == Assignor::CooperativeSticky
    }
}

impl Conf {
    /// The assignors to offer to the group, best first, each once.
    pub fn assignors(&self) -> Result<Vec<Assignor>, KafkaError> {
        let wrong = |text| Err(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        let strategy = self.global.partition_assignment_strategy.as_deref();
        let strategy = strategy.unwrap_or_default();
        let mut assignors = Vec::new();
        let mut rest = strategy;
        while !rest.is_empty() {
            rest = rest.trim_start_matches([' ', ',']);
            let (name, after) = rest.split_once(',').unwrap_or((rest, ""));
            let name = name.trim_end();
            let Some(assignor) = Assignor::from_word(name) else {
                return wrong(format!("Unsupported partition.assignment.strategy: {name}"));
            };
            if !assignors.contains(&assignor) {
                assignors.push(assignor);
            }
            rest = after;
        }
        let cooperative = assignors.iter().filter(|a| a.is_cooperative()).count();
        if cooperative != 0 && cooperative != assignors.len() {
            return wrong(format!(
                "partition.assignment.strategy ({strategy}) mixes eager and cooperative assignors: a \
                 group has one kind of them"
            ));
        }
        Ok(assignors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(strategy: &str) -> Result<Vec<Assignor>, String> {
        let mut conf = Conf::new();
        conf.set("partition.assignment.strategy", Some(strategy))
            .unwrap();
        conf.assignors().map_err(|error| error.text)
    }

    #[test]
    fn names_are_read_in_order() {
        use Assignor::{CooperativeSticky, Range, RoundRobin};
        assert_eq!(Conf::new().assignors(), Ok(vec![Range, RoundRobin]));
        assert_eq!(
            of(" roundrobin , range,roundrobin,"),
            Ok(vec![RoundRobin, Range])
        );
        assert_eq!(of("cooperative-sticky"), Ok(vec![CooperativeSticky]));
    }

    #[test]
    fn unknown_names_and_mixed_kinds_are_refused() {
        let unknown = "Unsupported partition.assignment.strategy: ";
        assert_eq!(of("range,nope"), Err(format!("{unknown}nope")));
        assert_eq!(of("range,,"), Err(unknown.to_owned()));
        let mixed = of("range,cooperative-sticky").unwrap_err();
        assert!(
            mixed.starts_with("partition.assignment.strategy (range,cooperative-sticky) mixes")
        );
    }
}
