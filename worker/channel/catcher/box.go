package catcher

import (
	"bytes"
	"context"
	"mime"
	"net/mail"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Caught is one message that a Box keeps. It is shared: read only.
type Caught struct {
	ID      string // later ones are larger numbers
	Channel message.Channel
	At      time.Time
	From    string
	To      []string
	Subject string
	Mail    *Mail            // of an email: all of it
	Message *message.Message // of everything else
}

// Box keeps the newest messages of all channels. It is a worker's Sender for those that aren't email, and its Keep is
// what a Catcher's OnMail may be. It is safe for concurrent use.
type Box struct {
	most int
	now  func() time.Time

	mu     sync.Mutex
	count  int // ever
	newest []*Caught
}

// NewBox returns a box that keeps so many messages; then the oldest go.
func NewBox(most int) *Box { return &Box{most: max(1, most), now: time.Now} }

// Send keeps a message and reports it as sent.
func (b *Box) Send(_ context.Context, m *message.Message) (send.Receipt, error) {
	if err := m.Validate(); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	c := &Caught{Channel: m.Channel, From: m.From.Addr, Subject: m.Subject, Message: m}
	for _, a := range m.Recipients() {
		c.To = append(c.To, a.Addr)
	}
	return send.Receipt{ID: b.add(c), Detail: "caught"}, nil
}

// Keep keeps a mail.
func (b *Box) Keep(m *Mail) error {
	c := &Caught{Channel: message.Email, From: m.From, To: m.To, Mail: m}
	if parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw)); err == nil {
		c.Subject = parsed.Header.Get("Subject")
		if words, err := new(mime.WordDecoder).DecodeHeader(c.Subject); err == nil {
			c.Subject = words
		}
		if from, err := mail.ParseAddress(parsed.Header.Get("From")); err == nil {
			c.From = from.Address
			if from.Name != "" {
				c.From = from.Name + " <" + from.Address + ">"
			}
		}
	}
	b.add(c)
	return nil
}

func (b *Box) add(c *Caught) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	c.ID, c.At = strconv.Itoa(b.count), b.now().UTC()
	if len(b.newest) == b.most {
		b.newest = slices.Delete(b.newest, 0, max(1, b.most/8)) // seldom, so that it costs little
	}
	b.newest = append(b.newest, c)
	return c.ID
}

// List returns at most so many messages, the newest first: those before the one with the id before, where it is not "".
// next continues the list; it is "" at the end.
func (b *Box) List(before string, most int) (list []*Caught, next string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	end := len(b.newest)
	if n, err := strconv.Atoi(before); err == nil {
		end, _ = slices.BinarySearchFunc(b.newest, n, compareID)
	}
	start := max(0, end-most)
	for i := end - 1; i >= start; i-- {
		list = append(list, b.newest[i])
	}
	if start > 0 && len(list) > 0 {
		next = list[len(list)-1].ID
	}
	return list, next
}

// Get returns a message, or nil when it isn't kept, or no longer.
func (b *Box) Get(id string) *Caught {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(b.newest, n, compareID)
	if !found {
		return nil
	}
	return b.newest[i]
}

func compareID(c *Caught, n int) int {
	id, _ := strconv.Atoi(c.ID)
	return id - n
}
