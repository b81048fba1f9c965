#!/bin/bash
# Records TLS, HTTP and SSH where other protocols carry them, from real programs, in a network namespace that it makes
# and removes.
#
#     testdata/carried/record.sh [NAME...]      as root; without names, all of them
#
# Needs iproute2, tcpdump, openssl, curl, python3, haproxy, microsocks, dante-server, tinyproxy, openvpn, freetds-bin,
# mariadb-server, postgresql, python3-aiosmtpd, openssh-server, xrdp, freerdp2-x11, xvfb. A step whose program is missing or
# fails says "skip NAME" and leaves the capture of an earlier run alone.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d /tmp/pinyon-carried.XXXXXX)
chmod 755 "$tmp"
ns=${PREFIX:-pinyon}-carried-$$
pids=()

cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	sleep 0.3
	for p in $(ip netns pids "$ns" 2>/dev/null); do kill -9 "$p" 2>/dev/null; done
	ip netns del "$ns" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

ip netns add "$ns"
in_() { timeout 25 ip netns exec "$ns" "$@"; }
in_ ip link set lo up
start() { # COMMAND... runs a server
	ip netns exec "$ns" "$@" >>"$tmp/log" 2>&1 &
	pids+=($!)
	sleep 0.7
}
listens() { for _ in $(seq 60); do in_ ss -lnt | grep -q ":$1 " && return; sleep 0.1; done; return 1; }

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 30 -subj /CN=pinyon.example \
	-addext subjectAltName=DNS:pinyon.example 2>/dev/null
cat "$tmp/cert.pem" "$tmp/key.pem" >"$tmp/both.pem"
chmod 644 "$tmp"/*.pem

# record NAME FILTER COMMAND... keeps what the command makes of traffic on the loopback.
record() {
	local name=$1 filter=$2
	shift 2
	ip netns exec "$ns" tcpdump -Z root -i lo --immediate-mode -U -n -s 0 -w "$tmp/$name.pcap" "$filter" 2>"$tmp/tcpdump.log" &
	local dump=$!
	for _ in $(seq 40); do grep -q listening "$tmp/tcpdump.log" && break; sleep 0.05; done
	in_ "$@" >>"$tmp/log" 2>&1 </dev/null
	sleep 0.5
	kill "$dump"
	wait "$dump" 2>/dev/null
	local size
	size=$(stat -c %s "$tmp/$name.pcap")
	if [ "$size" -lt 800 ] || [ "$size" -gt 120000 ]; then
		echo "skip $name: $size bytes"
		tail -3 "$tmp/log"
		return
	fi
	mv "$tmp/$name.pcap" "$here/"
	echo "made $name.pcap: $size bytes"
}

web() { # a server of TLS on 4433 and of HTTP on 8080
	start openssl s_server -accept 4433 -cert "$tmp/cert.pem" -key "$tmp/key.pem" -www -quiet
	mkdir -p "$tmp/www" && echo hello >"$tmp/www/index.html"
	start python3 -m http.server -b 127.0.0.1 -d "$tmp/www" 8080
}
https=(-sk --resolve pinyon.example:4433:127.0.0.1 https://pinyon.example:4433/)
http=(-s http://127.0.0.1:8080/index.html)

proxies() {
	start microsocks -i 127.0.0.1 -p 1080
	start microsocks -i 127.0.0.1 -p 1081 -u user -P secret
	cat >"$tmp/danted.conf" <<-END
		internal: lo port = 1082
		external: lo
		socksmethod: none
		clientmethod: none
		user.privileged: root
		user.unprivileged: nobody
		client pass { from: 0/0 to: 0/0 }
		socks pass { from: 0/0 to: 0/0 protocol: tcp }
	END
	start danted -f "$tmp/danted.conf"
	printf 'Port 8888\nListen 127.0.0.1\nTimeout 10\nAllow 127.0.0.1\n' >"$tmp/tiny.conf"
	start tinyproxy -d -c "$tmp/tiny.conf"
}

socks() {
	record socks5_tls "tcp port 1080" curl --socks5 127.0.0.1:1080 "${https[@]}"
	record socks5_name_tls "tcp port 1080" curl --socks5-hostname 127.0.0.1:1080 -sk https://localhost:4433/
	record socks5_password_tls "tcp port 1081" curl --socks5 user:secret@127.0.0.1:1081 "${https[@]}"
	record socks5_http "tcp port 1080" curl --socks5 127.0.0.1:1080 "${http[@]}"
	record socks4_tls "tcp port 1082" curl --socks4 127.0.0.1:1082 "${https[@]}"
}

connect() {
	record connect_tls "tcp port 8888" curl -x http://127.0.0.1:8888 -k -s https://localhost:4433/
	record connect_http "tcp port 8888" curl -p -x http://127.0.0.1:8888 "${http[@]}"
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/host" && mkdir -p /run/sshd && chmod 755 /run/sshd && chmod 600 "$tmp/host"
	start /usr/sbin/sshd -D -e -o ListenAddress=127.0.0.1:2222 -o HostKey="$tmp/host" -o PidFile=none -f /dev/null
	cat >"$tmp/via.py" <<-'END'
		import os, select, socket, sys
		s = socket.create_connection(('127.0.0.1', 8888))
		s.sendall(b'CONNECT 127.0.0.1:2222 HTTP/1.1\r\nHost: 127.0.0.1:2222\r\n\r\n')
		head = b''
		while not head.endswith(b'\r\n\r\n'):
		    head += s.recv(1)
		while True:
		    for r in select.select([s, 0], [], [])[0]:
		        b = s.recv(4096) if r is s else os.read(0, 4096)
		        if not b:
		            sys.exit()
		        os.write(1, b) if r is s else s.sendall(b)
	END
	record connect_ssh "tcp port 8888" ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
		-o ProxyCommand="python3 $tmp/via.py" nobody@pinyon.example true
}

proxied() { # haproxy speaks to itself: the PROXY protocol is between its two halves
	for v in 1 2; do
		local send=send-proxy
		[ $v = 2 ] && send=send-proxy-v2
		cat >"$tmp/haproxy$v.cfg" <<-END
			defaults
			    timeout connect 5s
			    timeout client 5s
			    timeout server 5s
			listen front
			    mode tcp
			    bind 127.0.0.1:70${v}0
			    server s 127.0.0.1:70${v}1 $send
			frontend back
			    mode http
			    bind 127.0.0.1:70${v}1 accept-proxy ssl crt $tmp/both.pem alpn h2,http/1.1
			    http-request return status 200 content-type text/plain string hello
			listen plain
			    mode tcp
			    bind 127.0.0.1:70${v}2
			    server s 127.0.0.1:70${v}3 $send
			frontend answers
			    mode http
			    bind 127.0.0.1:70${v}3 accept-proxy
			    http-request return status 200 content-type text/plain string hello
			listen cleartext
			    mode tcp
			    bind 127.0.0.1:70${v}4
			    server s 127.0.0.1:70${v}5 $send
			frontend frames
			    mode http
			    bind 127.0.0.1:70${v}5 accept-proxy proto h2
			    http-request return status 200 content-type text/plain string hello
		END
		start haproxy -db -f "$tmp/haproxy$v.cfg"
		record proxy_v${v}_tls "tcp port 70${v}1" curl -sk --resolve pinyon.example:70${v}0:127.0.0.1 https://pinyon.example:70${v}0/
		record proxy_v${v}_http "tcp port 70${v}3" curl -s -o /dev/null http://127.0.0.1:70${v}2/
		record proxy_v${v}_h2c "tcp port 70${v}5" curl -s -o /dev/null --http2-prior-knowledge http://127.0.0.1:70${v}4/
	done
}

vpn() {
	openvpn --genkey secret "$tmp/ta.key" 2>/dev/null
	local n=0
	for proto in udp tcp; do
		for auth in none sha1 sha256; do
			n=$((n + 1))
			local server=$proto client=$proto ta=() port=$((11940 + n))
			[ $proto = tcp ] && server=tcp-server client=tcp-client
			local crt=(--ca "$tmp/cert.pem" --cert "$tmp/cert.pem" --key "$tmp/key.pem" --dev null --ifconfig-noexec --data-ciphers AES-256-GCM --cipher AES-256-GCM)
			[ $auth = none ] || ta=(--tls-auth "$tmp/ta.key" --auth $auth)
			start openvpn --proto $server --local 127.0.0.1 --lport $port --tls-server --dh none "${crt[@]}" "${ta[@]}"
			record openvpn_${proto}_$auth "$proto port $port" timeout 4 openvpn --proto $client --remote 127.0.0.1 $port --nobind --tls-client "${crt[@]}" "${ta[@]}"
		done
	done
}

databases() {
	start python3 "$here/tds.py" 1433 "$tmp/cert.pem" "$tmp/key.pem"
	record tds "tcp port 1433" tsql -S 127.0.0.1 -p 1433 -U sa -P secret
	local db=$tmp/my
	mkdir "$db" && chown mysql "$db"
	mariadb-install-db --user=mysql --datadir="$db" --auth-root-authentication-method=normal >/dev/null 2>&1
	start mariadbd --no-defaults --user=mysql --datadir="$db" --socket="$db/s" --bind-address=127.0.0.1 --port=3307 --pid-file="$db/pid" \
		--ssl-cert="$tmp/cert.pem" --ssl-key="$tmp/key.pem" --ssl-ca="$tmp/cert.pem"
	listens 3307
	record mysql "tcp port 3307" mariadb --no-defaults -h 127.0.0.1 -P 3307 -u root --ssl -e 'select 1'
	db=$tmp/pg
	mkdir "$db" && chown postgres "$db"
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
	su postgres -s /bin/sh -c "$bin/initdb -D $db -A trust" >/dev/null
	cp "$tmp/cert.pem" "$db/server.crt" && cp "$tmp/key.pem" "$db/server.key" && chown postgres "$db"/server.* && chmod 600 "$db/server.key"
	start su postgres -s /bin/sh -c "$bin/postgres -D $db -p 5433 -k $db -c listen_addresses=127.0.0.1 -c ssl=on"
	listens 5433
	record postgres "tcp port 5433" psql 'host=127.0.0.1 port=5433 user=postgres dbname=postgres sslmode=require' -c 'select 1'
}

mail() {
	start aiosmtpd -n -l 127.0.0.1:2525 --tlscert "$tmp/cert.pem" --tlskey "$tmp/key.pem"
	record starttls_smtp "tcp port 2525" openssl s_client -starttls smtp -connect 127.0.0.1:2525 -servername pinyon.example
}

desktop() {
	printf '[Globals]\nport=tcp://127.0.0.1:3390\nsecurity_layer=tls\ncertificate=%s\nkey_file=%s\nssl_protocols=TLSv1.2, TLSv1.3\nautorun=\nallow_channels=true\nmax_bpp=16\n[Logging]\nLogFile=%s\n' \
		"$tmp/cert.pem" "$tmp/key.pem" "$tmp/xrdp.log" >"$tmp/xrdp.ini"
	chmod 644 "$tmp/xrdp.ini"
	start xrdp --nodaemon --config "$tmp/xrdp.ini"
	start Xvfb :97 -nolisten tcp
	listens 3390
	record rdp "tcp port 3390" env DISPLAY=:97 HOME="$tmp" timeout 3 xfreerdp /v:127.0.0.1:3390 /cert:ignore /sec:tls /size:320x200 /bpp:16 /u:x /p:y
}

web
proxies
for part in ${*:-socks connect proxied vpn databases mail desktop}; do $part; done
