package bulk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"
)

// ErrPlan says that the bulk is not the one that was planned.
var ErrPlan = errors.New("the definition, the templates or the audience changed since the plan was made")

// Plan identifies what a bulk is going to send, so that exactly what a dry run looked at is sent. It is a hash over
// the definition without its id and time of creation, its template sources, and the audience, row by row. Rows that
// can't be read don't count. It is not safe for concurrent use.
type Plan struct {
	sum  hash.Hash
	size [8]byte
}

// NewPlan begins a plan of a definition whose Sources are set.
func NewPlan(d Definition) (*Plan, error) {
	d.ID, d.CreatedAt, d.CreatedBy, d.Layout = "", time.Time{}, "", 0
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	p := &Plan{sum: sha256.New()}
	p.add([]byte("herald plan 2"))
	p.add(data)
	return p, nil
}

// Add adds one recipient.
func (p *Plan) Add(r Recipient) error {
	p.add([]byte(r.Email))
	p.add([]byte(r.Phone))
	p.add([]byte(r.Conversation))
	p.add([]byte(r.Locale))
	p.add([]byte(r.Timezone))
	p.add(r.Context)
	if len(r.Attachments) == 0 {
		p.add(nil)
		return nil
	}
	files, err := json.Marshal(r.Attachments)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	p.add(files)
	return nil
}

// add adds bytes with their length, so that no two different lists of them are equal.
func (p *Plan) add(data []byte) {
	binary.BigEndian.PutUint64(p.size[:], uint64(len(data)))
	p.sum.Write(p.size[:])
	p.sum.Write(data)
}

// Sum is the plan's hash so far, in lower-case hex.
func (p *Plan) Sum() string { return hex.EncodeToString(p.sum.Sum(nil)) }
