//! Formats reports as text for a terminal.

use std::fmt::Write;

use airlock_core::{
    finding::{self, FindingGroup, printable},
    report::{
        CertificateReport, CheckReport, InventoryReport, MissingReport, PlanReport, RotationReport, StepReport,
        SuccessorReport,
    },
};

/// The inventory, by holder.
pub(crate) fn inventory(report: &InventoryReport) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_inventory(&mut text, report);
    text
}

fn write_inventory(text: &mut String, report: &InventoryReport) -> std::fmt::Result {
    writeln!(text, "Cluster {} ({}), {} files\n", printable(&report.cluster), report.platform, report.files)?;
    for holder in &report.holders {
        writeln!(text, "{} ({})", printable(&holder.name), holder.role)?;
        for slot in &holder.slots {
            writeln!(text, "  {}  {}", printable(&slot.place), slot.kind)?;
            if slot.file != slot.place {
                writeln!(text, "      file         {}", printable(&slot.file))?;
            }
            if !slot.server.is_empty() {
                writeln!(text, "      server       {}", printable(&slot.server))?;
            }
            for certificate in &slot.certificates {
                write_certificate(text, certificate)?;
            }
            for key in &slot.keys {
                writeln!(text, "      private key  {}, pin {}", key.key_type, key.pin)?;
            }
        }
        writeln!(text)?;
    }
    write_rotation(text, &report.rotation)?;
    if !report.unrecognised.is_empty() {
        writeln!(text, "Files without a place")?;
        for file in &report.unrecognised {
            writeln!(text, "  {}: {}", printable(&file.file), printable(&file.reason))?;
        }
        writeln!(text)?;
    }
    if !report.findings.is_empty() {
        writeln!(text, "Findings")?;
        for group in &report.groups {
            write_group(text, group)?;
        }
    }
    Ok(())
}

/// Writes a group of findings, followed by their locations.
fn write_group(text: &mut String, group: &FindingGroup) -> std::fmt::Result {
    group.to_string().lines().try_for_each(|line| writeln!(text, "  {line}"))
}

fn write_certificate(text: &mut String, certificate: &CertificateReport) -> std::fmt::Result {
    writeln!(text, "      certificate  {}", printable(&certificate.subject))?;
    let signed_by = if certificate.signed_by.is_empty() { "nobody here" } else { &certificate.signed_by };
    writeln!(text, "        issuer       {}, signed by {signed_by}", certificate.issuer)?;
    if !certificate.alternative_names.is_empty() {
        writeln!(text, "        names        {}", certificate.alternative_names.join(", "))?;
    }
    writeln!(text, "        key          {}, {}", certificate.key_type, certificate.signature_algorithm)?;
    writeln!(text, "        valid        {} to {}", certificate.not_before, certificate.not_after)?;
    writeln!(text, "        fingerprint  {}", certificate.fingerprint)
}

fn write_rotation(text: &mut String, rotation: &RotationReport) -> std::fmt::Result {
    if rotation.authorities.is_empty() {
        return Ok(());
    }
    writeln!(text, "A rotation is under way")?;
    for authority in &rotation.authorities {
        let key = if authority.new_key_present { "its private key is here" } else { "its private key is not here" };
        writeln!(
            text,
            "  {}: {} → {}, {key}",
            authority.title,
            printable(&authority.old.subject),
            printable(&authority.new.subject)
        )?;
    }
    for holder in &rotation.holders {
        let standing = if holder.out_of_line.is_empty() { holder.standing.in_words() } else { "out of line" };
        writeln!(text, "  {:<12} {} ({})", standing, printable(&holder.name), holder.role)?;
        for missing in &holder.out_of_line {
            writeln!(text, "    {}", missing_in_words(missing))?;
        }
    }
    writeln!(text)
}

fn missing_in_words(missing: &MissingReport) -> String {
    if missing.place == missing.holder {
        printable(&missing.seen)
    } else {
        format!("{}: {}", printable(&missing.place), printable(&missing.seen))
    }
}

/// The result of checking a phase.
pub(crate) fn check(report: &CheckReport) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_check(&mut text, report);
    text
}

fn write_check(text: &mut String, report: &CheckReport) -> std::fmt::Result {
    let verdict = if report.holds { "everything that was given is through it" } else { "not done" };
    writeln!(text, "Phase {}: {verdict}", report.phase)?;
    let mut last = "";
    for missing in &report.missing {
        if missing.holder != last {
            writeln!(text, "  {} ({})", printable(&missing.holder), missing.role)?;
            last = &missing.holder;
        }
        writeln!(text, "    {}", missing_in_words(missing))?;
    }
    for group in finding::group(&report.findings) {
        write_group(text, &group)?;
    }
    Ok(())
}

/// The steps of a plan.
pub(crate) fn plan(report: &PlanReport) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_plan(&mut text, report);
    text
}

fn write_plan(text: &mut String, report: &PlanReport) -> std::fmt::Result {
    writeln!(text, "{}\n", report.package)?;
    for authority in &report.authorities {
        let how = match authority {
            SuccessorReport { under_way: true, .. } => "there already",
            SuccessorReport { brought: true, .. } => "brought along",
            _ => "made here",
        };
        writeln!(
            text,
            "{}: {} → {}",
            authority.title,
            printable(&authority.old_subject),
            printable(&authority.new_subject)
        )?;
        let key = match authority.key_home.as_str() {
            "" => "key not here".to_owned(),
            home => format!("key kept on {home}"),
        };
        writeln!(text, "  {}, {how}, valid until {}, {key}", authority.key_type, authority.not_after)?;
    }
    writeln!(text, "\n{} keys to be made", report.keys.len())?;
    for key in &report.keys {
        writeln!(text, "  {}: {}", printable(&key.owner), key.algorithm)?;
    }
    for step in &report.steps {
        write_step(text, step)?;
    }
    if !report.acknowledged.is_empty() {
        writeln!(text, "\nNot handled by this package, acknowledged")?;
        for item in &report.acknowledged {
            writeln!(text, "  {}\n    {}. {}", printable(&item.id), printable(&item.text), printable(&item.remedy))?;
        }
    }
    if !report.findings.is_empty() {
        writeln!(text, "\nFindings")?;
        for group in finding::group(&report.findings) {
            write_group(text, &group)?;
        }
    }
    Ok(())
}

fn write_step(text: &mut String, step: &StepReport) -> std::fmt::Result {
    writeln!(text, "\n{}  {} ({})", printable(&step.id), printable(&step.title), printable(&step.holder))?;
    for edit in &step.edits {
        if edit.before.is_empty() && edit.after.is_empty() {
            writeln!(text, "  {}", printable(&edit.target))?;
        } else {
            writeln!(text, "  {}: {} → {}", printable(&edit.target), edit.before, edit.after)?;
        }
    }
    if !step.restarts.is_empty() {
        writeln!(text, "  restart {}", step.restarts.join(", "))?;
    }
    if !step.gate.is_empty() {
        writeln!(text, "  gate: {}", step.gate)?;
    }
    Ok(())
}
