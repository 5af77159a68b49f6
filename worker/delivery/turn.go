package delivery

import (
	"context"
	"errors"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

// BulkLane names a bulk for the limiter.
func BulkLane(id string) string { return "bulk:" + id }

// ChannelLane names a channel for the limiter: all workers on one Redis share it.
func ChannelLane(c message.Channel) string { return "channel:" + string(c) }

// Stopping reports whether the worker drains.
func (d *Delivery) Stopping() bool { return d.Draining.Err() != nil }

// UntilDrain returns a context for waiting: it ends with ctx, or when the worker drains.
func (d *Delivery) UntilDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.Draining, cancel)
	return ctx, func() { stop(); cancel() }
}

// awaitTurn waits until the rates of bulk, sender and channel let one more message start. If the worker drains
// meanwhile, the error is a *queue.Again.
func (d *Delivery) awaitTurn(ctx context.Context, j Job) error {
	if j.Waiting != nil {
		ctx = j.Waiting
	} else {
		var stop context.CancelFunc
		ctx, stop = d.UntilDrain(ctx)
		defer stop()
	}
	m := j.Message
	if j.BulkRate > 0 {
		if err := d.wait(ctx, BulkLane(j.Chunk.ID), j.BulkRate); err != nil {
			return err
		}
	}
	if j.test() { // it takes nobody's turn
		return nil
	}
	rates := *d.rates.Load()
	if len(rates) > 0 && m.From != "" {
		// A sender that can't be read has no rate: its message is refused later.
		sender, err := SenderLane(m.Channel, m.From, m.Country)
		if rate := rates[sender]; err == nil && rate > 0 {
			if err := d.wait(ctx, "sender:"+sender, rate); err != nil {
				return err
			}
		}
	}
	// Without a rate too: the provider may have asked for one.
	return d.wait(ctx, ChannelLane(m.Channel), rates[string(m.Channel)])
}

func (d *Delivery) wait(ctx context.Context, lane string, perSecond float64) error {
	err := d.Limiter.Wait(ctx, lane, perSecond)
	if errors.Is(err, context.Canceled) && d.Stopping() {
		return &queue.Again{Reason: "worker stops"}
	}
	return err
}

// SenderLane names a sender in the form of Options.Rates, the same for all spellings: "email:news@acme.example",
// "sms:+15550100". country is the default country for phone numbers.
func SenderLane(c message.Channel, from, country string) (string, error) {
	sender := from
	switch c.Address() {
	case address.Mailbox:
		a, err := address.ParseMailbox(from)
		if err != nil {
			return "", err
		}
		sender = address.Mailbox.Key(a.Addr)
	case address.Phone:
		var err error
		if sender, err = phone.ParseSender(from, country); err != nil {
			return "", err
		}
	case address.Conversation:
	}
	return string(c) + ":" + sender, nil
}

// Limits are a channel's rate, and the rate that is in force now, for the operations page.
func (d *Delivery) Limits(channel string) (limit, inForce float64) {
	limit = (*d.rates.Load())[channel]
	for _, l := range d.Limiter.Lanes() {
		if l.Name == ChannelLane(message.Channel(channel)) {
			return limit, l.InForce
		}
	}
	return limit, limit
}
