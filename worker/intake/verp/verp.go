// Package verp makes and reads the envelope senders of mails, one for each message (variable envelope return paths).
// A bounce goes to that address, which so says what it is about, whatever the bounce itself says or leaves out. It is sealed:
// without the secret nobody can make one, so only whoever got the message can answer for it.
//
// An address is KIND-SEALED@DOMAIN. KIND is r for what servers return and u for people who unsubscribe by mail. SEALED is
// 10 bytes of HMAC-SHA256 and what it names, in base32, so that a server that changes the case of letters does no harm.
// The local part has at most 64 octets (RFC 5321 section 4.5.3.1.1): an id that doesn't fit is named by a hash, and then it
// takes the Message-ID of what came back as well.
package verp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/task"
)

// The reasons to refuse an address.
var (
	ErrOther  = errors.New("the address has not the form of ours")
	ErrForged = errors.New("the address is not sealed by us, or not whole")
)

const (
	minSecret = 32
	macBytes  = 10
	maxBody   = 28 // so that the local part has at most 63 octets
	hashBytes = 16
)

// Purpose is what an address is for.
type Purpose byte

// The purposes; they begin the local part.
const (
	Return      Purpose = 'r' // what servers send back
	Unsubscribe Purpose = 'u' // people who want no more
)

// The first byte of what is sealed: flags, and the form of the id.
const (
	flagSeveral = 1 << iota // the mail has several recipients
	flagUUID                // the owner ends in a UUID, which stands as 16 bytes
	formBulk                // OWNER+CHUNK.RECIPIENT.email
	formForward             // OWNER+forward
	formHash                // a hash of the id
)

// Seals makes and reads addresses. It is safe for concurrent use.
type Seals struct {
	domain string
	keys   [][]byte
}

// New checks domain and secrets. The first secret seals, all of them open: so a secret can be changed without a gap.
func New(domain string, secrets []string) (*Seals, error) {
	if parsed, err := address.ParseDomain(domain); err != nil {
		return nil, fmt.Errorf("bounce domain: %w", err)
	} else if parsed != domain {
		return nil, fmt.Errorf("bounce domain: write it %s", parsed)
	}
	if len(secrets) == 0 {
		return nil, errors.New("envelope senders need a secret")
	}
	s := &Seals{domain: domain}
	for _, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("a link secret has at least %d characters: make one with `openssl rand -base64 32`", minSecret)
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "herald envelope 1", 32)
		if err != nil {
			return nil, fmt.Errorf("link secret: %w", err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// Domain is the domain of the addresses.
func (s *Seals) Domain() string { return s.domain }

// Sender is the envelope sender of a message; several says that the mail has several recipients.
func (s *Seals) Sender(id string, several bool) string { return s.seal(Return, id, several) }

// Unsubscriber is the address at which the recipient of a message unsubscribes by mail.
func (s *Seals) Unsubscriber(id string) string { return s.seal(Unsubscribe, id, false) }

var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (s *Seals) seal(p Purpose, id string, several bool) string {
	body := encode(id)
	if len(body) > maxBody || decode(body) != id {
		body = append([]byte{formHash}, s.hash(s.keys[0], id)...)
	}
	if several {
		body[0] |= flagSeveral
	}
	raw := append(mac(s.keys[0], p, body), body...)
	return string(p) + "-" + alphabet.EncodeToString(raw) + "@" + s.domain
}

func mac(key []byte, p Purpose, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte{byte(p)})
	_, _ = h.Write(body)
	return h.Sum(nil)[:macBytes]
}

func (s *Seals) hash(key []byte, id string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte("id\x00" + id))
	return h.Sum(nil)[:hashBytes]
}

// encode packs an id as far as its parts are known.
func encode(id string) []byte {
	body := []byte{0}
	if owner, part, ok := task.SplitDerived(id); ok {
		if part == "forward" {
			body[0], id = formForward, owner
		} else if at, ok := strings.CutSuffix(part, ".email"); ok {
			chunk, recipient, _ := strings.Cut(at, ".")
			c, errC := strconv.ParseUint(chunk, 10, 32)
			r, errR := strconv.ParseUint(recipient, 10, 32)
			if errC == nil && errR == nil {
				body[0], id = formBulk, owner
				body = binary.AppendUvarint(binary.AppendUvarint(body, c), r)
			}
		}
	}
	if n := len(id) - 36; n >= 0 {
		if u, err := uuid.Parse(id[n:]); err == nil && u.String() == id[n:] {
			body[0] |= flagUUID
			body, id = append(body, u[:]...), id[:n]
		}
	}
	return append(body, id...)
}

// decode is the reverse of encode; "" for what encode did not make.
func decode(body []byte) string {
	flags, rest := body[0], body[1:]
	part := ""
	switch {
	case flags&formForward != 0:
		part = "forward"
	case flags&formBulk != 0:
		chunk, n := binary.Uvarint(rest)
		if n <= 0 {
			return ""
		}
		rest = rest[n:]
		recipient, n := binary.Uvarint(rest)
		if n <= 0 {
			return ""
		}
		rest = rest[n:]
		part = strconv.FormatUint(chunk, 10) + "." + strconv.FormatUint(recipient, 10) + ".email"
	}
	id := ""
	if flags&flagUUID != 0 {
		u, err := uuid.FromBytes(rest[:min(16, len(rest))])
		if err != nil {
			return ""
		}
		id, rest = u.String(), rest[16:]
	}
	id = string(rest) + id
	if part != "" {
		id = task.Derive(id, part)
	}
	return id
}

// Mark is what an address of ours says.
type Mark struct {
	Purpose Purpose
	Several bool // the mail has several recipients: its return may be about any of them
	id      string
	hash    []byte
	key     []byte
	seals   *Seals
}

// ID is the message's id. Where the address has only its hash, it is the one among candidates that has it; "" where none has.
func (m Mark) ID(candidates ...string) string {
	if m.hash == nil {
		return m.id
	}
	for _, id := range candidates {
		if hmac.Equal(m.seals.hash(m.key, id), m.hash) {
			return id
		}
	}
	return ""
}

// Open reads an address. The error is ErrOther for one that is nothing to do with us, and ErrForged for one that has our
// form and not our seal.
func (s *Seals) Open(text string) (Mark, error) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 || !strings.EqualFold(text[at+1:], s.domain) {
		return Mark{}, ErrOther
	}
	return s.open(strings.ToLower(text[:at]))
}

func (s *Seals) open(local string) (Mark, error) {
	kind, sealed, ok := strings.Cut(local, "-")
	if !ok || len(local) > 64 || kind != string(Return) && kind != string(Unsubscribe) {
		return Mark{}, ErrOther
	}
	raw, err := alphabet.DecodeString(sealed)
	if err != nil || len(raw) < macBytes+1 || alphabet.EncodeToString(raw) != sealed {
		return Mark{}, ErrForged
	}
	m := Mark{Purpose: Purpose(kind[0]), seals: s}
	body := raw[macBytes:]
	for _, key := range s.keys {
		if !hmac.Equal(mac(key, m.Purpose, body), raw[:macBytes]) {
			continue
		}
		m.Several = body[0]&flagSeveral != 0
		if body[0]&formHash != 0 {
			m.hash, m.key = body[1:], key
			return m, nil
		}
		if m.id = decode(body); m.id == "" {
			return Mark{}, ErrForged
		}
		return m, nil
	}
	return Mark{}, ErrForged
}

var sealedPattern = regexp.MustCompile(`(?i)[ru]-[a-z2-7]{18,62}@[a-z0-9.-]{1,253}`)

// Find is the first address of ours in a text whose seal holds; false where there is none.
func (s *Seals) Find(text string) (Mark, bool) { return s.find(text, false) }

// FindReturn is Find for envelope senders alone: a message that came back also holds its address to unsubscribe.
func (s *Seals) FindReturn(text string) (Mark, bool) { return s.find(text, true) }

func (s *Seals) find(text string, returns bool) (Mark, bool) {
	for tried := 0; tried < maxFinds; tried++ {
		at := sealedPattern.FindStringIndex(text)
		if at == nil {
			break
		}
		m, err := s.Open(strings.TrimRight(text[at[0]:at[1]], "."))
		if err == nil && (!returns || m.Purpose == Return) {
			return m, true
		}
		text = text[at[1]:]
	}
	return Mark{}, false
}

// maxFinds bounds how many addresses that look like ours are tried.
const maxFinds = 100
