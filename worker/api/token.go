package api

import (
	"cmp"
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
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Scope is what a token allows.
type Scope string

// The scopes. Only ScopeAdmin includes others: all of them.
const (
	ScopeSend    Scope = "send"    // messages, bulks, forwards, attachments: enqueue and steer
	ScopeRead    Scope = "read"    // follow what was enqueued, the lists, the metrics
	ScopeContent Scope = "content" // read what messages said
	ScopePreview Scope = "preview" // render, and what templates may use
	ScopeApprove Scope = "approve" // approve bulks that others made
	ScopeEdit    Scope = "edit"    // save and delete shortcuts and snippets
	ScopeAdmin   Scope = "admin"   // everything, of all owners: suppressions, dead letters
)

// Scopes lists them all.
var Scopes = []Scope{ScopeSend, ScopeRead, ScopeContent, ScopePreview, ScopeEdit, ScopeApprove, ScopeAdmin}

// Token is a bearer token as the setting holds it: its SHA-256, so that nobody can use the setting to call. A token
// has 256 random bits, which no table and no guessing finds: a slow hash would add nothing.
type Token struct {
	Name   string
	Scopes []Scope
	Hash   [sha256.Size]byte
	// Owner is whose token it is; its name where empty. Tokens of one owner share what they enqueue: its ids, keys and
	// lists. One with ScopeAdmin has none, and reaches what all owners have.
	Owner string
	// From are the senders that it may name: addresses as they are sent, or *@ and a domain. Any when empty.
	From []string
	// Channels are those on which it may send. All when empty.
	Channels []message.Channel
	// Expires is when it ends. Never when zero.
	Expires time.Time
	// Test: what it sends reaches nobody, and is kept apart from what its owner really sends (task.TestOwner).
	Test bool
}

// The beginnings of secrets. A token for tests is one in the setting and by its secret, so that no mistake in either sends.
const (
	tokenPrefix = "herald_"
	testPrefix  = "test_"
)

// NewToken makes a token: the secret for its bearer, which is shown once, and t with the secret's hash.
func NewToken(t Token) (secret string, _ Token, err error) {
	if err := t.check(); err != nil {
		return "", Token{}, err
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the program instead
	secret = base64.RawURLEncoding.EncodeToString(random[:])
	if t.Test {
		secret = testPrefix + secret
	} else {
		secret = tokenPrefix + secret
	}
	t.Hash = sha256.Sum256([]byte(secret))
	return secret, t, nil
}

// The options of a token in its text form.
const (
	optionOwner   = "owner"
	optionFrom    = "from"    // several times for several
	optionChannel = "channel" // several times for several
	optionExpires = "expires" // RFC 3339
	optionMode    = "mode"    // modeTest

	modeTest = "test"
)

// String is the token as ParseTokens reads it: name:scope+scope:hash, then options such as ;owner=shop. It holds no
// secret.
func (t Token) String() string {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	var b strings.Builder
	b.WriteString(t.Name + ":" + strings.Join(scopes, "+") + ":" + hex.EncodeToString(t.Hash[:]))
	option := func(name, value string) { b.WriteString(";" + name + "=" + value) }
	if t.Owner != "" {
		option(optionOwner, t.Owner)
	}
	for _, from := range t.From {
		option(optionFrom, from)
	}
	for _, c := range t.Channels {
		option(optionChannel, string(c))
	}
	if !t.Expires.IsZero() {
		option(optionExpires, t.Expires.UTC().Format(time.RFC3339))
	}
	if t.Test {
		option(optionMode, modeTest)
	}
	return b.String()
}

// ParseTokens reads a setting: tokens as String writes them, separated by commas or blanks. Lines that begin with #
// are remarks.
func ParseTokens(setting string) ([]Token, error) {
	var tokens []Token
	n := 0
	for line := range strings.Lines(setting) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, entry := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
			n++
			t, err := parseToken(entry)
			if err != nil {
				return nil, fmt.Errorf("token %d: %w", n, err)
			}
			if slices.ContainsFunc(tokens, func(other Token) bool { return other.Name == t.Name }) {
				return nil, fmt.Errorf("token %d: a second one is named %s", n, t.Name)
			}
			tokens = append(tokens, t)
		}
	}
	return tokens, nil
}

// parseToken reads one token. Its errors show nothing, since the text may be a secret in the wrong place.
func parseToken(entry string) (Token, error) {
	entry, options, _ := strings.Cut(entry, ";")
	parts := strings.Split(entry, ":")
	if len(parts) != 3 {
		return Token{}, errors.New("want name:scope+scope:hash, as `herald token create` prints it")
	}
	t := Token{Name: parts[0]}
	for scope := range strings.SplitSeq(parts[1], "+") {
		t.Scopes = append(t.Scopes, Scope(scope))
	}
	hash, err := hex.DecodeString(parts[2])
	if err != nil || len(hash) != len(t.Hash) {
		return Token{}, errors.New("the hash is not a SHA-256 in hex, as `herald token create` prints it")
	}
	copy(t.Hash[:], hash)
	if options != "" {
		for option := range strings.SplitSeq(options, ";") {
			if err := t.parseOption(option); err != nil {
				return Token{}, err
			}
		}
	}
	return t, t.check()
}

func (t *Token) parseOption(option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	switch {
	case value == "":
		return errors.New("options: want name=value after each semicolon")
	case name == optionOwner && t.Owner == "":
		t.Owner = value
	case name == optionFrom:
		t.From = append(t.From, value)
	case name == optionChannel:
		t.Channels = append(t.Channels, message.Channel(value))
	case name == optionExpires && t.Expires.IsZero():
		if t.Expires, err = time.Parse(time.RFC3339, value); err != nil {
			return errors.New("expires: not a time such as 2027-01-31T00:00:00Z")
		}
	case name == optionMode && value == modeTest:
		t.Test = true
	default:
		return errors.New("options: want owner and expires once, from and channel as often as needed, mode=test for tests")
	}
	return nil
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
			return fmt.Errorf("scopes: want %s, joined by +", message.Join(Scopes, "or"))
		}
	}
	if t.admin() && t.Test {
		return errors.New("scopes: a token for tests can't have admin, which reaches what all owners have")
	}
	if t.admin() && t.Owner != "" {
		return errors.New("owner: a token with the scope admin has none, it reaches what all owners have")
	}
	if err := task.CheckOwner(cmp.Or(t.Owner, t.Name)); err != nil {
		return fmt.Errorf("owner: %w", err)
	}
	for _, c := range t.Channels {
		if !c.Known() {
			return errors.New("channels: want " + message.Join(message.Channels, "or"))
		}
	}
	for _, from := range t.From {
		if err := checkSenderRule(from); err != nil {
			return err
		}
	}
	return nil
}

// Active reports whether the token has not expired.
func (t Token) Active(now time.Time) bool { return t.Expires.IsZero() || now.Before(t.Expires) }

// OwnerName is the owner of what the token enqueues; empty for one with ScopeAdmin.
func (t Token) OwnerName() string {
	if t.admin() {
		return ""
	}
	return cmp.Or(t.Owner, t.Name)
}

// books is the owner under which what the token enqueues is stored.
func (t Token) books() string {
	if t.Test {
		return task.TestOwner(t.OwnerName())
	}
	return t.OwnerName()
}

func (t Token) admin() bool { return slices.Contains(t.Scopes, ScopeAdmin) }

// allows reports whether the token has a scope.
func (t Token) allows(need Scope) bool { return slices.Contains(t.Scopes, need) || t.admin() }

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
