#!/bin/bash
# Records browsing, DNS over HTTPS by several programs, and what goes inside TLS, between two network namespaces that it makes and
# removes. The server's namespace has the names and addresses of public resolvers, nothing leaves the machine.
#
#     testdata/fingerprint/web.sh [NAME...]      as root; without names, all of them
#
# Needs iproute2, ethtool, tcpdump, openssl, nginx, curl, wget, chromium, dig (bind9-dnsutils), kdig (knot-dnsutils), stunnel4,
# ocserv, openconnect, xl2tpd, and go, which fetches quic-go. A step that the machine cannot do prints
# "skip NAME: reason" and leaves the capture of an earlier run alone.
set -u
. "$(dirname "$0")/namespaces.sh"
resolvers='dns.google cloudflare-dns.com dns.quad9.net dns.adguard.com doh.opendns.com mozilla.cloudflare-dns.com doh.cleanbrowsing.org dns.nextdns.io'
addresses='1.1.1.1 8.8.8.8 9.9.9.9'
sites='www shop news static api'

clean_more() {
	rm -rf /etc/netns/$a
	rmdir /etc/netns 2>/dev/null
}
net_more() {
	in_ $a ip addr add 10.78.0.1/24 dev a0
	for n in 10.78.0.2 10.78.0.3 10.78.0.4 10.78.0.5 10.78.0.6; do in_ $b ip addr add $n/24 dev b0; done
	for n in $addresses; do in_ $b ip addr add $n/32 dev b0; done
	in_ $a ip route add default dev a0
	mkdir -p /etc/netns/$a
	echo "127.0.0.1 localhost" >/etc/netns/$a/hosts
	for n in $sites; do echo "10.78.0.4 $n.pinyon.example" >>/etc/netns/$a/hosts; done
	echo "10.78.0.5 old.pinyon.example" >>/etc/netns/$a/hosts
	echo "10.78.0.6 older.pinyon.example" >>/etc/netns/$a/hosts
}

# resolve ADDRESS: the names of the resolvers are ADDRESS from now on.
resolve() {
	local n
	sed -i '/# resolver$/d' /etc/netns/$a/hosts
	for n in $resolvers; do echo "$1 $n # resolver" >>/etc/netns/$a/hosts; done
}

# servers: nginx with pages of several sizes, and the program of this folder; once a run.
servers() {
	[ -z "${served:-}" ] || return 0
	mkdir -p "$tmp/web" "$tmp/www" && cp "$here/web/main.go" "$tmp/web/"
	(cd "$tmp/web" && go mod init web && go get github.com/quic-go/quic-go/http3@v0.65.0 && go build -o web .) >"$tmp/go.log" 2>&1 || { skip "$(tail -1 "$tmp/go.log")"; return; }
	local n listen='' tls="ssl_certificate $tmp/cert.pem; ssl_certificate_key $tmp/key.pem; root $tmp/www;"
	for n in 300 1000 3000 8000; do head -c $n /dev/urandom >"$tmp/www/$n"; done
	printf '<html><title>p</title>%s</html>' "$(for n in shop news static; do echo "<img src=https://$n.pinyon.example/1000><img src=https://$n.pinyon.example/300>"; done)" >"$tmp/www/index.html"
	cat >"$tmp/nginx.conf" <<-EOF
		daemon off; pid $tmp/nginx.pid; error_log stderr; worker_processes 1; user root;
		events {}
		http {
			access_log off; client_body_temp_path $tmp/body; proxy_temp_path $tmp/p; fastcgi_temp_path $tmp/f; uwsgi_temp_path $tmp/u; scgi_temp_path $tmp/s;
			server { listen 10.78.0.4:443 ssl http2; $tls location /api { return 200 '{"ok":true,"items":[]}'; } }
			server { listen 10.78.0.5:443 ssl; $tls }
			server { listen 10.78.0.6:443 ssl http2; ssl_protocols TLSv1.2; $tls }
			server { listen 10.78.0.4:80; listen 127.0.0.1:8080; root $tmp/www; }
		}
	EOF
	start $b nginx -e stderr -c "$tmp/nginx.conf" || { skip 'nginx does not start'; return; }
	start $b "$tmp/web/web" serve "$tmp/cert.pem" "$tmp/key.pem" 10.78.0.2:443 10.78.0.3:443 10.78.0.2:8053 || { skip 'web does not start'; return; }
	served=1
}

page() { in_ $a curl -sk -o "$tmp/got" "$@" || echo "failed: curl $*" >&2; }

# Curl looks a name up over HTTPS and gets a page; the resolver speaks HTTP/2, HTTP/1.1, or is asked for by its address.
doh_curl_h2() {
	servers || return
	resolve 10.78.0.2
	capture host 10.78.0.2 and tcp port 443
	for n in $resolvers; do page --doh-insecure --doh-url https://$n/dns-query https://page.pinyon.test/300; done
	finish
}
doh_curl_h1() {
	servers || return
	resolve 10.78.0.3
	capture host 10.78.0.3 and tcp port 443
	for n in $resolvers; do page --doh-insecure --doh-url https://$n/dns-query https://page.pinyon.test/300; done
	finish
}
# The resolver is asked for by its address alone.
doh_address() {
	servers || return
	local n one=()
	for n in $addresses; do
		start $b "$tmp/web/web" serve "$tmp/cert.pem" "$tmp/key.pem" $n:443 $n:8443 $n:8053 || { skip 'web does not start'; return; }
		one+=($last)
	done
	capture 'tcp port 443 and (host 1.1.1.1 or host 8.8.8.8 or host 9.9.9.9)'
	for n in $addresses; do
		page --doh-insecure --doh-url https://$n/dns-query https://page.pinyon.test/300
		in_ $a kdig @$n +https page.pinyon.test A >/dev/null || echo "failed: kdig $n" >&2
	done
	finish
	stop "${one[@]}"
}
doh_kdig() {
	servers || return
	resolve 10.78.0.2
	capture host 10.78.0.2 and tcp port 443
	for n in dns.google dns.quad9.net dns.adguard.com; do
		in_ $a kdig @10.78.0.2 +https=/dns-query +tls-sni=$n page.pinyon.test A >/dev/null || echo "failed: kdig $n" >&2
		in_ $a kdig @10.78.0.2 +https=/dns-query +https-get +tls-sni=$n page.pinyon.test AAAA >/dev/null || echo "failed: kdig $n" >&2
	done
	finish
}
doh_h3() {
	servers || return
	capture udp port 443
	for n in dns.google cloudflare-dns.com dns.adguard.com; do in_ $a "$tmp/web/web" doh3 10.78.0.2:443 $n 2 || echo "failed: $n" >&2; done
	finish
}
doh_clear() { # behind what ends TLS
	servers || return
	capture tcp port 8053
	printf '\0\0\1\0\0\1\0\0\0\0\0\0\3www\6pinyon\7example\0\0\1\0\1' >"$tmp/query"
	page -H 'Content-Type: application/dns-message' --data-binary "@$tmp/query" http://10.78.0.2:8053/dns-query
	page "http://10.78.0.2:8053/dns-query?dns=AAABAAABAAAAAAAAA3d3dwZwaW55b24HZXhhbXBsZQAAAQAB"
	finish
}
# A resolver that no list has: its own name, and dig, which sends none.
doh_unlisted() {
	servers || return
	capture host 10.78.0.2 and tcp port 443
	echo '10.78.0.2 resolver.pinyon.example # resolver' >>/etc/netns/$a/hosts
	for n in 1 2 3; do page --doh-insecure --doh-url https://resolver.pinyon.example/dns-query https://page.pinyon.test/300; done
	in_ $a dig @10.78.0.2 +https page.pinyon.test >/dev/null || echo 'failed: dig' >&2
	in_ $a dig @10.78.0.2 +https-get page.pinyon.test >/dev/null || echo 'failed: dig' >&2
	finish
}

browse_curl() {
	servers || return
	capture tcp port 443 or tcp port 80
	local v n
	for v in --http1.1 --http2 '--no-alpn --tls-max 1.2' '--http2 --tls-max 1.2'; do
		for n in 300 3000; do page $v https://www.pinyon.example/$n; done
	done
	for n in shop news; do page https://$n.pinyon.example/300 -o "$tmp/got" https://$n.pinyon.example/1000 -o "$tmp/got" https://$n.pinyon.example/300; done
	for n in 1 2 3; do
		page --data-binary '{"id":1}' -H 'Content-Type: application/json' https://api.pinyon.example/api
		page https://api.pinyon.example/api
	done
	page http://www.pinyon.example/1000
	finish
}
browse_wget() {
	servers || return
	capture tcp port 443 or tcp port 80
	local n
	for n in www.pinyon.example/300 shop.pinyon.example/1000 news.pinyon.example/3000 old.pinyon.example/300 old.pinyon.example/8000 \
		older.pinyon.example/300 older.pinyon.example/1000 www.pinyon.example/8000; do
		in_ $a wget -q --no-check-certificate -O "$tmp/got" https://$n || echo "failed: wget $n" >&2
	done
	for n in 300 1000 3000; do in_ $a wget -q -O "$tmp/got" http://news.pinyon.example/$n || echo "failed: wget $n" >&2; done
	finish
}
browse_chromium() {
	servers || return
	command -v chromium >/dev/null || { skip 'no chromium'; return; }
	capture tcp port 443 and net 10.78.0.0/24
	local n
	for n in www old older; do
		HOME=$tmp in_ $a chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$tmp/profile-$n" --ignore-certificate-errors \
			--virtual-time-budget=4000 --dump-dom https://$n.pinyon.example/ >"$tmp/dom" 2>"$tmp/chromium.log"
		grep -q static "$tmp/dom" || { tail -2 "$tmp/chromium.log" >&2; echo "failed: chromium $n" >&2; }
	done
	finish
}
browse_h3() {
	servers || return
	capture udp port 443
	for n in "www 1 300" "shop 2 1000" "news 1 3000" "api 4 300"; do
		set -- $n
		in_ $a "$tmp/web/web" page3 10.78.0.2:443 $1.pinyon.example $2 $3 || echo "failed: $n" >&2
	done
	finish
}

# Pages of HTTP inside TLS that stunnel makes and ends.
stunnel_() {
	servers || return
	command -v stunnel >/dev/null || { skip 'no stunnel'; return; }
	printf 'foreground = yes\npid =\n[s]\naccept = 10.78.0.2:4443\nconnect = 127.0.0.1:8080\ncert = %s\nkey = %s\n' "$tmp/cert.pem" "$tmp/key.pem" >"$tmp/s.conf"
	printf 'foreground = yes\npid =\n[c]\nclient = yes\naccept = 127.0.0.1:8081\nconnect = 10.78.0.2:4443\n' >"$tmp/c.conf"
	local one two
	start $b stunnel "$tmp/s.conf" || { skip 'stunnel does not start'; return; }
	one=$last
	start $a stunnel "$tmp/c.conf" || { stop $one; skip 'stunnel does not start'; return; }
	two=$last
	name=stunnel
	capture tcp port 4443
	for n in 300 1000 3000; do page http://127.0.0.1:8081/$n; done
	page http://127.0.0.1:8081/300 -o "$tmp/got" http://127.0.0.1:8081/1000
	finish
	stop $two $one
}

# AnyConnect's protocol: TLS and DTLS, and TLS alone.
openconnect_() {
	servers || return
	[ -c /dev/net/tun ] || { skip 'no /dev/net/tun'; return; }
	local n one pin
	cat >"$tmp/ocserv.conf" <<-EOF
		auth = "plain[passwd=$tmp/ocpasswd]"
		tcp-port = 4434
		udp-port = 4434
		listen-host = 10.78.0.2
		run-as-user = root
		run-as-group = root
		socket-file = $tmp/ocserv.sock
		server-cert = $tmp/cert.pem
		server-key = $tmp/key.pem
		isolate-workers = false
		max-clients = 4
		max-same-clients = 4
		keepalive = 30
		try-mtu-discovery = false
		device = vpns
		ipv4-network = 10.79.0.0/24
		dtls-legacy = true
		cisco-client-compat = true
	EOF
	echo secret | ocpasswd -c "$tmp/ocpasswd" user >/dev/null 2>&1 || printf 'secret\nsecret\n' | ocpasswd -c "$tmp/ocpasswd" user >/dev/null
	start $b ocserv -f -c "$tmp/ocserv.conf" || { skip 'ocserv does not start'; return; }
	one=$last
	printf '#!/bin/sh\n[ "$reason" = connect ] || exit 0\nip addr add $INTERNAL_IP4_ADDRESS/24 dev $TUNDEV\nip link set $TUNDEV up\n' >"$tmp/script"
	chmod +x "$tmp/script"
	pin=pin-sha256:$(openssl x509 -in "$tmp/cert.pem" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
	name=openconnect
	capture port 4434
	for n in '' --no-dtls; do
		echo secret | ip netns exec $a openconnect $n -u user --passwd-on-stdin --servercert "$pin" -s "$tmp/script" -i oc0 https://10.78.0.2:4434/ >"$tmp/oc.log" 2>&1 &
		last=$!
		pids+=($last)
		sleep 4
		in_ $a ping -c 5 -i 0.2 10.79.0.1 >/dev/null || { tail -5 "$tmp/oc.log" >&2; echo "no answer through the tunnel: openconnect $n" >&2; }
		in_ $a ping -c 3 -i 0.2 -s 1000 10.79.0.1 >/dev/null
		kill -INT $last
		sleep 1
	done
	finish
	stop $one
}

# L2TP's control connection and its calls; frames of PPP as well where the kernel has PPP.
l2tp() {
	command -v xl2tpd >/dev/null || { skip 'no xl2tpd'; return; }
	local one two
	printf '[global]\nlisten-addr = 10.78.0.2\n[lns default]\nip range = 10.80.0.10-10.80.0.20\nlocal ip = 10.80.0.1\nrequire authentication = no\npppoptfile = %s\n' "$tmp/ppp" >"$tmp/lns.conf"
	printf '[global]\nlisten-addr = 10.78.0.1\n[lac one]\nlns = 10.78.0.2\nautodial = yes\nrequire authentication = no\npppoptfile = %s\n' "$tmp/ppp" >"$tmp/lac.conf"
	printf 'noauth\nnodetach\n' >"$tmp/ppp"
	touch "$tmp/secrets"
	start $b xl2tpd -D -c "$tmp/lns.conf" -s "$tmp/secrets" -p "$tmp/lns.pid" -C "$tmp/lns" || { skip 'xl2tpd does not start'; return; }
	one=$last
	capture udp port 1701
	start $a xl2tpd -D -c "$tmp/lac.conf" -s "$tmp/secrets" -p "$tmp/lac.pid" -C "$tmp/lac" || { stop $recorder $one; skip 'xl2tpd does not start'; return; }
	two=$last
	sleep 5
	stop $two
	finish
	stop $one
}

all='doh_curl_h2 doh_curl_h1 doh_address doh_kdig doh_h3 doh_clear doh_unlisted browse_curl browse_wget browse_chromium browse_h3 stunnel_ openconnect_ l2tp'

record 78 "${*:-$all}"
