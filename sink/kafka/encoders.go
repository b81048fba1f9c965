package kafka

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/internal/par"
	"pinyon/sink/json"
)

// newEncoder is what makes messages as o.Encoding asks.
func newEncoder(ctx context.Context, s *column.Schema, o *Options, p *settings, from *sink.Provenance) (encoder, error) {
	a := about{next: o.First, end: slices.IndexFunc(s.Fields, func(f column.Field) bool { return f.Name == "end_time" && f.Kind == feature.Float })}
	if a.end < 0 {
		a.end = slices.IndexFunc(s.Fields, func(f column.Field) bool { return f.Name == "time_last" && f.Kind == feature.Float })
	}
	kind := map[string]string{JSON: "application/json", Avro: "avro/binary", Arrow: "application/vnd.apache.arrow.stream"}[o.Encoding]
	a.headers = headers(kind, s, p, o.Run, from)
	if o.Encoding == Arrow {
		return newArrowMessages(s, o, a), nil
	}
	r := &rows{about: a, key: -1}
	if o.Key != "" {
		r.key = s.Index(o.Key)
	}
	var before []byte
	if o.Encoding == Avro {
		var err error
		if before, err = avroBefore(ctx, s, o, p); err != nil {
			return nil, err
		}
	}
	for range max(o.Workers, 1) {
		if o.Encoding == JSON {
			r.encoders = append(r.encoders, &jsonRows{Encoder: *json.NewEncoder(s)})
		} else {
			r.encoders = append(r.encoders, newAvroEncoder(s, before))
		}
	}
	r.pieces = make([]piece, par.Window(len(r.encoders)))
	return r, nil
}

// headers are those of every message: what kind of value it has, of which schema, and of
// which run and configuration it comes.
func headers(kind string, s *column.Schema, p *settings, id string, from *sink.Provenance) []kgo.RecordHeader {
	var said struct {
		Tool          string  `json:"tool"`
		Version       string  `json:"pinyon_version"`
		SchemaVersion string  `json:"schema_version"`
		Profile       *string `json:"profile"`
		ConfigHash    string  `json:"config_hash"`
	}
	if from != nil {
		stdjson.Unmarshal(from.Head, &said) // what it does not say is left out
	}
	if id == "" {
		var run [16]byte
		rand.Read(run[:])
		id = hex.EncodeToString(run[:])
	}
	var list []kgo.RecordHeader
	add := func(name, value string) {
		if value != "" {
			list = append(list, kgo.RecordHeader{Key: name, Value: []byte(value)})
		}
	}
	add("content-type", kind)
	add("schema-version", cmp.Or(said.SchemaVersion, s.Version))
	if said.Profile != nil {
		add("profile", *said.Profile)
	}
	add("config-hash", said.ConfigHash)
	add("producer", strings.TrimSpace("pinyon "+said.Version))
	for _, h := range p.headers {
		add(h[0], h[1])
	}
	add(HeaderRun, id)
	return list
}

// avroBefore is what goes before every Avro value: the id that a registry gives the schema,
// or else the schema's fingerprint.
func avroBefore(ctx context.Context, s *column.Schema, o *Options, p *settings) ([]byte, error) {
	schema, err := AvroSchema(s)
	if err != nil {
		return nil, err
	}
	if o.Registry == "" {
		c, err := canonical(schema)
		if err != nil {
			return nil, err
		}
		return singleObject(fingerprint(c)), nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	id, err := register(ctx, o.Registry, o.Topic, schema)
	if err != nil {
		return nil, err
	}
	return registered(id), nil
}

// register gives a schema to the registry at base and returns the id by which that knows it.
func register(ctx context.Context, base, topic string, schema []byte) (id uint32, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return 0, fmt.Errorf("registry: %q is no URL", hidden(base))
	}
	body, err := stdjson.Marshal(map[string]string{"schema": string(schema)})
	if err != nil {
		return 0, err
	}
	to := u.JoinPath("subjects", subject(topic), "versions")
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("registry: %w", err)
	}
	q.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, fmt.Errorf("registry: %w", err)
	}
	defer answer.Body.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return 0, fmt.Errorf("registry %s: %w", to.Redacted(), err)
	}
	var said struct {
		ID      *uint32 `json:"id"`
		Message string  `json:"message"`
	}
	if err := stdjson.Unmarshal(text, &said); answer.StatusCode != http.StatusOK || err != nil || said.ID == nil {
		return 0, fmt.Errorf("registry %s: %s: %s", to.Redacted(), answer.Status, cmp.Or(said.Message, "no id in its answer"))
	}
	return *said.ID, nil
}

// hidden is a URL without its password, as far as that can be told.
func hidden(s string) string {
	if u, err := url.Parse(s); err == nil {
		return u.Redacted()
	}
	_, after, ok := strings.Cut(s, "@")
	if !ok {
		return s
	}
	return "xxxxx@" + after
}
