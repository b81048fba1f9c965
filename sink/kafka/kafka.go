// Package kafka sends rows to a topic of Apache Kafka: as JSON or Avro, a row a message, or
// as Arrow, an IPC stream of many rows a message.
//
// Messages carry what is needed to tell a repeated row from a new one: the run and the row's
// number in it are headers. Within a run the producer is idempotent, so that its own retries
// repeat nothing; a run that is started again after a crash sends its rows again, under
// another run's name.
//
// A sink of this package accepts rows, and the broker's answer tells later what became of
// them: Counters count a row as Committed once the broker has acknowledged it as Options.Acks
// asks, and as Lost once it is known that it will not. What the broker refuses for a reason
// of the message alone (it is too large) is lost by itself; every other failure ends the
// sink, unless Options.Full is Drop.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// What Options.Encoding, Options.Acks and Options.Full may be.
const (
	JSON  = "json"
	Avro  = "avro"
	Arrow = "arrow"

	AcksAll    = "all" // of all replicas that are in sync; the producer is idempotent
	AcksLeader = "1"
	AcksNone   = "0" // rows are committed once they were sent

	Block = "block" // Write waits for room
	Drop  = "drop"  // rows without room are lost and counted, and a broker that is gone ends nothing
)

// Options say where rows go and how. NewOptions has the defaults.
type Options struct {
	sink.Common
	Brokers  string // host:port, joined by commas
	Topic    string
	Create   bool   // let the broker make a topic that does not exist
	Key      string // column whose value as text is a message's key, for JSON and Avro; "" is no key
	Encoding string // JSON, Avro or Arrow
	Registry string // URL of a schema registry (Confluent's interface) that is given the Avro schema; "" is none
	Header   string // further headers of every message, name=value joined by commas

	Acks        string // AcksAll, AcksLeader or AcksNone
	Compression string // none, gzip, snappy, lz4 or zstd
	Linger      string // a duration that a batch of messages waits for more; such as 5ms
	Timeout     string // a duration that brokers may be silent before what waits for them is given up
	ClientID    string
	BatchRows   int    // rows of one Arrow message, at most
	MaxMessage  int    // bytes of one batch of messages, at most; brokers refuse more than 1048588 unless told
	Buffer      int    // bytes that wait for the broker, at most
	Run         string // names the run in headers; "" is a name of its own
	First       uint64 // number in the run of the first row
	Full        string // Block or Drop; "" is Drop for rows of a capture, and Block for others

	TLS      bool   // also on if one of the following is set
	CA       string // file of certificates (PEM) that a broker's chain must end in; "" is the system's
	Cert     string // file with the certificate (PEM) that is shown to the broker
	CertKey  string // file with its key
	SASL     string // mechanism:user, where the mechanism is plain, scram-sha-256 or scram-sha-512
	Password string // file that holds the password; "" is the environment's PINYON_KAFKA_PASSWORD
}

// NewOptions are the defaults: JSON without keys, acknowledged by all replicas.
func NewOptions() *Options {
	return &Options{
		Encoding: JSON, Acks: AcksAll, Compression: "none", Linger: "10ms", Timeout: "30s", ClientID: "pinyon",
		BatchRows: 1000, MaxMessage: 1_000_012, Buffer: 64 << 20,
	}
}

// Format describes the sink. Its targets are kafka://HOST:PORT,HOST:PORT/TOPIC, and kafka with
// the options brokers and topic.
var Format = &sink.Descriptor{
	Name: "kafka", Schemes: []string{"kafka"},
	Doc: "Messages of a Kafka topic, as JSON, Avro or Arrow.",
	Options: []sink.Option{
		sink.Text("brokers", "kafka-brokers", "brokers as HOST:PORT, joined by commas", func(o *Options) *string { return &o.Brokers }),
		sink.Text("topic", "kafka-topic", "topic that rows go to", func(o *Options) *string { return &o.Topic }),
		sink.Switch("create-topic", "kafka-create-topic", "let the broker make a topic that does not exist", func(o *Options) *bool { return &o.Create }),
		sink.Text("key", "kafka-key", "column whose value is a message's key", func(o *Options) *string { return &o.Key }),
		sink.Text("encoding", "kafka-encoding", "json or avro, a row a message, or arrow, many rows a message", func(o *Options) *string { return &o.Encoding }, JSON, Avro, Arrow),
		sink.Text("registry", "kafka-registry", "URL of a schema registry that is given the Avro schema", func(o *Options) *string { return &o.Registry }),
		sink.Text("header", "kafka-header", "further headers of every message, NAME=VALUE joined by commas", func(o *Options) *string { return &o.Header }),
		sink.Text("acks", "kafka-acks", "who acknowledges a message: all replicas, the leader (1), nobody (0)", func(o *Options) *string { return &o.Acks }, AcksAll, AcksLeader, AcksNone),
		sink.Text("compression", "kafka-compression", "none, gzip, snappy, lz4 or zstd", func(o *Options) *string { return &o.Compression }, "none", "gzip", "snappy", "lz4", "zstd"),
		sink.Text("linger", "kafka-linger", "how long a batch of messages waits for more, such as 10ms", func(o *Options) *string { return &o.Linger }),
		sink.Text("timeout", "kafka-timeout", "how long brokers may be silent before rows that wait are given up, such as 30s", func(o *Options) *string { return &o.Timeout }),
		sink.Text("client-id", "kafka-client-id", "what the program calls itself to brokers", func(o *Options) *string { return &o.ClientID }),
		sink.Count("batch-size", "kafka-batch-size", "rows of one Arrow message, at most", 1, func(o *Options) *int { return &o.BatchRows }),
		sink.Count("max-message", "kafka-max-message", "bytes of one batch of messages, at most", 1024, func(o *Options) *int { return &o.MaxMessage }),
		sink.Count("buffer", "kafka-buffer", "bytes that wait for the broker, at most", 1<<16, func(o *Options) *int { return &o.Buffer }),
		sink.Text("full", "kafka-full", "what happens when that many bytes wait: block, or drop and count; drop for captures, else block", func(o *Options) *string { return &o.Full }, Block, Drop),
		sink.Switch("tls", "kafka-tls", "speak TLS", func(o *Options) *bool { return &o.TLS }),
		sink.Text("tls-ca", "kafka-tls-ca", "file of certificates that brokers are checked by", func(o *Options) *string { return &o.CA }),
		sink.Text("tls-cert", "kafka-tls-cert", "file with the certificate shown to brokers", func(o *Options) *string { return &o.Cert }),
		sink.Text("tls-key", "kafka-tls-key", "file with the key of that certificate", func(o *Options) *string { return &o.CertKey }),
		sink.Text("sasl", "kafka-sasl", "MECHANISM:USER, with plain, scram-sha-256 or scram-sha-512; the password is $"+PasswordVariable, func(o *Options) *string { return &o.SASL }),
		sink.Text("sasl-password-file", "kafka-sasl-password-file", "file that holds the password", func(o *Options) *string { return &o.Password }),
	},
	NewOptions: func() any { return NewOptions() },
	Open: func(ctx context.Context, to *sink.Target, s *column.Schema, settings any, run *sink.Run) (sink.Sink, error) {
		o := settings.(*Options)
		o.Common, o.Run, o.First = run.Common, run.ID, run.From
		if o.Full == "" && run.Live {
			o.Full = Drop
		}
		if err := o.address(to.Path); err != nil {
			return nil, &sink.SettingError{Target: to.Name(), Err: err}
		}
		return open(ctx, s, o, run.Provenance)
	},
}

// address takes brokers and topic from a URL kafka://brokers/topic.
func (o *Options) address(url string) error {
	rest, ok := strings.CutPrefix(url, "kafka://")
	switch {
	case url == "kafka":
		return nil
	case !ok:
		return errors.New("want kafka://HOST:PORT/TOPIC, or the options brokers and topic alone")
	}
	brokers, topic, _ := strings.Cut(rest, "/")
	if strings.Contains(brokers, "@") {
		return errors.New("user and password do not belong into the address: give the option sasl, and the password in $" + PasswordVariable)
	}
	for _, part := range []struct {
		name   string
		to     *string
		inside string
	}{{"brokers", &o.Brokers, brokers}, {"topic", &o.Topic, topic}} {
		if part.inside == "" {
			continue
		}
		if *part.to != "" && *part.to != part.inside {
			return fmt.Errorf("%s are %q in the address and %q beside it", part.name, part.inside, *part.to)
		}
		*part.to = part.inside
	}
	return nil
}

// New makes the sink, which New has connected to a broker that knows the topic. A nil from
// leaves out the headers that tell of the run's configuration.
//
// The error says what cannot be: an option, a column that the schema has not, a broker that
// is not reached, an unknown topic. It may be a *sink.SettingError.
func New(ctx context.Context, s *column.Schema, o *Options, from *sink.Provenance) (sink.Sink, error) {
	return open(ctx, s, o, from)
}

// settings are what the text of Options means.
type settings struct {
	brokers         []string
	linger, timeout time.Duration
	headers         [][2]string
}

func (o *Options) parse(s *column.Schema) (*settings, error) {
	p := &settings{}
	var err error
	for _, b := range strings.Split(o.Brokers, ",") {
		if b = strings.TrimSpace(b); b != "" {
			p.brokers = append(p.brokers, b)
		}
	}
	if len(p.brokers) == 0 {
		return nil, errors.New("no brokers are given")
	}
	if o.Topic == "" {
		return nil, errors.New("no topic is given")
	}
	if p.linger, err = span("linger", o.Linger, 0, time.Minute); err != nil {
		return nil, err
	}
	if p.timeout, err = span("timeout", o.Timeout, time.Second, 24*time.Hour); err != nil {
		return nil, err
	}
	for _, pair := range strings.Split(o.Header, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		if !ok || name == "" {
			return nil, fmt.Errorf("header: got %q; want NAME=VALUE", pair)
		}
		p.headers = append(p.headers, [2]string{name, value})
	}
	switch {
	case o.Full != "" && o.Full != Block && o.Full != Drop:
		return nil, fmt.Errorf("full: got %q; want block or drop", o.Full)
	case o.Encoding != JSON && o.Encoding != Avro && o.Encoding != Arrow:
		return nil, fmt.Errorf("encoding: got %q; want json, avro or arrow", o.Encoding)
	case o.Encoding == Arrow && o.Key != "":
		return nil, errors.New("key: an Arrow message holds many rows and has no key")
	case o.Encoding != Avro && o.Registry != "":
		return nil, errors.New("registry: only avro has a schema to be registered")
	case o.Key != "" && s.Index(o.Key) < 0:
		return nil, fmt.Errorf("key: there is no column %q among those that are written", o.Key)
	case o.Key != "" && s.Fields[s.Index(o.Key)].Kind.IsList():
		return nil, fmt.Errorf("key: column %q is a list", o.Key)
	}
	return p, nil
}

// span reads a duration of at least least and at most most.
func span(name, text string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, fmt.Errorf("%s: got %q; want a duration from %v to %v, such as 10ms or 30s", name, text, least, most)
	}
	return d, nil
}
