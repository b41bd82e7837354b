//! File formats: Airlock interprets a file's bytes as the programs that read it, and the command in a finding repairs
//! the file.

mod given;
mod judged;
mod pem;
mod remedies;
