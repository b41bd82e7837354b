//! Archives: arbitrary bytes under the names of every archive format, followed by inspection of the content.
#![no_main]

use airlock_core::{
    Content, InputFile, UnixTime,
    formats::archive::{Budget, expand},
    inspect,
};
use airlock_fuzz::metered;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 5] = ["a", "a.tar", "a.tar.gz", "a.gz", "a.zip"];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    metered(bytes.len(), || {
        let mut budget = Budget::new();
        let (files, findings) = expand(name, bytes, &mut budget);
        for file in files {
            assert!(file.path.starts_with(&format!("{name}!/")) && !file.path.contains("/../"), "{}", file.path);
            if let Content::Bytes(inner) = &file.content {
                expand(&file.path, inner, &mut budget);
            }
        }
        for finding in findings {
            let _ = finding.to_string();
        }
    });
    metered(2 * bytes.len(), || {
        let now = UnixTime(1_700_000_000);
        let inventory = inspect(vec![InputFile::new(name, bytes.to_vec())], now);
        let _ = inventory.report(now);
    });
});
