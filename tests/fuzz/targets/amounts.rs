//! Large, repetitive inputs, which a fuzzer would not generate itself. Two bytes select the kind and the size.
#![no_main]

use std::io::Write as _;

use airlock_core::{InputFile, UnixTime, inspect};
use airlock_fuzz::metered;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;

/// The maximum unpacked size, in bytes.
const MAX_SIZE: usize = 1024 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let [kind, much, ..] = *bytes else { return };
    // Sizes from a few bytes to the maximum; each step is a fifth of a doubling.
    let size = ((f64::from(much) / 5.0).exp2() as usize).clamp(16, MAX_SIZE);
    let repeat = |text: &str| text.repeat(size / text.len()).into_bytes();
    let certificate = include_str!("../corpus/certificates/ca.crt");
    let (name, content) = match kind % 20 {
        0 => ("a.json", [b"[", repeat("{},").as_slice(), b"{}]"].concat()),
        1 => ("a.json", [b"{\"kind\":\"List\",\"items\":[", repeat("1,").as_slice(), b"1]}"].concat()),
        2 => ("a.yaml", repeat("kind: x\n---\n")),
        3 => ("a.yaml", [b"kind: x\na: [", repeat("a,").as_slice(), b"]"].concat()),
        4 => ("a.yaml", [b"kind: x\na: ", repeat("[").as_slice()].concat()),
        5 => ("a.yaml", [b"kind: x\n".to_vec(), repeat("- &a a\n")].concat()),
        6 => ("a.yaml", [b"kind: x\na: &a [1,2,3,4,5,6,7,8,9]\nb: [", repeat("*a,").as_slice(), b"]"].concat()),
        7 => (
            "a.yaml",
            (0..size / 24).map(|n| format!("apiVersion: v{n}\nkind: x\n---\n")).collect::<String>().into_bytes(),
        ),
        8 => (
            "a.yaml",
            (0..size / 8).map(|n| format!("k{n}: \nkind: \n")).take(size / 14).collect::<String>().into_bytes(),
        ),
        9 => ("a.crt", repeat(certificate)),
        10 => ("a.crt", repeat("-----BEGIN X-----\n")),
        11 => ("a.crt", repeat("-----BEGIN X-----\n-----END X-----\n")),
        12 => ("a.crt", [b"-----BEGIN X-----\n", repeat("AAAA\n").as_slice(), b"-----END X-----"].concat()),
        13 => ("a.der", [&[0x30, 0x83], &(size as u32).to_be_bytes()[1..], &[0x30, 0x80].repeat(size / 2)].concat()),
        14 => ("a.gz", gzip(&vec![0; size])),
        15 => ("a.tar.gz", gzip(&tar(size / 1024, b""))),
        16 => ("a.tar", tar(size / 1024, b"a")),
        17 => (
            "a.conf",
            [
                b"kind: Config\nclusters:\n",
                repeat("- name: a\n  cluster: {certificate-authority-data: YQ==}\n").as_slice(),
            ]
            .concat(),
        ),
        18 => (
            "a.yaml",
            [
                b"apiVersion: v1\nkind: Secret\nmetadata: {name: x-ca}\ndata:\n".to_vec(),
                (0..size / 16).map(|n| format!("  k{n}: YWFh\n")).collect::<String>().into_bytes(),
            ]
            .concat(),
        ),
        _ => ("a.txt", [b"\xFF\xFE".to_vec(), repeat("a\0")].concat()),
    };
    metered(content.len(), || {
        let now = UnixTime(1_700_000_000);
        let inventory = inspect(vec![InputFile::new(name, content.clone())], now);
        let _ = inventory.report(now);
    });
});

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("a vector can be written to");
    encoder.finish().expect("a vector can be written to")
}

fn tar(files: usize, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for number in 0..files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, format!("{number}"), content).expect("a vector can be written to");
    }
    builder.into_inner().expect("a vector can be written to")
}
