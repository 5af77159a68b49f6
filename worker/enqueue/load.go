package enqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// batch is how many chunks are stored in one round trip.
const batch = 16

// LoadBulk stores the whole audience of a bulk that has none and returns the number of recipients. If the audience
// breaks off, nothing changes: load it again from its beginning. Two loads at the same time are bulk.ErrLoading;
// loading a complete audience again is bulk.ErrSealed.
func (c *Client) LoadBulk(ctx context.Context, id string, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) (recipients int, err error) {
	load, err := c.bulks.Load(ctx, id)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, load.Close(ctx)) }()
	d := load.Definition()
	if audience, err = c.addressed(d, audience); err != nil {
		return 0, err
	}
	key, err := c.ledger.Fingerprints().Key(ctx)
	if err != nil {
		return 0, err
	}
	// Reading and packing goes on while the batch before is stored.
	writing, storing := errgroup.WithContext(ctx)
	batches := make(chan []bulk.Packed)
	writing.Go(func() error {
		for packed := range batches {
			if err := load.Put(storing, packed); err != nil {
				return err
			}
			if o.OnProgress != nil {
				o.OnProgress(load.Recipients())
			}
		}
		return nil
	})
	p := packer{ctx: storing, definition: d, key: key, writers: map[time.Time]*bulk.ChunkWriter{}, out: batches}
	packErr := p.pack(audience, o)
	close(batches)
	// If storing failed, packing ended because of it: return its error.
	if err := writing.Wait(); err != nil {
		return 0, err
	}
	if packErr != nil {
		return 0, packErr
	}
	plan := ""
	if o.Plan != nil {
		plan = o.Plan.Sum()
	}
	return load.Recipients(), load.Seal(ctx, plan)
}

// addressed is an audience as it is stored: its addresses in their places, and those known that came before.
func (c *Client) addressed(d bulk.Definition, audience iter.Seq2[bulk.Recipient, error]) (iter.Seq2[bulk.Recipient, error], error) {
	channels := d.Channels()
	audience = bulk.Addressed(audience, channels)
	if !d.Deduplicate {
		return audience, nil
	}
	if c.phones == nil && slices.ContainsFunc(channels, func(c message.Channel) bool { return c.Address() == address.Phone }) {
		return nil, errors.New("to deduplicate phone numbers needs Options.Phones")
	}
	return bulk.Deduplicate(audience, channels, address.Parser{Phones: c.phones, Country: d.Country}), nil
}

// sameAudience is nil if an audience is the one that is stored, by the hash of its plan, and ErrConflict if it is another one.
// If there is no hash, nobody knows: bulk.ErrSealed.
func (c *Client) sameAudience(ctx context.Context, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) error {
	b, err := c.bulks.Bulk(ctx, d.ID)
	if err != nil {
		return err
	}
	if b.Plan == "" {
		return fmt.Errorf("bulk %s: %w", d.ID, bulk.ErrSealed)
	}
	if audience, err = c.addressed(d, audience); err != nil {
		return err
	}
	batches := make(chan []bulk.Packed)
	go func() {
		for range batches { // they are stored
		}
	}()
	p := packer{ctx: ctx, definition: d, writers: map[time.Time]*bulk.ChunkWriter{}, out: batches}
	err = p.pack(audience, o)
	close(batches)
	if err == nil && o.Plan.Sum() != b.Plan {
		err = fmt.Errorf("the audience of bulk %s: %w", d.ID, ErrConflict)
	}
	return err
}

// packer reads an audience into batches of chunks. All messages of a chunk are due at the same time.
type packer struct {
	ctx        context.Context //nolint:containedctx // of one call of LoadBulk
	definition bulk.Definition
	key        *fingerprint.Key                // nil where nothing is stored
	writers    map[time.Time]*bulk.ChunkWriter // by that time
	full       []bulk.Packed
	out        chan<- []bulk.Packed
	broken     error // why no further chunk can be stored
}

func (p *packer) pack(audience iter.Seq2[bulk.Recipient, error], o BulkOptions) error {
	n := 0
	for r, err := range audience {
		if n++; err == nil {
			err = p.add(r)
			if p.broken != nil {
				return p.broken
			}
			if err != nil {
				err = r.Fault(n, err)
			}
		}
		if err == nil && o.Plan != nil {
			err = o.Plan.Add(r)
		}
		var bad *bulk.RowError
		switch {
		case err == nil:
		case errors.As(err, &bad) && o.OnBadRow != nil:
			if err := o.OnBadRow(bad); err != nil {
				return err
			}
		default:
			return fmt.Errorf("audience: %w", err)
		}
	}
	for _, due := range slices.SortedFunc(maps.Keys(p.writers), time.Time.Compare) {
		if err := p.writers[due].Flush(); err != nil {
			return err
		}
	}
	return p.send()
}

func (p *packer) add(r bulk.Recipient) error {
	due, err := p.definition.Due(r)
	if err != nil {
		return err
	}
	w := p.writers[due]
	if w == nil {
		if w, err = bulk.NewChunkWriter(p.definition, p.key, func(packed bulk.Packed) error {
			packed.Due = due
			if p.full = append(p.full, packed); len(p.full) < batch {
				return nil
			}
			p.broken = p.send()
			return p.broken
		}); err != nil {
			return err
		}
		p.writers[due] = w
	}
	return w.Add(r)
}

func (p *packer) send() error {
	if len(p.full) == 0 {
		return nil
	}
	select {
	case p.out <- p.full:
		p.full = nil
		return nil
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	}
}
