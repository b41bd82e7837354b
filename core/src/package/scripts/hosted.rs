//! What the script for a management cluster does to a tenant's control plane.

use crate::{
    plan::{Action, ClusterAction, RenewedSecrets, RotationPlan, TenantAction, TenantVerb},
    profile::{Hosted, Lifecycle, SecretTable},
    text::shell::quote,
};

/// The functions for tenants.
pub(super) const LIBRARY: [&str; 2] = [include_str!("hosted.sh"), include_str!("hosted-secrets.sh")];

/// This platform's words, where the plan's control plane is a tenant's.
pub(super) fn words(plan: &RotationPlan) -> Option<String> {
    let hosted = plan.profile.hosted()?;
    let flags: Vec<_> = hosted.signing_flags.iter().map(|(flag, _)| format!("--{flag}=*")).collect();
    let args: Vec<_> = hosted.signing_flags.iter().map(|(flag, path)| format!("--{flag}={path}")).collect();
    let (_, pointer) =
        hosted.extra_args.iter().find(|(component, _)| *component == crate::profile::Component::ControllerManager)?;
    let keys: Vec<_> = pointer.split('/').filter(|key| !key.is_empty()).collect();
    let open: String = keys.iter().map(|key| format!("{{\"{key}\":")).collect();
    let close = "}".repeat(keys.len());
    let facts = format!(
        "\nresource={}\noperator_lease={}\noperator_image={}\nname_label={}\nleft_behind={}\nrolls_out={}\npause_annotation={}\nsigning_args={}\nargs_path={}\nargs_open={}\nargs_close={}\n",
        quote(hosted.resource),
        quote(hosted.operator_lease),
        quote(hosted.operator_image),
        quote(hosted.name_label),
        quote(&left_behind(hosted)),
        quote(hosted.rolls_out),
        quote(hosted.pause),
        quote(&args.join(" ")),
        quote(&keys.iter().map(|key| format!(".{key}")).collect::<String>()),
        quote(&open),
        quote(&close),
    );
    let is_signing = format!(
        "\nis_signing() {{ # ARGUMENT\n  case $1 in\n    {}) return 0 ;;\n  esac\n  return 1\n}}\n",
        flags.join(" | ")
    );
    Some([facts, is_signing].concat())
}

/// The lines that have the operator create Secrets again, and check each certificate. Kubeconfigs come after the plan's
/// certificates, since one of them embeds a certificate.
pub(super) fn renewal_lines(plan: &RotationPlan, secrets: &RenewedSecrets) -> Vec<String> {
    let (namespace, tenant) = (quote(&secrets.namespace), quote(&secrets.tenant));
    let call = |action: &str| format!("{action} {namespace} {tenant}");
    let mut lines = vec![call("renewal_first")];
    let mut asked = std::collections::BTreeSet::new();
    for certificate in &secrets.certificates {
        let (secret, key) = &certificate.authority;
        if asked.insert(secret) {
            let sum = &certificate.authority_sum;
            lines.push(format!("same_authority {namespace} {} {} {sum}", quote(secret), quote(&escaped(key))));
        }
    }
    if secrets.kind == Lifecycle::Kubeconfig {
        let actions = plan.steps.iter().flat_map(|step| &step.actions);
        let before = actions.filter_map(|action| match action {
            Action::Cluster(ClusterAction::RenewSecrets(before)) if before.kind == Lifecycle::X509 => Some(before),
            _ => None,
        });
        lines.extend(before.flat_map(|before| &before.certificates).map(|certificate| {
            let (secret, key) = (quote(&certificate.secret), quote(&escaped(certificate.key)));
            format!("renewed_before {namespace} {secret} {key} {}", certificate.sum)
        }));
    }
    for certificate in &secrets.certificates {
        let (authority, key) = &certificate.authority;
        lines.push(format!(
            "renewal_of {namespace} {} {} {} {} {} {} {}",
            quote(&certificate.secret),
            quote(&escaped(certificate.key)),
            certificate.sum,
            certificate.not_after.0,
            quote(authority),
            quote(&escaped(key)),
            certificate.authority_sum
        ));
    }
    lines.push(format!("renew_secrets {namespace} {tenant} {}", quote(&secrets.selector)));
    lines.extend(secrets.mounted.iter().map(|secret| format!("roll_out_after {namespace} {tenant} {}", quote(secret))));
    lines
}

/// A key of an object's data in a JSON path.
fn escaped(key: &str) -> String {
    key.replace('.', "\\.")
}

/// The Secrets that the operator keeps when the CA changes, each with the key of its data that holds the certificate or the
/// kubeconfig: `konnectivity-certificate/tls.crt konnectivity-kubeconfig/konnectivity-server.conf`.
fn left_behind(hosted: &Hosted) -> String {
    let first = |table: &SecretTable| table.files.first().map_or("", |(key, _)| *key);
    let list: Vec<_> = hosted.left_behind().map(|table| format!("{}/{}", table.component, first(table))).collect();
    list.join(" ")
}

/// The lines of an action.
pub(super) fn lines(action: &TenantAction) -> Vec<String> {
    let TenantAction { namespace, name, verb, .. } = action;
    let (namespace, name) = (quote(namespace), quote(name));
    let call = |function: &str| vec![format!("{function} {namespace} {name}")];
    match verb {
        TenantVerb::Pause => call("pause_operator"),
        TenantVerb::Reissued => call("await_reissued"),
        TenantVerb::Recreate => call("recreate_left_behind"),
        TenantVerb::Resume => call("resume_operator"),
        TenantVerb::RollOut => call("roll_out_deployment"),
        TenantVerb::SignApart(apart) => {
            vec![format!("sign_apart {namespace} {name} {}", if *apart { "yes" } else { "no" })]
        }
        TenantVerb::RollBack => call("roll_back_deployment"),
    }
}
