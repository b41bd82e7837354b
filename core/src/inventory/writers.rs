//! Programs that write Kubernetes objects by themselves, and would revert what a package writes.

use Sign::{Annotation, Label, Labelled, Manager, Owner};
use serde_json::Value;

use crate::{formats::object::Object, text::shell::quote};

/// A program that writes an object again, recognised by what it leaves in the object's metadata.
#[derive(Debug)]
struct Writer {
    /// Its name, as its documentation has it.
    title: &'static str,
    signs: &'static [Sign],
    /// Does it write the object again as soon as that changes or is deleted?
    watches: bool,
    /// What to do in a phase that changes the object, as a sentence without a final period.
    change: &'static str,
    /// Where to change an object that it writes and no package does, to complete "change it …".
    source: &'static str,
}

/// What a writer leaves in `metadata`.
#[derive(Debug)]
enum Sign {
    /// An annotation of this name, or one that begins so where the name ends in `/`.
    Annotation(&'static str),
    /// A label of this name, or one that begins so where the name ends in `/`.
    Label(&'static str),
    /// A label with this value.
    Labelled(&'static str, &'static str),
    /// An owner of this API group, or of a group below it.
    Owner(&'static str),
    /// A field manager of this name.
    Manager(&'static str),
}

/// One row for each writer, the most specific first: a Secret of External Secrets may have been installed by Helm as well.
/// Sources, in order: argoproj/argo-cd docs/user-guide/resource_tracking.md; fluxcd/kustomize-controller and
/// fluxcd/helm-controller api/ (owner labels); cert-manager/cert-manager pkg/apis/certmanager/v1/types.go;
/// external-secrets/external-secrets apis/externalsecrets/v1; bitnami-labs/sealed-secrets pkg/apis/sealedsecrets;
/// isindir/sops-secrets-operator; hashicorp/vault-secrets-operator helpers/owner.go; bank-vaults/secrets-webhook docs;
/// emberstack/kubernetes-reflector, mittwald/kubernetes-replicator, 1Password/onepassword-operator,
/// Infisical/kubernetes-operator, DopplerHQ/kubernetes-operator and sparebankenvest/azure-key-vault-to-kubernetes READMEs;
/// cert-manager/trust-manager pkg/apis/trust/v1alpha1; rancher/fleet (wrangler's `objectset`);
/// carvel-dev/kapp docs (labels and annotations); helm/helm pkg/action/validate.go.
const WRITERS: &[Writer] = &[
    Writer {
        title: "Argo CD",
        signs: &[
            Annotation("argocd.argoproj.io/"),
            Label("argocd.argoproj.io/instance"),
            Manager("argocd-controller"),
            Manager("argocd-application-controller"),
        ],
        watches: true,
        change: "Turn off automated sync of its Application before the first phase that changes it (`argocd app set APP --sync-policy none`), then commit the package's object to Git in each phase",
        source: "in the Git repository that its Application deploys",
    },
    Writer {
        title: "Flux (Kustomization)",
        signs: &[Label("kustomize.toolkit.fluxcd.io/name"), Manager("kustomize-controller")],
        watches: true,
        change: "Suspend its Kustomization before the first phase that changes it (`flux suspend kustomization NAME -n NAMESPACE`), commit the package's object to Git, and resume it after phase 3",
        source: "in the Git repository that its Kustomization applies",
    },
    Writer {
        title: "Flux (HelmRelease)",
        signs: &[Label("helm.toolkit.fluxcd.io/name"), Manager("helm-controller")],
        watches: true,
        change: "Suspend its HelmRelease before the first phase that changes it (`flux suspend helmrelease NAME -n NAMESPACE`), put the package's values into the chart's values, and resume it after phase 3",
        source: "in the values of its HelmRelease",
    },
    Writer {
        title: "trust-manager",
        signs: &[Label("trust.cert-manager.io/bundle"), Owner("trust.cert-manager.io")],
        watches: true,
        change: "Change the sources of its Bundle in each phase (`kubectl get bundles.trust.cert-manager.io`)",
        source: "in the sources of its Bundle (`kubectl get bundles.trust.cert-manager.io`)",
    },
    Writer {
        title: CERT_MANAGER,
        signs: &[Annotation("cert-manager.io/certificate-name"), Owner("cert-manager.io")],
        watches: true,
        change: "Delete its Certificate before the first phase that changes the Secret (without an owner reference the Secret stays), or have its issuer issue the new CA in that phase",
        source: "through its Certificate and the issuer that this names (`kubectl get certificates -A`)",
    },
    Writer {
        title: "External Secrets",
        signs: &[
            Owner("external-secrets.io"),
            Annotation("reconcile.external-secrets.io/"),
            Label("reconcile.external-secrets.io/"),
        ],
        watches: true,
        change: "Write the package's values to the external store in each phase (`kubectl get externalsecrets -A` names it)",
        source: "in the external store (`kubectl get externalsecrets -A` names it)",
    },
    Writer {
        title: "Sealed Secrets",
        signs: &[Owner("bitnami.com"), Annotation("sealedsecrets.bitnami.com/")],
        watches: true,
        change: "Seal the package's Secret in each phase and apply the result: `kubeseal -o yaml <SECRET.yaml >SEALED.yaml`",
        source: "in its SealedSecret: `kubeseal -o yaml <SECRET.yaml >SEALED.yaml`",
    },
    Writer {
        title: "sops-secrets-operator",
        signs: &[Owner("isindir.github.com")],
        watches: true,
        change: "Put the package's values into its SopsSecret in each phase, encrypted with `sops -e`",
        source: "in its SopsSecret, encrypted with `sops -e`",
    },
    Writer {
        title: "Vault Secrets Operator",
        signs: &[
            Owner("secrets.hashicorp.com"),
            Labelled("app.kubernetes.io/managed-by", "hashicorp-vso"),
            Label("secrets.hashicorp.com/"),
        ],
        watches: true,
        change: "Write the package's values to Vault in each phase (`vault kv put`)",
        source: "in Vault (`vault kv put`)",
    },
    Writer {
        title: "Bank-Vaults",
        signs: &[Annotation("vault.security.banzaicloud.io/"), Annotation("secrets-webhook.security.bank-vaults.io/")],
        watches: true,
        change: "Write the package's values to Vault in each phase (`vault kv put`)",
        source: "in Vault (`vault kv put`)",
    },
    Writer {
        title: "the 1Password operator",
        signs: &[Owner("onepassword.com"), Annotation("operator.1password.io/")],
        watches: true,
        change: "Write the package's values to the 1Password item in each phase",
        source: "in the 1Password item",
    },
    Writer {
        title: "the Infisical operator",
        signs: &[Owner("secrets.infisical.com")],
        watches: true,
        change: "Write the package's values to Infisical in each phase",
        source: "in Infisical",
    },
    Writer {
        title: "the Doppler operator",
        signs: &[Owner("secrets.doppler.com")],
        watches: true,
        change: "Write the package's values to Doppler in each phase",
        source: "in Doppler",
    },
    Writer {
        title: "Azure Key Vault to Kubernetes",
        signs: &[Owner("spv.no")],
        watches: true,
        change: "Write the package's values to Azure Key Vault in each phase",
        source: "in Azure Key Vault",
    },
    Writer {
        title: "Reflector",
        signs: &[
            Annotation("reflector.v1.k8s.emberstack.com/reflects"),
            Annotation("reflector.v1.k8s.emberstack.com/auto-reflects"),
        ],
        watches: true,
        change: "Change the source that it copies from; the annotation names it",
        source: "in the object that it copies; the annotation names that",
    },
    Writer {
        title: "Kubernetes Replicator",
        signs: &[
            Annotation("replicator.v1.mittwald.de/replicate-from"),
            Annotation("replicator.v1.mittwald.de/replicated-from-version"),
        ],
        watches: true,
        change: "Change the source that it copies from; the annotation names it",
        source: "in the object that it copies; the annotation names that",
    },
    Writer {
        title: "Rancher Fleet",
        signs: &[Annotation("objectset.rio.cattle.io/id")],
        watches: true,
        change: "Pause its GitRepo before the first phase that changes it, and commit the package's object to Git in each phase",
        source: "in the Git repository of its GitRepo",
    },
    Writer {
        title: "kapp",
        signs: &[Label("kapp.k14s.io/app"), Annotation("kapp.k14s.io/")],
        watches: false,
        change: "Put the package's object into the app's configuration in each phase, before the next `kapp deploy`; pause its PackageInstall or App if kapp-controller deploys it",
        source: "in the configuration of its app, before the next `kapp deploy`",
    },
    Writer {
        title: "Helm",
        signs: &[Annotation("meta.helm.sh/release-name"), Labelled("app.kubernetes.io/managed-by", "Helm")],
        watches: false,
        change: "Put the package's values into the release's values in each phase, before the next `helm upgrade` or `helm rollback`",
        source: "in the values of its release, before the next `helm upgrade` or `helm rollback`",
    },
];

/// The only writer that issues certificates by itself.
const CERT_MANAGER: &str = "cert-manager";

/// API groups whose controllers the plan pauses or works together with.
const KNOWN_OWNERS: [&str; 2] = ["cluster.x-k8s.io", "kamaji.clastix.io"];

/// Who writes an object again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrittenBy {
    /// Its name: `Argo CD`, or `Widget default-widget` for an owner that no row knows.
    pub(crate) title: String,
    /// Does it write the object again as soon as that changes or is deleted?
    pub(crate) watches: bool,
    /// What in the metadata shows it: `annotation argocd.argoproj.io/tracking-id`.
    pub(crate) sign: String,
    /// What to do in a phase that changes the object, as a sentence without a final period.
    pub(crate) change: String,
    /// Where to change an object that no package writes, to complete "change it …".
    pub(crate) source: String,
    /// The command that renews the certificate in the object, if the writer issues it by itself.
    pub(crate) renewal: Option<Renewal>,
}

impl WrittenBy {
    pub(super) fn is_cert_manager(&self) -> bool {
        self.title == CERT_MANAGER
    }
}

/// How the program that issued a certificate issues it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renewal {
    /// The issuer, as its metadata names it: `ClusterIssuer cluster-ca`; empty if unknown.
    pub(crate) issuer: String,
    /// The command.
    pub(crate) command: String,
}

/// The program that writes `object` again; `None` if its metadata names none.
pub(crate) fn writer(object: &Object) -> Option<WrittenBy> {
    for row in WRITERS {
        if let Some(sign) = row.signs.iter().find_map(|sign| sign.find(object)) {
            return Some(WrittenBy {
                title: row.title.to_owned(),
                watches: row.watches,
                sign,
                change: row.change.to_owned(),
                source: row.source.to_owned(),
                renewal: (row.title == CERT_MANAGER).then(|| renewal(object)).flatten(),
            });
        }
    }
    let owner = owners(object).find(|owner| owner.controls && !KNOWN_OWNERS.iter().any(|group| owner.is_of(group)))?;
    Some(WrittenBy {
        watches: true,
        title: format!("the controller of {} {}", owner.kind, owner.name),
        sign: format!("controlling owner {}/{}", owner.api_version, owner.kind),
        change: format!("Find out what {} {} writes, and change its source in each phase", owner.kind, owner.name),
        source: format!("through {} {}", owner.kind, owner.name),
        renewal: None,
    })
}

/// How cert-manager renews the certificate in a Secret (cert-manager/cert-manager: pkg/apis/certmanager/v1/types.go,
/// `CertificateNameKey`, `IssuerNameAnnotationKey`, `IssuerKindAnnotationKey`; cert-manager/cmctl: pkg/renew).
fn renewal(object: &Object) -> Option<Renewal> {
    let annotations = object.value.pointer("/metadata/annotations");
    let text = |name: &str| annotations?.get(format!("cert-manager.io/{name}"))?.as_str();
    let owner = || owners(object).find(|owner| owner.is_of("cert-manager.io") && owner.kind == "Certificate");
    let certificate = text("certificate-name").or_else(|| owner().map(|owner| owner.name))?;
    let namespace = object.effective_namespace();
    let issuer = text("issuer-name").map(|name| format!("{} {name}", text("issuer-kind").unwrap_or("Issuer")));
    Some(Renewal {
        issuer: issuer.unwrap_or_default(),
        command: format!("cmctl renew -n {} {}", quote(namespace), quote(certificate)),
    })
}

/// A reference in `metadata.ownerReferences`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnerReference<'a> {
    /// Such as `controlplane.cluster.x-k8s.io/v1beta2`.
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// Is it the controller, of which there is at most one?
    pub(super) controls: bool,
}

impl OwnerReference<'_> {
    /// Is it of this API group, or of one below it?
    pub(super) fn is_of(&self, group: &str) -> bool {
        let own = self.api_version.split('/').next().unwrap_or_default();
        own == group || own.strip_suffix(group).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// The owners of an object.
pub(crate) fn owners(object: &Object) -> impl Iterator<Item = OwnerReference<'_>> {
    let list = object.value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    list.into_iter().flatten().map(|owner| {
        let text = |key| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        OwnerReference {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("name"),
            controls: owner.get("controller").and_then(Value::as_bool).unwrap_or_default(),
        }
    })
}

impl Sign {
    /// What of the object's metadata fits, in words.
    fn find(&self, object: &Object) -> Option<String> {
        let fits = |wanted: &str, key: &str| {
            if wanted.ends_with('/') { key.starts_with(wanted) } else { key == wanted }
        };
        let field = |pointer: &str| object.value.pointer(pointer);
        match self {
            Annotation(wanted) => {
                let all = field("/metadata/annotations").and_then(Value::as_object)?;
                all.keys().find(|key| fits(wanted, key)).map(|key| format!("annotation {key}"))
            }
            Label(wanted) => object.labels.keys().find(|key| fits(wanted, key)).map(|key| format!("label {key}")),
            Labelled(key, value) => {
                (object.labels.get(*key).map(String::as_str) == Some(value)).then(|| format!("label {key}: {value}"))
            }
            Owner(group) => {
                let owner = owners(object).find(|owner| owner.is_of(group))?;
                Some(format!("owner {} {}", owner.kind, owner.name))
            }
            Manager(wanted) => {
                let managers = field("/metadata/managedFields").and_then(Value::as_array)?.iter();
                let mut names = managers.filter_map(|entry| entry.get("manager")?.as_str());
                names.any(|name| name == *wanted).then(|| format!("field manager {wanted}"))
            }
        }
    }
}

/// Is a Secret or ConfigMap immutable, so that an update of its data fails
/// (kubernetes/kubernetes: pkg/apis/core/validation, `ValidateSecretUpdate`, `ValidateConfigMapUpdate`)?
pub(crate) fn is_immutable(object: &Object) -> bool {
    object.value.get("immutable").and_then(Value::as_bool).unwrap_or_default()
}

/// Is the object encrypted with SOPS (getsops/sops: a `sops` mapping with a `mac` beside the encrypted values)?
pub(crate) fn is_sops(object: &Object) -> bool {
    object.value.get("sops").and_then(Value::as_object).is_some_and(|sops| sops.contains_key("mac"))
}
