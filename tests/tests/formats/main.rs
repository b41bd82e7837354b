//! What a file's bytes mean to the programs that read it, and whether the command that a finding names mends the file.

mod given;
mod judged;
mod pem;
mod remedies;
