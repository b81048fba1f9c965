package groups_test

import (
	"strings"
	"testing"

	"pinyon/packet"
)

// Lists of the recorded OpenSSH client and server.
const (
	kexMethods = "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org," +
		"ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256," +
		"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
	clientKex   = kexMethods + ",ext-info-c,kex-strict-c-v00@openssh.com"
	serverKex   = kexMethods + ",kex-strict-s-v00@openssh.com"
	sshCiphers  = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
	sshMACs     = "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"
	banner      = `SSH-2.0-OpenSSH_9.2p1\x20Debian-2+deb12u10`
	clientPacks = "none,zlib@openssh.com,zlib"
	serverPacks = "none,zlib@openssh.com"
	clientKeys  = "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"
)

func TestSSHFurther(t *testing.T) {
	check(t, "ssh", flowsOf(t, "ssh.pcap", 1)[0], map[string]any{
		"ssh_hassh": "472b5de333ad665af5cbf10ff892c4df", "ssh_hassh_server": "425d29fe50d8e4f5e37efb6e24bcf660",
		"ssh_hassh_string":        strings.Join([]string{clientKex, sshCiphers, sshMACs, clientPacks}, ";"),
		"ssh_hassh_server_string": strings.Join([]string{serverKex, sshCiphers, sshMACs, serverPacks}, ";"),
		"ssh_client_banner":       banner, "ssh_server_banner": banner, "ssh_server_prebanner_lines": 0,
		"ssh_kex_algorithms": clientKex, "ssh_host_key_algorithms": clientKeys, "ssh_ciphers": sshCiphers, "ssh_macs": sshMACs, "ssh_compressions": clientPacks,
		"ssh_kex_algorithms_server": serverKex, "ssh_host_key_algorithms_server": "ssh-ed25519", "ssh_ciphers_server": sshCiphers, "ssh_macs_server": sshMACs,
		"ssh_compressions_server": serverPacks,
		"ssh_kex_alg":             "sntrup761x25519-sha512", "ssh_host_key_alg": "ssh-ed25519", "ssh_cipher_alg": "chacha20-poly1305@openssh.com", "ssh_mac_alg": "",
		"ssh_compression_alg": "none", "ssh_host_key_sha256": "SHA256:kfQ6pXUk42AFOGziQJp530sv98QVMurIyNXh/PBovSM",
		"ssh_strict_kex": true, "ssh_pq_kex": true, "ssh_first_kex_follows": false,
		"ssh_seg_mode_fwd": 60, "ssh_seg_mode_bwd": 72, "ssh_bare_acks_fwd": 7, "ssh_bare_acks_bwd": 7,
		"ssh_auth_success": 1, "ssh_auth_attempts": 1,
	})
}

// TestSSHSegments repeats what precedes the first data, and the first data itself: every
// segment counts, whether or not it is known yet that the flow is SSH.
func TestSSHSegments(t *testing.T) {
	frames := framesOf(t, "ssh.pcap")
	for _, c := range []struct{ acks, lines int }{{0, 0}, {10, 3}, {16, 9}, {40, 60}} {
		long := frames[:3:3]
		for range c.acks {
			long = append(long, frames[2])
		}
		for range c.lines {
			long = append(long, frames[3])
		}
		long = append(long, frames[3:]...)
		mode := 60
		if c.lines > 2 {
			mode = 41 // the smallest of several
		}
		for i := range long {
			long[i].TS = max(long[i].TS, long[max(i-1, 0)].TS)
		}
		check(t, "ssh", rows(t, further(), long)[0], map[string]any{
			"ssh_bare_acks_fwd": 7 + c.acks, "ssh_bare_acks_bwd": 7, "ssh_seg_mode_fwd": mode, "ssh_seg_mode_bwd": 72, "ssh_auth_attempts": 1,
		})
	}
}

// TestSSHHalf leaves one direction of a connection: a SYN-ACK, or the answer to a key
// exchange request, shows that its sender is the server.
func TestSSHHalf(t *testing.T) {
	frames := framesOf(t, "ssh.pcap")
	port := func(f packet.Frame) string { return string(f.Data[34:36]) } // the source's: Ethernet, IPv4 without options
	half := func(frames []packet.Frame, of packet.Frame) (kept []packet.Frame) {
		for _, f := range frames {
			if port(f) == port(of) {
				kept = append(kept, f)
			}
		}
		return kept
	}
	for _, c := range []struct {
		name           string
		frames         []packet.Frame
		client, server string
	}{
		{"client", half(frames, frames[0]), banner, ""},
		{"server", half(frames, frames[1]), "", banner},
		{"client, no SYN", half(frames[3:], frames[0]), banner, ""},
		{"server, no SYN", half(frames[3:], frames[1]), "", banner},
	} {
		check(t, c.name, rows(t, further(), c.frames)[0], map[string]any{"ssh_client_banner": c.client, "ssh_server_banner": c.server})
	}
}
