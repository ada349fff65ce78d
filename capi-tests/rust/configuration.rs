//! Prints CONFIGURATION.md, or with `--unbuilt` the properties that are accepted
//! and do nothing yet.

use rdkafka::base::conf::{configuration_md, unbuilt};

fn main() {
    if std::env::args().any(|arg| arg == "--unbuilt") {
        for row in unbuilt() {
            println!("{:?}\t{}\t{:?}", row.scope, row.name, row.area);
        }
    } else {
        print!("{}", configuration_md());
    }
}
