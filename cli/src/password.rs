//! The password of encrypted keys, from a file or a single prompt on the terminal. It is never an argument, because
//! every user of the machine can read those.

use std::{
    fs,
    io::{self, IsTerminal as _},
};

use airlock_core::{InputFile, InspectOptions, Inventory, Password, UnixTime, inspect_with};
use zeroize::Zeroizing;

use crate::{arguments::InputOptions, stop::Stop};

/// Inspects `files`, with a password if one is needed and available; otherwise findings list what it would decrypt.
pub(crate) fn inspect(files: Vec<InputFile>, input: &InputOptions, now: UnixTime) -> Result<Inventory, Stop> {
    let options = InspectOptions { platform: input.platform, tenant: input.tenant.as_deref(), password: None };
    let with = |files, password| inspect_with(files, InspectOptions { password: Some(password), ..options }, now);
    if let Some(path) = &input.password_file {
        return Ok(with(files, &from_file(path)?));
    }
    let inventory = inspect_with(files.clone(), options, now);
    if !inventory.needs_password() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(inventory);
    }
    let typed = rpassword::prompt_password("Password of the encrypted keys: ");
    let typed = typed.map_err(|error| Stop::Failed(format!("the password could not be asked for: {error}")))?;
    Ok(with(files, &Password::new(typed)))
}

/// The first line of a file, without its line end, as in OpenSSL's `-passin file:`.
fn from_file(path: &str) -> Result<Password, Stop> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Stop::Usage(format!("--password-file {path}: {error}")))?;
    let line = text.split('\n').next().unwrap_or_default();
    Ok(Password::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
