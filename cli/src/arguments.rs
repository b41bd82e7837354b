//! Command-line arguments, and their conversion into a request.

use std::{collections::BTreeMap, fs};

use airlock_core::{
    InputFile, NewControlPlane, RotationRequest,
    plan::{self, BroughtAuthority, Intent, NewAuthority, SubcloudApplyType, SubcloudStrategy, Workers, request},
    profile::{self, AuthorityId, PROFILES, Profile},
    sample::{self, SAMPLES, Sample},
    x509::KeyAlgorithm,
};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::stop::Stop;

/// Plan and package a zero-downtime rotation of Kubernetes cluster CAs, offline.
#[derive(Parser)]
#[command(name = "airlock", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the inventory of the files, and problems
    Inspect {
        /// Files, folders or archives; a folder may contain the trees of several nodes
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        input: InputOptions,
        /// Output format
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Check from the files whether a phase is complete; exit code 1 if not
    Check {
        /// Files, folders or archives from any time of a rotation; may include its package
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        input: InputOptions,
        /// Phase to check [default: latest phase started]
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3), value_name = "1|2|3")]
        phase: Option<u8>,
        /// Output format
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Preview the steps of a rotation; writes nothing
    Plan {
        /// Files, folders or archives; a folder may contain the trees of several nodes
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        input: InputOptions,
        #[command(flatten)]
        choices: Box<Choices>,
        /// Output format
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Generate keys and certificates, and write the package
    Package {
        /// Files, folders or archives; a folder may contain the trees of several nodes
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        input: InputOptions,
        #[command(flatten)]
        choices: Box<Choices>,
        /// Output path: an archive if it ends in .zip, otherwise a new or empty folder
        #[arg(long, value_name = "FILE.zip|DIR")]
        out: String,
    },
    /// Generate the CA of a new control plane, as a Secret that its operator adopts
    Prepare {
        #[command(flatten)]
        options: PrepareOptions,
        /// Output path: a new file
        #[arg(long, value_name = "FILE.yaml")]
        out: String,
    },
    /// Generate the files of a fictitious cluster, for practice
    Sample {
        /// Kind of cluster
        #[arg(value_name = "NAME", value_parser = sample())]
        sample: &'static Sample,
        /// Output path: an archive if it ends in .zip, otherwise a new or empty folder
        #[arg(long, value_name = "FILE.zip|DIR")]
        out: String,
    },
}

/// The CA of a new control plane.
#[derive(Args)]
pub(crate) struct PrepareOptions {
    /// Platform whose operator will run the control plane
    #[arg(long, default_value = "kamaji", value_name = "NAME", value_parser = platform())]
    platform: &'static Profile,
    /// Name of the new control plane
    #[arg(long, value_name = "NAMESPACE/NAME")]
    tenant: String,
    /// Key type of the CA: rsa-2048, rsa-3072, rsa-4096, ecdsa-p256 or ecdsa-p384 [default: rsa-2048]
    #[arg(long, value_name = "TYPE", conflicts_with = "ca_cert")]
    key_type: Option<KeyAlgorithm>,
    /// Common name of the CA [default: kubernetes]
    #[arg(long, value_name = "NAME", conflicts_with = "ca_cert")]
    ca_name: Option<String>,
    /// Lifetime of the CA in days
    #[arg(long, default_value_t = request::DEFAULT_CA_DAYS, value_name = "N", conflicts_with = "ca_cert")]
    ca_days: u32,
    /// Certificate of an imported CA
    #[arg(long, value_name = "FILE", requires = "ca_key")]
    ca_cert: Option<String>,
    /// Private key of the imported CA
    #[arg(long, value_name = "FILE", requires = "ca_cert")]
    ca_key: Option<String>,
    /// File whose first line is the password of an encrypted key; without it, you are prompted on a terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Json,
    Table,
}

/// How to interpret the files.
#[derive(Args)]
pub(crate) struct InputOptions {
    /// Platform of the cluster [default: auto-detected]
    #[arg(long, value_name = "NAME", value_parser = platform())]
    pub(crate) platform: Option<&'static Profile>,
    /// Tenant to use, if the files contain several
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub(crate) tenant: Option<String>,
    /// File whose first line is the password of encrypted keys and PKCS#12 containers; without it, you are prompted on
    /// a terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<String>,
}

/// All options of a rotation.
#[derive(Args)]
pub(crate) struct Choices {
    /// Goal: new CAs with all certificates that they issue, or only new leaf certificates of the current CAs
    #[arg(long, default_value = "rotate", value_name = "rotate|renew-leaves", value_parser = intent())]
    intent: Intent,
    /// CAs to replace: cluster, front-proxy, talos [default: all that the platform rotates]
    #[arg(long, value_delimiter = ',', value_name = "CA,…")]
    rotate: Option<Vec<AuthorityId>>,
    /// Key type of the new CAs: same, rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384 or ed25519; does not apply
    /// to Talos
    #[arg(long, default_value = "same", value_name = "TYPE", value_parser = key_type)]
    key_type: KeyType,
    /// Subject of the new cluster CA for StarlingX: 'C= ST= L= O= OU= CN='
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["ca_name", "ca_cert"])]
    subject: Option<String>,
    /// Expiry date of the new cluster CA for StarlingX: YYYY-MM-DD
    #[arg(long, value_name = "DATE", conflicts_with = "ca_cert")]
    expiry_date: Option<String>,
    /// Common name of the new cluster CA [default: the old CA's name with today's date]
    #[arg(long, value_name = "NAME", conflicts_with = "ca_cert")]
    ca_name: Option<String>,
    /// Certificate of an imported cluster CA
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<String>,
    /// Private key of the imported cluster CA
    #[arg(long, value_name = "FILE", requires = "ca_cert")]
    ca_key: Option<String>,
    /// Common name of the new front-proxy CA [default: the old CA's name with today's date]
    #[arg(long, value_name = "NAME", conflicts_with = "front_proxy_ca_cert")]
    front_proxy_ca_name: Option<String>,
    /// Certificate of an imported front-proxy CA
    #[arg(long, value_name = "FILE")]
    front_proxy_ca_cert: Option<String>,
    /// Private key of the imported front-proxy CA
    #[arg(long, value_name = "FILE", requires = "front_proxy_ca_cert")]
    front_proxy_ca_key: Option<String>,
    /// Certificate of an imported Talos API CA
    #[arg(long, value_name = "FILE")]
    talos_ca_cert: Option<String>,
    /// Private key of the imported Talos API CA
    #[arg(long, value_name = "FILE", requires = "talos_ca_cert")]
    talos_ca_key: Option<String>,
    /// Lifetime of the new CAs in days
    #[arg(long, default_value_t = request::DEFAULT_CA_DAYS, value_name = "N")]
    ca_days: u32,
    /// Lifetime of new leaf certificates in days; they never outlive their CA. With --intent renew-leaves, the issuer
    /// sets the lifetime: N is the lifetime that you expect, and Airlock warns about CAs that expire earlier
    #[arg(long, default_value_t = request::DEFAULT_LEAF_DAYS, value_name = "N")]
    leaf_days: u32,
    /// Reuse the existing private keys instead of generating new ones
    #[arg(long)]
    keep_keys: bool,
    /// How kubelets get certificates of the new CA
    #[arg(long, default_value = "renew", value_name = "renew|mint")]
    kubelet_certs: KubeletCertificates,
    /// How workers stop trusting the old CA in phase 3: a script reconfigures them, or new machines replace them (drain
    /// and delete)
    #[arg(long, default_value = "reconfigure", value_name = "reconfigure|replace")]
    workers: WorkerTrust,
    /// Keep the new CAs' keys outside the cluster: write CSRs, and continue when the signed certificates are loaded
    #[arg(long)]
    external_ca: bool,
    /// If a rotation has started and its new CA has issued nothing yet: discard that CA and start over with another
    #[arg(long)]
    start_over: bool,
    /// Accept an unavoidable outage; without this option, its cause and duration are reported and nothing is written
    #[arg(long)]
    accept_outage: bool,
    /// Acknowledge a dependency that the package does not handle, by its id; repeat the option for each
    #[arg(long, value_name = "ID")]
    acknowledge: Vec<String>,
    /// Release of the platform's operator, such as 26.8.2-edge, if the steps depend on it [default: auto-detected]
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    subclouds: Subclouds,
}

/// Options of dcmanager's strategy, with dcmanager's own names.
#[derive(Args)]
#[command(next_help_heading = "Options of StarlingX Distributed Cloud (--platform starlingx-dc)")]
pub(crate) struct Subclouds {
    /// Name of a single subcloud to update [default: every managed and online subcloud]
    #[arg(long, value_name = "NAME")]
    cloud_name: Option<String>,
    /// Name or ID of the subcloud group to update
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Update subclouds in parallel or serially [default: each group's own setting]
    #[arg(long, value_name = "parallel|serial")]
    subcloud_apply_type: Option<SubcloudApplyType>,
    /// Maximum number of parallel subclouds [default: each group's own setting]
    #[arg(long, value_name = "N")]
    max_parallel_subclouds: Option<u32>,
    /// Do not update any further subcloud after a failure
    #[arg(long)]
    stop_on_failure: bool,
    /// Also update subclouds whose kube-rootca_sync_status is in-sync
    #[arg(long)]
    force_in_sync: bool,
    /// Path on the system controller of a PEM file with the new CA's certificate and key; without it, each subcloud
    /// generates its own CA (--subject, --expiry-date)
    #[arg(long, value_name = "PATH")]
    cert_file: Option<String>,
}

/// A key type; `None` for the key type of the old CA.
#[derive(Clone, Copy)]
struct KeyType(Option<KeyAlgorithm>);

#[derive(Clone, Copy, ValueEnum)]
enum WorkerTrust {
    Reconfigure,
    Replace,
}

#[derive(Clone, Copy, ValueEnum)]
enum KubeletCertificates {
    /// The package contains certificates and keys for them
    Mint,
    /// Each kubelet requests its own; private keys stay on the node
    Renew,
}

/// Parses the id of a sample.
fn sample() -> impl TypedValueParser<Value = &'static Sample> {
    let names = PossibleValuesParser::new(SAMPLES.iter().map(|sample| sample.id));
    names.map(|name| sample::named(&name).expect("Invariant: only names of samples are possible"))
}

fn intent() -> impl TypedValueParser<Value = Intent> {
    let names = PossibleValuesParser::new(Intent::ALL.map(Intent::as_str));
    names.map(|name| Intent::ALL.into_iter().find(|intent| intent.as_str() == name).unwrap_or_default())
}

fn platform() -> impl TypedValueParser<Value = &'static Profile> {
    let names = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.id));
    names.map(|name| profile::named(&name).expect("Invariant: only names of platforms are possible"))
}

fn key_type(text: &str) -> Result<KeyType, String> {
    match text {
        "same" => Ok(KeyType(None)),
        text => text.parse().map(|algorithm| KeyType(Some(algorithm))).map_err(|_| {
            let known: Vec<_> = KeyAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
            format!("it must be same or one of {}", known.join(", "))
        }),
    }
}

impl Choices {
    /// The request, and the imported files that it refers to.
    pub(crate) fn request(&self) -> Result<(RotationRequest, Vec<InputFile>), Stop> {
        let mut brought_files = Vec::new();
        let rows = [
            (AuthorityId::Cluster, "--ca-", &self.ca_name, &self.ca_cert, &self.ca_key),
            (
                AuthorityId::FrontProxy,
                "--front-proxy-ca-",
                &self.front_proxy_ca_name,
                &self.front_proxy_ca_cert,
                &self.front_proxy_ca_key,
            ),
            (AuthorityId::Talos, "--talos-ca-", &None, &self.talos_ca_cert, &self.talos_ca_key),
        ];
        let mut authorities = BTreeMap::new();
        for (id, option, name, certificate, key) in rows {
            let brought = match (certificate, key) {
                (None, _) => None,
                (Some(_), None) if !self.external_ca => {
                    return Err(Stop::Usage(format!(
                        "{option}cert needs {option}key, or --external-ca where the key stays elsewhere"
                    )));
                }
                (Some(certificate), key) => Some(BroughtAuthority {
                    certificate: read_imported(&format!("{option}cert"), certificate, &mut brought_files)?,
                    key: match key {
                        Some(key) => read_imported(&format!("{option}key"), key, &mut brought_files)?,
                        None => String::new(),
                    },
                }),
            };
            let new = NewAuthority {
                common_name: name.clone(),
                key_algorithm: self.key_type.0,
                brought,
                ..NewAuthority::default()
            };
            authorities.insert(id, new);
        }
        if let Some(cluster) = authorities.get_mut(&AuthorityId::Cluster) {
            (cluster.subject, cluster.expiry_date) = (self.subject.clone(), self.expiry_date.clone());
        }
        let request = RotationRequest {
            intent: self.intent,
            rotate: self.rotate.clone(),
            authorities,
            ca_days: self.ca_days,
            leaf_days: self.leaf_days,
            keep_keys: self.keep_keys,
            kubelet_certificates: match self.kubelet_certs {
                KubeletCertificates::Mint => plan::KubeletCertificates::Mint,
                KubeletCertificates::Renew => plan::KubeletCertificates::Renew,
            },
            workers: match self.workers {
                WorkerTrust::Reconfigure => Workers::Reconfigure,
                WorkerTrust::Replace => Workers::Replace,
            },
            external_ca: self.external_ca,
            start_over: self.start_over,
            accept_outage: self.accept_outage,
            acknowledge: self.acknowledge.iter().cloned().collect(),
            release: self.release.clone(),
            subclouds: Box::new(self.subclouds.strategy()),
        };
        Ok((request, brought_files))
    }
}

impl Subclouds {
    fn strategy(&self) -> SubcloudStrategy {
        SubcloudStrategy {
            cloud_name: self.cloud_name.clone(),
            group: self.group.clone(),
            apply_type: self.subcloud_apply_type,
            max_parallel: self.max_parallel_subclouds,
            stop_on_failure: self.stop_on_failure,
            force: self.force_in_sync,
            cert_file: self.cert_file.clone(),
        }
    }
}

impl PrepareOptions {
    /// The requested control plane, the files of an imported CA, and how to interpret them.
    pub(crate) fn new_control_plane(&self) -> Result<(NewControlPlane, Vec<InputFile>, InputOptions), Stop> {
        let Some((namespace, name)) = self.tenant.split_once('/') else {
            return Err(Stop::Usage(format!("--tenant {}: it must be NAMESPACE/NAME", self.tenant)));
        };
        let mut files = Vec::new();
        let brought = match (&self.ca_cert, &self.ca_key) {
            (Some(certificate), Some(key)) => Some(BroughtAuthority {
                certificate: read_imported("--ca-cert", certificate, &mut files)?,
                key: read_imported("--ca-key", key, &mut files)?,
            }),
            _ => None,
        };
        let mut control_plane = NewControlPlane::new(self.platform, namespace, name);
        control_plane.authority = NewAuthority {
            common_name: self.ca_name.clone(),
            key_algorithm: self.key_type,
            brought,
            ..NewAuthority::default()
        };
        control_plane.ca_days = self.ca_days;
        let input =
            InputOptions { platform: Some(self.platform), tenant: None, password_file: self.password_file.clone() };
        Ok((control_plane, files, input))
    }
}

/// Reads a file of an imported CA. Its name is derived from its option, so that its path is not mistaken for a file of
/// a node.
fn read_imported(option: &str, path: &str, files: &mut Vec<InputFile>) -> Result<String, Stop> {
    let bytes = fs::read(path).map_err(|error| Stop::Usage(format!("{option} {path}: {error}")))?;
    let name = format!("{option} {}", path.rsplit('/').next().unwrap_or(path));
    files.push(InputFile::new(name.clone(), bytes));
    Ok(name)
}
