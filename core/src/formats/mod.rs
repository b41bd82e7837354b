//! File formats of clusters that contain certificates: parsers, and edits that preserve every other byte.
//!
//! | module | reads | writes |
//! |---|---|---|
//! | [`pem`] | blocks, surrounding text ignored, every error located | |
//! | [`yaml`] | YAML streams and JSON within limits | |
//! | [`emit`] | | a value as readable YAML |
//! | [`edit`] | | one scalar of a YAML or JSON text, every other byte preserved |
//! | [`kubeadm`] | kubeadm's configuration | |
//! | [`kubeconfig`] | clusters, users, contexts | the embedded certificates and keys, in place |
//! | [`object`] | Secrets, ConfigMaps, Lists | the object for `kubectl apply --server-side` |
//! | [`static_pod`] | a component's flags; every container's arguments, variables and mounts | a flag's value, in place |
//! | [`kubelet`] | the kubelet's configuration | |
//! | `systemd_unit` | the commands and environment of services, drop-ins merged | |
//! | `command_line` | flags, scripts and the paths in them | |
//! | `talos` | machine configurations, their patches, secrets, talosconfigs | values of a talosconfig, in place |
//! | `helm` | the records of releases, the certificates in them | |
//! | [`sysinv`] | subject and date in the formats of StarlingX' tool | |
//! | [`archive`] | tar, tar.gz, gzip, zip | |
//! | `redaction` | a file for display, without private keys | |
//! | `package_manifest` | `manifest.json` of a package | the same |
//! | [`utf16`] | UTF-16 with a byte order mark | the same as UTF-8 |
//!
//! Signatures:
//!
//! ```text
//! pem::blocks(&[u8]) -> PemScan { blocks: Vec<PemBlock { label, der, line, last_line, headers }>, problems: Vec<PemProblem { line, message }> }
//! pem::is_pem(&[u8]) -> bool
//! pem::go_blocks(&[u8]) -> Vec<PemBlock>;  trust_blocks(..);  chain_blocks(..);  key_block(..) -> Option<PemBlock>   // as Go reads them
//! yaml::documents(&[u8]) -> Result<Vec<Value>, YamlError { line, message }>       // empty documents are left out
//! yaml::documents_as_kubernetes(&[u8]) -> Result<AsKubernetes { values, duplicate }, YamlError>   // the last of equal keys counts
//! yaml::wipe(&mut Value)
//! emit::yaml(&Value) -> Zeroizing<String>
//! edit::splice(&[u8], &[Edit { document, path: Vec<Segment>, value: Zeroizing<String> }]) -> Result<Zeroizing<Vec<u8>>, EditError>
//! kubeadm::parse(&[u8]) -> Result<ClusterConfiguration, KubeadmError>;  from_value(&Value) -> Option<_>;  join_pins(&Value)
//! kubeconfig::is_kubeconfig(&Value) -> bool
//! kubeconfig::parse(&[u8]) -> Result<Kubeconfig, KubeconfigError>;  from_value(&Value)
//! kubeconfig::edit(&[u8], &[KubeconfigEdit]) -> Result<Zeroizing<Vec<u8>>, KubeconfigEditError>  // ::Reference { place, path }
//! kubeconfig::Material { Embedded(Zeroizing<Vec<u8>>), File(String), Absent, Invalid(String) }   // .embedded(), .file()
//! object::objects(&[u8]) -> Result<Vec<Object>, YamlError>;  from_values(Vec<Value>) -> Vec<Object>
//! Object::secret_data() -> BTreeMap<String, Zeroizing<Vec<u8>>>;  secret_problems() -> Vec<DataError { key, message }>
//! Object::secret_type() -> &str;  config_data() -> BTreeMap<String, String>
//! Object::for_apply(&Changes) -> Object;  to_yaml() -> Zeroizing<String>   // Changes::none().set(key, bytes).drop(key)
//! static_pod::is_pod(&Value) -> bool;  parse(&[u8]) -> Result<StaticPod, StaticPodError>;  from_value(&Value)
//! StaticPod { component, name, namespace, flags: Vec<Flag { name, value, .. }>, mounts: Vec<Mount { inside, on_node, .. }> };  lookup(&str) -> Option<String>;  duplicates() -> Vec<String>
//! StaticPod::containers: Vec<Container { name, is_init, arguments, hooks, environment, mounts, shadows, run_as_user, .. }>;  Container::on_node(&str) -> Option<String>
//! static_pod::set_flag(&[u8], flag, value) -> Result<Vec<u8>, StaticPodError>;  set_flags(&[u8], &[(flag, value)])
//! kubelet::is_kubelet_config(&Value) -> bool;  parse(&[u8]) -> Result<KubeletConfig, KubeletConfigError>;  from_value(&Value)
//! archive::kind(&[u8], name) -> Option<ArchiveKind>;  archive::expand(path, &[u8], &mut Budget) -> (Vec<InputFile>, Vec<Finding>)
//! ```

pub(crate) mod apiserver_config;
pub mod archive;
pub(crate) mod command_line;
pub mod edit;
pub mod emit;
pub(crate) mod helm;
pub mod kubeadm;
pub mod kubeconfig;
pub mod kubelet;
pub mod object;
pub(crate) mod package_manifest;
pub(crate) mod path;
pub mod pem;
mod plain;
pub(crate) mod redaction;
pub mod static_pod;
pub mod sysinv;
pub(crate) mod systemd_unit;
pub(crate) mod talos;
mod tree;
pub mod utf16;
pub mod yaml;
