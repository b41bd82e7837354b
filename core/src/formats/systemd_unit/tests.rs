use super::*;

fn texts(service: &Service) -> Vec<Vec<(&str, &str)>> {
    let commands = service.commands.iter();
    commands.map(|command| command.iter().map(|word| (word.text.as_str(), word.file.as_str())).collect()).collect()
}

/// kubernetes/release: cmd/krel/templates/latest/kubelet/lib/systemd/system/kubelet.service
const KUBELET: &str = "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n\n[Service]\nExecStart=/usr/bin/kubelet\n\
                       Restart=always\n\n[Install]\nWantedBy=multi-user.target\n";

/// kubernetes/release: cmd/krel/templates/latest/kubeadm/10-kubeadm.conf
const KUBEADM: &str = r#"# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"#;

#[test]
fn kubeadms_drop_in() {
    let fragments = [Fragment { file: "kubelet.service", text: KUBELET }, Fragment { file: "10.conf", text: KUBEADM }];
    let read = |path: &str| match path {
        "/var/lib/kubelet/kubeadm-flags.env" => {
            Some(("flags.env", "KUBELET_KUBEADM_ARGS=\"--node-ip=10.0.0.1 --pod-infra-container-image=pause\"\n"))
        }
        "/etc/default/kubelet" => Some(("default", "KUBELET_EXTRA_ARGS='--tls-cert-file=/a b.crt'\nKUBECONFIG=/c\n")),
        _ => None,
    };
    let service = service(&fragments, &read);
    assert_eq!(
        texts(&service),
        [[
            ("/usr/bin/kubelet", "10.conf"),
            ("--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf", "10.conf"),
            ("--kubeconfig=/etc/kubernetes/kubelet.conf", "10.conf"),
            ("--config=/var/lib/kubelet/config.yaml", "10.conf"),
            ("--node-ip=10.0.0.1", "flags.env"),
            ("--pod-infra-container-image=pause", "flags.env"),
            ("--tls-cert-file=/a", "default"),
            ("b.crt", "default"),
        ]]
    );
    assert_eq!(service.environment.len(), 1);
    assert_eq!((service.environment[0].0.as_str(), service.environment[0].1.text.as_str()), ("KUBECONFIG", "/c"));
}
