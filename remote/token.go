package remote

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// MinToken is how many bytes a token has at least. A proof under a shorter one could be guessed
// by whoever saw it.
const MinToken = 22

// A Token is what a client may do that knows it.
type Token struct {
	Name string `yaml:"name"`
	// Secret is the token itself, MinToken bytes or more.
	Secret string `yaml:"token"`
	// Filter, in the language of pcap-filter(7), is what the client may get at most.
	Filter string `yaml:"filter"`
	// Rate is how many bytes a second it is sent at most; 0 is as many as any.
	Rate uint64 `yaml:"rate"`
	// NoPayload has packets cut behind their transport header.
	NoPayload bool `yaml:"no_payload"`
	// Until is when the token ends; zero is never.
	Until time.Time `yaml:"until"`
}

// NewSecret makes a token: 32 random bytes in 43 characters of base64url.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Tokens are those that a server knows. They may be replaced while it runs.
type Tokens struct {
	path  string
	mu    sync.Mutex
	list  map[string]*Token
	stamp time.Time // of the file
	size  int64
}

// OneToken are Tokens with the secret of a single one, named DefaultToken.
func OneToken(secret string) (*Tokens, error) {
	t := &Token{Name: DefaultToken, Secret: secret}
	if err := t.check(); err != nil {
		return nil, err
	}
	return &Tokens{list: map[string]*Token{t.Name: t}}, nil
}

// OpenTokens reads a file of tokens: YAML or JSON with a list under tokens, each with name and
// token, and filter, rate, no_payload and until as wanted; or the one token alone. The file
// must not be readable by others than its owner and group.
func OpenTokens(path string) (*Tokens, error) {
	ts := &Tokens{path: path}
	if err := ts.Reload(); err != nil {
		return nil, err
	}
	return ts, nil
}

// ReadSecret reads a file that holds one token alone.
func ReadSecret(path string) (string, error) {
	ts, err := OpenTokens(path)
	if err != nil {
		return "", err
	}
	t := ts.list[DefaultToken]
	if len(ts.list) != 1 || t == nil {
		return "", fmt.Errorf("%s: want a file that holds one token alone", path)
	}
	return t.Secret, nil
}

const maxTokenFile = 1 << 20

// Reload reads the file again. After an error the tokens stay as they were.
func (ts *Tokens) Reload() error {
	if ts.path == "" {
		return nil
	}
	info, err := os.Stat(ts.path)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("%s: others than its owner and group may read it; chmod o= makes it safe: %w", ts.path, fs.ErrPermission)
	}
	if info.Size() > maxTokenFile {
		return fmt.Errorf("%s: %d bytes are too many for a file of tokens", ts.path, info.Size())
	}
	b, err := os.ReadFile(ts.path)
	if err != nil {
		return err
	}
	list, err := parseTokens(b)
	if err != nil {
		return fmt.Errorf("%s: %w", ts.path, err)
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.list, ts.stamp, ts.size = list, info.ModTime(), info.Size()
	return nil
}

// Changed reports whether the file is another than the one that was read.
func (ts *Tokens) Changed() bool {
	if ts.path == "" {
		return false
	}
	info, err := os.Stat(ts.path)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return err == nil && (!info.ModTime().Equal(ts.stamp) || info.Size() != ts.size)
}

func parseTokens(b []byte) (map[string]*Token, error) {
	text := strings.TrimSpace(string(b))
	if text != "" && !strings.ContainsAny(text, " \t\r\n:{") {
		ts, err := OneToken(text)
		if err != nil {
			return nil, err
		}
		return ts.list, nil
	}
	var file struct {
		Tokens []*Token `yaml:"tokens"`
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		var te *yaml.TypeError
		if errors.As(err, &te) {
			return nil, fmt.Errorf("want tokens: with name, token, filter, rate, no_payload and until: %d fields are something else", len(te.Errors))
		}
		return nil, errors.New("neither one token nor YAML")
	}
	list := map[string]*Token{}
	for i, t := range file.Tokens {
		if t == nil {
			return nil, fmt.Errorf("token %d is empty", i+1)
		}
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
		if list[t.Name] != nil {
			return nil, fmt.Errorf("token %d: the name %q is there twice", i+1, t.Name)
		}
		list[t.Name] = t
	}
	if len(list) == 0 {
		return nil, errors.New("no token")
	}
	return list, nil
}

func (t *Token) check() error {
	switch {
	case t.Name == "" || len(t.Name) > 255:
		return errors.New("its name is empty or too long")
	case len(t.Secret) < MinToken:
		return fmt.Errorf("it has %d characters; want %d or more, as openssl rand -base64 32 makes them", len(t.Secret), MinToken)
	}
	return nil
}

// Find gives the token of a name, if it is valid now. It is the caller's to read, not to change.
func (ts *Tokens) Find(name string, now time.Time) *Token {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.list[name]
	if t == nil || !t.Until.IsZero() && !now.Before(t.Until) {
		return nil
	}
	return t
}

// Holds reports whether a token is still there as it was.
func (ts *Tokens) Holds(t *Token, now time.Time) bool {
	u := ts.Find(t.Name, now)
	if u == nil {
		return false
	}
	same := *u
	same.Until = t.Until // two times may be equal and yet differ in their location
	return same == *t && u.Until.Equal(t.Until)
}

// All are the tokens that are valid now.
func (ts *Tokens) All(now time.Time) (all []*Token) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.list {
		if t.Until.IsZero() || now.Before(t.Until) {
			all = append(all, t)
		}
	}
	return all
}
