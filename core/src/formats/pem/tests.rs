use proptest::prelude::*;

use super::*;

const CERT: &str = "-----BEGIN CERTIFICATE-----\nQ0VS\nVA==\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nS0VZ\n-----END RSA PRIVATE KEY-----\n";

/// Formats each block as `LABEL@line=content`, followed by the problems.
fn summary(text: &str) -> String {
    let scan = blocks(text.as_bytes());
    let blocks = scan.blocks.iter().map(|block| {
        let headers = if block.headers { "+headers" } else { "" };
        format!("{}@{}={}{headers}", block.label, block.line, String::from_utf8_lossy(&block.der))
    });
    let problems = scan.problems.iter().map(|problem| format!("{}: {}", problem.line, problem.message));
    blocks.chain(problems).collect::<Vec<_>>().join("\n")
}

#[test]
fn blocks_with_anything_around_them() {
    for text in [
        CERT.to_owned(),
        CERT.trim_end().to_owned(),
        CERT.replace('\n', "\r\n"),
        format!("\u{feff}{CERT}"),
        CERT.replace("-----\n", "-----  \t\n"),
        CERT.replace("Q0VS\nVA==", "Q0VSVA=="),
        CERT.replace("Q0VS\nVA==", "  Q0VS  \n\n\t VA==  "),
        format!("{CERT}Bag Attributes: none\nsee -----BEGIN X----- for more -----END X-----\n"),
    ] {
        assert_eq!(summary(&text), "CERTIFICATE@1=CERT", "{text}");
    }
    assert_eq!(summary(&format!("subject=CN = a\n{CERT}\n# key\n{KEY}")), "CERTIFICATE@2=CERT\nRSA PRIVATE KEY@8=KEY");
    assert_eq!(summary("no PEM here"), "");
    assert_eq!(summary(""), "");
}

#[test]
fn headers_are_told() {
    let key = KEY.replace("S0VZ", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nS0VZ");
    assert_eq!(summary(&key), "RSA PRIVATE KEY@1=KEY+headers");
    assert_eq!(summary(&key.replace("00\n\n", "00\n")), "RSA PRIVATE KEY@1=KEY+headers");
}

#[test]
fn glued_and_indented_blocks_are_read_and_told() {
    let glued = format!("{}{KEY}", CERT.trim_end());
    assert_eq!(
        summary(&glued),
        "CERTIFICATE@1=CERT\nRSA PRIVATE KEY@4=KEY\n\
         4: -----BEGIN does not start on a line of its own: most programs skip this block"
    );
    let indented = CERT.lines().map(|line| format!("    {line}\n")).collect::<String>();
    assert_eq!(summary(&indented), "CERTIFICATE@1=CERT\n1: -----BEGIN is indented: Go and OpenSSL skip this block");
    let one_line = CERT.replace('\n', "");
    assert_eq!(
        summary(&one_line),
        "CERTIFICATE@1=CERT\n1: data follows -----BEGIN on the same line: the line breaks were lost\n\
         1: -----END does not start on a line of its own: most programs skip this block"
    );
}

#[test]
fn faults_are_located_and_the_rest_is_read() {
    let check = |first: &str, message: &str| {
        assert_eq!(summary(&format!("{first}{KEY}")).lines().last().unwrap(), message, "{first}");
    };
    check(
        &CERT.replace("VA==", "VA="),
        "3: the base64 is cut off: its length or padding is wrong in the CERTIFICATE block of line 1",
    );
    check(&CERT.replace("Q0VS", "Q0!S"), "2: a character is not base64 in the CERTIFICATE block of line 1");
    check(
        &CERT.replace("Q0VS\n", "Q0==\n"),
        "2: padding (=) stands before the end of the base64 in the CERTIFICATE block of line 1",
    );
    check(&CERT.replace("Q0VS\nVA==\n", ""), "1: the CERTIFICATE block is empty");
    check(
        &CERT.replace("END CERTIFICATE", "END X"),
        "4: -----END X closes the CERTIFICATE block of line 1: the two differ",
    );
    check(
        &CERT.replace("-----END CERTIFICATE-----\n", ""),
        "1: the CERTIFICATE block that begins here never ends: another begins in line 4",
    );
    check("-----END CERTIFICATE-----\n", "1: -----END CERTIFICATE without its beginning: the file's start is missing");
    check(&CERT.replace("\nVA", "\\nVA"), r"2: line breaks are written as \n in the CERTIFICATE block of line 1");
    assert!(summary(&format!("{}{KEY}", CERT.replace("VA==", "V"))).contains("RSA PRIVATE KEY@5=KEY"));
    assert_eq!(summary(&CERT[..40]), "1: the CERTIFICATE block that begins here never ends: the file is cut off");
    assert_eq!(blocks(b"\xFF\xFE-\0-\0").problems[0].message, "the text is UTF-16: save it as UTF-8");
}

#[test]
fn a_hostile_file_is_cut() {
    let scan = blocks(CERT.repeat(MAX_BLOCKS + 10).as_bytes());
    assert_eq!((scan.blocks.len(), scan.problems.len()), (MAX_BLOCKS, 1));
    assert_eq!(scan.problems[0].message, "more than 4096 PEM blocks: the rest of the file is not read");
    assert_eq!(blocks("-----END X-----\n".repeat(2 * MAX_BLOCKS).as_bytes()).problems.len(), MAX_BLOCKS);
    for text in
        ["-".repeat(1 << 20), "-----BEGIN ".repeat(1 << 17), "-----BEGIN X-----".repeat(1 << 16), "\0".repeat(1 << 20)]
    {
        blocks(text.as_bytes());
    }
}

#[test]
fn nothing_secret_is_printed() {
    let printed = format!("{:?}", blocks(KEY.as_bytes()));
    assert!(printed.contains("PemBlock(RSA PRIVATE KEY, 3 bytes, line 1)") && !printed.contains("75"), "{printed}");
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        blocks(&bytes);
    }

    #[test]
    fn any_mixture_of_pieces_never_panics(pieces in proptest::collection::vec(0..12_usize, 0..40)) {
        let all = ["-----BEGIN ", "-----END ", "CERTIFICATE", "-----", "\n", "\r\n", "Q0VSVA==", " ", "a: b", "\0", "é", "-"];
        blocks(pieces.iter().map(|piece| all[*piece]).collect::<String>().as_bytes());
    }

    #[test]
    fn what_was_encoded_is_read(ders in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 0..5)) {
        let text: String = ders.iter().map(|der| ::pem::encode(&::pem::Pem::new("X", der.clone()))).collect();
        let scan = blocks(text.as_bytes());
        prop_assert_eq!(scan.problems, vec![]);
        prop_assert_eq!(scan.blocks.iter().map(|block| block.der.to_vec()).collect::<Vec<_>>(), ders);
    }
}
