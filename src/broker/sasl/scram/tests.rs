use super::*;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
/// The server's messages of RFC 7677's example.
const FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                     s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const LAST: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn example() -> Scram {
    let credentials = Credentials::new("user", b"pencil");
    let user = credentials.current().unwrap();
    Scram::new(ScramHash::Sha256, user, Arc::default(), NONCE.into())
}

fn sent(step: Step) -> String {
    let Step::Send(bytes) = step else {
        panic!("nothing to send");
    };
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn begun() -> Scram {
    let mut scram = example();
    assert_eq!(
        sent(scram.step(None).unwrap()),
        format!("n,,n=user,r={NONCE}")
    );
    scram
}

#[test]
fn the_example_of_rfc_7677() {
    let mut scram = begun();
    assert_eq!(
        sent(scram.step(Some(FIRST.as_bytes())).unwrap()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    assert_eq!(scram.step(Some(LAST.as_bytes())), Ok(Step::Done));
    assert!(scram.step(Some(LAST.as_bytes())).is_err());
}

/// A server, which knows the stored key only.
fn serve(hash: ScramHash, login: &ScramLogin, password: &[u8]) -> Result<Step, String> {
    let mut scram = login.begin("host").unwrap();
    let first = sent(scram.step(None).unwrap());
    let (client_first, bare) = ClientFirst::read(first.as_bytes()).unwrap();
    let server_first = ServerFirst {
        nonce: format!("{}+more", client_first.nonce),
        salt: b"salt".to_vec(),
        iterations: 4096,
    };
    let last = sent(scram.step(Some(server_first.message().as_bytes()))?);
    let client_final = ClientFinal::read(last.as_bytes()).unwrap();
    assert_eq!(client_final.nonce, server_first.nonce);

    let salted = hash.salted_password(password, b"salt", 4096);
    let stored = hash.stored_key(&hash.client_key(&salted));
    let exchange = exchange(bare, &server_first.message(), &client_final.without_proof);
    let answer = if hash.is_proof(&stored, &exchange, &client_final.proof) {
        let signature = hash.signature(&hash.server_key(&salted), &exchange);
        ServerFinal::Signature(signature.bytes().to_vec())
    } else {
        ServerFinal::Error("invalid-proof".into())
    };
    scram.step(Some(answer.message().as_bytes()))
}

#[test]
fn both_sides_agree_if_the_password_is_the_same() {
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let credentials = Arc::new(Credentials::new("a=b,c é", b"pencil"));
        let login = ScramLogin::new(hash, credentials.clone());
        assert_eq!(login.mechanism(), hash.mechanism());
        assert_eq!(serve(hash, &login, b"pencil"), Ok(Step::Done));
        // By the keys that were derived for the one before.
        assert_eq!(serve(hash, &login, b"pencil"), Ok(Step::Done));
        let refused = serve(hash, &login, b"pen").unwrap_err();
        assert!(refused.contains("invalid-proof"), "{refused}");
        assert!(refused.contains("`sasl.password`") && !refused.contains("pencil"));
        credentials.set("b", b"pen");
        assert_eq!(serve(hash, &login, b"pen"), Ok(Step::Done));
    }
}

#[test]
fn keys_are_derived_once() {
    let cache = KeyCache::default();
    let credentials = Credentials::new("u", b"p");
    let user = credentials.current().unwrap();
    let first = |salt: &[u8], iterations| ServerFirst {
        nonce: "x".into(),
        salt: salt.to_vec(),
        iterations,
    };
    let get = |salt, iterations| cache.get(ScramHash::Sha256, &user, &first(salt, iterations));
    let keys = get(b"s", 4);
    assert!(Arc::ptr_eq(&keys, &get(b"s", 4)));
    assert!(!Arc::ptr_eq(&keys, &get(b"s", 5)));
    assert!(!Arc::ptr_eq(&keys, &get(b"t", 4)));
    let keys = get(b"s", 4);
    credentials.set("u", b"p");
    let other = credentials.current().unwrap();
    let derived = cache.get(ScramHash::Sha256, &other, &first(b"s", 4));
    assert!(!Arc::ptr_eq(&keys, &derived));
}

#[test]
fn nonces_differ_and_can_be_sent() {
    let nonces: std::collections::HashSet<String> = (0..100).map(|_| nonce().unwrap()).collect();
    assert_eq!(nonces.len(), 100);
    for nonce in nonces {
        assert_eq!(nonce.len(), 32);
        assert!(nonce.bytes().all(|b| b.is_ascii_graphic() && b != b','));
    }
}

#[test]
fn hostile_first_messages() {
    let nonce = format!("{NONCE}x");
    let huge = format!("r={nonce},s=c2FsdA==,i=4096,x={}", "y".repeat(1 << 20));
    let own = |rest: &str| format!("r={nonce},{rest}");
    let cases: [(&str, &[u8]); 13] = [
        ("attributes", b""),
        ("UTF-8", b"r=\xff,s=c2FsdA==,i=4096"),
        ("may have", huge.as_bytes()),
        ("nonce (r) is missing", b"s=c2FsdA==,i=4096"),
        (
            "not the client's",
            b"r=rOprNGfwEbeRWgbNEkqP%hv,s=c2FsdA==,i=4096",
        ),
        (
            "not the client's",
            &format!("r={NONCE},s=c2FsdA==,i=4096").into_bytes(),
        ),
        (
            "bytes that none",
            &format!("r={NONCE}\u{e9},s=c2FsdA==,i=4096").into_bytes(),
        ),
        ("salt (s) is missing", own("i=4096").leak().as_bytes()),
        ("count (i) is missing", own("s=c2FsdA==").leak().as_bytes()),
        (
            "demands 4095 iterations",
            own("s=c2FsdA==,i=4095").leak().as_bytes(),
        ),
        (
            "demands 4294967295 iterations",
            own("s=c2FsdA==,i=4294967295").leak().as_bytes(),
        ),
        (
            "too large",
            own("s=c2FsdA==,i=99999999999999999999").leak().as_bytes(),
        ),
        (
            "not known",
            own("s=c2FsdA==,i=4096,m=must").leak().as_bytes(),
        ),
    ];
    for (part, message) in cases {
        let mut scram = begun();
        let began = std::time::Instant::now();
        let fault = scram.step(Some(message)).unwrap_err();
        assert!(fault.contains(part), "{fault}");
        assert!(began.elapsed() < std::time::Duration::from_secs(1));
        assert!(scram.step(Some(FIRST.as_bytes())).is_err(), "it is over");
    }
}

#[test]
fn hostile_last_messages() {
    let long = format!("e={}\n", "x".repeat(5000));
    let wrong = format!("v={}", STANDARD.encode([0; 32]));
    let cases: [(&str, &[u8]); 6] = [
        ("signature is another", wrong.as_bytes()),
        ("signature is another", b"v="),
        ("signature (v) is missing", b"x=y"),
        ("attributes", b""),
        ("refused the login: other-error", b"e=other-error"),
        ("xxx…", long.as_bytes()),
    ];
    for (part, message) in cases {
        let mut scram = begun();
        scram.step(Some(FIRST.as_bytes())).unwrap();
        let fault = scram.step(Some(message)).unwrap_err();
        assert!(fault.contains(part), "{fault}");
        assert!(fault.len() < 400);
        assert!(scram.step(Some(LAST.as_bytes())).is_err(), "it is over");
    }
    // Nobody gets in without a signature.
    let mut scram = begun();
    assert!(scram.step(Some(LAST.as_bytes())).is_err());
    let mut early = begun();
    let error = early.step(Some(b"e=unknown-user")).unwrap_err();
    assert!(error.contains("unknown-user"), "{error}");
}
