//! The main loop's part in telemetry: lets [`Pusher`] work with what is its own.

use std::time::Instant;

use super::MainLoop;
use crate::client::command::TelemetryCommand;
use crate::client::consumer::machine::Machine;
use crate::client::context::MainContext;
use crate::client::telemetry::Pusher;

impl MainLoop {
    fn with_telemetry(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut Pusher, &mut MainContext<'_>, &Machine),
    ) {
        let Some(pusher) = &mut self.telemetry else {
            return;
        };
        let mut cx = MainContext {
            now,
            shared: &self.shared,
            router: &mut self.router,
            metadata: &mut self.metadata,
        };
        work(pusher, &mut cx, &self.consumer);
    }

    pub(super) fn telemetry_on_time(&mut self, now: Instant) {
        self.with_telemetry(now, Pusher::on_time);
    }

    pub(super) fn on_telemetry(&mut self, now: Instant, command: TelemetryCommand) {
        self.with_telemetry(now, |pusher, cx, consumer| match command {
            TelemetryCommand::Event(event) => pusher.tell(cx, consumer, event),
            TelemetryCommand::End(done) => pusher.end(cx, consumer, done),
        });
    }
}
