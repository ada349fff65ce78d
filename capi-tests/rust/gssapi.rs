//! Logins by GSSAPI, with a KDC of MIT's and the broker's side by its library. Kafka itself
//! is in capi-tests/secure.
//!
//! The library reads KRB5_CONFIG and its like from the environment, so each test runs in a
//! process of its own. Without the programs of a KDC (Debian: krb5-kdc, krb5-user) nothing
//! is tested, and the reason printed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rdkafka::base::log::Logger;
use rdkafka::broker::sasl::gssapi::{GssapiLogin, kinit};
use rdkafka::broker::sasl::login::KerberosSettings;
use rdkafka::broker::sasl::{Login, Mechanism, Step};

const PATIENCE: Duration = Duration::from_secs(20);

fn program(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let paths = folders.iter().map(|folder| Path::new(folder).join(name));
    paths.into_iter().find(|path| path.exists())
}

/// A realm TEST with alice, and Kafka on localhost, in a folder of its own.
struct Realm {
    dir: PathBuf,
    kdc: Child,
}

impl Realm {
    fn new() -> Option<Realm> {
        for name in ["krb5kdc", "kdb5_util", "kadmin.local", "kinit", "python3"] {
            if program(name).is_none() {
                eprintln!("SKIPPED: GSSAPI is not tested, since {name} is not installed");
                return None;
            }
        }
        let dir = std::env::temp_dir().join(format!("librskafka-gssapi-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let at = dir.display();
        let conf = format!(
            "[libdefaults]\n default_realm = TEST\n dns_lookup_kdc = false\n \
             dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
             [realms]\n TEST = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
        );
        fs::write(dir.join("krb5.conf"), conf).unwrap();
        let conf = format!(
            "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n TEST = {{\n  database_module = db\n  key_stash_file = {at}/stash\n  \
             max_life = 1h\n }}\n\
             [dbmodules]\n db = {{\n  db_library = db2\n  database_name = {at}/principal\n }}\n\
             [logging]\n kdc = FILE:{at}/kdc.log\n"
        );
        fs::write(dir.join("kdc.conf"), conf).unwrap();
        let admin = |command: &str| run(&dir, "kadmin.local", &["-r", "TEST", "-q", command]);
        let create = ["create", "-s", "-r", "TEST", "-P", "master"];
        run(&dir, "kdb5_util", &create);
        for (name, life) in [("alice", "1h"), ("brief", "3s"), ("kafka/localhost", "1h")] {
            let file = name.split('/').next().unwrap();
            admin(&format!("addprinc -randkey -maxlife {life} {name}"));
            admin(&format!("ktadd -k {at}/{file}.keytab {name}"));
        }
        let kdc = command(&dir, "krb5kdc").args(["-n", "-r", "TEST"]).spawn();
        let realm = Realm {
            kdc: kdc.unwrap(),
            dir,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "the KDC does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(realm)
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        let _ = self.kdc.kill();
        let _ = self.kdc.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// With the realm's environment.
fn command(dir: &Path, name: &str) -> Command {
    let mut command = Command::new(program(name).unwrap_or(name.into()));
    command
        .env("KRB5_CONFIG", dir.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", dir.join("kdc.conf"))
        .env("KRB5_KTNAME", dir.join("kafka.keytab"))
        .env("KRB5CCNAME", dir.join("cache"))
        .env("KRB5RCACHENAME", "none:")
        .env_remove("KRB5_CLIENT_KTNAME")
        .stdin(Stdio::null());
    command
}

fn run(dir: &Path, name: &str, args: &[&str]) {
    let output = command(dir, name).args(args).output().unwrap();
    assert!(output.status.success(), "{name} {args:?}: {output:?}");
}

#[test]
fn logins_with_a_kdc() {
    let Some(realm) = Realm::new() else {
        return;
    };
    let inner = [
        "by_keytab",
        "tickets_are_renewed",
        "by_command_and_environment",
        "what_goes_wrong_is_told",
    ];
    let this = std::env::current_exe().unwrap();
    for test in inner {
        let status = command(&realm.dir, this.to_str().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env("GSSAPI_REALM", &realm.dir)
            .status();
        assert!(status.unwrap().success(), "{test}");
    }
}

fn dir() -> PathBuf {
    std::env::var_os("GSSAPI_REALM")
        .expect("run by logins_with_a_kdc")
        .into()
}

fn settings(user: &str) -> KerberosSettings {
    KerberosSettings {
        service_name: "kafka".into(),
        principal: user.into(),
        keytab: Some(format!("{}/{user}.keytab", dir().display())),
        kinit_cmd: None,
        relogin: Duration::from_secs(60),
    }
}

struct Client {
    login: GssapiLogin,
    woken: mpsc::Receiver<()>,
}

impl Client {
    fn new(settings: &KerberosSettings) -> Self {
        let (wake, woken) = mpsc::channel();
        let logger = Arc::new(Logger::new(6, 0, false));
        let wake = Arc::new(move || {
            let _ = wake.send(());
        });
        Client {
            login: GssapiLogin::new(settings, logger, wake).unwrap(),
            woken,
        }
    }

    /// As a link does it.
    fn prepare(&self, host: &str) {
        while !self.login.prepare(host) {
            self.woken.recv_timeout(PATIENCE).unwrap();
        }
    }

    /// The principal that the broker sees.
    fn log_in(&self, layers: u8) -> Result<String, String> {
        let mechanism = self.login.begin("localhost")?;
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/capi-tests/rust/gssapi_server.py"
        );
        let mut server = Command::new("python3")
            .args([script, &layers.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let outcome = exchange(mechanism, &mut server);
        // It ends when there is nothing more to read.
        drop(server.stdin.take());
        server.wait().unwrap();
        outcome
    }
}

fn exchange(mut mechanism: Box<dyn Mechanism>, server: &mut Child) -> Result<String, String> {
    let to = server.stdin.as_mut().unwrap();
    let mut from = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut challenge: Option<Vec<u8>> = None;
    let principal = loop {
        let Step::Send(token) = mechanism.step(challenge.as_deref())? else {
            panic!("the client is done before the broker is");
        };
        let hex: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(to, "{hex}").unwrap();
        let line = from.next().unwrap().unwrap();
        if let Some(principal) = line.strip_prefix("done ") {
            break principal.to_owned();
        }
        assert!(!line.starts_with("failed"), "{line}");
        let digits = (0..line.len()).step_by(2);
        let bytes = digits.map(|i| u8::from_str_radix(&line[i..i + 2], 16).unwrap());
        challenge = Some(bytes.collect());
    };
    assert_eq!(mechanism.step(Some(b"")), Ok(Step::Done));
    Ok(principal)
}

#[test]
#[ignore = "run by logins_with_a_kdc"]
fn by_keytab() {
    let client = Client::new(&settings("alice"));
    assert!(client.login.is_ready());
    client.prepare("localhost");
    assert_eq!(client.log_in(7).as_deref(), Ok("alice@TEST"));
    // Without being prepared, and with no other offer.
    assert_eq!(client.log_in(1).as_deref(), Ok("alice@TEST"));
    let refused = client.log_in(4).unwrap_err();
    assert!(refused.contains("0x04"), "{refused}");
    assert!(!dir().join("cache").exists(), "tickets are in memory");
    // Each client has its own.
    let other = Client::new(&settings("brief"));
    assert_eq!(other.log_in(7).as_deref(), Ok("brief@TEST"));
    assert_eq!(client.log_in(7).as_deref(), Ok("alice@TEST"));
}

#[test]
#[ignore = "run by logins_with_a_kdc"]
fn tickets_are_renewed() {
    let client = Client::new(&settings("brief"));
    for _ in 0..3 {
        client.prepare("localhost");
        assert_eq!(client.log_in(7).as_deref(), Ok("brief@TEST"));
        // A ticket is good for three seconds.
        std::thread::sleep(Duration::from_millis(1700));
    }
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(client.log_in(7).as_deref(), Ok("brief@TEST"));
}

#[test]
#[ignore = "run by logins_with_a_kdc"]
fn by_command_and_environment() {
    let mut settings = settings("alice");
    let keytab = settings.keytab.clone();
    let runs = dir().join("runs");
    let template = format!(
        "echo x >>{}; kinit -t \"%{{sasl.kerberos.keytab}}\" -k %{{sasl.kerberos.principal}}",
        runs.display()
    );
    let command = kinit::render(&template, |name| match name {
        "sasl.kerberos.keytab" => keytab.clone(),
        "sasl.kerberos.principal" => Some("alice".into()),
        _ => None,
    });
    settings.kinit_cmd = Some(command.unwrap());
    settings.relogin = Duration::from_millis(300);
    let client = Client::new(&settings);
    client.prepare("localhost");
    assert!(client.login.is_ready());
    assert_eq!(client.log_in(7).as_deref(), Ok("alice@TEST"));
    let began = Instant::now();
    while fs::read_to_string(&runs).unwrap().lines().count() < 3 {
        assert!(began.elapsed() < PATIENCE, "it is not run again");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(client);

    // Its tickets are in the environment now, and need no keytab.
    settings.keytab = None;
    settings.kinit_cmd = None;
    let client = Client::new(&settings);
    client.prepare("localhost");
    assert_eq!(client.log_in(7).as_deref(), Ok("alice@TEST"));

    // A command that fails lets the links try.
    settings.kinit_cmd = Some("exit 1".into());
    let client = Client::new(&settings);
    client.prepare("localhost");
    assert_eq!(client.log_in(7).as_deref(), Ok("alice@TEST"));
}

#[test]
#[ignore = "run by logins_with_a_kdc"]
fn what_goes_wrong_is_told() {
    let failed = |settings: &KerberosSettings, host: &str| {
        let client = Client::new(settings);
        client.prepare(host);
        let why = client.login.begin(host).err().expect("a failure");
        // It is told to all, until it is time to try again.
        assert_eq!(client.login.begin(host).err().as_ref(), Some(&why));
        eprintln!("{why}");
        why
    };
    let mut no_keytab = settings("alice");
    no_keytab.keytab = Some("/nonexistent.keytab".into());
    assert!(failed(&no_keytab, "localhost").contains("/nonexistent.keytab cannot be read"));
    let mut other = settings("alice");
    other.principal = "bob".into();
    assert!(failed(&other, "localhost").contains("`sasl.kerberos.principal`"));
    let why = failed(&settings("alice"), "elsewhere.test");
    assert!(why.contains("kafka@elsewhere.test") && why.contains("`sasl.kerberos.service.name`"));
    let mut nothing = settings("alice");
    nothing.keytab = None;
    let _ = fs::remove_file(dir().join("cache"));
    assert!(failed(&nothing, "localhost").contains("`klist`"));
    let mut realm = settings("alice");
    realm.principal = "alice@NOWHERE".into();
    assert!(failed(&realm, "localhost").contains("NOWHERE"));
}
