//! Chains that Go and OpenSSL verified in real handshakes: `testdata/chains.json`, kept up to date by
//! `tests/tests/real/handshakes.rs`, which compares about 700.

use super::*;

/// A chain, its reader, and the results of Go's and OpenSSL's TLS.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    presented: String,
    roots: String,
    usage: String,
    dns_name: String,
    time: i64,
    go: bool,
    openssl: bool,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&file("chains.json")).unwrap()
}

fn certificates(pem: &str) -> Vec<Certificate> {
    pem::parse_many(pem).unwrap().iter().map(|block| Certificate::from_der(block.contents()).unwrap()).collect()
}

impl Case {
    fn named(name: &str) -> Self {
        cases().into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is named {name:?}"))
    }

    fn judge(&self, rules: Rules) -> Result<(), ChainError> {
        let trust = TrustBundle::from(certificates(&self.roots));
        let purpose = if self.usage == "client" { Purpose::Client } else { Purpose::Server };
        let host = Some(self.dns_name.as_str()).filter(|host| !host.is_empty());
        let question = Question { trust: &trust, purpose, host, now: UnixTime(self.time) };
        validate(Presented::Chain(&certificates(&self.presented)), &question, rules)
    }
}

#[test]
fn judges_as_go_and_openssl_did() {
    let cases = cases();
    assert!(cases.len() > 20);
    for case in &cases {
        let (go, openssl) = (case.judge(Rules::Go), case.judge(Rules::OpenSsl));
        assert_eq!(go.is_ok(), case.go, "{}: Go: {go:?}", case.name);
        assert_eq!(openssl.is_ok(), case.openssl, "{}: OpenSSL: {openssl:?}", case.name);
    }
    // The two must differ in some cases, otherwise the data does not test OpenSSL's rules.
    assert!(cases.iter().filter(|case| case.go != case.openssl).count() > 5);
}

#[test]
fn says_why() {
    let check = |name: &str, go: Option<ChainError>, openssl: Option<ChainError>| {
        let case = Case::named(name);
        assert_eq!(case.judge(Rules::Go).err(), go, "{name}: Go");
        assert_eq!(case.judge(Rules::OpenSsl).err(), openssl, "{name}: OpenSSL");
    };
    let both = |name: &str, error: ChainError| check(name, Some(error.clone()), Some(error));
    let kubernetes = || "CN=kubernetes".to_owned();
    let leaf = || "CN=leaf".to_owned();

    check("as it should be, server", None, None);
    both("signed by the cluster's CA, read with the front proxy's, client", ChainError::UnknownAuthority(kubernetes()));
    both("an anchor with CA:FALSE, server", ChainError::MayNotSign(kubernetes()));
    both("a leaf expired, client", ChainError::Expired(leaf()));
    both("a leaf not yet valid, client", ChainError::NotYetValid(leaf()));
    both("a leaf without names, server", ChainError::WrongHost("api.example.com".to_owned()));
    both("a leaf for clients, server", ChainError::WrongUsage(leaf()));
    both("a leaf signed with SHA-1 and ECDSA, client", ChainError::Algorithm("SHA-1 with ECDSA".to_owned()));
    both("pathlen:0, one intermediate, server", ChainError::MayNotSign("CN=root".to_owned()));
    // OpenSSL takes the first CA with the name, unless key identifiers select another.
    check("one name, signed by the second, both trusted, right id, server", None, None);
    check(
        "one name, signed by the second, both trusted, no id, server",
        None,
        Some(ChainError::WrongKey(kubernetes())),
    );
    // The names differ in bytes, so they differ for Go; they are equal for OpenSSL.
    check(
        "a successor of that name in another string type in front, server",
        None,
        Some(ChainError::WrongKey("CN=kubernetes ca".to_owned())),
    );
    // Go ends the chain at any trust anchor, OpenSSL at a self-signed one.
    check(
        "the last intermediate is the only anchor, server",
        None,
        Some(ChainError::UnknownAuthority("CN=one".to_owned())),
    );
    check("a leaf for anything, server", None, Some(ChainError::WrongUsage(leaf())));
}

/// Validity, to the second. The expected results were observed with Go 1.26 and OpenSSL 3.0.
#[test]
fn lives_from_its_first_second_to_its_last() {
    let mut case = Case::named("as it should be, server");
    let leaf = certificates(&case.presented).remove(0);
    let mut check = |time: UnixTime, go: bool, openssl: bool| {
        case.time = time.0;
        assert_eq!((case.judge(Rules::Go).is_ok(), case.judge(Rules::OpenSsl).is_ok()), (go, openssl), "{time:?}");
    };
    check(leaf.not_before().plus_seconds(-1), false, false);
    check(leaf.not_before(), true, true);
    check(leaf.not_after().plus_seconds(-1), true, true);
    check(leaf.not_after(), true, false);
    check(leaf.not_after().plus_seconds(1), false, false);
}

/// A certificate that does not exist yet is accepted if one issued by that CA would be.
#[test]
fn predicts_what_an_authority_will_sign() {
    let authorities = ["capi-cluster.crt", "capi-etcd.crt", "capi-proxy.crt"].map(certificate);
    let judge = |trust: &[&Certificate], rules| {
        let trust: TrustBundle = trust.iter().copied().cloned().collect();
        let question = Question { trust: &trust, purpose: Purpose::Client, host: None, now: NOW };
        validate(Presented::SignedBy(&authorities[1]), &question, rules).is_ok()
    };
    for rules in [Rules::Go, Rules::OpenSsl] {
        assert!(judge(&[&authorities[1]], rules));
        assert!(judge(&[&authorities[0], &authorities[1]], rules), "by its key id, {rules}");
        assert!(!judge(&[&authorities[0], &authorities[2]], rules));
        assert!(!judge(&[], rules));
    }
}
