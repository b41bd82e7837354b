//! For every finding code of core: why it matters, and how to check it.

use super::advice::{Advice, Check};

const fn row(code: &'static str, why: &'static str, check: Check) -> Advice {
    Advice { code, why, check }
}

const WHO: Check = Check::Certificate("-subject -issuer -dates -ext basicConstraints,keyUsage");
const DATES: Check = Check::Certificate("-subject -dates");
const SIGNER: Check = Check::Certificate("-subject -issuer -ext authorityKeyIdentifier,subjectKeyIdentifier");
const MANIFEST: Check = Check::Command(
    "grep -n -e --cluster-signing -e --client-ca-file -e --root-ca-file /etc/kubernetes/manifests/kube-controller-manager.yaml",
);
const NEW_CA: Check = Check::Certificate("-subject -issuer -dates -fingerprint -sha256");
const HAND_IN: &str =
    "What is asked for would make a CA or a rotation that could not work, so nothing is planned until it is changed.";
const HALF: &str = "Airlock judges what it was given. What is missing here is missing in the package as well.";

/// By code, in alphabetical order.
pub const ADVICE: &[Advice] = &[
    row(
        "abandoned-ca",
        "Whoever holds that CA's key is let in by every machine that accepts it, although nobody needs it.",
        Check::Command("talosctl get machineconfig -o yaml | grep -n -A3 acceptedCAs"),
    ),
    row(
        "apiserver-restarts",
        "While the only API server restarts, the API does not answer. Where there are several, the others serve.",
        Check::Command("grep -n kubelet-certificate-authority /etc/kubernetes/manifests/kube-apiserver.yaml"),
    ),
    row(
        "archive-bomb",
        "A small archive that grows without end is made to fill a machine's memory. No node's files are like that.",
        Check::Members,
    ),
    row(
        "archive-broken",
        "What comes after the break is not seen, so files of a node may be missing without a word.",
        Check::Members,
    ),
    row("archive-depth", "What lies deeper is not looked at, so it is missing in the package.", Check::Members),
    row("archive-device", "Devices and pipes have no content that could be rotated.", Check::Members),
    row(
        "archive-duplicate",
        "Unpacked, the last of the two wins; nobody can tell whether that is the right one.",
        Check::Members,
    ),
    row(
        "archive-empty",
        "An archive without files is most often one that was packed in the wrong folder.",
        Check::Members,
    ),
    row(
        "archive-entry",
        "An entry that is no file, folder or link holds nothing that could be rotated.",
        Check::Members,
    ),
    row(
        "archive-name",
        "The name cannot be read as it was meant, so the file may not be put in its place.",
        Check::Members,
    ),
    row("archive-too-deep", "What lies deeper is not looked at, so it is missing in the package.", Check::Members),
    row(
        "archive-too-large",
        "What comes after the limit is not seen, so files of a node may be missing.",
        Check::Members,
    ),
    row(
        "archive-too-many-entries",
        "What comes after the limit is not seen, so files of a node may be missing.",
        Check::Members,
    ),
    row(
        "archive-unsafe-name",
        "Unpacked, it would be written outside of its folder, over files of the machine.",
        Check::Members,
    ),
    row("archive-unsupported", "Nothing in it was seen.", Check::FileType),
    row(
        "at-once",
        "Between the two CAs nobody trusts both, so clients fail until each has been given the new one.",
        Check::Command(
            "kubectl -n kamaji-system get deployment kamaji -o jsonpath='{.spec.template.spec.containers[0].image}'",
        ),
    ),
    row("bad-ca-end", HAND_IN, Check::Command("date -d YYYY-MM-DD")),
    row("bad-ca-name", HAND_IN, Check::Certificate("-subject")),
    row("bad-ca-subject", HAND_IN, Check::Certificate("-subject -nameopt oneline")),
    row("bad-name", HAND_IN, Check::Command("kubectl get namespaces")),
    row(
        "brought-ca",
        "A CA that is brought along takes over the cluster: if it cannot sign, or its key is another one, everybody is locked out in phase 2.",
        WHO,
    ),
    row(
        "brought-ca-chain",
        "OpenSSL follows a CA that is not self-signed up to its issuer, which nobody here has, and refuses it.",
        SIGNER,
    ),
    row(
        "brought-ca-name",
        "OpenSSL takes the first CA whose name fits, and two with one name can only be told apart by their key ids.",
        SIGNER,
    ),
    row(
        "bundle",
        "A package replaces one CA in this file. If kube-controller-manager signs from it, it stops at two certificates.",
        Check::Certificates,
    ),
    row(
        "bundle-under-operator",
        "The operator takes the file to be wrong and writes it again, without end.",
        Check::Command("kubectl get tenantcontrolplanes -A -o wide"),
    ),
    row(
        "ca-cannot-sign",
        "What such a CA signs is refused by every reader that checks, so the cluster works by luck.",
        WHO,
    ),
    row(
        "ca-copy",
        "Whoever trusts only this copy refuses the new CA's certificates from phase 2 on.",
        Check::Lines("-----BEGIN CERTIFICATE-----\\|caBundle\\|ca.crt"),
    ),
    row(
        "ca-ends-first",
        "From the day on which the CA expires, everything that it issued is rejected, whatever date a certificate has.",
        DATES,
    ),
    row(
        "ca-expired",
        "Nothing that this CA signed is accepted any more. There is no way to a new one without an outage.",
        DATES,
    ),
    row(
        "ca-in-object",
        "The object is kept by the cluster itself; it is watched here so that nobody has to guess.",
        Check::Command("kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml"),
    ),
    row(
        "ca-key-elsewhere",
        "Without the CA's key on a node, kubeadm and kube-controller-manager sign nothing; the new key stays where the old one is kept.",
        Check::Command("ls -l /etc/kubernetes/pki/*.key"),
    ),
    row(
        "ca-key-on-nodes",
        "Whoever reads that file can make certificates for everybody.",
        Check::Command("ls -l /etc/kubernetes/pki"),
    ),
    row(
        "ca-key-other-use",
        "The rotation gives this CA a new key. What else is done with the same key stops working when the old file is gone.",
        Check::Command("grep -rn -e service-account -e ca.key /etc/kubernetes/manifests"),
    ),
    row(
        "ca-key-reader",
        "Only kube-controller-manager needs the key of the CA on a node. Another process goes on using the old key until somebody restarts it.",
        Check::Command("grep -rn ca.key /etc/kubernetes/manifests /etc/systemd/system"),
    ),
    row("ca-name-fixed", HAND_IN, Check::Certificate("-subject")),
    row(
        "ca-name-taken",
        "OpenSSL takes the first CA whose name fits: with two of one name, it may be the wrong one.",
        Check::Certificate("-subject -ext subjectKeyIdentifier"),
    ),
    row(
        "ca-too-short",
        "Nothing can live longer than its CA, and a CA that ends soon means the same work again soon.",
        DATES,
    ),
    row(
        "ca-without-key",
        "A machine without the key cannot issue certificates, and a patch with the certificate alone erases the key.",
        Check::Lines("crt:\\|key:"),
    ),
    row(
        "cluster-entry-name",
        "Cluster API looks for an entry of that name when it renews the kubeconfig, and crashes where there is none.",
        Check::Lines("name:"),
    ),
    row(
        "cluster-info-made",
        "Nodes that join learn the CA from cluster-info, so it has to be the one that the cluster has.",
        Check::Command("kubectl -n kube-public get configmap cluster-info -o yaml"),
    ),
    row(
        "cluster-info-missing",
        "Nodes that join learn the CA from cluster-info. With the old one alone there, no node can join after phase 2.",
        Check::Command("kubectl -n kube-public get configmap cluster-info -o yaml"),
    ),
    row(
        "cluster-name",
        "The commands name the cluster, and do nothing to one of another name.",
        Check::Command("kubectl config view --minify"),
    ),
    row(
        "cni-kubeconfig",
        "When the pod network's plugin no longer trusts the API server, no pod on that node gets an address.",
        Check::Kubeconfig,
    ),
    row(
        "conflicting-fields",
        "Talos refuses a configuration with both, so the machine would not take any patch.",
        Check::Lines("KubeAPIServerCAConfig\\|acceptedCAs"),
    ),
    row(
        "connection-not-judged",
        "Airlock has no rules for a key, a signature or a name constraint of this connection, so it cannot predict it.",
        Check::Command(
            "openssl s_client -connect SERVER:6443 -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error </dev/null",
        ),
    ),
    row(
        "control-plane-missing",
        HALF,
        Check::Command("kubectl get nodes -l node-role.kubernetes.io/control-plane -o wide"),
    ),
    row(
        "credential-in-file",
        "The kubeconfig itself does not change, the files that it names have to.",
        Check::Lines("certificate-authority:\\|client-certificate:\\|client-key:"),
    ),
    row(
        "critical-extension",
        "Go refuses a certificate with a critical extension that it does not know, so every Kubernetes component does.",
        Check::Certificate("-text"),
    ),
    row("cut-off", "A file that is cut off works for nobody, and its reader stops at it.", Check::FileType),
    row(
        "data-store-elsewhere",
        "The control plane reaches its data store with this certificate. When it expires, the API server cannot read or write.",
        Check::Command("kubectl get datastores.kamaji.clastix.io -o yaml | grep -n -A8 clientCertificate"),
    ),
    row(
        "duplicate-key",
        "Kubernetes reads the last of two equal keys, other programs the first one or neither.",
        Check::FileType,
    ),
    row(
        "duplicate-static-pod",
        "The kubelet runs one Pod for each name. Which of two files it takes depends on their names and on the order of changes.",
        Check::Command("grep -n -e '^  name:' -e '^  namespace:' /etc/kubernetes/manifests/*"),
    ),
    row(
        "edge-broken",
        "Two parties would stop talking to each other at that moment. Airlock makes no such package.",
        Check::Command(
            "openssl s_client -connect SERVER:6443 -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error </dev/null",
        ),
    ),
    row(
        "edge-broken-today",
        "It is broken already, and will be taken for the rotation's fault.",
        Check::Command(
            "openssl s_client -connect SERVER:6443 -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error </dev/null",
        ),
    ),
    row(
        "etcd-trusts-old-ca",
        "The package never changes etcd. Whoever holds the old key can still issue a client certificate that etcd accepts.",
        Check::Command("grep -n trusted-ca-file /etc/kubernetes/manifests/etcd.yaml"),
    ),
    row(
        "etcd-under-cluster-ca",
        "Without etcd no API server works, and Airlock does not change etcd's certificates.",
        Check::Command(
            "grep -n -e cert-file -e trusted-ca-file -e etcd- /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/manifests/kube-apiserver.yaml",
        ),
    ),
    row("expired", "Its holder is refused by everybody who looks at the date.", DATES),
    row(
        "expires-soon",
        "A certificate that expires in the middle of a rotation is a second cause of everything that fails.",
        DATES,
    ),
    row(
        "external-ca",
        "Somebody has to sign for kubelets while the rotation goes on, and the key for that would be nowhere.",
        MANIFEST,
    ),
    row(
        "external-etcd",
        "etcd has a CA of its own, which a rotation of the cluster's CA does not touch.",
        Check::Lines("etcd"),
    ),
    row(
        "first-block",
        "What comes after the first block is not read, so the certificate in it is not seen.",
        Check::Lines("BEGIN"),
    ),
    row(
        "foreign-ca",
        "A CA in a trust bundle may belong to a proxy, or to a rotation that somebody else began. Removing the one or keeping the other would break connections.",
        Check::Certificates,
    ),
    row("further-ca", "Whoever holds that CA's key is let in as well, before and after.", Check::Lines("acceptedCAs")),
    row(
        "helm-release",
        "Helm keeps what it deployed, and writes it again when it upgrades or rolls back the release.",
        Check::Command("kubectl get secrets -A -l owner=helm"),
    ),
    row(
        "ignored-certificate",
        "Kubernetes components do not see this certificate, although OpenSSL shows it. What it should trust or present is missing there.",
        Check::Lines("-----BEGIN"),
    ),
    row(
        "ignored-document",
        "The kubelet runs the Pod of the first YAML document alone.",
        Check::Command("grep -n -e '^---' -e '^kind:' /etc/kubernetes/manifests/*"),
    ),
    row("ignored-field", "It looks as if it counted, and does not.", Check::Lines("acceptedCAs")),
    row(
        "immutable-object",
        "The API server refuses every change of an immutable object's data, so an update in the middle of the rotation would fail.",
        Check::Command(
            "kubectl get secrets -A -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,IMMUTABLE:.immutable",
        ),
    ),
    row(
        "insecure",
        "Anybody in between can pose as the API server to this client, and take what it sends.",
        Check::Lines("insecure-skip-tls-verify"),
    ),
    row(
        "intent-conflict",
        "A renewal keeps the CAs, so a choice of new ones has no effect.",
        Check::Command("airlock plan --help"),
    ),
    row(
        "intent-unsupported",
        "Another program issues the leaf certificates of this platform, and would overwrite what a package installs.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row(
        "issuer-name",
        "Go looks a CA up by the bytes of its name. With another string type or spelling it finds none.",
        Check::Certificate("-issuer -subject -nameopt RFC2253,show_type"),
    ),
    row(
        "join-pin",
        "A node that joins compares the CA with this pin, and refuses any other.",
        Check::Command(
            "openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum",
        ),
    ),
    row(
        "key-in-trust-bundle",
        "kube-controller-manager publishes ca.crt to every namespace, so every Pod could read the private key.",
        Check::Lines("PRIVATE KEY"),
    ),
    row(
        "key-kept",
        "The certificate of this file is replaced, but whoever has a copy of its key can go on using the new certificate.",
        Check::Certificate("-subject -issuer -dates -pubkey"),
    ),
    row(
        "key-mismatch",
        "A key that is not its certificate's proves nothing: whoever presents the two is refused, and nothing can be signed with them.",
        Check::Pair,
    ),
    row("key-on-worker", "Whoever gets into a worker can then make certificates for everybody.", Check::Lines("key:")),
    row("key-type", "Its readers take no such key.", Check::Certificate("-pubkey | openssl pkey -pubin -noout -text")),
    row(
        "keystore-not-read",
        "A Java program trusts the CAs in its keystore, and presents the certificates in it.",
        Check::FileType,
    ),
    row(
        "kubeadm-flags",
        "`kubeadm upgrade` writes the manifest again from kubeadm-config, and takes back what the rotation changed.",
        Check::Command("kubectl -n kube-system get configmap kubeadm-config -o yaml"),
    ),
    row("kubeadm-version", "A newer kubeadm may mean something else by the same words.", Check::Lines("apiVersion")),
    row(
        "kubelet-configuration-template",
        "Each kubelet reads its own node's file, which may differ from what kubeadm keeps in the cluster.",
        Check::Command(
            "grep -n -e rotateCertificates -e serverTLSBootstrap -e clientCAFile /var/lib/kubelet/config.yaml",
        ),
    ),
    row(
        "kubelet-credential",
        "The kubelet writes its client certificate to a new file; a process that read the old one keeps presenting it.",
        Check::Command("ls -l /var/lib/kubelet/pki"),
    ),
    row(
        "kubelet-does-not-renew",
        "In phase 2 each kubelet asks for a certificate of the new CA by itself. One that does not is locked out in phase 3.",
        Check::Lines("rotateCertificates"),
    ),
    row(
        "kubelet-not-verified",
        "kube-apiserver rejects a serving certificate that no CA in the flag's file issued: logs, exec and port-forward to that node fail.",
        SIGNER,
    ),
    row(
        "kubelet-serving-other-ca",
        "No CA of this cluster issued the serving certificate, so the rotation leaves it as it is.",
        SIGNER,
    ),
    row(
        "kubelet-serving-requests",
        "Until somebody approves the request, logs, exec and metrics of that node fail.",
        Check::Command("kubectl get certificatesigningrequests"),
    ),
    row(
        "kubelet-serving-self-signed",
        "Nobody checks a self-signed serving certificate, so the rotation leaves it alone.",
        SIGNER,
    ),
    row(
        "layout",
        "The package writes files where the manifests say that they are read.",
        Check::Command("grep -rn -e /pki/ /etc/kubernetes/manifests /var/lib/kubelet/config.yaml"),
    ),
    row(
        "leaves-elsewhere",
        "kubeadm renews the files in /etc/kubernetes/pki; what the components read elsewhere would expire.",
        Check::Command("grep -n -e cert-file -e key-file /etc/kubernetes/manifests/kube-apiserver.yaml"),
    ),
    row("left-alone", "What is shown and left alone stays trusted, by everybody who trusts it today.", Check::Object),
    row("left-for-later", "Two rotations at once cannot be told apart in a file.", Check::Certificates),
    row("left-over", "The next person takes it for something that is in use.", Check::Certificates),
    row(
        "link-not-followed",
        "What the link leads to was not given, so it is missing in the package.",
        Check::Command("ls -l /var/lib/kubelet/pki"),
    ),
    row(
        "locked-out",
        "An API server that trusts only the new CA refuses it, so it cannot ask for a new certificate either.",
        Check::Command(
            "openssl x509 -noout -subject -issuer -dates -in /var/lib/kubelet/pki/kubelet-client-current.pem",
        ),
    ),
    row(
        "long-chain",
        "Readers look at the first certificate; what comes after it is carried along for nothing.",
        Check::Certificates,
    ),
    row(
        "long-key",
        "Checking signatures by so large a key takes so long that it could be used to stop a program.",
        Check::Certificate("-pubkey | openssl pkey -pubin -noout -text"),
    ),
    row("loose-leaf", "It is accepted as long as the old CA is, and refused from phase 3 on.", SIGNER),
    row(
        "machine-type",
        "Control planes and workers are given different patches; a worker never gets a CA's key.",
        Check::Lines("type:"),
    ),
    row(
        "machines-differ",
        "One patch gives all machines of a kind the same list, and would take something away from one of them.",
        Check::Lines("acceptedCAs"),
    ),
    row("made-elsewhere", HAND_IN, Check::Command("kubectl get nodes -o wide")),
    row(
        "management-ca-missing",
        HALF,
        Check::Command("kubectl -n NAMESPACE get secrets -l cluster.x-k8s.io/cluster-name"),
    ),
    row(
        "manifest-name",
        "The scripts restart a static Pod by its manifest's name, and stop where they do not find it.",
        Check::Command("ls -l /etc/kubernetes/manifests"),
    ),
    row("md5", "Go and OpenSSL refuse signatures with MD5.", Check::Certificate("-text")),
    row("missing-ca", HALF, Check::Command("ls -l /etc/kubernetes/pki")),
    row("missing-file", HALF, Check::Command("ls -lR /etc/kubernetes /var/lib/kubelet/pki")),
    row(
        "missing-front-proxy-ca",
        "Requests through the aggregation layer, such as metrics, hang on it.",
        Check::Command("ls -l /etc/kubernetes/pki"),
    ),
    row("missing-key-id", "Where two CAs have one name, the key id is what tells them apart.", SIGNER),
    row("missing-machine-config", HALF, Check::Command("talosctl -n NODE get machineconfig v1alpha1 -o yaml")),
    row(
        "missing-manifest",
        "A component reads the files that its flags name. kube-controller-manager also signs with them, and stops at a file of two certificates.",
        Check::Command("ls -l /etc/kubernetes/manifests"),
    ),
    row("missing-secret", HALF, Check::Command("kubectl -n NAMESPACE get secrets")),
    row("missing-tenant", HALF, Check::Command("kubectl get tenantcontrolplanes -A -o yaml")),
    row(
        "mixed-platforms",
        "What lies where, and in which order it changes, hangs on the platform.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row(
        "mounted-alone",
        "A file that is mounted by itself stays the old one in the container when it is replaced on the node.",
        Check::Lines("mountPath"),
    ),
    row("new-ca-key-missing", "From phase 2 on, every certificate is signed with that key.", Check::Pair),
    row(
        "new-certificates-refused",
        "Kubernetes accepts the new certificates, but clients that use this verifier lose their connection.",
        Check::Certificate("-subject -ext basicConstraints,keyUsage,subjectKeyIdentifier,authorityKeyIdentifier"),
    ),
    row(
        "no-ca-data",
        "It may trust what its machine trusts, or nothing at all; neither changes with this package.",
        Check::Lines("certificate-authority"),
    ),
    row("no-credential", "Its reader would be anonymous, and be refused.", Check::Kubeconfig),
    row("no-lifetime", HAND_IN, DATES),
    row("no-rotation", "With one CA everywhere, the files of before and after look alike.", NEW_CA),
    row("no-such-ca", HAND_IN, Check::Command("ls -l /etc/kubernetes/pki")),
    row("nobody-signs", "A kubelet that cannot renew itself is locked out in phase 3.", MANIFEST),
    row(
        "node-name",
        "The package's folders are named after nodes, and one of them would mean two things.",
        Check::Command("kubectl get nodes"),
    ),
    row("not-a-ca", "Whatever is trusted there is refused as a signer by every reader that checks.", WHO),
    row(
        "not-cluster-api",
        "It looks like one of Cluster API's Secrets and lacks what makes it one, so it is left alone.",
        Check::Lines("cluster.x-k8s.io"),
    ),
    row(
        "not-editable",
        "Airlock changes values in place and leaves every other byte alone. Here it could not keep that promise.",
        Check::FileType,
    ),
    row(
        "not-handled",
        "What depends on the old CA and is not changed stops working in phase 3 at the latest.",
        Check::FileType,
    ),
    row("not-hosted", HAND_IN, Check::Command("kubectl get nodes -o wide")),
    row(
        "not-judged",
        "Airlock does not implement this check, so it neither confirms nor denies it. OpenSSL can check it.",
        Check::Certificate("-text"),
    ),
    row("not-of-this-platform", HAND_IN, Check::Command("kubectl get nodes -o wide")),
    row(
        "not-predicted",
        "Airlock judges every handshake of what it writes. What the platform does by itself it can only describe.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row(
        "not-prepared-yet",
        "Airlock makes no package that it could not prove.",
        Check::Command("talosctl rotate-ca --help"),
    ),
    row("not-rotated-here", "A CA that is left alone stays trusted, by everybody who trusts it today.", NEW_CA),
    row(
        "not-seen",
        "What was not given cannot be judged: an answer of yes is about the rest.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row("not-yet-valid", "Until then it is refused by everybody whose clock is right.", DATES),
    row("nothing-to-give-up", HAND_IN, NEW_CA),
    row("nothing-to-rotate", HAND_IN, Check::Command("ls -l /etc/kubernetes/pki")),
    row(
        "object-writer",
        "The other program writes its own version again, so the old CA comes back in the middle of a phase.",
        Check::Command(
            "kubectl get secrets -A --show-managed-fields -o 'custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,MANAGERS:.metadata.managedFields[*].manager'",
        ),
    ),
    row(
        "one-at-a-time",
        "Two CAs that change at once leave nobody who is sure of either.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row(
        "operator-paused",
        "A paused operator creates no Secret again: a deleted certificate would stay missing.",
        Check::Command("kubectl get tenantcontrolplanes -A -o yaml | grep -n paused"),
    ),
    row("other-cluster", "Changed for this cluster, it would lose its own.", Check::Kubeconfig),
    row(
        "other-credential",
        "What it logs in with is not a certificate of this cluster, so the rotation neither changes nor sees it.",
        Check::Kubeconfig,
    ),
    row(
        "other-layout",
        "The package writes files where kubeadm puts them. Elsewhere they would lie beside those that are read.",
        Check::Command("grep -rn -e /pki/ /etc/kubernetes/manifests /var/lib/kubelet/config.yaml"),
    ),
    row(
        "other-nodes-file",
        "It works on the node that it is of, and points the other one to the wrong API server.",
        Check::Kubeconfig,
    ),
    row(
        "other-server",
        "kube-apiserver trusts that server through a CA that this rotation replaces, and the server's certificate was not provided.",
        Check::Command(
            "openssl s_client -connect SERVER:PORT -showcerts </dev/null | openssl x509 -noout -issuer -subject",
        ),
    ),
    row(
        "out-of-line",
        "A place that stands elsewhere than the rest of its node is what breaks in the next phase.",
        SIGNER,
    ),
    row(
        "out-of-step",
        "Two files that should hold the same CA do not: some of those who read them refuse the others already.",
        Check::Certificate("-subject -fingerprint -sha256"),
    ),
    row(
        "outage-accepted",
        "For that long, that connection fails. It was accepted in so many words.",
        Check::Lines("kubelet-certificate-authority"),
    ),
    row("outlives-ca", "From the day on which its CA ends it is refused, whatever its own date says.", DATES),
    row(
        "password-needed",
        "Without its password nobody can tell whether it is the key that is looked for.",
        Check::FileType,
    ),
    row(
        "password-wrong",
        "Without its password nobody can tell whether it is the key that is looked for.",
        Check::FileType,
    ),
    row("path-too-long", "No file on a node has such a path.", Check::Members),
    row(
        "paused-by-owner",
        "Controllers of Cluster API do nothing for an object that is paused, and a roll-out waits for them.",
        Check::Command(
            "kubectl get clusters,kubeadmcontrolplanes,machinedeployments -A -o yaml | grep -n -e ' name:' -e paused",
        ),
    ),
    row(
        "paused-too-early",
        "A tenant that is paused takes no change, and would stand still in the middle.",
        Check::Command("kubectl get tenantcontrolplanes -A -o yaml | grep -n -e paused -e tls"),
    ),
    row(
        "pkcs8-discarded",
        "The operator cannot read the key, throws it away and makes another CA.",
        Check::Lines("BEGIN"),
    ),
    row(
        "proxy-url",
        "A proxy that ends TLS shows a certificate of its own, which this rotation does not change.",
        Check::Lines("proxy-url"),
    ),
    row(
        "reader-file-missing",
        "What a process reads has to be known before anybody can say that it goes on working.",
        Check::Command("grep -rn /etc/kubernetes /etc/kubernetes/manifests /etc/systemd/system"),
    ),
    row(
        "reader-not-handled",
        "This process reads the old CA in a way that the package cannot change.",
        Check::Command("grep -rn -e ca-file -e ca.crt /etc/kubernetes/manifests"),
    ),
    row("redacted", "What was taken out cannot be compared; the marker stays as it is.", Check::FileType),
    row(
        "release-unknown",
        HAND_IN,
        Check::Command(
            "kubectl -n kamaji-system get deployment kamaji -o jsonpath='{.spec.template.spec.containers[0].image}'",
        ),
    ),
    row(
        "renewed-ca",
        "The two certificates have one key, so each verifies what the other one signed.",
        Check::Certificate("-subject -dates -fingerprint -sha256"),
    ),
    row("request-elsewhere", "Without a certificate of the new CA its holder is locked out in phase 3.", SIGNER),
    row(
        "request-refused",
        "A certificate is a name that everybody believes. This one would give rights to somebody who may not have them.",
        Check::Request,
    ),
    row(
        "request-unknown-identity",
        "Nobody presents this name today, so nobody here can tell whether it should have any rights.",
        Check::Request,
    ),
    row(
        "request-waits",
        "Who signs it depends on the day on which it is approved.",
        Check::Command("kubectl get certificatesigningrequests"),
    ),
    row(
        "restart-yourself",
        "A process that reads its files only at its start goes on with the old ones until it is restarted.",
        Check::Command("crictl ps; systemctl list-units --type service --state running"),
    ),
    row(
        "rotation-own-files",
        "A plan continues a rotation begun by hand only where ca.crt holds both CAs.",
        Check::Command("grep -n -e root-ca-file -e cluster-signing -e client-ca-file /etc/kubernetes/manifests/*.yaml"),
    ),
    row(
        "rotation-under-way",
        "The way on is another one than from the beginning: some trust both CAs already.",
        NEW_CA,
    ),
    row(
        "runs-as-unit",
        "The package changes and restarts control-plane components as static Pods, as kubeadm runs them.",
        Check::Command("systemctl list-units 'kube-*'"),
    ),
    row(
        "same-subject",
        "OpenSSL takes the first CA whose name fits, and error messages name neither.",
        Check::Certificate("-subject -serial -ext subjectKeyIdentifier -fingerprint -sha256"),
    ),
    row(
        "serial-zero",
        "Some readers refuse the number 0, and two certificates of one CA with one number cannot be told apart.",
        Check::Certificate("-serial"),
    ),
    row("several-clusters", "The other clusters in the file are not this one, and are not touched.", Check::Kubeconfig),
    row("several-tenants", "Each tenant has CAs of its own.", Check::Command("kubectl get tenantcontrolplanes -A")),
    row(
        "sha1",
        "Go has refused signatures with SHA-1 since 1.18, and others follow.",
        Check::Certificate("-text | grep 'Signature Algorithm'"),
    ),
    row(
        "shared-ca",
        "Whoever has a client certificate of the cluster could tell API servers to be anybody at all.",
        Check::Command("cmp /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/front-proxy-ca.crt"),
    ),
    row(
        "short-key",
        "Keys of fewer than 2048 bits can be broken, and are refused by many.",
        Check::Certificate("-pubkey | openssl pkey -pubin -noout -text"),
    ),
    row("signatures-wanted", "Without these certificates phase 2 cannot begin.", Check::Command("ls signing-requests")),
    row(
        "signed-by-intermediate",
        "A new leaf straight from the new CA would take the signing away from whoever keeps the intermediate.",
        Check::Certificates,
    ),
    row("signing-unknown", "It decides where the new CA's key goes.", MANIFEST),
    row(
        "signs-from-copy",
        "kube-controller-manager signs with exactly one certificate, so the copy stays until ca.crt is one certificate again.",
        MANIFEST,
    ),
    row(
        "sops-encrypted",
        "The values are ciphertext. Without them the CA is unknown, and a package without this object would leave the old CA in place.",
        Check::Lines("^sops:\\|ENC\\["),
    ),
    row(
        "staged-configuration",
        "A patch is made for the configuration that is read; one that takes effect later brings back what it replaced.",
        Check::Command("talosctl get machineconfig persistent -o yaml"),
    ),
    row(
        "start-over-too-late",
        "Somebody shows a certificate of the new CA already, and would be refused by all who give it up.",
        SIGNER,
    ),
    row(
        "strict-clients-refuse",
        "Python clients since 3.13, Java or rustls clients cannot connect with this CA, while kubectl can.",
        Check::Certificate("-subject -ext basicConstraints,keyUsage,subjectKeyIdentifier,authorityKeyIdentifier"),
    ),
    row("subcloud-strategy", HAND_IN, Check::Command("dcmanager help kube-rootca-update-strategy create")),
    row(
        "talos-api-access",
        "Pods verify machines with the CA of the talosconfig that they read at their start.",
        Check::Command("kubectl get serviceaccounts.talos.dev -A"),
    ),
    row(
        "tenant-without-nodes",
        "A hosted control plane has no nodes of its own; files of some are another cluster's.",
        Check::Command("kubectl get nodes -o wide"),
    ),
    row("too-large", "No file of a node's PKI is so large, so it is most likely something else.", Check::FileType),
    row(
        "too-many-authorities",
        "Finding out who signed whom would take longer than anybody waits.",
        Check::Command("grep -c BEGIN /etc/kubernetes/pki/ca.crt"),
    ),
    row(
        "too-many-files",
        "What comes after the limit is not seen, so nodes may be missing.",
        Check::Command("find /etc/kubernetes /var/lib/kubelet/pki -type f | wc -l"),
    ),
    row(
        "two-cas-in-use",
        "Certificates of two CAs are in use. Which CA issues a renewed leaf depends on the step that the rotation has reached.",
        Check::Command("airlock check FILES"),
    ),
    row(
        "two-clusters",
        "What is right for one cluster locks out the other.",
        Check::Certificate("-subject -fingerprint -sha256"),
    ),
    row("two-generations", "One patch cannot fit both.", Check::Lines("KubeAPIServerCAConfig")),
    row("two-objects", "Nobody but the cluster can tell which of the two it has.", Check::Lines("resourceVersion")),
    row("two-trees", "Nobody but the node can tell which of the two it has.", Check::FileType),
    row(
        "unit-not-known",
        "The variables of a unit's command can name any file of the node.",
        Check::Command("grep -rn -e EnvironmentFile= -e ExecStart= /etc/systemd/system"),
    ),
    row(
        "unknown-reader",
        "A file that depends on the CA is there for some process. One that nobody restarts goes on with the old content.",
        Check::FileType,
    ),
    row("unreadable", "It may be a file that the rotation has to change.", Check::FileType),
    row(
        "unreadable-content",
        "A damaged file is taken over as it is: what is in it works for nobody.",
        Check::FileType,
    ),
    row(
        "unrecognised",
        "Nothing in a rotation hangs on it, as far as is known. If it holds a CA all the same, it has to be changed by hand.",
        Check::FileType,
    ),
    row(
        "unsupported-platform",
        "This platform keeps its CAs in other files and rotates them with its own tool. Steps for kubeadm would break it.",
        Check::Command("kubectl get nodes -o wide --show-labels"),
    ),
    row(
        "uploaded-keys",
        "A control-plane node that joins takes the CA's keys from there, and after the rotation those are old.",
        Check::Command("kubectl -n kube-system get secret kubeadm-certs"),
    ),
    row(
        "user-without-certificate",
        "Cluster API looks for a certificate in every user when it renews the kubeconfig, and crashes where there is none.",
        Check::Lines("client-certificate-data\\|token:\\|exec:"),
    ),
    row(
        "utf-16",
        "No program of Kubernetes reads UTF-16; the file works only after it was converted.",
        Check::FileType,
    ),
    row(
        "workers-not-replaceable",
        "A machine that joins in phase 3 takes the new CA from cluster-info; where workers do not join that way, it would not.",
        Check::Command("kubectl -n kube-public get configmap cluster-info -o yaml"),
    ),
    row(
        "workload-restarts",
        "A program that read its trusted CAs once, when it started, rejects the API servers' new certificates until its Pod restarts.",
        Check::Command("kubectl get deployments,daemonsets,statefulsets,poddisruptionbudgets -A"),
    ),
    row(
        "wrong-content",
        "Whoever reads that place finds something else than it looks for, and stops.",
        Check::FileType,
    ),
    row("wrong-issuer", "Everybody who trusts only the cluster's CA refuses it today already.", SIGNER),
];
