// Package link makes and reads the links that Herald gives to strangers: to unsubscribe, and to fetch a file that an SMS
// carries. A link holds all that it means, sealed: nobody can make or change one without the secret, nobody reads an
// address out of one that stands in a log, and one expires. The same link is made for the same thing, so that a message
// that is sent again is the same message.
package link

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The reasons to refuse a link.
var (
	ErrInvalid = errors.New("the link is not one of ours, or not whole")
	ErrExpired = errors.New("the link has expired")
)

// minSecret is the least length of a secret, in bytes.
const minSecret = 32

// version is the first byte of a token; it names what follows: 12 bytes of nonce, AES-256-GCM.
const version = 1

// Options for New. PublicURL and Secrets are required.
type Options struct {
	PublicURL string           // where strangers reach the API: https://messages.example.com
	Secrets   []string         // the first one seals, all of them open: so a secret can be changed without a gap
	Now       func() time.Time // time.Now when nil
}

// Links makes and reads links. It is safe for concurrent use.
type Links struct {
	base string // without a slash at its end
	keys []key
	now  func() time.Time
}

// key is made of one secret.
type key struct {
	nonce []byte // by which a nonce follows from what is sealed
	seal  cipher.AEAD
}

// New checks the options.
func New(o Options) (*Links, error) {
	base, err := url.Parse(o.PublicURL)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the public URL must look like https://messages.example.com")
	}
	if len(o.Secrets) == 0 {
		return nil, errors.New("links need a secret")
	}
	l := &Links{base: strings.TrimSuffix(base.String(), "/"), now: o.Now}
	if l.now == nil {
		l.now = time.Now
	}
	for _, secret := range o.Secrets {
		k, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		l.keys = append(l.keys, k)
	}
	return l, nil
}

// newKey derives what is needed of a secret. Its errors don't show it.
func newKey(secret string) (key, error) {
	if len(secret) < minSecret {
		return key{}, fmt.Errorf("a link secret has at least %d characters: make one with `openssl rand -base64 32`", minSecret)
	}
	material, err := hkdf.Key(sha256.New, []byte(secret), nil, "herald link 1", 64)
	if err != nil {
		return key{}, fmt.Errorf("link secret: %w", err)
	}
	block, err := aes.NewCipher(material[:32])
	if err != nil {
		return key{}, fmt.Errorf("link secret: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return key{}, fmt.Errorf("link secret: %w", err)
	}
	return key{nonce: material[32:], seal: seal}, nil
}

// Base is the public URL, without a slash at its end.
func (l *Links) Base() string { return l.base }

// Sign seals fields for a purpose until a time, to the second. A token of one purpose is none of another.
func (l *Links) Sign(purpose string, fields []string, until time.Time) string {
	plain := binary.AppendUvarint(nil, uint64(max(0, until.Unix())))
	for _, f := range fields {
		plain = append(binary.AppendUvarint(plain, uint64(len(f))), f...)
	}
	k := l.keys[0]
	// The nonce follows from what is sealed: the same twice seals to the same, and no nonce seals two texts.
	mac := hmac.New(sha256.New, k.nonce)
	_, _ = mac.Write([]byte(purpose + "\x00"))
	_, _ = mac.Write(plain)
	nonce := mac.Sum(nil)[:k.seal.NonceSize()]
	token := append([]byte{version}, nonce...)
	return base64.RawURLEncoding.EncodeToString(k.seal.Seal(token, nonce, plain, []byte(purpose)))
}

// maxToken bounds what Verify looks at.
const maxToken = 4096

// Verify opens a token of a purpose: its fields, or ErrInvalid, or ErrExpired.
func (l *Links) Verify(purpose, token string) ([]string, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 passes over line ends
		return nil, ErrInvalid
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) == 0 || raw[0] != version {
		return nil, ErrInvalid
	}
	for _, k := range l.keys {
		size := k.seal.NonceSize()
		if len(raw) < 1+size {
			return nil, ErrInvalid
		}
		plain, err := k.seal.Open(nil, raw[1:1+size], raw[1+size:], []byte(purpose))
		if err == nil {
			return l.read(plain)
		}
	}
	return nil, ErrInvalid
}

// read takes apart what was sealed.
func (l *Links) read(plain []byte) ([]string, error) {
	until, size := binary.Uvarint(plain)
	if size <= 0 {
		return nil, ErrInvalid
	}
	var fields []string
	for rest := plain[size:]; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, ErrInvalid
		}
		fields = append(fields, string(rest[size:size+int(n)]))
		rest = rest[size+int(n):]
	}
	if l.now().Unix() > int64(until) {
		return nil, ErrExpired
	}
	return fields, nil
}
