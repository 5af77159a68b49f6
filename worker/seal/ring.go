package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Off in the place of the first key seals nothing more, and opens what the others sealed.
const Off = "off"

const (
	keyBytes  = 32
	saltBytes = 16
	tagBytes  = 16
	segment   = 64 << 10 // bytes of content in a segment
)

// magic begins every sealed value. No text and no format that Herald stores begins so.
const magic = "\x00herald\x01"

// HeadMax is the most bytes that stand before the first segment.
const HeadMax = len(magic) + 1 + maxID + saltBytes

const maxID = 16

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,15}$`)

// Ring are the keys of a process, by id. A nil Ring has none.
type Ring struct {
	active string // the id of the key that seals; "" for none
	keys   map[string][]byte
}

// Parse reads keys as settings hold them: ID:KEY, separated by commas, each KEY 32 bytes in base64. The first one seals;
// the others open what they sealed before. "off" as the first seals nothing. It is nil where there are none. Errors show no
// key.
func Parse(text string) (*Ring, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	r := &Ring{keys: map[string][]byte{}}
	for i, entry := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == '\n' }) {
		if entry = strings.TrimSpace(entry); entry == Off && i == 0 {
			continue
		}
		id, encoded, _ := strings.Cut(entry, ":")
		if !idPattern.MatchString(id) || id == Off {
			return nil, fmt.Errorf("key %d: want ID:KEY, with an id of 1 to %d lower-case letters, digits, - and _", i+1, maxID)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != keyBytes {
			return nil, fmt.Errorf("key %q: want %d bytes in base64, as `openssl rand -base64 %d` prints them", id, keyBytes, keyBytes)
		}
		if r.keys[id] != nil {
			return nil, fmt.Errorf("key %q: there are two with this id", id)
		}
		if r.keys[id] = key; i == 0 {
			r.active = id
		}
	}
	if len(r.keys) == 0 {
		return nil, errors.New("off alone: leave it out where there are no keys")
	}
	return r, nil
}

// Seals reports whether new values are sealed.
func (r *Ring) Seals() bool { return r != nil && r.active != "" }

// KeyError says that a value can't be opened: its key is not there, or it is not the one that sealed it, or the value was
// changed.
type KeyError struct {
	ID      string // of the key
	Missing bool
}

// Error implements error.
func (e *KeyError) Error() string {
	if e.Missing {
		return fmt.Sprintf("the stored data is sealed with the key %q, which HERALD_DATA_KEYS does not have", e.ID)
	}
	return fmt.Sprintf("the stored data can't be opened with the key %q of HERALD_DATA_KEYS: it is another key, or the data was changed", e.ID)
}

// Seal returns data as it is stored: sealed with the active key, or unchanged where there is none.
func (r *Ring) Seal(data []byte) []byte {
	if !r.Seals() {
		return data
	}
	return sealed(r.active, r.keys[r.active], data)
}

func sealed(id string, key, data []byte) []byte {
	out := make([]byte, 0, HeadMax+len(data)+(len(data)/segment+1)*tagBytes)
	out = append(append(append(out, magic...), byte(len(id))), id...)
	known := len(out)
	out = out[:known+saltBytes]
	_, _ = rand.Read(out[known:]) // never fails
	aead := keyed(key, out[known:])
	for n := uint32(0); ; n++ {
		part := data[:min(segment, len(data))]
		data = data[len(part):]
		out = aead.Seal(out, nonce(n, len(data) == 0), part, out[:known])
		if len(data) == 0 {
			return out
		}
	}
}

// keyed is the cipher of one value.
func keyed(key, salt []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, key)
	mac.Write(salt)
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return aead
}

func nonce(n uint32, last bool) []byte {
	out := make([]byte, 12)
	binary.BigEndian.PutUint32(out[7:], n)
	if last {
		out[11] = 1
	}
	return out
}

// Open returns the content of a stored value: of one that is not sealed the value itself. The error is a *KeyError.
func (r *Ring) Open(value []byte) ([]byte, error) {
	p, err := r.Parts(value[:min(len(value), HeadMax)], int64(len(value)))
	if err != nil || p == nil {
		return value, err
	}
	out := make([]byte, 0, p.Size)
	for n := range p.count {
		from, to := p.Bytes(n)
		if out, err = p.Append(out, n, value[from:to]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Parts are the segments of a sealed value.
type Parts struct {
	Size  int64 // of the content
	aead  cipher.AEAD
	known []byte
	id    string
	head  int64
	total int64
	count int
}

// Parts reads the head of a stored value, its first HeadMax bytes, and its length; nil for a value that is not sealed. The
// error is a *KeyError.
func (r *Ring) Parts(head []byte, total int64) (*Parts, error) {
	id, salt, n := headOf(head)
	if n == 0 {
		return nil, nil
	}
	var key []byte
	if r != nil {
		key = r.keys[id]
	}
	if key == nil {
		return nil, &KeyError{ID: id, Missing: true}
	}
	size, count := sizeOf(int64(n), total)
	if size < 0 {
		return nil, &KeyError{ID: id}
	}
	return &Parts{Size: size, aead: keyed(key, salt), known: head[:n-saltBytes], id: id, head: int64(n), total: total, count: count}, nil
}

// headOf is the id of the key and the random bytes of a sealed value, and the length of its head; 0 for another value.
func headOf(value []byte) (id string, salt []byte, n int) {
	rest, ok := strings.CutPrefix(string(value[:min(len(value), HeadMax)]), magic)
	if !ok || rest == "" || int(rest[0]) > maxID || len(rest) < 1+int(rest[0])+saltBytes {
		return "", nil, 0
	}
	id = rest[1 : 1+int(rest[0])]
	n = len(magic) + 1 + len(id) + saltBytes
	return id, value[n-saltBytes : n], n
}

// sizeOf is the length of the content of a sealed value, and the number of its segments; -1 if a value can't be so long.
func sizeOf(head, total int64) (size int64, segments int) {
	body := total - head
	n := (body + segment + tagBytes - 1) / (segment + tagBytes)
	if body < n*tagBytes || n == 0 || n > 1<<31-1 {
		return -1, 0
	}
	return body - n*tagBytes, int(n)
}

// Size is the length of the content of a stored value, from its first HeadMax bytes and its length. It needs no key.
func Size(head []byte, total int64) int64 {
	_, _, n := headOf(head)
	if n == 0 {
		return total
	}
	size, _ := sizeOf(int64(n), total)
	return max(0, size)
}

// Segment is the number of the segment that has an offset of the content, and where it begins there.
func (p *Parts) Segment(offset int64) (n int, begin int64) {
	n = int(min(offset/segment, int64(p.count-1)))
	return n, int64(n) * segment
}

// Bytes says where a segment stands in the stored value.
func (p *Parts) Bytes(n int) (from, to int64) {
	from = p.head + int64(n)*(segment+tagBytes)
	return from, min(from+segment+tagBytes, p.total)
}

// Append opens a segment and appends its content.
func (p *Parts) Append(to []byte, n int, value []byte) ([]byte, error) {
	out, err := p.aead.Open(to, nonce(uint32(n), n == p.count-1), value, p.known)
	if err != nil {
		return nil, &KeyError{ID: p.id}
	}
	return out, nil
}
