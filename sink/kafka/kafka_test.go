package kafka

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	arrowgo "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/arrow"
	"pinyon/sink/json"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

// broker is a Kafka in this process with a topic flows of four partitions.
func broker(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, *Options) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(4, "flows")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	o := NewOptions()
	o.Brokers, o.Topic, o.Linger = strings.Join(c.ListenAddrs(), ","), "flows", "0s"
	return c, o
}

// write gives rows to a sink in batches that divide nothing evenly.
func write(t *testing.T, k sink.Sink, s *column.Schema, rows [][]any) {
	t.Helper()
	b := column.New(s, 0)
	for i, sizes := 0, []int{1, 3, 64, 129, 1000}; len(rows) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(rows))
		sinktest.Fill(b, rows[:n])
		if err := k.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
}

// messages are the n messages of the topic, by the number of their first row.
func messages(t *testing.T, o *Options, rows int) map[int]*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(o.Brokers), kgo.ConsumeTopics(o.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	all := map[int]*kgo.Record{}
	for got := 0; got < rows; {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("%d of %d rows: %v", got, rows, err)
		}
		f.EachRecord(func(r *kgo.Record) {
			n, err := strconv.Atoi(header(r, HeaderRow))
			if err != nil || all[n] != nil || len(header(r, HeaderRun)) != 32 {
				t.Fatalf("row %d: %v, headers %v", n, err, r.Headers)
			}
			all[n] = r
			got++
			if text := header(r, HeaderRows); text != "" {
				more, _ := strconv.Atoi(text)
				got += more - 1
			}
		})
	}
	return all
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// TestValues: every row of every encoding arrives once, as it is, for any number of workers.
func TestValues(t *testing.T) {
	for _, encoding := range []string{JSON, Avro, Arrow} {
		for _, workers := range []int{1, 8} {
			for _, nulls := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/workers=%d/nulls=%t", encoding, workers, nulls), func(t *testing.T) {
					_, o := broker(t)
					o.Encoding, o.Workers, o.BatchRows = encoding, workers, 50
					s := sinktest.Schema(nulls)
					rows := sinktest.Rows(s, 1500)
					k, err := New(ctx, s, o, nil)
					if err != nil {
						t.Fatal(err)
					}
					write(t, k, s, rows)
					if err := k.Flush(ctx); err != nil {
						t.Fatal(err)
					}
					if st := k.Counters().Stats(); st.Accepted != 1500 || st.Committed != 1500 || st.Lost != 0 || st.Errors != 0 || st.Replaced == 0 {
						t.Errorf("after Flush: %+v", st)
					}
					if err := errors.Join(k.Close(ctx), k.Close(ctx)); err != nil {
						t.Fatal(err)
					}
					if err := k.Write(ctx, column.New(s, 0)); err == nil {
						t.Error("a closed sink takes rows")
					}
					compare(t, encoding, s, rows, messages(t, o, len(rows)))
				})
			}
		}
	}
}

func compare(t *testing.T, encoding string, s *column.Schema, rows [][]any, got map[int]*kgo.Record) {
	t.Helper()
	b := column.New(s, 0)
	schema, err := AvroSchema(s)
	if err != nil {
		t.Fatal(err)
	}
	read, err := avro.Parse(string(schema))
	if err != nil {
		t.Fatal(err)
	}
	for n, m := range got {
		count := 1
		if text := header(m, HeaderRows); text != "" {
			count, _ = strconv.Atoi(text)
		}
		sinktest.Fill(b, rows[n:n+count])
		switch encoding {
		case JSON:
			e := json.NewEncoder(s)
			e.Batch(b)
			if want := e.AppendRow(nil, 0); !bytes.Equal(m.Value, want) {
				t.Fatalf("row %d: got %s; want %s", n, m.Value, want)
			}
		case Arrow:
			var want bytes.Buffer
			k, err := arrow.New(&want, s, nil)
			if err == nil {
				err = errors.Join(k.Write(ctx, b), k.Close(ctx))
			}
			if err != nil {
				t.Fatal(err)
			}
			if x, y := record(t, m.Value), record(t, want.Bytes()); !array.RecordEqual(x, y) {
				t.Fatalf("rows from %d differ: %v; want %v", n, x, y)
			}
		case Avro:
			if want := singleObject(fingerprintOf(t, read)); !bytes.HasPrefix(m.Value, want) {
				t.Fatalf("row %d begins with % x; want % x", n, m.Value[:10], want)
			}
			var row map[string]any
			if err := avro.Unmarshal(read, m.Value[10:], &row); err != nil {
				t.Fatal(err)
			}
			for k := range s.Fields {
				if x, y := bare(row[avroName(s.Fields[k].Out)]), expected(rows[n][k]); fmt.Sprint(x) != fmt.Sprint(y) {
					t.Fatalf("row %d, %s: got %v; want %v", n, s.Fields[k].Out, x, y)
				}
			}
		}
	}
}

// fingerprintOf is the fingerprint that another implementation has for a schema.
func fingerprintOf(t *testing.T, s avro.Schema) uint64 {
	t.Helper()
	fp, err := s.FingerprintUsing(avro.CRC64Avro)
	if err != nil {
		t.Fatal(err)
	}
	var v uint64
	for _, c := range fp {
		v = v<<8 | uint64(c)
	}
	return v
}

// bare takes a value out of its union.
func bare(v any) any {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return v
	}
	for _, x := range m {
		return x
	}
	return nil
}

// expected is a value of the suite as the Avro reader prints it.
func expected(v any) any {
	switch v := v.(type) {
	case string:
		return string([]rune(v))
	case []sinktest.Triple:
		list := []any{}
		for _, x := range v {
			list = append(list, map[string]any{"direction": x.Dir, "gap": x.Gap, "length": x.Length})
		}
		return list
	case float64:
		if v == 0 && math.Signbit(v) {
			return "-0"
		}
	}
	return v
}

func record(t *testing.T, stream []byte) arrowgo.RecordBatch {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Next() {
		t.Fatal(r.Err())
	}
	rec := r.RecordBatch()
	rec.Retain()
	if r.Next() {
		t.Fatal("a second batch")
	}
	return rec
}

// TestFingerprint: the value that Avro's specification has for its simplest schema.
func TestFingerprint(t *testing.T) {
	for schema, want := range map[string]uint64{`"null"`: 0x63dd24e7cc258f8a, `"int"`: 0x7275d51a3f395c8f} {
		if got := fingerprint([]byte(schema)); got != want {
			t.Errorf("%s: %x; want %x", schema, got, want)
		}
	}
}

// TestKeys: a message's partition is the one that Java's producer takes for its key. The
// hashes are those of Kafka's own test of its murmur2.
func TestKeys(t *testing.T) {
	_, o := broker(t)
	o.Key = "name"
	s := &column.Schema{Nulls: true, Fields: []column.Field{{Out: "name", Desc: feature.Desc{Name: "name", Kind: feature.Text, Nullable: true}}}}
	hashes := map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
	}
	var rows [][]any
	for key := range hashes {
		rows = append(rows, []any{key})
	}
	rows = append(rows, []any{nil})
	k, err := New(ctx, s, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, k, s, rows)
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for n, m := range messages(t, o, len(rows)) {
		if rows[n][0] == nil {
			if m.Key != nil {
				t.Errorf("a row without a name has the key %q", m.Key)
			}
			continue
		}
		key := rows[n][0].(string)
		if want := hashes[key] & math.MaxInt32 % 4; string(m.Key) != key || m.Partition != want {
			t.Errorf("key %q of %q in partition %d; want %d", m.Key, key, m.Partition, want)
		}
	}
}

// TestAbout: what messages say beside their values.
func TestAbout(t *testing.T) {
	_, o := broker(t)
	o.Header = "site=a,room=b c"
	s := &column.Schema{Version: "v9", Fields: []column.Field{{Out: "e", Desc: feature.Desc{Name: "end_time", Kind: feature.Float}}}}
	k, err := New(ctx, s, o, &sink.Provenance{Head: []byte(`{"pinyon_version":"1.2","profile":"JJ-CORE","config_hash":"abc","schema_version":"v3"}`)})
	if err != nil {
		t.Fatal(err)
	}
	write(t, k, s, [][]any{{1753000000.25}})
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	m := messages(t, o, 1)[0]
	for name, want := range map[string]string{"content-type": "application/json", "schema-version": "v3", "profile": "JJ-CORE", "config-hash": "abc",
		"producer": "pinyon 1.2", "site": "a", "room": "b c", HeaderRow: "0"} {
		if got := header(m, name); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	if !m.Timestamp.Equal(time.UnixMilli(1753000000250)) {
		t.Error(m.Timestamp)
	}
}

// TestRefused: what cannot be is said before the first row, with the word that is wrong.
func TestRefused(t *testing.T) {
	_, good := broker(t)
	s := sinktest.Schema(false)
	for want, change := range map[string]func(*Options){
		"no brokers":       func(o *Options) { o.Brokers = " ,"; o.Topic = "t" },
		"no topic":         func(o *Options) { o.Topic = "" },
		"does not exist":   func(o *Options) { o.Topic = "nosuch" },
		`"nosuch" among`:   func(o *Options) { o.Key = "nosuch" },
		"is a list":        func(o *Options) { o.Key = s.Fields[len(s.Fields)-1].Out },
		"no key":           func(o *Options) { o.Key, o.Encoding = s.Fields[0].Out, Arrow },
		`encoding: got "x`: func(o *Options) { o.Encoding = "xml" },
		`acks: got "2"`:    func(o *Options) { o.Acks = "2" },
		"compression: got": func(o *Options) { o.Compression = "rar" },
		"linger: got":      func(o *Options) { o.Linger = "soon" },
		"timeout: got":     func(o *Options) { o.Timeout = "0s" },
		"full: got":        func(o *Options) { o.Full = "spill" },
		"NAME=VALUE":       func(o *Options) { o.Header = "a" },
		"only avro":        func(o *Options) { o.Registry = "http://localhost" },
		"no password":      func(o *Options) { o.SASL = "plain:me" },
		"MECHANISM:USER":   func(o *Options) { o.SASL = "plain" },
		"belong together":  func(o *Options) { o.Cert = "x.pem" },
		"nosuch.pem":       func(o *Options) { o.CA = "nosuch.pem" },
		"registry":         func(o *Options) { o.Encoding, o.Registry = Avro, "http://127.0.0.1:1" },
	} {
		o := *good
		change(&o)
		if _, err := New(ctx, s, &o, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
	o := *good
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o.Brokers, o.Timeout = l.Addr().String(), "1s"
	if _, err := New(ctx, s, &o, nil); err == nil || !strings.Contains(err.Error(), o.Brokers) {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestAddress: a URL names brokers and topic, and contradicts no option.
func TestAddress(t *testing.T) {
	o := NewOptions()
	if err := o.address("kafka://a:1,b:2/flows"); err != nil || o.Brokers != "a:1,b:2" || o.Topic != "flows" {
		t.Error(err, o.Brokers, o.Topic)
	}
	if err := o.address("kafka://c:3/flows"); err == nil || !strings.Contains(err.Error(), "brokers") {
		t.Error(err)
	}
	if err := NewOptions().address("kafka://me:secret@a:1/flows"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// TestTooLarge: a message that no broker takes is lost by itself, and said at the end.
func TestTooLarge(t *testing.T) {
	for _, encoding := range []string{JSON, Avro, Arrow} {
		_, o := broker(t)
		o.Encoding, o.MaxMessage = encoding, 20_000
		s := &column.Schema{Fields: []column.Field{{Out: "text", Desc: feature.Desc{Name: "text", Kind: feature.Text}}}}
		k, err := New(ctx, s, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		write(t, k, s, [][]any{{"a"}, {strings.Repeat("0123456789", 10_000)}, {"b"}})
		var lost *sink.LossError
		if err := k.Close(ctx); !errors.As(err, &lost) || lost.Rows != 1 {
			t.Errorf("%s: %v", encoding, err)
		}
		if st := k.Counters().Stats(); st.Accepted != 3 || st.Committed != 2 || st.Lost != 1 || st.Errors != 1 {
			t.Errorf("%s: %+v", encoding, st)
		}
		messages(t, o, 2)
	}
}

// TestGone: a broker that goes ends the sink in time with an error, or, where rows may be
// dropped, with a count of what was lost. Every row accepted is committed or lost.
func TestGone(t *testing.T) {
	for _, full := range []string{Block, Drop} {
		t.Run(full, func(t *testing.T) {
			t.Parallel()
			c, o := broker(t)
			o.Timeout, o.Full, o.Buffer = "1s", full, 1<<16
			s := sinktest.Schema(true)
			k, err := New(ctx, s, o, nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, k, s, sinktest.Rows(s, 50))
			if err := k.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			c.Close()
			b := column.New(s, 0)
			sinktest.Fill(b, sinktest.Rows(s, 500))
			for range 20 {
				if err = k.Write(ctx, b); err != nil {
					break
				}
			}
			err = k.Close(ctx)
			var lost *sink.LossError
			if full == Drop != errors.As(err, &lost) || err == nil {
				t.Error(err)
			}
			if st := k.Counters().Stats(); st.Committed != 50 || st.Accepted != st.Committed+st.Lost || st.Lost == 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestAbort: nothing is taken afterwards, and everything is counted.
func TestAbort(t *testing.T) {
	_, o := broker(t)
	o.Linger, o.Buffer = "1m", 1<<16
	s := sinktest.Schema(true)
	k, err := New(ctx, s, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 0)
	sinktest.Fill(b, sinktest.Rows(s, 500))
	done := make(chan error)
	go func() {
		var err error
		for range 100 { // more than there is room for: the last one waits
			if err = k.Write(ctx, b); err != nil {
				break
			}
		}
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := k.Abort(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("Write goes on after Abort")
	}
	if err := k.Close(ctx); !errors.Is(err, sink.ErrAborted) {
		t.Error(err)
	}
	if st := k.Counters().Stats(); st.Accepted != st.Committed+st.Lost {
		t.Errorf("%+v", st)
	}
}

// TestProof: SASL and TLS, with what is wrong about them said.
func TestProof(t *testing.T) {
	s := sinktest.Schema(false)
	t.Setenv(PasswordVariable, "secret")
	_, o := broker(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "me", "secret"))
	o.SASL, o.Timeout = "scram-sha-256:me", "5s"
	if k, err := New(ctx, s, o, nil); err != nil {
		t.Error(err)
	} else if err := k.Close(ctx); err != nil {
		t.Error(err)
	}
	o.Password = filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(o.Password, []byte("guess\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(ctx, s, o, nil); err == nil || strings.Contains(err.Error(), "guess") {
		t.Errorf("wrong password: %v", err)
	}
	for _, expired := range []bool{false, true} {
		pair, ca := certificate(t, expired)
		_, o := broker(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
		o.CA, o.Timeout = ca, "3s"
		k, err := New(ctx, s, o, nil)
		if err == nil {
			k.Close(ctx)
		}
		if (err != nil) != expired || expired && !strings.Contains(err.Error(), "expired") {
			t.Errorf("expired %t: %v", expired, err)
		}
	}
}

// certificate makes a certificate for 127.0.0.1, and a file that holds it.
func certificate(t *testing.T, expired bool) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if expired {
		c.NotAfter = time.Now().Add(-24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}
