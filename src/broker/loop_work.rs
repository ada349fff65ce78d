//! The work of a loop, as the threads know it that run it in the loop's place: the one that
//! produces ([`LoopWaker::run_inline`](super::event_loop::LoopWaker::run_inline)) and the
//! one that borrows the socket ([`socket_loan`](super::socket_loan)).

use std::time::Instant;

use mio::Registry;

/// A loop's work, as a thread sees it that runs it inline.
pub(super) trait LoopWork: Send {
    /// False while there is more to do than to send one small request.
    fn accepts_inline_turn(&self) -> bool;
    /// One turn. False: the loop would sleep past its next deadline, and must be woken.
    fn run_turn(&mut self, now: Instant) -> bool;
    /// Registers the socket with `borrower` instead of the loop, if there is a socket and
    /// all that arrived has been read.
    fn lend(&mut self, borrower: &Registry) -> bool;
    /// False: the loop's next deadline has changed, and it must be woken.
    fn take_back(&mut self) -> bool;
    /// As [`LoopWork::run_turn`], after something arrived at the socket that was lent, or
    /// its peer closed it.
    fn arrived(&mut self, closed: bool, now: Instant) -> bool;
}
