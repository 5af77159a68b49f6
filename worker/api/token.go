package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Scope is what a token allows.
type Scope string

// The scopes. Only ScopeAdmin includes others: all of them.
const (
	ScopeSend    Scope = "send"    // messages, bulks, forwards, attachments: enqueue and steer
	ScopeRead    Scope = "read"    // follow what was enqueued, the lists, the metrics
	ScopePreview Scope = "preview" // render, and what templates may use
	ScopeAdmin   Scope = "admin"   // everything: suppressions, dead letters
)

// Scopes lists them all.
var Scopes = []Scope{ScopeSend, ScopeRead, ScopePreview, ScopeAdmin}

// Token is a bearer token as the setting holds it: its SHA-256, so that nobody can use the setting to call. A token
// has 256 random bits, which no table and no guessing finds: a slow hash would add nothing.
type Token struct {
	Name   string
	Scopes []Scope
	Hash   [sha256.Size]byte
}

const tokenPrefix = "herald_"

// NewToken makes a token: the secret for its bearer, which is shown once, and the text for the setting.
func NewToken(name string, scopes []Scope) (secret string, t Token, err error) {
	t = Token{Name: name, Scopes: scopes}
	if err := t.check(); err != nil {
		return "", Token{}, err
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the program instead
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	t.Hash = sha256.Sum256([]byte(secret))
	return secret, t, nil
}

// String is the token as ParseTokens reads it: name:scope+scope:hash. It holds no secret.
func (t Token) String() string {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	return t.Name + ":" + strings.Join(scopes, "+") + ":" + hex.EncodeToString(t.Hash[:])
}

// ParseTokens reads a setting: tokens as String writes them, separated by commas or blanks.
func ParseTokens(setting string) ([]Token, error) {
	var tokens []Token
	entries := strings.FieldsFunc(setting, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	for i, entry := range entries {
		t, err := parseToken(entry)
		if err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
		if slices.ContainsFunc(tokens, func(other Token) bool { return other.Name == t.Name }) {
			return nil, fmt.Errorf("token %d: a second one is named %s", i+1, t.Name)
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// parseToken reads one token. Its errors show nothing, since the text may be a secret in the wrong place.
func parseToken(entry string) (Token, error) {
	parts := strings.Split(entry, ":")
	if len(parts) != 3 {
		return Token{}, errors.New("want name:scope+scope:hash, as `herald token` prints it")
	}
	t := Token{Name: parts[0]}
	for scope := range strings.SplitSeq(parts[1], "+") {
		t.Scopes = append(t.Scopes, Scope(scope))
	}
	hash, err := hex.DecodeString(parts[2])
	if err != nil || len(hash) != len(t.Hash) {
		return Token{}, errors.New("the hash is not a SHA-256 in hex, as `herald token` prints it")
	}
	copy(t.Hash[:], hash)
	return t, t.check()
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)

func (t Token) check() error {
	if !tokenName.MatchString(t.Name) {
		return errors.New("name: want 1 to 40 letters, digits, '_', '-' and '.'")
	}
	if len(t.Scopes) == 0 {
		return errors.New("scopes: none given")
	}
	for _, s := range t.Scopes {
		if !slices.Contains(Scopes, s) {
			return errors.New("scopes: want send, read, preview or admin, joined by +")
		}
	}
	return nil
}

// allows reports whether the token has a scope.
func (t Token) allows(need Scope) bool {
	return slices.Contains(t.Scopes, need) || slices.Contains(t.Scopes, ScopeAdmin)
}

// find returns the place of the token with this secret, or -1. Its time doesn't depend on the secret: it compares all
// hashes, each in constant time.
func find(tokens []Token, secret string) int {
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i := range tokens {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], tokens[i].Hash[:]), i, found)
	}
	return found
}
