//! ListConsumerGroups, DescribeConsumerGroups and DeleteGroups.

mod by_group;
mod delete;
mod describe;
mod list;

pub use delete::delete;
pub use describe::describe;
pub use list::list;

#[cfg(test)]
mod tests;
