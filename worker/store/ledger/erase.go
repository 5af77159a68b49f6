package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/seal"
)

// CodeErased is the reason of what was not sent because its recipient was erased.
const CodeErased = "erased"

// erasedText replaces the text of a reason.
const erasedText = "erased"

// Erased is the reason of a message that was still pending.
var Erased = Reason{Code: CodeErased, Text: "the recipient was erased before it was sent"}

// EraseSingle removes what names anybody from the record of a message or forward: its request and the hash of that,
// recipient, subject, tags, metadata and texts. State, time, topic, codes and the number of attempts stay. It reports whether there was something to remove.
func (l *Ledger) EraseSingle(ctx context.Context, o Owner, c Chunk) (bool, error) {
	a, payload, err := l.about(ctx, c)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	bare := about{Details: Details{Channel: a.Channel, Labels: message.Labels{Topic: a.Topic}, Attempts: a.Attempts, Issues: bareIssues(a.Issues)}}
	was, _ := json.Marshal(a) // texts and numbers: can't fail
	will, _ := json.Marshal(bare)
	changed := err == nil && (len(payload) > 0 || string(was) != string(will))
	if changed {
		pipe := l.rdb.Pipeline()
		pipe.SetArgs(ctx, c.aboutKey(), bare.with(nil), redis.SetArgs{Mode: "XX", KeepTTL: true})
		pipe.ZRem(ctx, o.unsettledKey(), o.entry())
		if c.Kind != Shared {
			// The hash of the request could be compared with a guess. The id stays taken: whoever repeats the request sends nothing.
			pipe.SetArgs(ctx, o.requestKey(), kinded+CodeErased, redis.SetArgs{Mode: "XX", KeepTTL: true})
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return false, fmt.Errorf("erase %s: %w", o, err)
		}
	}
	if err := l.eraseDigests(ctx, c); err != nil {
		return false, fmt.Errorf("erase %s: %w", o, err)
	}
	texts, err := l.EraseTexts(ctx, c, func(string) bool { return true }, 0)
	return changed || texts, err
}

func bareIssues(issues []Issue) []Issue {
	var out []Issue
	for _, i := range issues {
		out = append(out, Issue{Code: i.Code, Field: i.Field, Part: i.Part})
	}
	return out
}

// EraseSlots removes what is known of slots of a bulk's chunk besides their states: details and the texts of reasons. It
// reports whether there was something to remove. A run of the chunk that learned something before may add it again: call
// it once more after the run.
func (l *Ledger) EraseSlots(ctx context.Context, c Chunk, slots ...int) (bool, error) {
	changed := false
	all, err := l.Details(ctx, c)
	if err != nil {
		return false, err
	}
	for _, slot := range slots {
		d, known := all[slot]
		bare := Details{Attempts: d.Attempts, Issues: bareIssues(d.Issues)}
		if known && !same(d, bare) {
			all[slot], changed = bare, true
		}
	}
	if changed {
		if err := l.rdb.SetArgs(ctx, c.detailsKey(), packDetails(all), redis.SetArgs{Mode: "XX", KeepTTL: true}).Err(); err != nil && !errors.Is(err, redis.Nil) {
			return false, fmt.Errorf("erase in chunk %d of %s: %w", c.Index, c.Owner, err)
		}
	}
	if err := l.eraseDigests(ctx, c, slots...); err != nil {
		return false, fmt.Errorf("erase in chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	texts, err := l.EraseTexts(ctx, c, func(string) bool { return true }, slots...)
	return changed || texts, err
}

func same(a, b Details) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// EraseTexts empties the texts of reasons, and the words of feedback, that a function names, in some slots or, without any, in all; and, in the same
// way, why the chunk waits. It reports whether there were any.
func (l *Ledger) EraseTexts(ctx context.Context, c Chunk, named func(text string) bool, slots ...int) (bool, error) {
	fail := func(err error) (bool, error) {
		return false, fmt.Errorf("erase in chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	came, err := l.eraseFeedback(ctx, c, named, slots...)
	if err != nil {
		return fail(err)
	}
	reasons, err := l.rdb.HGetAll(ctx, c.reasonsKey()).Result()
	if err != nil {
		return fail(err)
	}
	var fields []any
	for field, text := range reasons {
		var r Reason
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return fail(err)
		}
		slot, err := strconv.Atoi(field)
		if err != nil {
			return fail(err)
		}
		if r.Text == erasedText || r == Erased || !named(r.Text) || len(slots) > 0 && !slices.Contains(slots, slot) {
			continue
		}
		r.Text = erasedText
		data, _ := json.Marshal(r) // two texts: can't fail
		fields = append(fields, field, seal.Private(data))
	}
	if len(fields) > 0 {
		if err := l.rdb.HSet(ctx, c.reasonsKey(), fields...).Err(); err != nil {
			return fail(err)
		}
	}
	waits, err := l.rdb.HGet(ctx, c.waitKey(), "text").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fail(err)
	}
	if err == nil && waits != erasedText && waits != "" && named(waits) {
		if err := l.rdb.HSet(ctx, c.waitKey(), "text", erasedText).Err(); err != nil {
			return fail(err)
		}
		return true, nil
	}
	return came || len(fields) > 0, nil
}
