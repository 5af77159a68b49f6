package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
)

// What comes back about a message after it was sent is kept beside its record: six bytes a slot, in a string that a chunk
// has only once something came back, and the other side's words where it refused. Feedback is in one state, the one that
// weighs most of all that came: so neither the order in which it comes nor how often changes what is kept.

// FeedbackState is what became of a message after it was sent. Its value is the byte in Redis.
type FeedbackState byte

// The states, in rising weight.
const (
	Unconfirmed  FeedbackState = 0   // nothing came back
	Delivered    FeedbackState = 'd' // it is in the mailbox, on the phone
	BouncedSoft  FeedbackState = 'b' // it was returned; another one may arrive
	BouncedHard  FeedbackState = 'h' // it was returned: there is no such mailbox
	OptedOut     FeedbackState = 'o' // the recipient texted STOP
	Unsubscribed FeedbackState = 'u' // the recipient wants no more
	Complained   FeedbackState = 'c' // the recipient calls it spam
)

// weights are the states in rising weight.
const weights = "dbhouc"

var feedbackNames = map[FeedbackState]string{
	Unconfirmed: "unconfirmed", Delivered: "delivered", BouncedSoft: "bounced_soft", BouncedHard: "bounced_hard",
	OptedOut: "opted_out", Unsubscribed: "unsubscribed", Complained: "complained",
}

// FeedbackStates are the names of the states, in rising weight.
var FeedbackStates = func() (names []string) {
	for _, s := range append([]byte{0}, weights...) {
		names = append(names, FeedbackState(s).String())
	}
	return names
}()

// String returns the state's public name.
func (s FeedbackState) String() string {
	if name, ok := feedbackNames[s]; ok {
		return name
	}
	return fmt.Sprintf("feedback(%#x)", byte(s))
}

// ParseFeedbackState is the reverse of String; false where there is no such state.
func ParseFeedbackState(name string) (FeedbackState, bool) {
	for s, n := range feedbackNames {
		if n == name {
			return s, true
		}
	}
	return 0, false
}

// sources are where feedback comes from. Their place in the list is what is stored.
var sources = []string{"", "mail", "link", "twilio", "ses", "postmark", "sendgrid", "mailgun", "other", "test"}

// Sources are the names of what feedback comes from.
func Sources() []string { return sources[1:] }

// Feedback is what came back about a message.
type Feedback struct {
	State  FeedbackState
	At     time.Time // when it came, to the second
	Source string    // one of Sources
	Status string    // RFC 3463, or the provider's code; "" where there is none
	Words  string    // the other side's, without addresses
}

// feedbackWords is what is stored besides the six bytes.
type feedbackWords struct {
	Status string `json:"status,omitempty"`
	Words  string `json:"words,omitempty"`
}

const feedbackBytes = 6

func (c Chunk) feedbackKey() string      { return c.Key("feedback") }
func (c Chunk) feedbackWordsKey() string { return c.Key("feedback-words") }

// feedbackScript keeps feedback about one message.
//
// KEYS: states, feedback, words, counts where the owner has them; one hash tag. Feedback is counted beside the states, as
// capitals, so that whoever reads the counts reads one hash.
// ARGV: slot, the six bytes, the words as JSON or nothing, the states in rising weight, now as four bytes, retention in
// seconds. Returns a letter and, after it, the state before, and where that stays its time:
// s stored, k known already or outweighed, r refused because the message was not sent, n no such slot.
//
// Feedback about a message that is pending, claimed or unknown says that it was sent: the worker died, or has not said so yet.
var feedbackScript = redis.NewScript(`
local slot = tonumber(ARGV[1])
local state = redis.call('GETRANGE', KEYS[1], slot * 5, slot * 5)
if state == '' then return 'n' end
if state ~= 's' and state ~= '\0' and state ~= 'c' and state ~= 'u' then return 'r' .. state end
local new = string.sub(ARGV[2], 1, 1)
local old = redis.call('GETRANGE', KEYS[2], slot * 6, slot * 6)
if old == '\0' then old = '' end
local before = old == '' and 0 or string.find(ARGV[4], old, 1, true) or 0
if before >= string.find(ARGV[4], new, 1, true) then
  return 'k' .. old .. (old == '' and '' or redis.call('GETRANGE', KEYS[2], slot * 6 + 2, slot * 6 + 5))
end
local left = redis.call('PTTL', KEYS[1])
if state ~= 's' then
  redis.call('SETRANGE', KEYS[1], slot * 5, 's' .. ARGV[5])
  if KEYS[4] then
    if state ~= '\0' then redis.call('HINCRBY', KEYS[4], state, -1) end
    redis.call('HINCRBY', KEYS[4], 's', 1)
  end
end
redis.call('SETRANGE', KEYS[2], slot * 6, ARGV[2])
if left > 0 then redis.call('PEXPIRE', KEYS[2], left) end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[3], slot, ARGV[3])
  if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
end
if KEYS[4] then
  redis.call('HINCRBY', KEYS[4], string.upper(new), 1)
  if old ~= '' then redis.call('HINCRBY', KEYS[4], string.upper(old), -1) end
  if redis.call('TTL', KEYS[4]) < 0 then redis.call('EXPIRE', KEYS[4], ARGV[6]) end
end
return 's' .. old
`)

// Kept says what PutFeedback did.
type Kept struct {
	Stored bool          // it is the state now
	Sent   bool          // the message counts as sent; there is no feedback about one that was not
	Before FeedbackState // the state that it had
	Since  time.Time     // when that came, where it stays
}

// PutFeedback keeps feedback about a message, unless something that weighs more is kept. The error is ErrNotFound where
// there is no such message, or no longer.
func (l *Ledger) PutFeedback(ctx context.Context, c Chunk, slot int, f Feedback) (Kept, error) {
	source := 0
	for i, name := range sources {
		if name == f.Source {
			source = i
		}
	}
	at := binary.BigEndian.AppendUint32(nil, uint32(f.At.Unix()))
	record := append([]byte{byte(f.State), byte(source)}, at...)
	var words any = ""
	if f.Status != "" || f.Words != "" {
		data, _ := json.Marshal(feedbackWords{f.Status, cut(f.Words)}) // two texts: can't fail
		words = seal.Private(data)
	}
	keys := []string{c.statesKey(), c.feedbackKey(), c.feedbackWordsKey()}
	if c.counted() {
		keys = append(keys, c.countsKey())
	}
	now := binary.BigEndian.AppendUint32(nil, uint32(l.now().Unix()))
	answer, err := feedbackScript.Run(ctx, l.rdb, keys, slot, record, words, weights, now, int64(l.retention/time.Second)).Text()
	if err != nil {
		return Kept{}, fmt.Errorf("keep feedback about slot %d of chunk %d of %s: %w", slot, c.Index, c.Owner, err)
	}
	var before FeedbackState
	if len(answer) > 1 {
		before = FeedbackState(answer[1])
	}
	switch answer[0] {
	case 'n':
		return Kept{}, fmt.Errorf("slot %d of chunk %d of %s: %w", slot, c.Index, c.Owner, ErrNotFound)
	case 'r':
		return Kept{}, nil
	}
	kept := Kept{Stored: answer[0] == 's', Sent: true, Before: before}
	if len(answer) == 6 {
		kept.Since = time.Unix(int64(binary.BigEndian.Uint32([]byte(answer[2:]))), 0).UTC()
	}
	return kept, nil
}

// Feedback returns what came back about the messages of a chunk, by slot. Slots about which nothing came are not there.
func (l *Ledger) Feedback(ctx context.Context, c Chunk) (map[int]Feedback, error) {
	pipe := l.rdb.Pipeline()
	raw, words := pipe.Get(ctx, c.feedbackKey()), pipe.HGetAll(ctx, c.feedbackWordsKey())
	if _, err := pipe.Exec(ctx); errors.Is(err, redis.Nil) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the feedback about chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	all := map[int]Feedback{}
	for slot, rest := 0, raw.Val(); len(rest) >= feedbackBytes; slot, rest = slot+1, rest[feedbackBytes:] {
		if rest[0] == 0 {
			continue
		}
		f := Feedback{State: FeedbackState(rest[0]), At: time.Unix(int64(binary.BigEndian.Uint32([]byte(rest[2:feedbackBytes]))), 0).UTC()}
		if source := int(rest[1]); source < len(sources) {
			f.Source = sources[source]
		}
		if text := words.Val()[strconv.Itoa(slot)]; text != "" {
			var w feedbackWords
			if err := json.Unmarshal([]byte(text), &w); err != nil {
				return nil, fmt.Errorf("read the feedback about chunk %d of %s: %w: %w", c.Index, c.Owner, ErrForeign, err)
			}
			f.Status, f.Words = w.Status, w.Words
		}
		all[slot] = f
	}
	return all, nil
}

// eraseFeedback removes the words of feedback that a function names, in some slots or, without any, in all. It reports
// whether there were any. States, times and sources stay.
func (l *Ledger) eraseFeedback(ctx context.Context, c Chunk, named func(text string) bool, slots ...int) (bool, error) {
	words, err := l.rdb.HGetAll(ctx, c.feedbackWordsKey()).Result()
	if err != nil {
		return false, err
	}
	var fields []string
	for field, text := range words {
		if slot, err := strconv.Atoi(field); err != nil || len(slots) > 0 && !slices.Contains(slots, slot) || !named(text) {
			continue
		}
		fields = append(fields, field)
	}
	if len(fields) == 0 {
		return false, nil
	}
	return true, l.rdb.HDel(ctx, c.feedbackWordsKey(), fields...).Err()
}

// FeedbackCounts are the numbers of messages of a bulk by what came back about them.
type FeedbackCounts struct {
	Delivered    int
	BouncedSoft  int
	BouncedHard  int
	OptedOut     int
	Unsubscribed int
	Complained   int
}

// Sum is of how many messages something came back.
func (c FeedbackCounts) Sum() int {
	return c.Delivered + c.BouncedSoft + c.BouncedHard + c.OptedOut + c.Unsubscribed + c.Complained
}

// add counts what a field of a bulk's counts says; the field is the state as a capital.
func (c *FeedbackCounts) add(field byte, n int) {
	switch FeedbackState(field + 'a' - 'A') {
	case Delivered:
		c.Delivered += n
	case BouncedSoft:
		c.BouncedSoft += n
	case BouncedHard:
		c.BouncedHard += n
	case OptedOut:
		c.OptedOut += n
	case Unsubscribed:
		c.Unsubscribed += n
	case Complained:
		c.Complained += n
	case Unconfirmed:
	}
}
