package compose

import (
	"context"
	"errors"
	"slices"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Bulk is a bulk whose messages are prepared. It is immutable and may be shared.
type Bulk struct {
	bulk.Definition
	Parts []*Part // one for each of Messages
}

// Part is what all messages of a bulk on one channel have in common.
type Part struct {
	Content *Content
	Files   *Files   // what everyone gets
	Refused *Verdict // why none of them may be sent; nil if they may
}

// PinFunc decides which template sources the messages of a bulk on a channel use, if their content has none: the
// given ones, which are stored, or those that were pinned before.
type PinFunc func(c message.Channel, sources string) (pinned string, err error)

// OpenBulk prepares the messages of a bulk. The error is for what another attempt may fix.
func (c *Composer) OpenBulk(ctx context.Context, d bulk.Definition, pin PinFunc) (*Bulk, error) {
	if err := c.CheckTopic(d.Topic); err != nil {
		return nil, err
	}
	b := &Bulk{Definition: d, Parts: make([]*Part, len(d.Messages))}
	for i, m := range d.Messages {
		part, err := c.openPart(ctx, m, pin)
		var refused *Verdict
		switch {
		case errors.As(err, &refused):
			part = &Part{Refused: refused}
		case err != nil:
			return nil, err
		}
		b.Parts[i] = part
	}
	return b, nil
}

func (c *Composer) openPart(ctx context.Context, m bulk.Part, pin PinFunc) (*Part, error) {
	if why := c.NoBulk[m.Channel]; why != nil {
		return nil, failed("bulk_refused", "this channel must not send bulks: "+why.Error())
	}
	if m.Sources == "" {
		sources, err := Pin(ctx, c.Blobs, c.Keep, c.Catalog(), m.Content)
		if err != nil {
			return nil, err
		}
		if m.Sources, err = pin(m.Channel, sources); err != nil {
			return nil, err
		}
	}
	content, err := c.Open(ctx, m.Content)
	if err != nil {
		return nil, err
	}
	files, err := c.Find(ctx, attach.Bulk(m.Channel), slices.Concat(content.files(m.Channel), m.Attachments))
	return &Part{Content: content, Files: files}, err
}

// Job is the message in a slot of a chunk. suppressed is the entry of its address on the suppression list; nil if
// there is none.
func (b *Bulk) Job(chunk, slot int, r bulk.Recipient, suppressed *suppress.Entry) Job {
	j := Job{Owner: b.ID, Conversation: r.Conversation, Duplicate: r.Duplicate(slot % b.Slots())}
	j.Message, j.Unreadable = b.Message(chunk, slot, r)
	j.Now = b.Begins(r)
	if len(b.Parts) > 0 {
		j.Part = b.Parts[slot%b.Slots()]
		j.Content = j.Part.Content
		if len(r.Attachments) == 0 {
			j.Files = j.Part.Files
		}
	}
	if suppressed != nil {
		j.Suppressed = []*suppress.Entry{suppressed}
	}
	return j
}
