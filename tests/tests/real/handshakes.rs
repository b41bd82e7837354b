//! What Airlock predicts of a handshake, and what Go and OpenSSL then really do, over clusters made by a generator.

use airlock_core::x509::Rules;
use airlock_tests::{
    generated,
    referee::{self, Question, VERSIONS},
};

mod predict {
    //! What Airlock says to a referee's question.
    use airlock_core::{
        formats::pem,
        x509::{self, Certificate, ChainError, Presented, Purpose, Rules, TrustBundle},
    };
    use airlock_tests::{oracle::Usage, referee::Question};

    pub fn certificates(text: &str) -> Vec<Certificate> {
        let blocks = pem::blocks(text.as_bytes()).blocks;
        blocks.iter().filter_map(|block| Certificate::from_der(&block.der).ok()).collect()
    }

    pub fn verdict(question: &Question, rules: Rules) -> Result<(), ChainError> {
        let presented = certificates(&question.presented);
        let trust = TrustBundle::from(certificates(&question.roots));
        let asked = x509::Question {
            trust: &trust,
            purpose: match question.usage {
                Usage::Client => Purpose::Client,
                Usage::Server => Purpose::Server,
            },
            host: Some(question.dns_name.as_str()).filter(|host| !host.is_empty()),
            now: question.time,
        };
        x509::validate(Presented::Chain(&presented), &asked, rules)
    }
}

#[test]
fn odd_chains_are_judged_as_go_and_openssl_judge_them() {
    let cases = generated::cases();
    let questions: Vec<Question> = cases.iter().map(|case| case.question.clone()).collect();
    let go = referee::go(&questions);
    let mut wrong = Vec::new();
    let mut accepted = [0, 0];
    for (case, go) in cases.iter().zip(go) {
        let said = predict::verdict(&case.question, Rules::Go);
        accepted[0] += usize::from(go.is_ok());
        if said.is_ok() != go.is_ok() {
            wrong.push(format!("Go, {}: {go:?}, predicted {said:?}", case.name));
        }
        let openssl = VERSIONS.map(|version| referee::openssl(&case.question, version));
        if openssl[0] != openssl[1] {
            wrong.push(format!("OpenSSL differs between versions, {}: {openssl:?}", case.name));
        }
        let said = predict::verdict(&case.question, Rules::OpenSsl);
        accepted[1] += usize::from(openssl[0].is_ok());
        if said.is_ok() != openssl[0].is_ok() {
            wrong.push(format!("OpenSSL, {}: {:?}, predicted {said:?}", case.name, openssl[0]));
        }
    }
    println!("{} chains; accepted by Go {}, by OpenSSL {}", cases.len(), accepted[0], accepted[1]);
    assert!(wrong.is_empty(), "{} are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
