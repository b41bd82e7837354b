//! The kubelet and other systemd units.

use super::{Tree, all};

const KUBELET: &str = "[Unit]\nDescription=kubelet\n\n[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n";

/// kubernetes/release: cmd/krel/templates/latest/kubeadm/10-kubeadm.conf
const KUBEADM: &str = r#"[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"#;

const CONFIG: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  x509:\n    \
                      clientCAFile: /etc/kubernetes/pki/ca.crt\nstaticPodPath: /etc/kubernetes/manifests\n\
                      tlsCertFile: pki/kubelet.crt\n";

const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: 'https://a', \
                          certificate-authority: pki/ca.crt}\nusers:\n- name: a\n  user:\n    client-certificate: \
                          /var/lib/kubelet/pki/kubelet-client-current.pem\n    client-key: \
                          /var/lib/kubelet/pki/kubelet-client-current.pem\n";

fn node() -> Tree {
    Tree::of(&[
        ("/etc/kubernetes/kubelet.conf", KUBECONFIG),
        ("/var/lib/kubelet/config.yaml", CONFIG),
        (
            "/var/lib/kubelet/kubeadm-flags.env",
            "KUBELET_KUBEADM_ARGS=\"--image-credential-provider-config=/etc/icp.yaml\"\n",
        ),
    ])
}

const EXPECTED: [&str; 13] = [
    "kubelet: --bootstrap-kubeconfig /etc/kubernetes/bootstrap-kubelet.conf",
    "kubelet: --config /var/lib/kubelet/config.yaml",
    "kubelet: --image-credential-provider-config /etc/icp.yaml",
    "kubelet: --kubeconfig /etc/kubernetes/kubelet.conf",
    "kubelet: EnvironmentFile= /etc/default/kubelet",
    "kubelet: EnvironmentFile= /etc/sysconfig/kubelet",
    "kubelet: EnvironmentFile= /var/lib/kubelet/kubeadm-flags.env",
    "kubelet: /var/lib/kubelet/config.yaml#authentication.x509.clientCAFile /etc/kubernetes/pki/ca.crt",
    "kubelet: /var/lib/kubelet/config.yaml#staticPodPath /etc/kubernetes/manifests",
    "kubelet: /var/lib/kubelet/config.yaml#tlsCertFile /var/lib/kubelet/pki/kubelet.crt",
    "kubelet: /etc/kubernetes/kubelet.conf#clusters[0].cluster.certificate-authority /etc/kubernetes/pki/ca.crt",
    "kubelet: /etc/kubernetes/kubelet.conf#users[0].user.client-certificate /var/lib/kubelet/pki/kubelet-client-current.pem",
    "kubelet: /etc/kubernetes/kubelet.conf#users[0].user.client-key /var/lib/kubelet/pki/kubelet-client-current.pem",
];

fn expected(without: &str) -> Vec<String> {
    EXPECTED.iter().filter(|line| !line.ends_with(without)).map(|line| (*line).to_owned()).collect()
}

#[test]
fn the_kubelet_as_kubeadm_starts_it() {
    let units = node()
        .with("/usr/lib/systemd/system/kubelet.service", KUBELET)
        .with("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", KUBEADM);
    assert_eq!(all(&units.readers()), expected("/etc/sysconfig/kubelet"));
    let readers = units.readers();
    let flag = readers.iter().find(|reader| reader.path == "/etc/icp.yaml").unwrap();
    assert_eq!(flag.file, "/var/lib/kubelet/kubeadm-flags.env", "the file that holds the flag");
}

#[test]
fn without_units_kubeadms_own_are_assumed() {
    assert_eq!(all(&node().readers()), expected("none"));
    let main_only = node().with("/lib/systemd/system/kubelet.service", KUBELET);
    assert_eq!(all(&main_only.readers()), expected("none"));
    let args = "[Service]\nEnvironment='KUBELET_EXTRA_ARGS=--client-ca-file=/etc/ssl/ca.pem'\n";
    let extra = node().with("/etc/systemd/system/kubelet.service.d/20-extra.conf", args);
    let mut with_extra = expected("none");
    with_extra.insert(1, "kubelet: --client-ca-file /etc/ssl/ca.pem".to_owned());
    assert_eq!(all(&extra.readers()), with_extra);
    assert_eq!(all(&Tree::of(&[("/etc/kubernetes/pki/ca.crt", "")]).readers()), Vec::<String>::new());
}

#[test]
fn a_drop_in_of_the_administrator_wins() {
    let own = "[Service]\nExecStart=\nExecStart=/opt/kubelet --kubeconfig=/opt/kubelet.conf \\\n  # a comment\n  \
               --pod-manifest-path /opt/manifests \\\n  --config-dir=/opt/conf.d\n";
    let pod = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, volumeMounts: [{mountPath: /c, name: \
               c}]}]\n  volumes: [{name: c, hostPath: {path: /etc/kubernetes/admin.conf}}]\n";
    let tree = Tree::of(&[
        ("/usr/lib/systemd/system/kubelet.service", KUBELET),
        ("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", KUBEADM),
        ("/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", own),
        ("/opt/conf.d/10-tls.conf", "kind: KubeletConfiguration\ntlsPrivateKeyFile: k.key\n"),
        ("/opt/conf.d/README", "kind: KubeletConfiguration\ntlsPrivateKeyFile: none.key\n"),
        ("/opt/manifests/a.yaml", pod),
        ("/etc/kubernetes/manifests/b.yaml", pod),
    ]);
    assert_eq!(
        all(&tree.readers()),
        [
            "a/a: file /c /etc/kubernetes/admin.conf",
            "kubelet: --config-dir /opt/conf.d",
            "kubelet: --kubeconfig /opt/kubelet.conf",
            "kubelet: --pod-manifest-path /opt/manifests",
            "kubelet: /opt/conf.d/10-tls.conf#tlsPrivateKeyFile /opt/conf.d/k.key",
        ]
    );
}

/// kubernetes-sigs/kubespray: roles/etcd/templates/etcd-host.service.j2 and etcd.env.j2, shortened.
#[test]
fn etcd_as_a_unit_takes_its_flags_from_variables() {
    let unit = "[Unit]\nDescription=etcd\n[Service]\nType=notify\nUser=root\nEnvironmentFile=/etc/etcd.env\n\
                ExecStart=/usr/local/bin/etcd\nNotifyAccess=all\nLoadCredential=ca:/etc/ssl/etcd/ssl/ca.pem\n";
    let variables = "# Environment file for etcd v3.5.12\nETCD_DATA_DIR=/var/lib/etcd\n\
                     ETCD_LISTEN_CLIENT_URLS=https://10.0.0.1:2379,https://127.0.0.1:2379\n\
                     ETCD_TRUSTED_CA_FILE=/etc/ssl/etcd/ssl/ca.pem\nETCD_CERT_FILE=/etc/ssl/etcd/ssl/member-a.pem\n";
    let tree = Tree::of(&[("/etc/systemd/system/etcd.service", unit), ("/etc/etcd.env", variables)]);
    let readers = tree.readers();
    assert_eq!(
        all(&readers),
        [
            "etcd.service: $ETCD_CERT_FILE /etc/ssl/etcd/ssl/member-a.pem",
            "etcd.service: $ETCD_DATA_DIR /var/lib/etcd",
            "etcd.service: $ETCD_TRUSTED_CA_FILE /etc/ssl/etcd/ssl/ca.pem",
            "etcd.service: EnvironmentFile= /etc/etcd.env",
            "etcd.service: LoadCredential= /etc/ssl/etcd/ssl/ca.pem",
        ]
    );
    let flags: Vec<_> = readers.iter().filter_map(|reader| Some(reader.flag()?.flag)).collect();
    assert_eq!(flags, ["cert-file", "trusted-ca-file"]);
}

#[test]
fn units_of_other_programs() {
    let proxy = "[Service]\nExecStartPre=-/bin/sh -c 'test -f /etc/kubernetes/proxy.conf'\nExecStart=/usr/bin/kube-proxy \
                 --kubeconfig=${PROXY_DIR}/proxy.conf $UNSET\nEnvironment=PROXY_DIR=/etc/kubernetes\n";
    let haproxy = "[Service]\nEnvironment=\"CONFIG=/etc/haproxy/haproxy.cfg\" \"PIDFILE=/run/haproxy.pid\"\n\
                   ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE\n";
    let tree = Tree::of(&[
        ("/etc/systemd/system/kube-proxy.service", proxy),
        ("/lib/systemd/system/haproxy.service", haproxy),
        ("/lib/systemd/system/haproxy.socket", haproxy),
        ("/etc/haproxy/haproxy.cfg", "bind *:6443 ssl crt /etc/haproxy/a.pem ca-file /etc/kubernetes/pki/ca.crt\n"),
    ]);
    assert_eq!(
        all(&tree.readers()),
        [
            "haproxy.service: --f /etc/haproxy/haproxy.cfg",
            "haproxy.service: --p /run/haproxy.pid",
            "haproxy.service: /etc/haproxy/haproxy.cfg#line 1 /etc/haproxy/a.pem",
            "haproxy.service: /etc/haproxy/haproxy.cfg#line 1 /etc/kubernetes/pki/ca.crt",
            "kube-proxy.service: --f /etc/kubernetes/proxy.conf",
            "kube-proxy.service: --kubeconfig /etc/kubernetes/proxy.conf",
        ]
    );
}
