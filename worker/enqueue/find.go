package enqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fingerprint"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// fingerprints are those of all addresses of a message or forward.
func fingerprints(key *fingerprint.Key, p task.Payload) []uint64 {
	var prints []uint64
	add := func(kind address.Kind, texts ...string) {
		for _, text := range texts {
			if print, ok := key.Address(kind, text); ok && !slices.Contains(prints, print) {
				prints = append(prints, print)
			}
		}
	}
	switch p := p.(type) {
	case task.Message:
		if p.Channel != "" {
			add(p.Channel.Address(), slices.Concat([]string{p.To}, p.Cc, p.Bcc)...)
		}
	case task.Forward:
		to, _ := p.Recipients() // one that can't be read was refused
		for _, a := range to {
			add(address.Mailbox, a.Addr)
		}
	}
	return prints
}

// CountryOf is the country that is kept beside the recipient of a message: for a phone number alone.
func CountryOf(m task.Message) string {
	if m.Channel.Address() == address.Phone {
		return m.Country
	}
	return ""
}

// Search asks for the messages to a person.
type Search struct {
	Recipient string // an email address, a phone number, or a conversation's id, in any spelling; required
	Country   string // for phone numbers without a country's code
	State     string // the public name of a state; any where empty
	Feedback  string // what came back about those that were sent; anything where empty
	Bulk      string // those of one bulk alone; all where empty
	Topic     string // those of a topic; of any where empty
	Tag       string // those with a tag; with any where empty
	Since     time.Time
	Owner     string // of whom they are (task.Owned); anybody where empty
	Cursor    string // Found.Next of the page before
	Most      int    // of a page
}

// Match is one message, or one of a bulk, or a forward.
type Match struct {
	Status
	Kind ledger.Kind // of what it belongs to
	Bulk string      // its bulk's id
	// Time is when it was enqueued or, where later, was to be sent; of a bulk, when that was made.
	Time time.Time
}

// Found is a page of matches, the newest first.
type Found struct {
	Matches []Match
	// Next is the cursor of what follows; "" at the end. A page may have few matches, or none, and a next one all the same.
	Next string
	// Unreadable are ids of bulks whose data is damaged: what they hold is not known.
	Unreadable []string
}

// A page ends after so many looks at messages and chunks, even if it has few matches.
const (
	mostLooks   = 2000
	indexAPage  = 100
	bulksAPage  = 64
	chunksAhead = 8
)

// Find looks for the messages to a person among single messages, forwards and the messages of bulks. The faults of a search
// are a fault.List. Messages that an older version enqueued are found if they are of bulks.
func (c *Client) Find(ctx context.Context, q Search) (Found, error) {
	f := finding{c: c, Search: q}
	if err := f.prepare(ctx); err != nil {
		return Found{}, err
	}
	if err := f.run(ctx); err != nil {
		return Found{}, err
	}
	if f.full() {
		f.found.Next = f.at.String()
	}
	return f.found, nil
}

// finding is one search. Everything up to the place at was looked at.
type finding struct {
	Search
	c       *Client
	finders []*address.Finder
	prints  []uint64
	at      findPlace
	looks   int
	found   Found
	singles []ledger.Indexed // read ahead
	behind  ledger.Indexed   // the last of those
	ended   bool             // there are no more of them
}

// prepare reads the search.
func (f *finding) prepare(ctx context.Context) error {
	var faults fault.List
	if f.Cursor != "" {
		var err error
		if f.at, err = parseFindPlace(f.Cursor); err != nil {
			faults.Add("/cursor", fault.Malformed, "not a cursor of this list")
		}
	}
	parser := address.Parser{Phones: f.c.phones, Country: f.Country}
	kinds := []address.Kind{address.Phone, address.Conversation}
	if strings.Contains(f.Recipient, "@") {
		kinds = []address.Kind{address.Mailbox, address.Conversation}
	}
	var why error
	for _, kind := range kinds {
		finder, err := address.NewFinder(parser, kind, f.Recipient)
		if err == nil {
			f.finders = append(f.finders, finder)
		}
		why = cmp.Or(why, err)
	}
	if len(f.finders) == 0 || f.finders[0].Kind() == address.Conversation && strings.HasPrefix(strings.TrimSpace(f.Recipient), "+") {
		faults.Add("/recipient", fault.BadAddress, "want an email address, a phone number or a conversation's id: %v", why)
	}
	if err := faults.Err(); err != nil {
		return err
	}
	key, err := f.c.ledger.Fingerprints().Key(ctx)
	if err != nil {
		return err
	}
	for _, finder := range f.finders {
		if print, ok := key.Address(finder.Kind(), f.Recipient); ok {
			f.prints = append(f.prints, print)
		}
	}
	f.Most = max(1, f.Most)
	f.behind = f.at.Indexed
	if f.at.Kind == ledger.Bulk {
		f.behind.Owner = ledger.Owner{}
	}
	f.ended = f.Bulk != ""
	return nil
}

func (f *finding) wanted(kind address.Kind, text, country string) bool {
	return slices.ContainsFunc(f.finders, func(finder *address.Finder) bool { return finder.Kind() == kind && finder.Is(text, country) })
}

// labelled reports whether topic and tag are asked for.
func (f *finding) labelled(l message.Labels) bool {
	return (f.Topic == "" || l.Topic == f.Topic) && (f.Tag == "" || slices.Contains(l.Tags, f.Tag))
}

// has reports whether a state is asked for; claimed is pending.
func (f *finding) has(r ledger.Record, came ledger.Feedback) bool {
	state := r.State
	if state == ledger.Claimed {
		state = ledger.Pending
	}
	if f.Feedback != "" && (state != ledger.Sent || came.State.String() != f.Feedback) {
		return false
	}
	return f.State == "" || state.String() == f.State
}

func (f *finding) full() bool { return len(f.found.Matches) >= f.Most || f.looks >= mostLooks }

// run walks over the bulks, the newest first, and over the single messages between them.
func (f *finding) run(ctx context.Context) error {
	if f.Bulk != "" {
		b, err := f.c.bulks.Head(ctx, f.Bulk)
		if err != nil {
			return err
		}
		if b.CreatedAt.Before(f.Since) {
			return nil
		}
		return f.bulkList(ctx, []bulk.Listed{{ID: f.Bulk, CreatedAt: b.CreatedAt}})
	}
	in := bulk.Range{Owner: f.Owner, Since: f.Since, Most: bulksAPage}
	switch f.at.Kind {
	case "":
	case ledger.Bulk:
		in.After = bulk.Listed{ID: f.at.ID, CreatedAt: f.at.At}
		if err := f.bulkList(ctx, []bulk.Listed{in.After}); err != nil || f.full() {
			return err
		}
	default:
		in.Before = f.at.At.Add(time.Millisecond)
	}
	for {
		listed, err := f.c.bulks.Page(ctx, in)
		if err != nil {
			return err
		}
		if err := f.bulkList(ctx, listed); err != nil || f.full() {
			return err
		}
		if len(listed) < bulksAPage {
			return f.newer(ctx, time.Time{})
		}
		in.After = listed[len(listed)-1]
	}
}

// bulkList looks at some bulks, and at what is newer than each.
func (f *finding) bulkList(ctx context.Context, listed []bulk.Listed) error {
	ids := make([]string, len(listed))
	for i, l := range listed {
		ids[i] = l.ID
	}
	held, err := f.c.bulks.Holding(ctx, ids, f.prints)
	if err != nil {
		return err
	}
	for i, l := range listed {
		if err := f.newer(ctx, l.CreatedAt); err != nil || f.full() {
			return err
		}
		if err := f.bulk(ctx, l, held[i]); err != nil || f.full() {
			return err
		}
	}
	return nil
}

// newer looks at the messages and forwards that are not older than a time.
func (f *finding) newer(ctx context.Context, than time.Time) error {
	for !f.full() {
		if len(f.singles) == 0 && !f.ended {
			next, err := f.c.ledger.Index(ctx, f.prints, f.behind, f.Since, bulk.MaxAhead, indexAPage)
			if err != nil {
				return err
			}
			f.singles, f.ended = next, len(next) < indexAPage
			if len(next) > 0 {
				f.behind = next[len(next)-1]
			}
		}
		if len(f.singles) == 0 || f.singles[0].At.Before(than) {
			return nil
		}
		if err := f.single(ctx, f.singles[0]); err != nil {
			return err
		}
		f.at, f.singles = findPlace{Indexed: f.singles[0]}, f.singles[1:]
	}
	return nil
}

func (f *finding) single(ctx context.Context, i ledger.Indexed) error {
	f.looks++
	if owner, _ := task.SplitOwned(i.ID); f.Owner != "" && owner != f.Owner {
		return nil
	}
	status, err := f.c.status(ctx, i.Kind, i.ID)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil // its retention is over, or whoever enqueued it died
	}
	if err != nil {
		return err
	}
	// Numbers that end alike share a fingerprint. Of who was erased there is no recipient.
	if status.To == "" || status.Channel.Address() == address.Phone && !f.wanted(address.Phone, status.To, status.Country) {
		return nil
	}
	if f.labelled(status.Labels) && f.has(status.Record, status.Feedback) {
		f.found.Matches = append(f.found.Matches, Match{Status: status, Kind: i.Kind, Time: i.At})
	}
	return nil
}

// bulk looks at the chunks of a bulk that may hold the address, some of them at the same time.
func (f *finding) bulk(ctx context.Context, l bulk.Listed, held []bulk.Held) error {
	from := f.at
	here := from.Kind == ledger.Bulk && from.ID == l.ID && from.At.Equal(l.CreatedAt)
	if here {
		held = slices.DeleteFunc(held, func(h bulk.Held) bool { return h.Chunk < from.chunk })
	}
	place := findPlace{ledger.Indexed{Owner: ledger.Owner{Kind: ledger.Bulk, ID: l.ID}, At: l.CreatedAt}, 0, 0}
	over := place
	over.chunk = math.MaxInt32
	if len(held) == 0 {
		f.at = over
		return nil
	}
	b, err := f.c.bulks.Head(ctx, l.ID)
	if errors.Is(err, bulk.ErrNotFound) {
		f.at = over
		return nil
	}
	if bulk.IsUnreadable(err) {
		f.found.Unreadable, f.at = append(f.found.Unreadable, l.ID), over
		return nil
	}
	if err != nil {
		return err
	}
	if !f.labelled(b.Labels) {
		f.at = over
		return nil
	}
	for some := range slices.Chunk(held, chunksAhead) {
		results, err := f.chunks(ctx, b, some)
		if err != nil {
			return err
		}
		for i, h := range some {
			f.looks++
			place.chunk = h.Chunk
			for _, r := range results[i] {
				place.slot = r.Index*b.Slots() + max(0, slices.Index(b.Channels(), r.Channel))
				if here && h.Chunk == from.chunk && place.slot <= from.slot {
					continue
				}
				if f.at = place; !f.has(r.Record, r.Feedback) {
					continue
				}
				if r.Waiting, err = f.c.nobody(ctx, r.ID, r.Channel, r.Waiting); err != nil {
					return err
				}
				r.Labels = b.Labels
				status := Status{r.Record, r.Details, r.ID, r.Channel, r.To, r.Waiting, r.Feedback}
				f.found.Matches = append(f.found.Matches, Match{status, ledger.Bulk, l.ID, l.CreatedAt})
				if f.full() {
					return nil
				}
			}
			place.slot = math.MaxInt32
			if f.at = place; f.full() {
				return nil
			}
		}
	}
	f.at = over
	return nil
}

// chunks searches some chunks of a bulk at the same time.
func (f *finding) chunks(ctx context.Context, b bulk.Bulk, some []bulk.Held) ([][]bulk.Result, error) {
	results := make([][]bulk.Result, len(some))
	all, ctx := errgroup.WithContext(ctx)
	for i, h := range some {
		all.Go(func() (err error) {
			results[i], err = f.c.bulks.SearchChunk(ctx, b, h, f.wanted)
			if errors.Is(err, bulk.ErrNotFound) || errors.Is(err, ledger.ErrNotFound) {
				return nil // it is being deleted, or its retention is over
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, fmt.Errorf("search bulk %s: %w", b.ID, err)
	}
	return results, nil
}
