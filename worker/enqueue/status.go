package enqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Status is the state of a message or forward, with details.
type Status struct {
	ledger.Record
	ledger.Details
	ID      string
	Channel message.Channel // "" where an older version stored it
	To      string          // as the client gave it; the addresses of a forward are separated by commas
	// Waiting is why it is still pending; nil once it is settled.
	Waiting *ledger.Wait
	// Feedback is what came back about it after it was sent.
	Feedback ledger.Feedback
}

// MessageStatus returns the state of a message: a single one, one of a bulk, or the forward of that id if there is no
// such message. The error is ledger.ErrNotFound if there is none of these.
func (c *Client) MessageStatus(ctx context.Context, id string) (Status, error) {
	status, err := c.status(ctx, ledger.Message, id)
	if errors.Is(err, ledger.ErrNotFound) {
		if forward, other := c.status(ctx, ledger.Forward, id); !errors.Is(other, ledger.ErrNotFound) {
			return forward, other
		}
		if result, other := c.bulks.MessageResult(ctx, id); !errors.Is(other, bulk.ErrNotFound) {
			if other == nil {
				result.Waiting, other = c.nobody(ctx, id, result.Channel, result.Waiting)
			}
			return Status{result.Record, result.Details, id, result.Channel, result.To, result.Waiting, result.Feedback}, other
		}
	}
	return status, err
}

// ForwardStatus returns the state of a forward, or ledger.ErrNotFound.
func (c *Client) ForwardStatus(ctx context.Context, id string) (Status, error) {
	return c.status(ctx, ledger.Forward, id)
}

func (c *Client) status(ctx context.Context, k ledger.Kind, id string) (Status, error) {
	books, err := c.single(ctx, k, id)
	if err != nil {
		return Status{}, err
	}
	a, err := c.ledger.Account(ctx, books)
	if err != nil {
		return Status{}, err
	}
	out := Status{a.Record, a.Details, id, message.Channel(a.Details.Channel), a.Details.To, a.Wait, ledger.Feedback{}}
	came, err := c.ledger.Feedback(ctx, books)
	if err != nil {
		return Status{}, err
	}
	out.Feedback = came[0]
	if out.Waiting == nil && !out.State.Final() {
		if out.Waiting, err = waiting(a); err == nil {
			out.Waiting, err = c.nobody(ctx, id, out.Channel, out.Waiting)
		}
	}
	if out.Waiting != nil {
		out.Attempts = max(out.Attempts, out.Waiting.Attempts)
	}
	return out, err
}

// waiting is why a message is pending that has not failed an attempt.
func waiting(a ledger.Account) (*ledger.Wait, error) {
	var asked struct {
		SendAt time.Time `json:"sendAt"`
	}
	if len(a.Request.Payload) > 0 {
		if err := json.Unmarshal(a.Request.Payload, &asked); err != nil {
			return nil, fmt.Errorf("read what was asked for: %w", err)
		}
	}
	return ledger.Unhurried(a.State, asked.SendAt), nil
}

// single finds the record of a message or forward. No record has an id that CheckID refuses.
func (c *Client) single(ctx context.Context, k ledger.Kind, id string) (ledger.Chunk, error) {
	if task.CheckID(id) != nil {
		return ledger.Chunk{}, fmt.Errorf("%s %.100q: %w", k, id, ledger.ErrNotFound)
	}
	return c.ledger.Single(ctx, ledger.Owner{Kind: k, ID: id})
}

func (c *Client) record(ctx context.Context, books ledger.Chunk) (ledger.Record, error) {
	records, err := c.ledger.Chunk(ctx, books)
	if err != nil {
		return ledger.Record{}, err
	}
	if len(records) != 1 {
		return ledger.Record{}, fmt.Errorf("%s: %w", books.Owner, ledger.ErrNotFound)
	}
	return records[0], nil
}
