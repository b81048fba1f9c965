package kafka

import (
	stdjson "encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pinyon/sink/sinktest"
)

// TestRegistry: the schema is given to the registry under the topic's name, and values begin
// with the id that the registry has for it.
func TestRegistry(t *testing.T) {
	_, o := broker(t)
	s := sinktest.Schema(true)
	var path, kind string
	var said struct{ Schema string }
	answer := `{"id":258}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, kind = r.Method+" "+r.URL.Path, r.Header.Get("Content-Type")
		body, _ := io.ReadAll(r.Body)
		if err := stdjson.Unmarshal(body, &said); err != nil {
			t.Error(err)
		}
		if strings.Contains(answer, "message") {
			w.WriteHeader(http.StatusConflict)
		}
		io.WriteString(w, answer)
	}))
	defer server.Close()
	o.Encoding, o.Registry = Avro, server.URL+"/base"
	k, err := New(ctx, s, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, k, s, sinktest.Rows(s, 1))
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	want, err := AvroSchema(s)
	if err != nil {
		t.Fatal(err)
	}
	if path != "POST /base/subjects/flows-value/versions" || kind != "application/vnd.schemaregistry.v1+json" || said.Schema != string(want) {
		t.Error(path, kind, said.Schema)
	}
	if v := messages(t, o, 1)[0].Value; string(v[:5]) != "\x00\x00\x00\x01\x02" {
		t.Errorf("% x", v[:5])
	}
	answer = `{"error_code":409,"message":"not compatible"}`
	o.Registry = strings.Replace(o.Registry, "http://", "http://me:secret@", 1)
	if _, err := New(ctx, s, o, nil); err == nil || !strings.Contains(err.Error(), "not compatible") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}
