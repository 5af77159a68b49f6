package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Waiting is a message or forward that waits in the queue for its time.
type Waiting struct {
	Owner ledger.Owner
	At    time.Time // to the second at which its task runs
}

// before is the order of a list of them: by time, then by name.
func (w Waiting) before(o Waiting) int {
	return cmp.Or(w.At.Compare(o.At), strings.Compare(w.Owner.String(), o.Owner.String()))
}

// scheduledPage is how many entries of a list are read at a time.
const scheduledPage = 500

// Scheduled returns the messages and forwards that wait for their time and come after one of them, in the order of their
// times, at most so many, but for those that take refuses. What is enqueued or runs meanwhile may be in it or not; all
// others are listed once, if each call begins after the last one of the call before.
func (c *Client) Scheduled(ctx context.Context, after Waiting, most int, take func(ledger.Owner) bool) ([]Waiting, error) {
	var all []Waiting
	for _, name := range Singles() {
		found, err := c.scheduledIn(ctx, name, after, most, take)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, Waiting.before)
	return all[:min(len(all), most)], nil
}

func (c *Client) scheduledIn(ctx context.Context, name string, after Waiting, most int, take func(ledger.Owner) bool) ([]Waiting, error) {
	var all []Waiting
	from := &redis.ZRangeBy{Min: "-inf", Max: "+inf", Count: scheduledPage}
	if !after.At.IsZero() {
		from.Min = strconv.FormatInt(after.At.Unix(), 10)
	}
	for {
		entries, err := c.rdb.ZRangeByScoreWithScores(ctx, "asynq:{"+name+"}:scheduled", from).Result() // as Asynq names it
		if err != nil {
			return nil, fmt.Errorf("list what is scheduled: %w: %w", ErrUnavailable, err)
		}
		for _, e := range entries {
			w, ok := waitingTask(e)
			if !ok || !after.At.IsZero() && w.before(after) <= 0 {
				continue
			}
			if after = w; take(w.Owner) { // Redis has the same order
				all = append(all, w)
			}
			if len(all) == most {
				return all, nil
			}
		}
		if len(entries) < scheduledPage {
			return all, nil
		}
		if last := strconv.FormatInt(int64(entries[len(entries)-1].Score), 10); last != from.Min {
			from.Min, from.Offset = last, 0
		} else {
			from.Offset += scheduledPage
		}
	}
}

func waitingTask(e redis.Z) (Waiting, bool) {
	id, _ := e.Member.(string)
	kind, owner, ok := strings.Cut(id, ":")
	w := Waiting{ledger.Owner{Kind: ledger.Kind(kind), ID: owner}, time.Unix(int64(e.Score), 0).UTC()}
	return w, ok && (w.Owner.Kind == ledger.Message || w.Owner.Kind == ledger.Forward)
}

// Withdraw takes the task of a message or forward out of its queue. It reports false if a worker has it in hand; one that is
// gone is no error. Id and layout suffice.
func (c *Client) Withdraw(p task.Payload) (bool, error) {
	id, names, err := places(p)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if gone, err := c.Delete(name, id); !gone || err != nil {
			return false, err
		}
	}
	return true, nil
}
