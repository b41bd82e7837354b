import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Answers whether Java's default trust manager (PKIX, SunJSSE) accepts a certificate chain.
 *
 * <p>One question per line of standard input, six fields separated by tabs: {@code client} or {@code server} (the end
 * that presents the chain), the host name or address ("-" for none), the time in seconds since 1970, the presented
 * chain and the trusted certificates (base64 of DER, separated by commas; "-" for none). One answer per line of
 * standard output: {@code ok}, or {@code refused} followed by a tab and Java's reason.
 *
 * <p>The trust manager is the one that TLS connections use. It reads the host, the protocol and the endpoint
 * identification algorithm from an {@link SSLEngine}; {@link Peer} supplies these and nothing else.
 */
public final class Verify {
    private final Map<String, X509Certificate> read = new HashMap<>();
    private final CertificateFactory factory;

    private Verify() throws CertificateException {
        factory = CertificateFactory.getInstance("X.509");
    }

    public static void main(String[] arguments) throws Exception {
        Verify verify = new Verify();
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, "UTF-8");
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(verify.answer(line.split("\t", -1)));
            }
        }
        out.flush();
    }

    private String answer(String[] question) {
        try {
            ask(question);
            return "ok";
        } catch (Exception error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return "refused\t" + String.valueOf(cause.getMessage()).replaceAll("\\s+", " ");
        }
    }

    private void ask(String[] question) throws Exception {
        String host = question[1].equals("-") ? null : question[1];
        List<X509Certificate> chain = certificates(question[3], false);
        Set<TrustAnchor> anchors = new LinkedHashSet<>();
        for (X509Certificate root : certificates(question[4], true)) {
            anchors.add(new TrustAnchor(root, null));
        }
        if (anchors.isEmpty()) {
            throw new CertificateException("no certificate is trusted");
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, null);
        parameters.setDate(new Date(Long.parseLong(question[2]) * 1000));
        parameters.setRevocationEnabled(false);
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(new CertPathTrustManagerParameters(parameters));
        X509ExtendedTrustManager manager = (X509ExtendedTrustManager) managers.getTrustManagers()[0];
        X509Certificate[] presented = chain.toArray(new X509Certificate[0]);
        if (question[0].equals("server")) {
            // "UNKNOWN" is what JSSE passes for TLS 1.3.
            manager.checkServerTrusted(presented, "UNKNOWN", new Peer(host));
        } else {
            manager.checkClientTrusted(presented, "UNKNOWN", new Peer(null));
        }
    }

    /** Unreadable roots are left out, as a key store without them is; an unreadable chain is refused. */
    private List<X509Certificate> certificates(String field, boolean lenient) throws CertificateException {
        List<X509Certificate> found = new ArrayList<>();
        for (String text : field.split(",")) {
            if (text.equals("-")) {
                continue;
            }
            try {
                X509Certificate certificate = read.get(text);
                if (certificate == null) {
                    byte[] der = Base64.getDecoder().decode(text);
                    certificate = (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
                    read.put(text, certificate);
                }
                found.add(certificate);
            } catch (CertificateException error) {
                if (!lenient) {
                    throw error;
                }
            }
        }
        return found;
    }

    /** The part of a TLS connection that the trust manager asks for. */
    private static final class Peer extends SSLEngine {
        private final String host;

        Peer(String host) {
            this.host = host;
        }

        @Override public SSLSession getHandshakeSession() {
            return new Session(host);
        }

        @Override public SSLParameters getSSLParameters() {
            SSLParameters parameters = new SSLParameters();
            if (host != null) {
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
            }
            return parameters;
        }

        @Override public SSLEngineResult wrap(ByteBuffer[] from, int at, int length, ByteBuffer to) {
            throw new UnsupportedOperationException();
        }

        @Override public SSLEngineResult unwrap(ByteBuffer from, ByteBuffer[] to, int at, int length) {
            throw new UnsupportedOperationException();
        }

        @Override public Runnable getDelegatedTask() { return null; }

        @Override public void closeInbound() { }

        @Override public boolean isInboundDone() { return false; }

        @Override public void closeOutbound() { }

        @Override public boolean isOutboundDone() { return false; }

        @Override public String[] getSupportedCipherSuites() { return new String[0]; }

        @Override public String[] getEnabledCipherSuites() { return new String[0]; }

        @Override public void setEnabledCipherSuites(String[] suites) { }

        @Override public String[] getSupportedProtocols() { return new String[0]; }

        @Override public String[] getEnabledProtocols() { return new String[0]; }

        @Override public void setEnabledProtocols(String[] protocols) { }

        @Override public SSLSession getSession() { return getHandshakeSession(); }

        @Override public void beginHandshake() { }

        @Override public SSLEngineResult.HandshakeStatus getHandshakeStatus() {
            return SSLEngineResult.HandshakeStatus.NEED_UNWRAP;
        }

        @Override public void setUseClientMode(boolean mode) { }

        @Override public boolean getUseClientMode() { return true; }

        @Override public void setNeedClientAuth(boolean need) { }

        @Override public boolean getNeedClientAuth() { return false; }

        @Override public void setWantClientAuth(boolean want) { }

        @Override public boolean getWantClientAuth() { return false; }

        @Override public void setEnableSessionCreation(boolean flag) { }

        @Override public boolean getEnableSessionCreation() { return true; }
    }

    /** A session of TLS 1.3 with a host. */
    private static final class Session implements SSLSession {
        private final String host;

        Session(String host) {
            this.host = host;
        }

        @Override public String getPeerHost() { return host; }

        @Override public String getProtocol() { return "TLSv1.3"; }

        @Override public byte[] getId() { return new byte[0]; }

        @Override public SSLSessionContext getSessionContext() { return null; }

        @Override public long getCreationTime() { return 0; }

        @Override public long getLastAccessedTime() { return 0; }

        @Override public void invalidate() { }

        @Override public boolean isValid() { return true; }

        @Override public void putValue(String name, Object value) { }

        @Override public Object getValue(String name) { return null; }

        @Override public void removeValue(String name) { }

        @Override public String[] getValueNames() { return new String[0]; }

        @Override public Certificate[] getPeerCertificates() throws SSLPeerUnverifiedException {
            throw new SSLPeerUnverifiedException("not needed here");
        }

        @Override public Certificate[] getLocalCertificates() { return null; }

        @Override public Principal getPeerPrincipal() throws SSLPeerUnverifiedException {
            throw new SSLPeerUnverifiedException("not needed here");
        }

        @Override public Principal getLocalPrincipal() { return null; }

        @Override public String getCipherSuite() { return "TLS_AES_128_GCM_SHA256"; }

        @Override public int getPeerPort() { return 443; }

        @Override public int getPacketBufferSize() { return 16384; }

        @Override public int getApplicationBufferSize() { return 16384; }
    }
}
