package groups_test

import "testing"

// TestQUICColumns holds a recorded connection against what tshark 4 says of it.
func TestQUICColumns(t *testing.T) {
	check(t, "http3", recordedFlow(t, "http3"), map[string]any{
		"quic_alpn_offered": "h3", "quic_dcid": "7f472c0f65313fcfa06ec0813474f9", "quic_server_scid_len": 4, "quic_version_server": 1, "quic_vn_versions": "",
		"quic_token_len": 0, "quic_retry_token_len": 0, "quic_client_initial_size": 1280, "quic_crypto_frames": 4, "quic_handshake_packets": 4,
		"quic_0rtt_packets": 0, "quic_short_packets": 13, "quic_transport_params": "1,3,4,5,6,7,8,9,b,e,f", "quic_tp_max_idle_timeout": 30000,
		"quic_tp_initial_max_data": 786432, "quic_tp_max_udp_payload": 1452, "quic_tp_active_cid_limit": 4, "quic_user_agent": "", "quic_close_code": -1,
		"quic_hello_rtt_us": 551, "quic_history": "IiISisIhHhoHOoOoOoO",
	})
}
