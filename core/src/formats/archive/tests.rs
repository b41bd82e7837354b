use std::io::{Cursor, Write as _};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::input::Content;

/// A tar stream of regular files. Names are written unchanged, including `..`.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        if name.len() <= 100 {
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        } else {
            builder.append_data(&mut header, name, *content).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One line per file, and one line per finding.
fn listing(path: &str, bytes: &[u8]) -> String {
    let (files, findings) = expand(path, bytes, &mut Budget::new());
    let mut text = String::new();
    for file in files {
        let content = match &file.content {
            Content::Bytes(bytes) if bytes.len() < 80 => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        };
        text.push_str(&format!("{} = {content}\n", file.path));
    }
    for finding in findings {
        text.push_str(&format!("{finding}\n"));
    }
    text
}

const TREE: [(&str, &[u8]); 2] = [("etc/kubernetes/pki/ca.crt", b"CA"), ("etc/kubernetes/admin.conf", b"conf")];

#[test]
fn the_same_tree_in_every_packing() {
    let tar = tar_of(&TREE);
    for (name, bytes, kind_of) in [
        ("cp1.tar", tar.clone(), ArchiveKind::Tar),
        ("cp1.tar.gz", gzip_of(&tar), ArchiveKind::TarGzip),
        ("cp1.tgz", gzip_of(&tar), ArchiveKind::TarGzip),
        ("backup", gzip_of(&tar), ArchiveKind::TarGzip),
        ("cp1.zip", zip_of(&TREE), ArchiveKind::Zip),
    ] {
        assert_eq!(kind(&bytes, name), Some(kind_of), "{name}");
        let expected = format!("{name}!/etc/kubernetes/pki/ca.crt = CA\n{name}!/etc/kubernetes/admin.conf = conf\n");
        assert_eq!(listing(name, &bytes), expected);
    }
}

#[test]
fn modes_are_kept_where_the_packing_has_them() {
    for bytes in [tar_of(&TREE), zip_of(&TREE)] {
        let (files, _) = expand("a", &bytes, &mut Budget::new());
        assert!(files.iter().all(|file| file.mode == Some(0o600)), "{files:?}");
    }
    assert_eq!(expand("a.gz", &gzip_of(b"PEM"), &mut Budget::new()).0[0].mode, None);
}

#[test]
fn one_file_in_gzip_keeps_its_name() {
    let bytes = gzip_of(b"PEM");
    assert_eq!(kind(&bytes, "a/ca.crt.gz"), Some(ArchiveKind::Gzip));
    assert_eq!(listing("a/ca.crt.gz", &bytes), "a/ca.crt.gz!/ca.crt = PEM\n");
    let two_members = [gzip_of(b"one"), gzip_of(b"two")].concat();
    assert_eq!(listing("x.GZ", &two_members), "x.GZ!/x = onetwo\n");
}

#[test]
fn a_file_that_is_no_archive_is_none() {
    for (bytes, name) in [(&b"-----BEGIN CERTIFICATE-----\n"[..], "ca.crt"), (b"", "ca.crt"), (&[0; 2048], "disk.img")]
    {
        assert_eq!(kind(bytes, name), None);
        assert_eq!(listing(name, bytes), "");
    }
}

#[test]
fn long_names_links_and_folders() {
    let long = format!("{}ca.crt", "verylong/".repeat(20));
    let mut bytes = tar_of(&[("./pki/ca.crt", b"CA"), (&long, b"L")]);
    bytes.truncate(bytes.len() - 1024); // without the two zero blocks at its end
    let mut builder = ::tar::Builder::new(bytes);
    let mut link = |kind: ::tar::EntryType, name: &str, target: &str| {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, name, target).unwrap();
    };
    link(::tar::EntryType::Directory, "pki/etcd/", "unused");
    link(::tar::EntryType::Symlink, "current.pem", "/var/lib/kubelet/pki/kubelet-client-1.pem");
    link(::tar::EntryType::Symlink, "out", "../../../etc/shadow");
    link(::tar::EntryType::Link, "ca-copy.crt", "pki/ca.crt");
    link(::tar::EntryType::Link, "ca-lost.crt", "pki/none.crt");
    link(::tar::EntryType::Fifo, "pipe", "unused");
    link(::tar::EntryType::Block, "sda", "unused");
    let bytes = builder.into_inner().unwrap();
    assert_eq!(
        listing("t.tar", &bytes),
        format!(
            "t.tar!/pki/ca.crt = CA\n\
             t.tar!/{long} = L\n\
             t.tar!/current.pem = Symlink(/var/lib/kubelet/pki/kubelet-client-1.pem)\n\
             t.tar!/out = Symlink(../../../etc/shadow)\n\
             t.tar!/ca-copy.crt = CA\n\
             t.tar!/ca-lost.crt = Unreadable(a hard link to pki/none.crt, which does not stand before it in the archive)\n\
             note: t.tar!/pipe: left out: a device or a pipe (and one entry more)\n"
        )
    );
}

#[test]
fn a_zip_holds_links_and_windows_names() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_directory("pki/", options).unwrap();
    writer.add_symlink("current.pem", "kubelet-client-1.pem", options).unwrap();
    writer.start_file("pki\\ca.crt", options).unwrap();
    writer.write_all(b"CA").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(
        listing("w.zip", &bytes),
        "w.zip!/current.pem = Symlink(kubelet-client-1.pem)\n\
         w.zip!/pki/ca.crt = CA\n\
         warning: w.zip!/pki/ca.crt: the name is written with backslashes: they are read as /\n"
    );
}

#[test]
fn names_that_lead_out_are_left_out_and_absolute_ones_made_relative() {
    let files: [(&str, &[u8]); 5] =
        [("/etc/a", b"A"), ("/etc/b", b"B"), ("../evil", b"E"), ("x/../../evil", b"E"), ("etc/a", b"second")];
    let expected = "t!/etc/a = second\nt!/etc/b = B\n\
        warning: t!/etc/a: the name is absolute: it is read as relative to the archive (and one entry more)\n\
        warning: t!/../evil: left out: the name leads out of the archive (..) (and one entry more). \
        Make the archive anew with relative names, as tar does without -P\n\
        warning: t!/etc/a: the archive holds this name twice: the later file counts\n";
    assert_eq!(listing("t", &tar_of(&files)), expected);
    assert_eq!(listing("t", &zip_of(&files)), expected);
}

#[test]
fn truncated_archives_keep_what_was_read() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(200_000)
    .collect();
    let tar = tar_of(&[("a", b"A"), ("b", &noise)]);
    let expected = "error: t.tgz: the archive is broken: it is cut off; one file was read before. \
        Make it again and compare the checksum\n";
    assert_eq!(listing("t.tgz", &tar[..100_000]), format!("t.tgz!/a = A\n{expected}"));
    let gzip = gzip_of(&tar);
    assert_eq!(listing("t.tgz", &gzip[..100_000]), format!("t.tgz!/a = A\n{expected}"));
    let zip = zip_of(&[("a", b"A"), ("b", &noise)]);
    assert!(listing("t.zip", &zip[..100_000]).starts_with("error: t.zip: the archive is broken: "));
    assert!(listing("t.tar", b"no tar at all").starts_with("error: t.tar: the archive is broken: "));
    assert_eq!(listing("t.tar", &[0; 1024]), "warning: t.tar: the archive holds no files\n");
}

#[test]
fn a_damaged_zip_entry_loses_only_itself() {
    let mut zip = zip_of(&[("a", b"first content"), ("b", b"second content")]);
    let at = zip.windows(14).position(|window| window == b"second content");
    assert_eq!(at, None, "deflated");
    let name = zip.windows(5).position(|window| window == b"PK\x03\x04\x14").unwrap();
    zip[name + 30 + 1 + 3] ^= 0x55; // inside the first entry's data
    let text = listing("t.zip", &zip);
    assert!(text.contains("t.zip!/a = Unreadable("), "{text}");
    assert!(text.contains("t.zip!/b = second content"), "{text}");
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 200 << 20];
    let bomb = gzip_of(&zeros); // 200 MiB compressed to about 200 kB
    let text = listing("bomb.gz", &bomb);
    assert!(text.starts_with("error: bomb.gz: the archive expands to more than 200 times its size"), "{text}");
    // Skipped entries count as well: this one exceeds the largest file size that is read.
    let tar_bomb = gzip_of(&tar_of(&[("a", b"A"), ("zeros", &zeros)]));
    let text = listing("bomb.tgz", &tar_bomb);
    assert!(text.contains("bomb.tgz!/zeros = TooLarge(209715200 bytes)"), "{text}");
    assert!(text.contains("error: bomb.tgz: the archive expands to more than 200 times its size"), "{text}");
    let zip_bomb = zip_of(&[("a", &zeros[..60 << 20]), ("b", &zeros[..60 << 20]), ("c", &zeros[..60 << 20])]);
    let text = listing("bomb.zip", &zip_bomb);
    assert!(text.contains("error: bomb.zip: the archive expands to more than 200 times its size"), "{text}");
}

#[test]
fn one_budget_covers_all_archives() {
    let tar = tar_of(&TREE);
    let mut budget = Budget::with_limits(3, 1000);
    assert_eq!(expand("a.tar", &tar, &mut budget).0.len(), 2);
    let (files, findings) = expand("b.tar", &tar, &mut budget);
    assert_eq!(files.len(), 1);
    assert_eq!(findings[0].code, "archive-too-many-entries");
    let mut budget = Budget::with_limits(100, 5);
    let (files, findings) = expand("b.tgz", &gzip_of(&tar), &mut budget);
    assert_eq!((files.len(), findings[0].code.as_str()), (0, "archive-too-large"));
}

#[test]
fn archives_stand_four_deep_at_most() {
    let tar = tar_of(&TREE);
    assert_eq!(expand("a.zip!/b.zip!/c.zip!/d.tar", &tar, &mut Budget::new()).0.len(), 2);
    let (files, findings) = expand("a.zip!/b.zip!/c.zip!/d.zip!/e.tar", &tar, &mut Budget::new());
    assert_eq!((files.len(), findings[0].code.as_str()), (0, "archive-too-deep"));
}

#[test]
fn hostile_tar_sizes_do_not_panic() {
    for size in ["77777777777\0", "-0000000001\0", "00000000000\0", "99999999999\0"] {
        let mut tar = tar_of(&TREE);
        tar[124..136].copy_from_slice(size.as_bytes());
        reseal(&mut tar);
        listing("t.tar", &tar);
    }
    // Base 256: the largest number, and a negative one.
    for first in [0x80, 0xFF] {
        let mut tar = tar_of(&TREE);
        tar[124] = first;
        tar[125..136].fill(0xFF);
        reseal(&mut tar);
        listing("t.tar", &tar);
        // The same as an extension header's size.
        tar[156] = b'L';
        reseal(&mut tar);
        listing("t.tar", &tar);
        tar[156] = b'S';
        reseal(&mut tar);
        listing("t.tar", &tar);
    }
}

/// Writes a correct checksum into the first header.
fn reseal(tar: &mut [u8]) {
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[test]
fn pax_records_name_files_and_sparse_ones_are_not_read() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_ustar();
    header.set_size(2);
    header.set_path("short").unwrap();
    header.set_cksum();
    builder.append_pax_extensions([("path", "/etc/kubernetes/pki/Zertifikat-ä.crt".as_bytes())]).unwrap();
    builder.append(&header, &b"CA"[..]).unwrap();
    builder.append_pax_extensions([("GNU.sparse.major", &b"1"[..]), ("GNU.sparse.realsize", b"99999999999")]).unwrap();
    builder.append(&header, &b"CA"[..]).unwrap();
    let mut global = ::tar::Header::new_ustar();
    global.set_entry_type(::tar::EntryType::XGlobalHeader);
    global.set_path("pax_global_header").unwrap();
    global.set_size(18);
    global.set_cksum();
    builder.append(&global, &b"18 comment=a note\n"[..]).unwrap();
    let bytes = builder.into_inner().unwrap();
    assert_eq!(
        listing("t.tar", &bytes),
        "t.tar!/etc/kubernetes/pki/Zertifikat-ä.crt = CA\n\
         t.tar!/short = Unreadable(a sparse file)\n\
         warning: t.tar!/etc/kubernetes/pki/Zertifikat-ä.crt: the name is absolute: it is read as relative to the archive\n"
    );
}

#[test]
fn packings_that_are_not_read_say_so() {
    let text = listing("cp1.tar.xz", b"\xFD7zXZ\0rest");
    assert_eq!(
        text,
        "error: cp1.tar.xz: xz archives are not read. Pack the files as .tar, .tar.gz or .zip, or add them unpacked\n"
    );
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for name in ["a.tar", "a.tgz", "a.gz", "a.zip"] {
                expand(name, &bytes, &mut Budget::new());
            }
        }

        #[test]
        fn in_place_of_an_archives_bytes_never_panic(
            packing in 0..3_usize,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = match packing {
                0 => tar_of(&TREE),
                1 => gzip_of(&tar_of(&TREE)),
                _ => zip_of(&TREE),
            };
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if packing == 0 {
                reseal(&mut bytes);
            }
            expand("a.tar", &bytes, &mut Budget::new());
            bytes.truncate(cut.index(bytes.len()));
            expand("a.zip", &bytes, &mut Budget::new());
        }
    }
}
