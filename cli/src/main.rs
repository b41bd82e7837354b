//! `airlock`: the command line, for machines without a browser.
//!
//! Results go to standard output, findings to standard error, secrets only into files that are readable by their owner
//! alone. Exit codes: 0 for success; 1 if a finding is an error, in which case nothing is written; 2 for a usage error.

mod arguments;
mod keys;
mod password;
mod read;
mod stop;
mod table;
mod write;

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use airlock_core::{
    Finding, InputFile, Inventory, RotationPlan, RotationRequest, Severity, UnixTime, archive, check, finding, mint,
    package,
    package::PackageError,
    plan, prepare,
    sample::{self, Sample},
    x509::PrivateKey,
};
use clap::Parser;
use getrandom::SysRng;
use rand_core::UnwrapErr;

use crate::{
    arguments::{Arguments, Choices, Command, Format, InputOptions, PrepareOptions},
    stop::Stop,
};

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let outcome = match command {
        Command::Inspect { paths, input, format } => run_inspect(&paths, &input, format),
        Command::Check { paths, input, phase, format } => run_check(&paths, &input, phase, format),
        Command::Plan { paths, input, choices, format } => run_plan(&paths, &input, &choices, format),
        Command::Package { paths, input, choices, out } => run_package(&paths, &input, &choices, &out),
        Command::Prepare { options, out } => run_prepare(&options, &out),
        Command::Sample { sample, out } => run_sample(sample, &out),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Findings(findings)) => {
            print_findings(&findings);
            ExitCode::from(1)
        }
        Err(Stop::Failed(message)) => {
            eprintln!("airlock: {message}");
            ExitCode::from(1)
        }
        Err(Stop::Usage(message)) => {
            eprintln!("airlock: {message}");
            ExitCode::from(2)
        }
    }
}

fn run_inspect(paths: &[String], input: &InputOptions, format: Format) -> Result<(), Stop> {
    let now = now()?;
    let inventory = password::inspect(read::paths(paths)?, input, now)?;
    let report = inventory.report(now);
    match format {
        Format::Json => print_json(&report),
        Format::Table => print!("{}", table::inventory(&report)),
    }
    refuse_errors(inventory.findings())
}

fn run_check(paths: &[String], input: &InputOptions, phase: Option<u8>, format: Format) -> Result<(), Stop> {
    let inventory = password::inspect(read::paths(paths)?, input, now()?)?;
    let report = check(&inventory, phase);
    match format {
        Format::Json => print_json(&report),
        Format::Table => print!("{}", table::check(&report)),
    }
    if report.holds { Ok(()) } else { Err(Stop::Findings(Vec::new())) }
}

fn run_plan(paths: &[String], input: &InputOptions, choices: &Choices, format: Format) -> Result<(), Stop> {
    let (_, plan) = decide(paths, input, choices, now()?)?;
    let report = plan.report();
    match format {
        Format::Json => print_json(&report),
        Format::Table => print!("{}", table::plan(&report)),
    }
    Ok(())
}

fn run_package(paths: &[String], input: &InputOptions, choices: &Choices, out: &str) -> Result<(), Stop> {
    let target = write::Target::new(out)?;
    let (inventory, plan) = decide(paths, input, choices, now()?)?;
    print_findings(inventory.findings());
    print_findings(plan.findings());
    let keys = keys::generate(plan.key_requests());
    let minted = mint(&plan, keys).map_err(|error| Stop::Failed(error.to_string()))?;
    let files = package(&plan, &minted).map_err(|error| match error {
        PackageError::Broken(broken) => Stop::Findings(vec![broken.finding()]),
        other => Stop::Failed(other.to_string()),
    })?;
    print_findings(&files.matrix().findings());
    let entries = files.files().map(|file| (file.path.as_str(), file.mode, file.bytes.as_slice()));
    target.write(entries, || archive(&files))?;
    println!("{}", files.matrix());
    let judged = !files.matrix().edges.is_empty();
    for summary in files.matrix().verifiers().iter().filter(|_| judged) {
        println!("  {summary}");
    }
    println!("{}: {minted}, {} files", target.path(), files.files().count());
    Ok(())
}

fn run_prepare(options: &PrepareOptions, out: &str) -> Result<(), Stop> {
    let (control_plane, imported, input) = options.new_control_plane()?;
    let now = now()?;
    let inventory = password::inspect(imported, &input, now)?;
    let preparation = prepare(&inventory, &control_plane, now).map_err(|refusal| Stop::Findings(refusal.findings))?;
    print_findings(preparation.findings());
    let key = keys::generate(preparation.key_request().map(std::slice::from_ref).unwrap_or_default()).pop();
    let secret = preparation.secret(key).map_err(|error| Stop::Failed(error.to_string()))?;
    write::secret(out, secret.yaml.as_bytes())?;
    let (subject, end) = (secret.certificate.subject(), secret.certificate.not_after());
    println!("{out}: Secret {}/{} with the CA {subject}, until {end}", secret.namespace, secret.name);
    println!("Make it before its control plane: kubectl create -f {out}");
    Ok(())
}

fn run_sample(sample: &Sample, out: &str) -> Result<(), Stop> {
    let target = write::Target::new(out)?;
    let mut random = UnwrapErr(SysRng);
    let files = sample.files(now()?, &mut |algorithm| PrivateKey::generate(algorithm, &mut random));
    let entries = files.iter().map(|file| (file.path.as_str(), file.mode, file.bytes.as_slice()));
    target.write(entries, || sample::archive(&files))?;
    let option = sample.platform_to_say().map(|platform| format!(" --platform {}", platform.id)).unwrap_or_default();
    println!("{out}: a sample of {}; no such cluster exists, and its keys protect nothing", sample.title);
    println!("Look at it: airlock inspect {out}{option}");
    Ok(())
}

fn decide(
    paths: &[String],
    input: &InputOptions,
    choices: &Choices,
    now: UnixTime,
) -> Result<(Inventory, RotationPlan), Stop> {
    let mut files = read::paths(paths)?;
    let (request, brought): (RotationRequest, Vec<InputFile>) = choices.request()?;
    files.extend(brought);
    let inventory = password::inspect(files, input, now)?;
    let plan = plan(&inventory, &request, now).map_err(|refusal| Stop::Findings(refusal.findings))?;
    Ok((inventory, plan))
}

/// The system time, or the value of `SOURCE_DATE_EPOCH` (reproducible-builds.org).
fn now() -> Result<UnixTime, Stop> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        let seconds =
            text.parse().map_err(|_| Stop::Usage(format!("SOURCE_DATE_EPOCH is {text}, not a number of seconds")))?;
        return Ok(UnixTime(seconds));
    }
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let elapsed = elapsed.map_err(|_| Stop::Failed("the clock is before 1970".to_owned()))?;
    Ok(UnixTime(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)))
}

fn refuse_errors(findings: &[Finding]) -> Result<(), Stop> {
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(Stop::Findings(Vec::new()));
    }
    Ok(())
}

fn print_findings(findings: &[Finding]) {
    for group in finding::group(findings) {
        eprintln!("{group}");
    }
}

fn print_json(report: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(report).expect("Invariant: reports are text and numbers");
    println!("{text}");
}
