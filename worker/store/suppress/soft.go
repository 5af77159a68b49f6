package suppress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// SoftBounces is the reason of an address whose mail was returned again and again, though it may exist: a mailbox that is
// full for weeks.
const SoftBounces = "soft_bounces"

// SoftRule says after how many messages that bounced softly, within how long, an address is blocked. The zero rule is never.
type SoftRule struct {
	Bounces int
	Within  time.Duration
}

// DefaultSoftRule is what large senders do.
var DefaultSoftRule = SoftRule{5, 30 * 24 * time.Hour}

// ParseSoftRule reads a rule such as 5/30d, or 0 for never.
func ParseSoftRule(text string) (SoftRule, error) {
	if text == "0" {
		return SoftRule{}, nil
	}
	n, days, ok := strings.Cut(strings.TrimSuffix(text, "d"), "/")
	bounces, errN := strconv.Atoi(n)
	d, errD := strconv.Atoi(days)
	if !ok || !strings.HasSuffix(text, "d") || errN != nil || errD != nil || bounces < 1 || bounces > 100 || d < 1 || d > 366 {
		return SoftRule{}, fmt.Errorf("%.100q is not bounces and days such as 5/30d (at most 100 in 366 days), or 0 for never", text)
	}
	return SoftRule{bounces, time.Duration(d) * 24 * time.Hour}, nil
}

// softKey holds the messages of an address that bounced softly, scored by when. It does not show the address.
func (s *Store) softKey(c message.Channel, own string) string {
	h := sha256.Sum256([]byte(own))
	return "herald:soft:{" + string(c) + ":" + hex.EncodeToString(h[:12]) + "}"
}

// softScript puts down a soft bounce, and counts those within the time.
//
// KEYS: the address's list. ARGV: the message, when, since when they count, seconds to keep. Returns how many there are.
var softScript = redis.NewScript(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return redis.call('ZCARD', KEYS[1])
`)

// Soft puts down that a message to an address bounced softly, and blocks the address if the rule says so. It reports
// whether it is blocked for that. The same message counts once.
func (s *Store) Soft(ctx context.Context, c message.Channel, text, id string, rule SoftRule, at time.Time) (bool, error) {
	own, err := s.key(c, text)
	if err != nil || rule.Bounces == 0 {
		return false, nil //nolint:nilerr // there is nothing to block
	}
	h := sha256.Sum256([]byte(id))
	args := []any{h[:8], at.Unix(), "(" + strconv.FormatInt(at.Add(-rule.Within).Unix(), 10), int64(rule.Within / time.Second)}
	n, err := softScript.Run(ctx, s.rdb, []string{s.softKey(c, own)}, args...).Int()
	if err != nil {
		return false, fmt.Errorf("put down a soft bounce: %w", err)
	}
	if n < rule.Bounces {
		return false, nil
	}
	found, err := s.Check(ctx, c, topic.All, []string{text})
	if err != nil || found[0] != nil && !found[0].consent() {
		return found != nil && found[0] != nil && found[0].Reason == SoftBounces, err
	}
	return true, s.Suppress(ctx, c, text, SoftBounces, fmt.Sprintf("%d bounces", n))
}

// Arrived forgets the soft bounces of an address: a message reached it.
func (s *Store) Arrived(ctx context.Context, c message.Channel, text string) error {
	own, err := s.key(c, text)
	if err != nil {
		return nil //nolint:nilerr // no bounce was put down for it
	}
	if err := s.rdb.Del(ctx, s.softKey(c, own)).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("forget soft bounces: %w", err)
	}
	return nil
}
