//! Results in the order of the arguments, which brokers do not keep.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// What was answered for each of `asked`, `None` for what the answers leave out. What was
/// asked for twice takes its answers one after the other. The error is the key of an answer
/// that nobody has asked for, or of one too many.
pub fn in_order<K, A>(
    asked: impl IntoIterator<Item = K>,
    answers: impl IntoIterator<Item = (K, A)>,
) -> Result<Vec<Option<A>>, K>
where
    K: Eq + Hash,
{
    let mut results = Vec::new();
    let mut open: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (place, key) in asked.into_iter().enumerate() {
        results.push(None);
        open.entry(key).or_default().push_back(place);
    }
    for (key, answer) in answers {
        let place = open.get_mut(&key).and_then(VecDeque::pop_front);
        match place.and_then(|place| results.get_mut(place)) {
            Some(result) => *result = Some(answer),
            None => return Err(key),
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_their_places() {
        let all = in_order(["a", "b", "c"], [("c", 3), ("a", 1)]);
        assert_eq!(all, Ok(vec![Some(1), None, Some(3)]));
        assert_eq!(in_order::<&str, ()>([], []), Ok(vec![]));
    }

    #[test]
    fn what_is_asked_for_twice_may_have_two_answers() {
        let all = in_order(["a", "b", "a"], [("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(all, Ok(vec![Some(1), Some(2), Some(3)]));
        let one = in_order(["a", "a"], [("a", 1)]);
        assert_eq!(one, Ok(vec![Some(1), None]));
    }

    #[test]
    fn an_answer_too_many_is_an_error() {
        assert_eq!(in_order(["a"], [("b", 1)]), Err("b"));
        assert_eq!(in_order(["a"], [("a", 1), ("a", 2)]), Err("a"));
    }
}
