package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// PasswordVariable is the environment variable that holds the password of Options.SASL.
const PasswordVariable = "PINYON_KAFKA_PASSWORD"

// client is a producer as o asks for, which has not spoken to a broker yet.
func (o *Options) client(p *settings) (*kgo.Client, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(p.brokers...),
		kgo.ClientID(o.ClientID),
		kgo.DefaultProduceTopic(o.Topic),
		kgo.ProducerLinger(p.linger),
		kgo.ProducerBatchMaxBytes(int32(min(o.MaxMessage, 1<<30))),
		// The sink counts what waits, in bytes and in time. The client has limits of its own that
		// are of no use here: its time limit takes a message's time for when it was sent, but
		// that is when its flow ended.
		kgo.MaxBufferedRecords(1 << 30),
		// Murmur2 of the key, as Java's producer has it; messages without a key go to one
		// partition until a batch is full.
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.UnknownTopicRetries(4),
		kgo.RetryTimeout(p.timeout),
		kgo.MetadataMinAge(250 * time.Millisecond),
	}
	if o.Create {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	switch o.Acks {
	case AcksAll:
		opts = append(opts, kgo.RequiredAcks(kgo.AllISRAcks()))
	case AcksLeader:
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	case AcksNone:
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	default:
		return nil, fmt.Errorf("acks: got %q; want all, 1 or 0", o.Acks)
	}
	codec, ok := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[o.Compression]
	if !ok {
		return nil, fmt.Errorf("compression: got %q; want none, gzip, snappy, lz4 or zstd", o.Compression)
	}
	opts = append(opts, kgo.ProducerBatchCompression(codec))
	config, err := o.tls()
	if err != nil {
		return nil, err
	}
	if config != nil {
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	if o.SASL != "" {
		mechanism, err := o.sasl()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(mechanism))
	}
	return kgo.NewClient(opts...)
}

// tls is how brokers are spoken to; nil is in the clear.
func (o *Options) tls() (*tls.Config, error) {
	if !o.TLS && o.CA == "" && o.Cert == "" && o.CertKey == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("tls-ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls-ca: %s holds no certificate", o.CA)
		}
	}
	if (o.Cert == "") != (o.CertKey == "") {
		return nil, errors.New("tls-cert and tls-key belong together")
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.CertKey)
		if err != nil {
			return nil, fmt.Errorf("tls-cert: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// sasl is how the program proves to brokers who it is.
func (o *Options) sasl() (sasl.Mechanism, error) {
	mechanism, user, ok := strings.Cut(o.SASL, ":")
	if !ok || user == "" {
		return nil, errors.New("sasl: want MECHANISM:USER")
	}
	password := os.Getenv(PasswordVariable)
	if o.Password != "" {
		b, err := os.ReadFile(o.Password)
		if err != nil {
			return nil, fmt.Errorf("sasl-password-file: %w", err)
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	if password == "" {
		return nil, errors.New("sasl: no password in $" + PasswordVariable + " and no file that holds it")
	}
	switch strings.ToLower(mechanism) {
	case "plain":
		return plain.Auth{User: user, Pass: password}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), nil
	case "scram-sha-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("sasl: mechanism %q; want plain, scram-sha-256 or scram-sha-512", mechanism)
}

// find asks a broker for the topic, so that what cannot work is said before the first row.
func (o *Options) find(ctx context.Context, cl *kgo.Client, p *settings) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	r := kmsg.NewPtrMetadataRequest()
	r.AllowAutoTopicCreation = o.Create
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(o.Topic)
	r.Topics = append(r.Topics, topic)
	for {
		answer, err := r.RequestWith(ctx, cl)
		if err != nil {
			return fmt.Errorf("brokers %s: %w", strings.Join(p.brokers, ","), err)
		}
		if len(answer.Topics) != 1 {
			return fmt.Errorf("topic %s: the broker tells of %d topics", o.Topic, len(answer.Topics))
		}
		err = kerr.ErrorForCode(answer.Topics[0].ErrorCode)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kerr.UnknownTopicOrPartition) && !o.Create:
			return fmt.Errorf("topic %s does not exist; the option create-topic has the broker make it", o.Topic)
		case !kerr.IsRetriable(err) && !(o.Create && errors.Is(err, kerr.UnknownTopicOrPartition)):
			return fmt.Errorf("topic %s: %w", o.Topic, err)
		}
		select { // the broker is making it, or chooses a leader
		case <-ctx.Done():
			return fmt.Errorf("topic %s: %w", o.Topic, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
