//! File formats: Airlock interprets a file's bytes as the programs that read it, and the command in a finding repairs
//! the file.

mod helpers;
mod pem;
mod rare_certificates;
mod remedies;
