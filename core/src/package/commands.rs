//! Steps as shell commands, for POSIX sh and with no tools beyond those of a node.

use std::fmt::Write;

use crate::{
    plan::{Action, Content, Edit, Holder, Step},
    profile::{Component, Profile},
};

/// On the client, apply would copy the object, key and all, into an annotation.
pub(super) const APPLY: &str = "kubectl apply --server-side --force-conflicts --field-manager=airlock";

/// What the commands on nodes are made of. The kubelet takes every file in `manifests/` whose name does
/// not start with a dot for a Pod: files are written under a dot name, then renamed.
pub(super) const FUNCTIONS: &str = r#"export KUBECONFIG=/etc/kubernetes/admin.conf
put() { # MODE FILE TARGET
  beside="$(dirname "$3")/.$(basename "$3").airlock"
  install -m "$1" "$2" "$beside" && mv -f "$beside" "$3"
}
wait_pod() { # NAME
  until kubectl -n kube-system wait --for=condition=Ready "pod/$1-$(hostname)" --timeout=180s; do sleep 2; done
}
restart_pod() { # NAME [NEW MANIFEST]
  mv "/etc/kubernetes/manifests/$1.yaml" "/etc/kubernetes/.$1.yaml.airlock"
  while kubectl -n kube-system get pod "$1-$(hostname)" >/dev/null 2>&1; do sleep 1; done
  if [ $# -eq 2 ]; then
    put 0600 "$2" "/etc/kubernetes/manifests/$1.yaml" && rm -f "/etc/kubernetes/.$1.yaml.airlock"
  else
    mv "/etc/kubernetes/.$1.yaml.airlock" "/etc/kubernetes/manifests/$1.yaml"
  fi
}
"#;

/// The commands of a step, from the package's root on its holder; empty where a person acts.
pub(super) fn of_step(step: &Step, profile: &Profile) -> String {
    let mut commands = String::new();
    let mut replaced = Vec::new();
    for action in &step.actions {
        match action {
            Action::Write(edit) => write_edit(&mut commands, step, edit, profile, &mut replaced),
            Action::Remove { target, .. } => line(&mut commands, &format!("rm -f {}", quote(target))),
            Action::Restart(Component::Kubelet) => line(&mut commands, "systemctl restart kubelet"),
            // A new manifest has restarted it already.
            Action::Restart(component) if replaced.contains(component) => {}
            Action::Restart(component) => line(&mut commands, &format!("restart_pod {component}")),
            Action::WaitFor(Component::Kubelet) => line(&mut commands, "systemctl is-active kubelet"),
            Action::WaitFor(component) => {
                replaced.clear();
                line(&mut commands, &format!("wait_pod {component}"));
            }
            Action::Do { command, .. } => line(&mut commands, command),
        }
    }
    commands
}

fn write_edit(commands: &mut String, step: &Step, edit: &Edit, profile: &Profile, replaced: &mut Vec<Component>) {
    let (output, target) = (quote(&edit.output), quote(&edit.target));
    match (&step.holder, &edit.content) {
        (_, Content::Object(_)) => line(commands, &format!("{APPLY} -f {output}")),
        (Holder::Clients, _) => {}
        (_, Content::Text(_)) => {}
        (Holder::Workers, _) if edit.output.matches('/').count() > 2 => {
            // A file for one worker alone.
            let node = edit.output.split('/').nth(2).unwrap_or_default();
            line(commands, &format!("[ \"$(hostname)\" != {} ] || put {:04o} {output} {target}", quote(node), edit.mode));
        }
        _ => match profile.static_pods.iter().find(|row| row.path == edit.target) {
            Some(row) => {
                replaced.push(row.component);
                line(commands, &format!("restart_pod {} {output}", row.component));
            }
            None => line(commands, &format!("put {:04o} {output} {target}", edit.mode)),
        },
    }
}

fn line(commands: &mut String, command: &str) {
    if !command.is_empty() {
        let _ = writeln!(commands, "{command}");
    }
}

/// A word that the shell takes as it is.
pub(super) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        assert_eq!(quote("/etc/kubernetes/pki/ca.crt"), "/etc/kubernetes/pki/ca.crt");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quote(""), "''");
    }
}
