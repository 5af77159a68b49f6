package catcher

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/mail"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Caught is one message that a Box keeps. It is shared: don't change it.
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

// Told is one event that a Box keeps. It is shared: don't change it.
type Told struct {
	ID       string // later ones are larger numbers
	At       time.Time
	EventID  string
	Type     string
	Stream   string
	Sequence int64
	Data     json.RawMessage
}

// Box keeps the newest messages of all channels, and the newest events. It is the Sender of a worker for all channels
// but email; its Keep can be the OnMail of a Catcher. It is safe for concurrent use.
type Box struct {
	now      func() time.Time
	messages shelf[*Caught]
	events   shelf[*Told]
}

// NewBox returns a box that keeps the newest messages, at most so many, and as many events.
func NewBox(most int) *Box {
	return &Box{now: time.Now, messages: shelf[*Caught]{most: max(1, most)}, events: shelf[*Told]{most: max(1, most)}}
}

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
	return b.messages.put(c, func(id string) { c.ID, c.At = id, b.now().UTC() })
}

// Tell keeps an event.
func (b *Box) Tell(t *Told) {
	b.events.put(t, func(id string) { t.ID, t.At = id, b.now().UTC() })
}

// List returns at most so many messages, the newest first: those before the one with the id before, where it is not "".
// next continues the list; it is "" at the end.
func (b *Box) List(before string, most int) (list []*Caught, next string) {
	return b.messages.list(before, most)
}

// Get returns a message, or nil if it isn't kept, or no longer.
func (b *Box) Get(id string) *Caught { return b.messages.get(id) }

// Events lists events as List does messages.
func (b *Box) Events(before string, most int) (list []*Told, next string) {
	return b.events.list(before, most)
}

// shelf keeps the newest things, each under a number.
type shelf[T any] struct {
	most   int
	mu     sync.Mutex
	count  int // ever
	newest []kept[T]
}

type kept[T any] struct {
	number int
	thing  T
}

// put keeps a thing; name stores its number in it first.
func (s *shelf[T]) put(thing T, name func(id string)) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	id := strconv.Itoa(s.count)
	name(id)
	if len(s.newest) == s.most {
		s.newest = slices.Delete(s.newest, 0, max(1, s.most/8)) // seldom, so that it costs little
	}
	s.newest = append(s.newest, kept[T]{s.count, thing})
	return id
}

// find is where a number is, or would be.
func (s *shelf[T]) find(number int) (int, bool) {
	return slices.BinarySearchFunc(s.newest, number, func(k kept[T], n int) int { return k.number - n })
}

func (s *shelf[T]) list(before string, most int) (list []T, next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := len(s.newest)
	if n, err := strconv.Atoi(before); err == nil {
		end, _ = s.find(n)
	}
	start := max(0, end-most)
	for i := end - 1; i >= start; i-- {
		list = append(list, s.newest[i].thing)
	}
	if start > 0 && len(list) > 0 {
		next = strconv.Itoa(s.newest[start].number)
	}
	return list, next
}

func (s *shelf[T]) get(id string) (thing T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, err := strconv.Atoi(id); err == nil {
		if i, found := s.find(n); found {
			return s.newest[i].thing
		}
	}
	return thing
}
